"""The adapters, a file for each engine, with the `catalogue` of all candidates."""
