"""The imports in the source of a package, read without importing it, and their layers."""

import ast
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from pathlib import Path
from typing import Final

__all__ = ["ENGINE", "PACKAGES", "ROOT", "TRANSPORTS", "Import", "Layers", "circles", "imports"]
__all__ += ["modules"]

ROOT: Final = Path(__file__).parents[2]
ENGINE: Final = "flagengine"
TRANSPORTS: Final = "flagengine.transports"
PACKAGES: Final = {ENGINE: ROOT / "flagengine", TRANSPORTS: ROOT / "transports"}
"""Each package by the name under which it is imported, and its folder. The engine does not contain
the transports, although their name is below its own."""


@dataclass(frozen=True)
class Import:
    """An import: the module, the ``names`` taken from it, and whether it ``is_lazy`` (in a function)."""

    importer: str
    module: str
    names: tuple[str, ...]
    is_lazy: bool
    is_for_types: bool

    @property
    def top(self) -> str:
        """The top-level package of the module."""
        return self.module.partition(".")[0]

    @property
    def package(self) -> str | None:
        """The package of this repository that the module belongs to; None for other modules."""
        return next((name for name in (TRANSPORTS, ENGINE) if _is_below(self.module, name)), None)


def _is_below(module: str, package: str) -> bool:
    return f"{module}.".startswith(f"{package}.")


def modules(package: str) -> dict[str, Path]:
    """Return the modules of a package by their dotted names."""
    found = {}
    folder = PACKAGES[package]
    inner = [folder / "transports"] if package == ENGINE else []
    for path in sorted(folder.rglob("*.py")):
        if not any(path.is_relative_to(other) for other in inner):
            steps = path.relative_to(folder).with_suffix("").parts
            steps = steps[:-1] if steps[-1] == "__init__" else steps
            found[".".join([package, *steps])] = path
    return found


def _stubs(package: str) -> set[str]:
    """Return the modules in C, which have stubs."""
    paths = PACKAGES[package].rglob("*.pyi")
    names = (path.relative_to(PACKAGES[package]).with_suffix("").parts for path in paths)
    return {".".join([package, *steps]) for steps in names}


def imports(package: str) -> Iterator[Import]:
    """Yield every import in a package's source."""
    own = modules(package)
    known = own.keys() | modules(TRANSPORTS).keys() | _stubs(package)
    for name, path in own.items():
        tree = ast.parse(path.read_text(encoding="utf-8"))
        yield from _imports(name, tree, known, path.name == "__init__.py", False, False)


@dataclass(frozen=True)
class Layers:
    """The layers of a package, the lowest first, with their parts: top-level modules and folders.

    A part may import parts of lower layers, but not parts of its own layer. Inside a part, imports
    are free.
    """

    package: str
    floors: Sequence[AbstractSet[str]]

    def unlisted(self) -> set[str]:
        """Return the parts without a layer, and the parts in `floors` that do not exist."""
        listed = {part for floor in self.floors for part in floor}
        return listed ^ ({self._part(name) for name in modules(self.package)} - {""})

    def upward(self) -> list[str]:
        """Return the imports that do not go to a lower layer."""
        return [
            f"{found.importer} imports {found.module}"
            for found in imports(self.package)
            if found.package == self.package and not self._descends(found)
        ]

    def _descends(self, found: Import) -> bool:
        importer, module = self._part(found.importer), self._part(found.module)
        if not importer or importer == module:
            return True
        return self._level(module) < self._level(importer)

    def _part(self, module: str) -> str:
        """Return the part of a module; the package itself, which only exports names, is ""."""
        return module.removeprefix(self.package).lstrip(".").partition(".")[0]

    def _level(self, part: str) -> int:
        # Another test reports unlisted parts.
        return next((at for at, floor in enumerate(self.floors) if part in floor), -1)


def circles(packages: Iterable[str]) -> list[list[str]]:
    """Return the groups of modules that import each other, directly or indirectly.

    Imports inside a function and for type checkers count as well.
    """
    graph: dict[str, set[str]] = defaultdict(set)
    for found in (found for package in packages for found in imports(package)):
        if found.package:
            graph[found.importer].add(found.module)
    reach = {module: _reachable(graph, module) for module in list(graph)}
    groups = {
        tuple(sorted(other for other in seen if module in reach.get(other, ())))
        for module, seen in reach.items()
    }
    return sorted(list(group) for group in groups if len(group) > 1)


def _reachable(graph: dict[str, set[str]], start: str) -> set[str]:
    found: set[str] = set()
    waiting = [start]
    while waiting:
        for module in graph.get(waiting.pop(), ()):
            if module not in found:
                found.add(module)
                waiting.append(module)
    return found


def _imports(
    name: str, tree: ast.AST, known: AbstractSet[str], is_package: bool, lazy: bool, typed: bool
) -> Iterator[Import]:
    for node in ast.iter_child_nodes(tree):
        inside = lazy or isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda)
        for_types = typed or (
            isinstance(node, ast.If) and "TYPE_CHECKING" in ast.unparse(node.test)
        )
        if isinstance(node, ast.Import):
            for alias in node.names:
                yield Import(name, alias.name, (), inside, for_types)
        elif isinstance(node, ast.ImportFrom):
            yield from _from(name, node, known, is_package, inside, for_types)
        else:
            yield from _imports(name, node, known, is_package, inside, for_types)


def _from(
    name: str,
    node: ast.ImportFrom,
    known: AbstractSet[str],
    is_package: bool,
    lazy: bool,
    typed: bool,
) -> Iterator[Import]:
    """Yield the module of every name that is a module, and the module itself for other names."""
    base = node.module or ""
    if node.level:
        steps = name.split(".")
        steps = steps[: len(steps) - node.level + is_package]
        base = ".".join([*steps, *([base] if base else [])])
    names = [alias.name for alias in node.names]
    inner = [name for name in names if f"{base}.{name}" in known]
    for submodule in inner:
        yield Import(name, f"{base}.{submodule}", (), lazy, typed)
    others = tuple(name for name in names if name not in inner)
    if others:
        yield Import(name, base, others, lazy, typed)
