"""Answers that replace evaluation (SPEC R14)."""

from collections.abc import Mapping, Sequence
from collections.abc import Set as AbstractSet
from types import MappingProxyType
from typing import Any, Final, Literal, TypedDict

from flagengine.inputs.arguments import copied
from flagengine.results.resolution import Value
from flagengine.values.conversion import to_json_value
from flagengine.values.json_values import NOT_GIVEN, has_utf8, text
from flagengine.values.payloads import frozen
from flagengine.values.record import Record

__all__ = ["NO_OVERRIDES", "Overrides", "OverridesLike"]

FlagOverrides = Mapping[str, Any] | Sequence[str] | AbstractSet[str] | Literal[False] | None
"""Values by flag key, keys to turn on, False to hide every layer below, or None for nothing."""


class OverrideLayers(TypedDict, total=False):
    """Overrides of flags and of payloads, which are JSON values by flag key."""

    flags: FlagOverrides
    payloads: Mapping[str, Any] | Literal[False] | None


_NOTHING: Final[Mapping[str, Any]] = MappingProxyType({})


class Overrides(Record):
    """One layer, or several layers combined with ``|``, where the right-hand layer wins.

    ``flags`` maps keys to True, False, a variant, a number or an object as flags of format 2 have
    them, or None for "as if there were no such flag";
    ``payloads`` maps keys to JSON text. ``clears_flags`` and ``clears_payloads`` tell whether the
    layer hides every layer below it.
    """

    flags: Mapping[str, Value] = _NOTHING
    payloads: Mapping[str, str] = _NOTHING
    clears_flags: bool = False
    clears_payloads: bool = False

    @classmethod
    def parse(cls, value: "OverridesLike") -> "Overrides":
        """Read overrides in any form that callers may use; raise TypeError otherwise.

        ``False`` clears all overrides; a list or set of keys turns each flag on; a mapping gives
        values. A mapping is read as ``{"flags": …, "payloads": …}`` only if ``flags`` is False, a
        list or a mapping, or ``payloads`` is False or a mapping, because a flag may also be named
        ``flags``.
        """
        if type(value) is dict and "flags" not in value and "payloads" not in value:
            return _flags(value)  # the usual form
        if isinstance(value, Overrides):
            return value
        if value is None:
            return NO_OVERRIDES
        if value is False:
            return cls(clears_flags=True, clears_payloads=True)
        if isinstance(value, Mapping):
            value = copied("overrides", value)
            if _is_options(value):
                return _flags(value.get("flags")) | _payloads(value.get("payloads"))
        return _flags(value)

    def replaced_by(self, value: Any) -> "Overrides":
        """Return a copy in which ``value`` replaces the flags, the payloads, or both.

        ``False`` clears both; ``{"flags": …, "payloads": …}`` replaces each part that it gives;
        every other form replaces only the flags. Raise TypeError for what :meth:`parse` rejects.
        """
        new = Overrides.parse(value)
        if value is False:
            return NO_OVERRIDES
        payloads = self.payloads
        if isinstance(value, Mapping) and _is_options(value):
            if value.get("payloads") is not None:
                payloads = new.payloads
            if value.get("flags") is None:
                return Overrides(self.flags, payloads)
        return Overrides(new.flags, payloads)

    def __bool__(self) -> bool:
        """Tell whether anything is overridden."""
        return bool(self.flags or self.payloads)

    def __or__(self, upper: "Overrides") -> "Overrides":
        """Return the combination of both layers, in which ``upper`` wins."""
        flags = upper.flags if upper.clears_flags else {**self.flags, **upper.flags}
        payloads = upper.payloads if upper.clears_payloads else {**self.payloads, **upper.payloads}
        return Overrides(
            MappingProxyType(dict(flags)),
            MappingProxyType(dict(payloads)),
            self.clears_flags or upper.clears_flags,
            self.clears_payloads or upper.clears_payloads,
        )

    def __hash__(self) -> int:
        """Hash by content."""
        return hash((frozenset(self.flags.items()), frozenset(self.payloads.items())))

    def __reduce__(self) -> tuple[Any, ...]:
        """Pickle the overrides as plain dicts, because read-only views cannot be pickled."""
        return _restored, (
            dict(self.flags),
            dict(self.payloads),
            self.clears_flags,
            self.clears_payloads,
        )

    def to_dict(self) -> dict[str, dict[str, Any]]:
        """Return the overrides as plain dicts."""
        return {"flags": dict(self.flags), "payloads": dict(self.payloads)}


def _restored(*fields: Any) -> Overrides:
    flags, payloads, clears_flags, clears_payloads = fields
    values = {key: frozen(value) for key, value in flags.items()}
    return Overrides(
        MappingProxyType(values), MappingProxyType(payloads), clears_flags, clears_payloads
    )


NO_OVERRIDES: Final = Overrides()

OverridesLike = Overrides | OverrideLayers | FlagOverrides
"""Every form of overrides that :meth:`Overrides.parse` reads."""


def _is_options(value: Mapping[str, Any]) -> bool:
    flags, payloads = value.get("flags"), value.get("payloads")
    return (flags is False or isinstance(flags, Mapping | list | tuple | AbstractSet)) or (
        payloads is False or isinstance(payloads, Mapping)
    )


def _flags(value: Any) -> Overrides:
    if value is None:
        return NO_OVERRIDES
    if value is False:
        return Overrides(clears_flags=True)
    if type(value) is not dict and isinstance(value, Mapping):
        value = copied("the flags of overrides", value)
    if type(value) is dict:
        flags = {_key(key): _forced(key, forced) for key, forced in value.items()}
        return Overrides(MappingProxyType(flags))
    if isinstance(value, Sequence | AbstractSet) and not isinstance(value, str | bytes):
        return Overrides(flags=MappingProxyType({_key(key): True for key in value}))
    found = type(value).__name__
    message = f"overrides must be a mapping, a list or set of flag keys, or False, got {found}"
    raise TypeError(message)


def _payloads(value: Any) -> Overrides:
    if value is None:
        return NO_OVERRIDES
    if value is False:
        return Overrides(clears_payloads=True)
    written = {}
    for key, payload in copied("the payloads of overrides", value).items():
        converted = to_json_value(payload)
        if converted is NOT_GIVEN:
            message = f"the payload override of {key!r} must be JSON, got {type(payload).__name__}"
            raise TypeError(message)
        written[_key(key)] = _checked(key, text([converted])[1:-1])
    return Overrides(payloads=MappingProxyType(written))


def _key(key: Any) -> str:
    if issubclass(type(key), str):
        return _checked(key, str.__str__(key))
    message = f"a flag key must be text, got {type(key).__name__}"
    raise TypeError(message)


def _checked(key: Any, written: str) -> str:
    """Return a key, a value or a payload as text; raise TypeError for a lone surrogate (R14.8)."""
    if not has_utf8(written):
        message = f"the override of {key!r} must have a UTF-8 form, got a lone surrogate"
        raise TypeError(message)
    return written


def _forced(key: Any, value: Any) -> Value:
    """Return an override as a flag has its value; None, which is no value, only for None itself."""
    if value is None or type(value) is bool:
        return value
    converted = to_json_value(value)
    if isinstance(converted, bool | str | int | float | dict):
        if isinstance(converted, str | dict):
            _checked(key, text(converted))
        found: Value = frozen(converted)
        return found
    message = (
        f"the override of {key!r} must be True, False, a variant key, a finite number, an object "
        f"or None, got {type(value).__name__}"
    )
    raise TypeError(message)
