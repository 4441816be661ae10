"""Source text from definitions: typed accessors in Python, and OpenFeature's flag manifest.

All names and texts of the definitions are untrusted: they reach the source only through ``literals``
and ``names``.
"""
