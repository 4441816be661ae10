"""The promise that property maps are complete (SPEC R6)."""

from collections.abc import Collection, Mapping
from typing import Any, Final

__all__ = ["INCOMPLETE", "Completeness"]


class Completeness:
    """The caller's promise that some property maps are complete."""

    __slots__ = ("groups", "person")

    def __init__(self, promise: bool | Mapping[str, Any]) -> None:
        """Read True, False, or a mapping of ``person_properties`` and ``group_properties``."""
        if isinstance(promise, bool):
            self.person: bool = promise
            self.groups: bool | frozenset[str] = promise
            return
        if not isinstance(promise, Mapping):
            message = f"complete must be a bool or a mapping, got {type(promise).__name__}"
            raise TypeError(message)
        unknown = set(promise) - {"person_properties", "group_properties"}
        if unknown:
            message = (
                "the keys of complete must be person_properties and group_properties, "
                f"got {sorted(map(str, unknown))}"
            )
            raise TypeError(message)
        self.person = bool(promise.get("person_properties", False))
        self.groups = _group_types(promise.get("group_properties", False))

    def of_group(self, name: str) -> bool:
        """Tell whether a group type's properties are complete."""
        return self.groups if isinstance(self.groups, bool) else name in self.groups


def _group_types(promise: Any) -> bool | frozenset[str]:
    if isinstance(promise, bool):
        return promise
    if isinstance(promise, Collection) and not isinstance(promise, str):
        return frozenset(promise)
    message = f"group_properties must be a bool or a collection of group types, got {promise!r}"
    raise TypeError(message)


INCOMPLETE: Final = Completeness(False)
"""No promise."""
