"""What a call brings: the subject with its properties, the overrides, the time."""
