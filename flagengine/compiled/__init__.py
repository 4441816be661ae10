"""The hot path: a flag as one straight-line Python function.

The interpreter is the specification; what is compiled here must equal it on everything. The
generated source reads like the flag: one block per condition, one line per filter. It is in
:mod:`linecache`, so that tracebacks and debuggers show it.
"""

from flagengine.compiled.flag import compile_flag, constantly
from flagengine.compiled.source import source_of

__all__ = ["compile_flag", "constantly", "source_of"]
