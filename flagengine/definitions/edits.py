"""A definitions document with one flag changed; the rest is shared with the document it is made of.

Pure: a document is never changed in place.
"""

from collections.abc import Mapping
from operator import index
from typing import TYPE_CHECKING, Any, Final, SupportsIndex, TypeAlias

from flagengine.definitions.definitions import Definitions
from flagengine.definitions.document import read_document
from flagengine.definitions.model import Flag
from flagengine.definitions.reading import is_number
from flagengine.values.conversion import json_form
from flagengine.values.excerpts import name_excerpt
from flagengine.values.spelling import nearest

if TYPE_CHECKING:  # few documents lose anything
    from flagengine.definitions.rules.lost import Lost

__all__ = ["Edited", "with_flag", "with_rollout"]

Edited: TypeAlias = "tuple[dict[str, Any], Lost]"
"""A document, and what its decoding lost, as :class:`Definitions` takes them."""

_ROLLOUT: Final = "rollout_percentage"
_MOST: Final = 10_000
"""The number of keys that a misspelt one is compared with."""


def with_flag(definitions: Definitions, definition: Mapping[str, Any]) -> Edited:
    """Return the document with a flag that replaces the flag of its key, or comes last.

    Raises:
        SnapshotError: a value of the definition has no JSON form.
        TypeError: the definition is no mapping.
        ValueError: the definition has no key.
    """
    if not isinstance(definition, Mapping):
        message = (
            f"a flag must be a mapping such as {{'key': ...}}, got {type(definition).__name__}"
        )
        raise TypeError(message)
    source = read_document({"flags": [definition]})["flags"][0]
    key = source.get("key")
    if not isinstance(key, str):
        message = f"a flag must have a key, which is text, got {key!r}"
        raise ValueError(message)  # noqa: TRY004 the mapping has the wrong content
    return _replaced(definitions, key, source, {})


def with_rollout(
    definitions: Definitions, key: str, percentage: float, condition: SupportsIndex | None
) -> Edited:
    """Return the document with another rollout of a flag's condition: see ``Snapshot.with_rollout``."""
    flag = definitions.passing(key) if isinstance(key, str) else None
    if flag is None:
        raise _unknown(key, definitions)
    if flag.defect is not None:
        message = f"flag {name_excerpt(key)!r} cannot be read, so its rollout cannot be changed: {flag.defect.message}"
        raise ValueError(message)
    number = _percentage(percentage)
    is_of_rules = flag.rules is not None
    if is_of_rules:
        _check_decimals(number)
    member = "rules" if is_of_rules else "groups"
    place = _place(flag, condition)
    source = definitions.index.flags[key]
    filters = source["filters"]
    members = [*filters[member]]
    members[place] = {**members[place], _ROLLOUT: number}
    # A percentage that decoding changed has too many digits, so its flag cannot be read: it is not in here.
    lost = definitions.index.lost.get(key, {})
    return _replaced(definitions, key, {**source, "filters": {**filters, member: members}}, lost)


def _replaced(
    definitions: Definitions, key: str, source: dict[str, Any], lost: Mapping[str, str | None]
) -> Edited:
    flags = [*definitions.document["flags"]]
    if definitions.index.duplicates.get(key) is not None:
        message = (
            f"flag {name_excerpt(key)!r} is in the document twice; remove one of the two first"
        )
        raise ValueError(message)
    pointer = definitions.index.pointers.get(key)
    if pointer is None:
        flags.append(source)
        return {**definitions.document, "flags": flags}, definitions.lost
    flags[int(pointer.rpartition("/")[2])] = source
    others = {at: what for at, what in definitions.lost.items() if at != pointer}
    return {**definitions.document, "flags": flags}, {**others, **({pointer: lost} if lost else {})}


def _unknown(key: object, definitions: Definitions) -> ValueError:
    known = definitions.keys
    near = nearest(str(key), known, 0.5, _MOST)
    hint = f"did you mean {near!r}?" if near else f"the snapshot has {len(known)} flags"
    return ValueError(f"key must name a flag, got {key!r}; {hint}")


def _percentage(given: object) -> int | float:
    """Return a percentage as a JSON number; one of numpy's becomes Python's."""
    number = json_form(given)
    if isinstance(given, str) or not is_number(number):
        message = f"percentage must be a number from 0 to 100, got {given!r}"
        raise TypeError(message)
    if not 0 <= number <= 100:
        message = f"percentage must be a number from 0 to 100, got {number}"
        raise ValueError(message)
    return number  # type: ignore[no-any-return]


def _check_decimals(number: float) -> None:
    from flagengine.definitions.rules.numbers import hundredths  # noqa: PLC0415 few flags need it

    if hundredths(repr(number)) is None:
        message = f"percentage must have at most two decimals in a flag of format 2, got {number!r}"
        raise ValueError(message)


def _place(flag: Flag, condition: SupportsIndex | None) -> int:
    """Return the position of the condition or rule whose rollout changes."""
    of_rules = [rule.rollout_percentage for rule in flag.rules.rules] if flag.rules else None
    shares = [each.rollout_percentage for each in flag.conditions] if of_rules is None else of_rules
    noun = "condition" if of_rules is None else "rule"
    drawn = [place for place, share in enumerate(shares) if share is not None]
    name = name_excerpt(flag.key)
    if not drawn:
        message = f"flag {name!r} has no {noun} with a rollout"
        raise ValueError(message)
    if condition is None:
        if len(drawn) == 1:
            return drawn[0]
        message = (
            f"flag {name!r} has {len(drawn)} {noun}s with a rollout; say which, as in "
            f"condition={drawn[0]}: it must be one of {_listed(drawn)}"
        )
        raise ValueError(message)
    if isinstance(condition, bool) or not hasattr(condition, "__index__"):
        message = f"condition must be the position of a {noun}, from 0, got {condition!r}"
        raise TypeError(message)
    place = index(condition)
    if place not in drawn:
        message = f"condition must be one of {_listed(drawn)} for flag {name!r}, got {place}"
        is_there = 0 <= place < len(shares)
        raise ValueError(message + ("; that rule has no rollout" if is_there else ""))
    return place


def _listed(places: list[int]) -> str:
    shown = ", ".join(map(str, places[:20]))
    return shown if len(places) <= 20 else f"{shown} and so on to {places[-1]}"
