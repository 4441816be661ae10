"""The module whose variables are settings: an assignment has its effect, or a warning says that it has none."""

from __future__ import annotations

import logging
import sys
from types import ModuleType
from typing import Any, Final

from ..spelling import did_you_mean
from .names import OPTIONS
from .shared_client import CLIENT, DEFAULT, KEYS, LIVE

__all__ = ["SETTINGS", "watch_settings"]

logger: logging.Logger = logging.getLogger("flagengine.client")

_NAMES: Final = "_names_of_settings"

_OPTIONS: Final = frozenset(each.old for each in OPTIONS)
SETTINGS: Final = frozenset({*KEYS, *LIVE, *_OPTIONS})
"""The names that are settings, if the module had a variable of this name from the start."""


class _SettableModule(ModuleType):
    def __setattr__(self, name: str, value: Any) -> None:
        namespace = vars(self)
        is_new = name not in namespace and name not in namespace[_NAMES]
        before = namespace.get(name)
        super().__setattr__(name, value)
        if is_new:
            self._note_unknown(name, value)
        elif name in SETTINGS and before is not value:
            DEFAULT.changed(name, value)

    def _note_unknown(self, name: str, value: object) -> None:
        # The import system assigns submodules.
        if name.startswith("_") or isinstance(value, ModuleType):
            return
        known = [*vars(self)[_NAMES]]
        instead = (
            f": pass it, Posthog({name}=...)" if name in _OPTIONS else did_you_mean(name, known)
        )
        logger.warning("%s is no setting, so it has no effect%s", name, instead)


def watch_settings(name: str) -> None:
    """Watch the assignments to the module of this name, and make the default client of its variables."""
    module = sys.modules[name]
    vars(module)[_NAMES] = frozenset(vars(module)) & {CLIENT, *SETTINGS}
    module.__class__ = _SettableModule
    DEFAULT.bind(vars(module))
