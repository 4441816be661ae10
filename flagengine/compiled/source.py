"""Python source under construction: lines, names and constants."""

import linecache
import weakref
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from itertools import count
from types import CodeType, FunctionType
from typing import Any, Final

from flagengine.values.excerpts import MAX_NAME, name_excerpt

__all__ = ["FunctionSource", "source_of"]

_PARAMETERS: Final = "distinct_id, props, subject=None"
_DEFAULTS: Final = (None,)
_NESTED: Final = 0x10
"""`inspect.CO_NESTED`; importing that takes 5 ms."""
_SERIAL: Final = count(1)


class FunctionSource:
    """The lines of one function, and the constants that it refers to."""

    def __init__(self) -> None:
        """Start empty."""
        self._lines: list[str] = []
        self._indent = 0
        self._constants: dict[str, Any] = {}
        self._names: dict[int, str] = {}
        self._counters: dict[str, Iterator[int]] = {}

    def line(self, text: str) -> None:
        """Add a line at the current depth."""
        self._lines.append("    " * self._indent + text)

    @contextmanager
    def block(self, head: str) -> Iterator[None]:
        """Add a head line and indent what follows it."""
        self.line(head)
        self._indent += 1
        yield
        self._indent -= 1

    def fresh(self, stem: str) -> str:
        """Return a name that is not in use."""
        return f"{stem}{next(self._counters.setdefault(stem, count()))}"

    def constant(self, value: Any, stem: str) -> str:
        """Bind a value and return its name; each object is bound once."""
        name = self._names.get(id(value))
        if name is None:
            name = self.fresh(stem)
            self._names[id(value)] = name
            self._constants[name] = value
        return name

    def name(self, name: str) -> str:
        """Return a name of the definitions as a literal; a long name, which may recur, as a constant."""
        return repr(name) if len(name) <= MAX_NAME else self.constant(name, "name")

    def build(self, label: str) -> Callable[..., Any]:
        """Compile the lines to a function whose globals are the constants.

        ``label`` names the function in tracebacks, which show the source.
        """
        body = "\n".join(f"    {line}" for line in self._lines)
        text = f"def evaluate({_PARAMETERS}):\n{body}\n"
        filename = f"<flagengine {name_excerpt(label)!r} {next(_SERIAL)}>"
        linecache.cache[filename] = (len(text), None, text.splitlines(keepends=True), filename)
        function = _function(compile(text, filename, "exec"), self._constants)
        # A client replaces its snapshot every half minute: the old sources must not accumulate.
        finalizer = weakref.finalize(function, linecache.cache.pop, filename, None)
        finalizer.atexit = False
        return function


def _function(module: CodeType, constants: dict[str, Any]) -> Callable[..., Any]:
    """Return the only function of a module's code, with the constants as its globals.

    The function is marked as nested: once a second thread has run, Python 3.13 without the GIL
    never frees a function without this mark, and the globals refer to the flag and all below it.
    """
    (code,) = (constant for constant in module.co_consts if isinstance(constant, CodeType))
    nested = code.replace(co_flags=code.co_flags | _NESTED)
    return FunctionType(nested, constants, code.co_name, _DEFAULTS)


def source_of(evaluate: Callable[..., Any]) -> str | None:
    """Return the generated source of a compiled flag; None for a flag without such source."""
    on_demand = getattr(evaluate, "otherwise", None)
    evaluate = getattr(on_demand, "function", evaluate)
    filename = getattr(getattr(evaluate, "__code__", None), "co_filename", "")
    return "".join(linecache.getlines(filename)) if filename.startswith("<flagengine ") else None
