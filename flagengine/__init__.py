"""A pure feature-flag evaluator over PostHog-format definition snapshots."""
