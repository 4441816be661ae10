"""Flags as functions: the hot path.

The interpreter is the specification; what is compiled here must equal it on everything. The
generated source reads like the flag: one block per condition, one line per filter. It is in
:mod:`linecache`, so that tracebacks and debuggers show it.
"""
