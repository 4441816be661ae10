"""The verbs that force values, for the flags of a process and for those of a server."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable
from typing import Any

from flagengine import NOT_GIVEN, Overrides

__all__ = ["Forcing"]


class Forcing(ABC):
    """Forces values of flags, one after another; where they hold is for the class that inherits."""

    def set(self, key: str, value: Any = True, *, payload: Any = NOT_GIVEN) -> None:  # noqa: FBT002
        """Force a flag's value and, if it is given, its payload, which is any JSON value.

        The value is True, False, a variant, a number or an object as flags of format 2 have them, or None:
        then the flag counts as missing. A second call for the same flag replaces both.

        Raises:
            TypeError: the key is no text, or the value or the payload is something else.
        """
        payloads = {} if payload is NOT_GIVEN else {key: payload}
        forced = Overrides.parse({"flags": {key: value}, "payloads": payloads})
        self._force(self._without((key,)) | forced)

    def update(self, overrides: Any = None, /, **values: Any) -> None:
        """Force many flags: a mapping of values, a list of keys to turn on, one key, or keywords.

        A mapping may be ``{"flags": {...}, "payloads": {...}}``, as for ``override_feature_flags``.

        Raises:
            TypeError: the argument has another form, or a value is impossible.
        """
        forced = Overrides.parse([overrides] if isinstance(overrides, str) else overrides)
        if forced.clears_flags or forced.clears_payloads:
            msg = "forced flags must be values by key, or keys to turn on, got False"
            raise TypeError(msg)
        forced |= Overrides.parse({"flags": values})
        self._force(self._without(forced.flags) | forced)

    def unset(self, *keys: str) -> None:
        """Evaluate these flags again; do nothing for those without a forced value."""
        self._force(self._without(keys))

    def clear(self) -> None:
        """Evaluate all flags again."""
        self._force(Overrides())

    @property
    @abstractmethod
    def overrides(self) -> Overrides:
        """The forced values."""

    @abstractmethod
    def _force(self, overrides: Overrides) -> None:
        """Force these values in place of all earlier ones."""

    def _without(self, keys: Iterable[str]) -> Overrides:
        before, gone = self.overrides, frozenset(keys)
        return Overrides(
            {key: value for key, value in before.flags.items() if key not in gone},
            {key: value for key, value in before.payloads.items() if key not in gone},
        )
