"""``posthog.ai`` has no counterpart: importing this package raises an ImportError that says what to use."""

message = (
    "flagengine has no wrappers of AI libraries: keep those of posthog.ai with a client of posthog,"
    " or capture $ai_generation events with capture_ai() and prepare_ai_properties()"
)
raise ImportError(message)
