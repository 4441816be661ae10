"""The imports that the source of a package asks for, read without importing it."""

import ast
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

__all__ = ["ROOT", "Import", "imports", "modules"]

ROOT: Final = Path(__file__).parents[2]


@dataclass(frozen=True)
class Import:
    """One imported module; ``names`` are those taken from it. ``is_lazy``: inside a function."""

    importer: str
    module: str
    names: tuple[str, ...]
    is_lazy: bool
    is_for_types: bool

    @property
    def top(self) -> str:
        """The package that the module belongs to."""
        return self.module.partition(".")[0]


def modules(package: str) -> dict[str, Path]:
    """Return the modules of a package by their dotted names."""
    found = {}
    for path in sorted((ROOT / package).rglob("*.py")):
        steps = path.relative_to(ROOT).with_suffix("").parts
        found[".".join(steps[:-1] if steps[-1] == "__init__" else steps)] = path
    return found


def imports(package: str) -> Iterator[Import]:
    """Yield every import in a package's source."""
    known = modules(package)
    for name, path in known.items():
        tree = ast.parse(path.read_text(encoding="utf-8"))
        yield from _imports(name, tree, known, path.name == "__init__.py", False, False)


def _imports(
    name: str, tree: ast.AST, known: dict[str, Path], is_package: bool, lazy: bool, typed: bool
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
    known: dict[str, Path],
    is_package: bool,
    lazy: bool,
    typed: bool,
) -> Iterator[Import]:
    """Yield a module for every name that is one, and the module itself for the others."""
    base = node.module or ""
    if node.level:
        steps = name.split(".")
        steps = steps[: len(steps) - node.level + is_package]
        base = ".".join([*steps, *([base] if base else [])])
    names = [alias.name for alias in node.names]
    inner = [one for one in names if f"{base}.{one}" in known]
    for one in inner:
        yield Import(name, f"{base}.{one}", (), lazy, typed)
    others = tuple(one for one in names if one not in inner)
    if others:
        yield Import(name, base, others, lazy, typed)
