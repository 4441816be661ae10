"""Buckets: the two hashes that place a subject in [0, 1] (SPEC R3, R16)."""
