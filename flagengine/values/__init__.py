"""JSON values as PostHog's server reads them: as text, numbers, dates and versions."""
