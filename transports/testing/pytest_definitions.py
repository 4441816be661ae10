"""The definitions that the ini option ``flagengine_definitions`` names, read once in a run."""

from __future__ import annotations

from pathlib import Path
from typing import Final

import pytest

from flagengine import Snapshot, SnapshotError

__all__ = ["definitions_of", "known_keys"]

_OPTION: Final = "flagengine_definitions"
_KEPT: Final = pytest.StashKey[tuple[bytes, Snapshot] | None]()


def definitions_of(config: pytest.Config) -> bytes | None:
    """Return the configured definitions document; None if there is none.

    Raises:
        pytest.UsageError: the file cannot be read, or has no definitions.
    """
    found = _read(config)
    return None if found is None else found[0]


def known_keys(config: pytest.Config) -> tuple[str, ...]:
    """Return the keys of the flags in the configured definitions.

    Raises:
        pytest.UsageError: see `definitions_of`.
    """
    found = _read(config)
    return () if found is None else tuple(found[1].keys)


def _read(config: pytest.Config) -> tuple[bytes, Snapshot] | None:
    if _KEPT not in config.stash:
        name = config.getini(_OPTION)
        config.stash[_KEPT] = _parsed(config.rootpath / name) if name else None
    return config.stash[_KEPT]


def _parsed(path: Path) -> tuple[bytes, Snapshot]:
    try:
        document = path.read_bytes()
        return document, Snapshot.parse(document)
    except OSError as error:
        message = f"{_OPTION} must be a file of flag definitions, got {path}: {error.strerror}"
        raise pytest.UsageError(message) from error
    except SnapshotError as error:
        message = f"{_OPTION} must be a file of flag definitions, got {path}: {error}"
        raise pytest.UsageError(message) from error
