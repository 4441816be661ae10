"""Forced values of a project: from a file that is read again when it changes, and from the control API."""

from __future__ import annotations

import logging
from pathlib import Path
from typing import Any

from flagengine import Overrides

from ..client.development import overrides_in
from ..log_fields import log_fields

__all__ = ["ForcedValues"]

_log = logging.getLogger("flagengine.server")


class ForcedValues:
    """The values that answers have instead of the engine's. Those of the control API win over the file's."""

    def __init__(self, file: Path | None = None) -> None:
        self._file = file
        self._signature: tuple[int, int, int] | None = None
        self._of_file = Overrides()
        self._controlled = Overrides()
        self.current: Overrides = Overrides()
        if file is not None:
            self._of_file = overrides_in(file)
            self._signature = _signature(file)
            self._combine()

    def refresh(self) -> bool:
        """Read the file again if it has changed; return whether values have changed.

        A file that cannot be read is named in a warning, once, and the last values stay.
        """
        if self._file is None:
            return False
        signature = _signature(self._file)
        if signature == self._signature:
            return False
        self._signature = signature
        try:
            found = overrides_in(self._file)
        except ValueError as error:
            _log.warning("the forced values stay as they are: %s", error)
            return False
        before, self._of_file = self.current, found
        self._combine()
        return self.current != before

    def force(self, values: Any) -> None:
        """Force values through the control API, in place of those that it forced before.

        Raises:
            TypeError: ``values`` are no overrides.
        """
        self._controlled = Overrides.parse(values)
        self._combine()

    @property
    def controlled(self) -> Overrides:
        """The values that the control API forces."""
        return self._controlled

    def _combine(self) -> None:
        self.current = self._of_file | self._controlled
        count = len({*self.current.flags, *self.current.payloads})
        if count:
            _log.warning("%d flags are forced", count, extra=log_fields(count=count))


def _signature(file: Path) -> tuple[int, int, int] | None:
    try:
        status = file.stat()
    except OSError:
        return None
    return status.st_mtime_ns, status.st_ino, status.st_size
