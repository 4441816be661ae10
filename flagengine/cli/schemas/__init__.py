"""The JSON Schemas of what commands print with ``--json``, as data."""
