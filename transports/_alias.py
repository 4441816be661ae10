"""In a checkout this folder can also be imported as ``transports``: the same modules, no copies.

Installed, the package has one name, ``flagengine.transports``, and nothing here is used.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from importlib import import_module
from importlib.abc import Loader, MetaPathFinder
from importlib.machinery import ModuleSpec
from importlib.util import find_spec
from types import ModuleType

__all__ = ["alias_transports"]


def alias_transports() -> None:
    """Make ``transports`` and all modules below it other names for ``flagengine.transports``."""
    sys.meta_path.insert(0, _AliasFinder())
    sys.modules["transports"] = import_module("flagengine.transports")


class _AliasFinder(MetaPathFinder):
    def find_spec(
        self, fullname: str, _path: Sequence[str] | None, _target: ModuleType | None = None, /
    ) -> ModuleSpec | None:
        if not fullname.startswith("transports.") or find_spec(f"flagengine.{fullname}") is None:
            return None
        return ModuleSpec(fullname, _AliasLoader())


class _AliasLoader(Loader):
    def create_module(self, spec: ModuleSpec) -> ModuleType:
        module = import_module(f"flagengine.{spec.name}")
        spec.loader_state = module.__spec__
        return module

    def exec_module(self, module: ModuleType) -> None:
        """Give the module its own spec back: the import system has replaced it by the alias."""
        if module.__spec__ is not None:
            module.__spec__ = module.__spec__.loader_state
