"""The inputs of a call: the subject with its properties, the overrides, and the time."""
