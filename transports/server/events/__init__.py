"""Events: taken as PostHog's server takes them, kept, passed on, and readable in development."""
