"""Other engines' tables with a column per flag: one module per engine, each `with_flags`.

A module needs its engine and nothing but it; none is imported here.
"""
