"""What a JSON value is to PostHog's server: its text, its numbers, dates and versions."""
