"""The name ``transports`` for the modules of ``flagengine.transports`` in a checkout.

Both names lead to the same modules. The installed package has only the name
``flagengine.transports``, and does not use this module.
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
    """Make ``transports.x`` another name for each module ``flagengine.transports.x``."""
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
        """Restore the module's own spec, which the import system has replaced by the alias's."""
        if module.__spec__ is not None:
            module.__spec__ = module.__spec__.loader_state
