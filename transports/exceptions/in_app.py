"""Whether a frame belongs to the application: configured modules first, then its file's place."""

from __future__ import annotations

import os
from collections.abc import Iterable
from pathlib import Path

from .settings import ExceptionSettings

__all__ = ["OWN_FOLDER", "is_in_app"]

OWN_FOLDER = f"{Path(__file__).absolute().parents[1]}{os.sep}"
_STANDARD_LIBRARY = f"{Path(os.__file__).absolute().parent}{os.sep}"
_PACKAGE_FOLDERS = frozenset({"site-packages", "dist-packages"})
# Generated code without a file: by importlib, attrs and NumPy.
_MADE_UP = ("<frozen ", "<attrs ", "<__array_function__")


def is_in_app(module: str | None, path: str, settings: ExceptionSettings) -> bool:
    """Return whether a frame of ``module`` in the file ``path`` belongs to the application."""
    if _is_among(module, settings.in_app_include):
        return True
    if _is_among(module, settings.in_app_exclude) or _is_library(path):
        return False
    if path.startswith("<") or settings.project_root is None:
        return True
    return _is_below(path, settings.project_root)


def _is_among(module: str | None, prefixes: Iterable[str]) -> bool:
    if not module:
        return False
    return any(module == prefix or module.startswith(prefix + ".") for prefix in prefixes if prefix)


def _is_library(path: str) -> bool:
    if path.startswith(_MADE_UP):
        return True
    folders = path.replace("\\", "/").split("/")
    return not _PACKAGE_FOLDERS.isdisjoint(folders) or path.startswith(
        (OWN_FOLDER, _STANDARD_LIBRARY)
    )


def _is_below(path: str, root: str) -> bool:
    folder = Path(root).absolute()
    return folder in Path(path).parents
