"""Tables of other engines, with a column per flag: each module has `with_flags` for one engine.

A module imports only its own engine; this package imports none.
"""
