"""The answers of flags as OFREP's items: a resolution in, its JSON out. Pure, but for what it remembers.

Providers check values strictly, so every value of a flag has the type that the manifest names:

======== ==================================================================================
boolean  true or false; a flag that is off for everyone is false, and one in a holdout true
string   the variant; no value if the flag is off, so that the caller's default is the value
integer  a number without a point
float    a number with a point, also if it is whole
object   an object
======== ==================================================================================

A flag without a value, of any type, leaves it to the caller's default. A payload is text in the metadata. In a holdout
the value of a flag without variants is the holdout's name, which is on for PostHog and for the provider for Python
(``flags.conversions``); so it is true here, with the name as variant.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cached_property
from typing import Any, Final

from flagengine import Reason, Resolution, flag_manifest

from ...flags.needed_inputs import why_unresolved
from ...flags.reading import FlagError, error_of
from ...flags.reason_words import reason_word
from ...json_text import to_json
from ..fragments import Fragments
from ..outcomes import is_absent, is_undecided
from ..publication import Publication
from .errors import Code

__all__ = ["FlagItems", "failure_of"]

_NOTHING: Final = object()
_MOST_FAILURES: Final = 20_000
_BY_CALLER: Final = "default"


def failure_of(resolution: Resolution) -> dict[str, str]:
    """Return the item of an undecided flag: its error, which names what is missing."""
    code, details = Code.GENERAL, why_unresolved(resolution)
    found = error_of(resolution)
    if resolution.missing.distinct_id:
        code = Code.TARGETING_KEY_MISSING
        details = f"the context has no targetingKey: {details}"
    elif found in (FlagError.INVALID_CONTEXT, FlagError.PARSE_ERROR):
        code = Code(found)
    return {"key": resolution.key, "errorCode": code.value, "errorDetails": details}


class FlagItems:
    """The items of one publication's flags."""

    def __init__(self, publication: Publication) -> None:
        self.publication: Publication = publication
        self.fragments: Fragments = publication.fragments(self._item)
        """The items as JSON, made once for each answer; ``b""`` for a flag that there is not."""
        self._failures: dict[int, tuple[Resolution, bytes]] = {}

    @cached_property
    def manifest(self) -> Mapping[str, Any]:
        """The entries of the flags that a manifest can hold, by key, in order of their keys."""
        snapshot, hidden = self.publication.snapshot, self.publication.hidden
        shown = [key for key in snapshot.keys if key not in hidden]
        entries: Mapping[str, Any] = flag_manifest(snapshot, shown)["flags"]
        return entries

    def _item(self, resolution: Resolution) -> bytes:
        if is_absent(resolution):
            return b""
        if is_undecided(resolution):
            return self._failure(resolution)
        word = reason_word(resolution.reason, resolution.variant, resolution.config_version)
        item: dict[str, Any] = {
            "key": resolution.key,
            "reason": word,
            "variant": _variant(resolution),
        }
        value = self._value(resolution)
        if value is not _NOTHING:
            item["value"] = value
        item["metadata"] = _metadata(resolution)
        return to_json(item)

    def _failure(self, resolution: Resolution) -> bytes:
        """Return the item of an undecided flag; the engine remembers the usual ones, so they come again."""
        known = self._failures.get(id(resolution))
        if known is not None:
            return known[1]
        if len(self._failures) >= _MOST_FAILURES:
            self._failures.clear()
        item = to_json(failure_of(resolution))
        self._failures[id(resolution)] = resolution, item
        return item

    def _value(self, resolution: Resolution) -> Any:
        value, kind = resolution.value, self._types.get(resolution.key)
        if value is None or (value is False and kind == "string"):
            return _NOTHING
        if kind == "boolean" and resolution.reason is Reason.HOLDOUT_CONDITION_VALUE:
            return True
        if kind == "float" and type(value) is int:
            return float(value)
        return value

    @cached_property
    def _types(self) -> Mapping[str, str]:
        return {key: entry["flagType"] for key, entry in self.manifest.items()}


def _variant(resolution: Resolution) -> str:
    """Return the name of a value, which a provider requires of every flag."""
    rule, value = resolution.rule, resolution.value
    if rule is not None and rule.variant_key is not None:
        return rule.variant_key
    if value is None:
        return _BY_CALLER
    if isinstance(value, bool):
        return "true" if value else "false"
    if resolution.config_version != 2 and isinstance(value, str):
        return value
    return "forced" if rule is None else rule.id


def _metadata(resolution: Resolution) -> dict[str, bool | float | str]:
    rule = resolution.rule
    known = {
        "id": resolution.flag_id,
        "version": resolution.flag_version,
        "reason_code": str(resolution.reason),
        "condition_index": resolution.condition_index,
        "rule_type": None if rule is None else rule.type,
        "rule_id": None if rule is None else rule.id,
        "payload": resolution.raw_payload,
    }
    return {name: found for name, found in known.items() if found is not None}
