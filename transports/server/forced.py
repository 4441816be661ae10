"""Forced values of a project: from a file that is read again when it changes, and from the control API."""

from __future__ import annotations

import logging
from pathlib import Path
from typing import Any, Final

from flagengine import Overrides, printable

from ..flags.override_files import overrides_in
from ..log_fields import log_fields

__all__ = ["ForcedValues"]

_log = logging.getLogger("flagengine.server")

_MOST_SHOWN: Final = 20


class ForcedValues:
    """The values that answers have instead of the engine's. Those of the control API win over the file's."""

    def __init__(self, file: Path | None = None) -> None:
        self._file = file
        self._signature: tuple[int, int, int] | None = None
        # That of a file that could not be read: it is tried again, but named only once.
        self._unreadable: tuple[int, ...] | None = ()
        self._of_file = Overrides()
        self._controlled = Overrides()
        self.current: Overrides = Overrides()
        if file is not None:
            self._of_file = overrides_in(file)
            self._signature = _signature(file)
            self._combine()
            self._warn()

    def refresh(self) -> bool:
        """Read the file again if it has changed; return whether values have changed.

        A file that cannot be read is named in a warning, once, and the last values stay.
        """
        if self._file is None:
            return False
        signature = _signature(self._file)
        if signature == self._signature:
            return False
        try:
            found = overrides_in(self._file)
        except ValueError as error:
            if signature != self._unreadable:
                self._unreadable = signature
                _log.warning("the forced values stay as they are: %s", error)
            return False
        self._signature, self._unreadable = signature, ()
        before, self._of_file = self.current, found
        self._combine()
        self._warn()
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

    def _warn(self) -> None:
        """Name the flags that the file forces, so that nobody meets them unawares."""
        keys = [*dict.fromkeys([*self._of_file.flags, *self._of_file.payloads])]
        if keys:
            shown = ", ".join(map(printable, keys[:_MOST_SHOWN]))
            more = f" and {len(keys) - _MOST_SHOWN} more" if len(keys) > _MOST_SHOWN else ""
            text = "FLAGS ARE FORCED by %s: %s%s"
            _log.warning(text, self._file, shown, more, extra=log_fields(count=len(keys)))


def _signature(file: Path) -> tuple[int, int, int] | None:
    try:
        status = file.stat()
    except OSError:
        return None
    return status.st_mtime_ns, status.st_ino, status.st_size
