"""Flags as functions: the hot path.

The interpreter is the specification; a compiled flag must equal the interpreter for every input.
The generated source reads like the flag: one block per condition, one line per filter. The source
is in :mod:`linecache`, where tracebacks and debuggers find it.
"""
