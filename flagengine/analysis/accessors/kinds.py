"""What a flag's definition says about the values and payloads that it can give."""

from collections.abc import Iterator, Mapping
from typing import Any, Final, Literal

from flagengine.definitions.model import Flag
from flagengine.definitions.rules.model import RuleSet
from flagengine.values.payloads import decode_payload
from flagengine.values.record import Record

__all__ = ["FlagKind", "kind_of", "served_values"]

Kind = Literal["boolean", "variant", "text", "number", "object", "any"]

_OF_RULES: Final[Mapping[str, Kind]] = {
    "boolean": "boolean",
    "string": "text",
    "number": "number",
    "object": "object",
}


class FlagKind(Record):
    """The kind of a flag, its variants, and examples of its payloads and objects.

    A flag that cannot be read is of any kind, because the server may know what it means.
    """

    kind: Kind
    variants: tuple[str, ...] = ()
    payloads: tuple[Any, ...] = ()
    objects: tuple[Any, ...] = ()


def kind_of(flag: Flag) -> FlagKind:
    """Return what a flag's definition says, whether the flag is on or off."""
    if flag.defect is not None or flag.config_version is None:
        return FlagKind("any")
    payloads = tuple(decode_payload(raw) for _, raw in sorted((flag.payloads or {}).items()))
    if flag.rules is not None:
        kind = _OF_RULES[flag.rules.return_type]
        objects = tuple(served_values(flag.rules)) if kind == "object" else ()
        return FlagKind(kind, (), payloads, objects)
    variants = tuple(dict.fromkeys(variant.key for variant in flag.variants))
    return FlagKind("variant" if variants else "boolean", variants, payloads)


def served_values(rules: RuleSet) -> Iterator[Any]:
    """Yield every value that the rules and the default give, except for the caller's default."""
    for rule in rules.rules:
        if rule.variants:
            yield from (variant.value for variant in rule.variants)
        else:
            yield rule.value
    if rules.default is not None:
        yield rules.default
