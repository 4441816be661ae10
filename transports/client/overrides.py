"""Flag values set by hand, for the whole client: before local evaluation, before the server.

The values and what they mean are the engine's (`flagengine.Overrides`); here is only which of the
two, values and payloads, a new setting replaces.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from collections.abc import Set as AbstractSet
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from flagengine import Overrides

if TYPE_CHECKING:
    from .parts import HasParts

from .verbs import guarded, nothing

__all__ = ["OverrideSetting", "overridden_flags", "override_feature_flags"]

NO_OVERRIDES = Overrides()


class OverrideSetting:
    """The overrides in force: one immutable value, replaced whole."""

    def __init__(self) -> None:
        self.current = NO_OVERRIDES

    def replace(self, value: Any) -> None:
        """Put ``value`` in place of the values, the payloads, or both: whichever it speaks of."""
        parsed = Overrides.parse(value)
        old = self.current
        if value is False:
            self.current = NO_OVERRIDES
        elif _speaks_of_parts(value):
            flags = parsed.flags if value.get("flags") is not None else old.flags
            payloads = parsed.payloads if value.get("payloads") is not None else old.payloads
            self.current = Overrides(flags=flags, payloads=payloads)
        else:
            self.current = Overrides(flags=parsed.flags, payloads=old.payloads)


def _speaks_of_parts(value: object) -> bool:
    """SPEC R14.5: a flag that is named ``flags`` and has a plain value is a flag."""
    if not isinstance(value, Mapping):
        return False
    flags, payloads = value.get("flags"), value.get("payloads")
    return (flags is False or isinstance(flags, Mapping | list | tuple | AbstractSet)) or (
        payloads is False or isinstance(payloads, Mapping)
    )


@guarded(nothing)
def override_feature_flags(client: HasParts, overrides: Any) -> None:
    """Answer with these values instead of evaluating, from now on.

    ``False`` clears all; a list of keys turns each on; a mapping gives values, None for "as if
    there were no such flag"; ``{"flags": ..., "payloads": ...}`` replaces only what it names, and
    ``False`` clears that. Reading an overridden flag sends no event. What cannot be read as any of
    these changes nothing and is logged.
    """
    client.parts.overrides.replace(overrides)


@contextmanager
def overridden_flags(client: HasParts, overrides: Any) -> Iterator[None]:
    """Within the block, these values lie over those in force; for tests.

    Raises:
        TypeError: they cannot be read as overrides.
    """
    setting = client.parts.overrides
    before = setting.current
    setting.current = before | Overrides.parse(overrides)
    try:
        yield
    finally:
        setting.current = before
