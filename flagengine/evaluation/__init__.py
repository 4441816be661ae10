"""The executable SPEC: a plan, walked for one subject, with everything it saw."""
