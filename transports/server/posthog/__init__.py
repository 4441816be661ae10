"""What SDKs of PostHog ask a server for: flags, definitions, remote configuration, and what a browser needs."""
