"""The storage of a client: registered properties, the opt-out, and values of the application.

A storage is any mutable mapping from text to JSON values; a ``JsonStorage`` survives a restart.
Events are stored in the spool, not here.
"""

from __future__ import annotations

import json
import logging
import os
import tempfile
import threading
from collections.abc import Callable, Iterator, Mapping, MutableMapping
from copy import deepcopy
from pathlib import Path
from typing import Any

from ..application_errors import application_errors
from ..derived import Derived
from ..json_text import members_of, read_json, to_json
from ..log_fields import log_fields
from ..option_values.texts import read_path

__all__ = ["OPTED_OUT", "PROPS", "JsonStorage", "Memory"]

logger: logging.Logger = logging.getLogger("flagengine.client")

PROPS = "props"
OPTED_OUT = "opted_out"


class JsonStorage(MutableMapping[str, Any]):
    """A mapping in a JSON file that only its owner can read. Each change replaces the file.

    Safe to use from any thread. An unreadable file counts as empty, with a warning, and is kept until the
    first change. Use a file in only one process and with only one ``JsonStorage``, because two would
    overwrite each other's changes.
    """

    def __init__(self, path: str | os.PathLike[str]) -> None:
        self._path = Path(read_path("path", path))
        self._values = _read(self._path)
        self._renew_lock()

    def __repr__(self) -> str:
        return f"JsonStorage({str(self._path)!r})"

    def __getitem__(self, key: str) -> Any:
        return self._values[key]

    def __setitem__(self, key: str, value: Any) -> None:
        def change(values: dict[str, Any]) -> None:
            values[key] = value

        self._change(change)

    def __delitem__(self, key: str) -> None:
        self._change(lambda values: values.__delitem__(key))

    def pop(self, key: str, *default: Any) -> Any:
        """Remove a value and return it; otherwise return the default, if there is one."""
        with self._locked():
            return super().pop(key, *default)

    def popitem(self) -> tuple[str, Any]:
        """Remove a key and return it with its value."""
        with self._locked():
            return super().popitem()

    def setdefault(self, key: str, default: Any = None) -> Any:
        """Return the value; store the default first if there is none."""
        with self._locked():
            return super().setdefault(key, default)

    def __iter__(self) -> Iterator[str]:
        return iter(list(self._values))

    def __len__(self) -> int:
        return len(self._values)

    def _renew_lock(self) -> None:
        # Reentrant, because a signal handler may change a value in the middle of a change.
        self._lock, self._pid = threading.RLock(), os.getpid()

    def _locked(self) -> threading.RLock:
        if self._pid != os.getpid():
            # A thread of the parent may have held the lock at the fork.
            self._renew_lock()
        return self._lock

    def _change(self, change: Callable[[dict[str, Any]], object]) -> None:
        with self._locked():
            known = None
            # Once more if a signal handler has changed a value meanwhile.
            while known is not self._values:
                known = self._values
                values = dict(known)
                change(values)
                text = self._written(values)
            self._values = json.loads(text)

    def _written(self, values: dict[str, Any]) -> bytes:
        """Write the file, and return its text."""
        text = to_json(values)
        descriptor, name = tempfile.mkstemp(dir=self._path.parent, prefix=f".{self._path.name}-")
        try:
            with os.fdopen(descriptor, "wb") as file:
                file.write(text)
            Path(name).replace(self._path)
        except BaseException:
            Path(name).unlink(missing_ok=True)
            raise
        return text


def _read(path: Path) -> dict[str, Any]:
    try:
        values = read_json(path.read_bytes())
    except FileNotFoundError:
        return {}
    except (OSError, ValueError) as error:
        logger.warning(
            "cannot read the storage %s (%s)",
            path.name,
            type(error).__name__,
            extra=log_fields(error=error),
        )
        return {}
    return values if isinstance(values, dict) else {}


class Memory:
    """The client's view of its storage, with the values that every event needs in memory.

    If the storage fails, a warning is logged and the value lasts only until the process ends.
    ``reads`` is derived from the opt-out.
    """

    def __init__(
        self,
        storage: MutableMapping[str, Any] | None,
        *,
        super_properties: Mapping[str, Any],
        default_opt_in: bool,
        reads: Derived[Any] | None = None,
    ) -> None:
        self._reads: Derived[Any] = reads or Derived()
        self._storage = {} if storage is None else storage
        self._constant = deepcopy(dict(super_properties))
        self.after_fork()
        stored = self.get(PROPS)
        self._registered: dict[str, Any] = dict(stored) if isinstance(stored, Mapping) else {}
        opted_out = self.get(OPTED_OUT)
        self.is_opted_out: bool = opted_out if isinstance(opted_out, bool) else not default_opt_in
        self._join()

    def _join(self) -> None:
        # A new dict at each change, so that readers need no lock.
        self.super_properties: Mapping[str, Any] = {**self._constant, **self._registered}

    def register(self, properties: Mapping[str, Any]) -> None:
        """Add properties to all later events; later values win."""
        with self._lock:
            given = members_of(properties)
            if given is None:
                msg = f"properties must be a mapping, got {type(properties).__name__}"
                raise TypeError(msg)
            self._registered = {**self._registered, **deepcopy(dict(given))}
            self._join()
            self._store(PROPS, self._registered)

    def unregister(self, name: str) -> None:
        """Remove a registered property."""
        with self._lock:
            if name in self._registered:
                self._registered = {k: v for k, v in self._registered.items() if k != name}
                self._join()
                self._store(PROPS, self._registered)

    def opt(self, *, out: bool) -> None:
        """Store whether the client is opted out."""
        with self._lock:
            with self._reads.changing():
                self.is_opted_out = out
            self._store(OPTED_OUT, out)

    def forget_registered(self) -> None:
        """Remove all registered properties."""
        with self._lock:
            self._registered = {}
            self._join()
            self._store(PROPS, None)

    def get(self, key: str) -> Any:
        """Return the stored value; None if there is none or the storage cannot be read."""
        try:
            return deepcopy(self._storage.get(key))
        except application_errors() as error:
            logger.warning(
                "cannot read the storage (%s)", type(error).__name__, extra=log_fields(error=error)
            )
            return None

    def set(self, key: str, value: Any) -> None:
        """Store a value, or remove it if it is None. The client's own values take effect at once."""
        if key == OPTED_OUT:
            self.opt(out=value is True)
        elif key == PROPS:
            with self._lock:
                self.forget_registered()
                self.register(value if isinstance(value, Mapping) else {})
        else:
            with self._lock:
                self._store(key, value)

    def _store(self, key: str, value: Any) -> None:
        try:
            if value is None:
                self._storage.pop(key, None)
            else:
                self._storage[key] = deepcopy(value)
        except application_errors() as error:
            logger.warning(
                "cannot write to the storage (%s)",
                type(error).__name__,
                extra=log_fields(error=error),
            )

    def after_fork(self) -> None:
        """Renew the lock in a forked child."""
        # Reentrant, because a signal handler may opt out in the middle of a change.
        self._lock = threading.RLock()
