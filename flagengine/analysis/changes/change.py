"""One difference between two definitions of a flag, as data and as text."""

from collections.abc import Callable, Mapping
from enum import StrEnum
from typing import Any, Literal

from flagengine.values.excerpts import excerpt, name_excerpt
from flagengine.values.printable import printable
from flagengine.values.record import Record

__all__ = ["Change", "ChangeKind", "Part"]

Part = Literal["flag", "condition", "rule", "project"]


class ChangeKind(StrEnum):
    """What differs; the words are part of the JSON that the command line prints."""

    ADDED = "added"
    REMOVED = "removed"
    SWITCHED_ON = "switched_on"
    SWITCHED_OFF = "switched_off"
    DESCRIPTION = "description"
    FORMAT = "format"
    UNREADABLE = "unreadable"
    HOLDOUT = "holdout"
    ENROLLMENT = "enrollment"
    TARGETING = "targeting"
    ROLLOUT = "rollout"
    VARIANT = "variant"
    SUBJECT = "subject"
    CONDITIONS = "conditions"
    VARIANTS = "variants"
    PAYLOAD = "payload"
    SETTING = "setting"
    TYPE = "type"
    PAUSED = "paused"
    RESUMED = "resumed"
    VALUE = "value"
    SEED = "seed"
    MISS = "miss"
    RULES = "rules"
    ORDER = "order"
    DEFAULT = "default"
    DEPENDENCY = "dependency"


class Change(Record):
    """One difference: its kind, its place, and the old and the new value as read-only JSON.

    ``part`` is where the difference is, and ``index`` the zero-based position of a condition or rule:
    in the new definition, or in the old one if the part was removed. ``name`` is a setting's name or
    the value that a payload belongs to. ``text`` says the same to people. ``before`` and ``after`` are None
    where the kind says everything.
    """

    kind: ChangeKind
    text: str
    part: Part = "flag"
    index: int | None = None
    name: str | None = None
    before: Any = None
    after: Any = None

    def __str__(self) -> str:
        return printable(self.text)

    def details(self, say: Callable[[Mapping[str, Any]], str] | None = None) -> tuple[str, ...]:
        """Return the filters that were removed (-) and added (+), one line each.

        ``say`` returns the text of a filter without its negation, which it gets as ``before`` and ``after`` have
        it: ``type``, ``key``, ``operator`` and ``value``.
        """
        if self.kind is not ChangeKind.TARGETING or self.before is None or self.after is None:
            return ()
        say = say or _filter_text
        old, new = ([_negated(say, leaf) for leaf in part] for part in (self.before, self.after))
        lines = [f"- {text}" for text in old if text not in new]
        lines += [f"+ {text}" for text in new if text not in old]
        return tuple(map(printable, lines))

    def to_dict(self) -> dict[str, Any]:
        """Return every field as a JSON value."""
        return {
            "kind": self.kind.value,
            "part": self.part,
            "index": self.index,
            "name": self.name,
            "before": self.before,
            "after": self.after,
            "text": self.text,
        }


def _filter_text(leaf: Mapping[str, Any]) -> str:
    kind, key = leaf["type"] or "person", name_excerpt(leaf["key"])
    name = kind if kind == "cohort" else f"{name_excerpt(kind)} {key}"
    return f"{name} {name_excerpt(leaf['operator'] or 'exact')} {excerpt(leaf['value'])}"


def _negated(say: Callable[[Mapping[str, Any]], str], leaf: Mapping[str, Any]) -> str:
    return f"not {say(leaf)}" if leaf.get("negation") else say(leaf)
