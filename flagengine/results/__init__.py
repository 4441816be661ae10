"""The results of an evaluation: resolutions, and the gaps that prevent a value."""
