"""Write the signatures of the client's methods: ``python docs/write_signatures.py``.

The methods of ``Client`` and ``AsyncClient`` are made of functions, some by a decorator that makes a
method of a generator of steps. Type checkers, editors and their users get plain methods instead, which
this script writes from the functions into ``transports/client/signatures.pyi``.
"""

import ast
import builtins
import inspect
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from functools import cache
from pathlib import Path
from textwrap import indent
from types import FunctionType
from typing import Any

from flagengine.transports.client.asynchronous import AsyncClient
from flagengine.transports.client.client import Client
from flagengine.transports.client.shared import SharedVerbs

TARGET = Path(__file__).parents[1] / "transports" / "client" / "signatures.pyi"
PACKAGE = "flagengine.transports.client"

HEAD = '''\
"""The methods of the clients, for type checkers and editors.

Written by ``docs/write_signatures.py`` from the functions that ``client``, ``asynchronous`` and ``shared``
make methods of; a test fails when they differ.
"""
'''
CLASSES: Mapping[str, tuple[type, str]] = {
    "SharedMethods": (SharedVerbs, "The methods of both clients."),
    "BlockingMethods": (Client, "The methods of ``Client`` that may wait."),
    "AwaitedMethods": (
        AsyncClient,
        "The methods of ``AsyncClient`` that may wait, which are awaited.",
    ),
}


def render() -> str:
    """Return the module, formatted."""
    imports: dict[str, str] = {}
    parts = []
    for name, (kind, text) in CLASSES.items():
        methods = [_method(each, verb, kind, imports) for each, verb in _verbs(kind)]
        parts.append("\n\n".join([f'class {name}:\n    """{text}"""', *methods]))
    lines = "\n".join(sorted(set(imports.values())))
    return _formatted("\n\n".join([HEAD, lines, *parts]) + "\n")


def _formatted(source: str) -> str:
    for command in (["check", "--select", "I", "--fix", "--quiet"], ["format"]):
        source = subprocess.run(  # noqa: S603 - our own formatter
            [sys.executable, "-m", "ruff", *command, "--stdin-filename", str(TARGET), "-"],
            input=source,
            capture_output=True,
            check=True,
            encoding="utf-8",
            cwd=TARGET.parents[2],
        ).stdout
    return source


def _verbs(kind: type) -> Iterator[tuple[str, Callable[..., Any]]]:
    """Yield the name and the function of each public method of a class itself."""
    for name, method in vars(kind).items():
        if isinstance(method, FunctionType) and not name.startswith("_"):
            yield name, inspect.unwrap(method)


def _method(name: str, verb: Callable[..., Any], kind: type, imports: dict[str, str]) -> str:
    """Return the method with its overloads, and note the imports that it needs."""
    found = _functions(verb.__module__)[verb.__name__]
    overloads = [node for node in found if "overload" in map(ast.unparse, node.decorator_list)]
    if overloads:
        imports["overload"] = "from typing import overload"
    is_awaited = inspect.iscoroutinefunction(vars(kind)[name])
    written = []
    for node in overloads or found:
        _note_imports(node, verb.__module__, imports)
        written.append(_written(name, node, verb, is_awaited=is_awaited))
    decorator = "    @overload\n" if overloads else ""
    return "\n".join(decorator + each for each in written)


def _written(
    name: str, node: ast.FunctionDef, verb: Callable[..., Any], *, is_awaited: bool
) -> str:
    arguments = node.args
    known = inspect.signature(verb).parameters
    positional = [*arguments.posonlyargs, *arguments.args]
    given = positional[len(positional) - len(arguments.defaults) :]
    arguments.defaults = [
        _default(known[each.arg], default)
        for each, default in zip(given, arguments.defaults, strict=True)
    ]
    arguments.kw_defaults = [
        default and _default(known[each.arg], default)
        for each, default in zip(arguments.kwonlyargs, arguments.kw_defaults, strict=True)
    ]
    positional[0].arg, positional[0].annotation = "self", None
    returns = ast.unparse(node.returns or ast.Constant(None))
    returns = (
        returns.removeprefix("Steps[").removesuffix("]")
        if returns.startswith("Steps[")
        else returns
    )
    text = inspect.getdoc(verb) or ""
    body = indent(f'"""{text}' + ("\n" if "\n" in text else "") + '"""', " " * 8)
    keyword = "async def" if is_awaited else "def"
    return f"    {keyword} {name}({ast.unparse(arguments)}) -> {returns}:\n{body}"


def _default(parameter: inspect.Parameter, written: ast.expr) -> ast.expr:
    """Return a default as its value, which editors show."""
    default = parameter.default
    is_plain = default is None or isinstance(default, bool | int | float | str)
    if default is parameter.empty or isinstance(written, ast.Constant):
        return written
    return ast.Constant(default if is_plain else ...)


@cache
def _tree(module: str) -> ast.Module:
    return ast.parse(Path(inspect.getfile(sys.modules[module])).read_text("utf-8"))


@cache
def _functions(module: str) -> Mapping[str, list[ast.FunctionDef]]:
    found: dict[str, list[ast.FunctionDef]] = {}
    for node in _tree(module).body:
        if isinstance(node, ast.FunctionDef):
            found.setdefault(node.name, []).append(node)
    return found


def _note_imports(node: ast.FunctionDef, module: str, imports: dict[str, str]) -> None:
    """Note where the names of the annotations come from, which must be the same for all methods."""
    arguments = node.args
    annotated = [*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs]
    annotated += filter(None, [arguments.vararg, arguments.kwarg])
    written = [each.annotation for each in annotated[1:]] + [node.returns]
    names = {
        each.id
        for part in filter(None, written)
        for each in ast.walk(part)
        if isinstance(each, ast.Name)
    }
    for name in names - {"Steps"} - vars(builtins).keys():
        line = _imported(name, module)
        assert imports.setdefault(name, line) == line, (name, module)


def _imported(name: str, module: str) -> str:
    """Return the line that imports a name of a module, from where the module has it."""
    for node in ast.walk(_tree(module)):
        if isinstance(node, ast.ImportFrom):
            for alias in node.names:
                if (alias.asname or alias.name) == name:
                    home = "." * node.level + (node.module or "")
                    return f"from {home} import {ast.unparse(alias)}"
    return f"from .{module.removeprefix(PACKAGE + '.')} import {name}"


if __name__ == "__main__":
    TARGET.write_text(render(), encoding="utf-8")
