"""Answers for a person: all in short, and one with everything that led to it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, Final

from flagengine import Explanation, Resolution, Snapshot, explain, printable

from ...json_text import to_json
from .catalogue import Catalogue, variants_of
from .person import Person
from .wording import Wording

__all__ = ["explained", "in_short", "shares", "shown", "word"]

_MOST_LINES: Final = 1_000
_EXCERPT: Final = 2_000
_ON: Final = "on"
_OFF: Final = "off"
_UNDECIDED: Final = "undecided"
_DEFAULT: Final = "the caller's default"
_NOTHING: Final = "no value"
_WORDS: Final = frozenset({_ON, _OFF, _UNDECIDED, _DEFAULT, _NOTHING})


def word(found: Resolution) -> str:
    """Return an answer as one word; a variant that is called as one of the words is in quotes.

    >>> from flagengine import evaluate_flag
    >>> word(evaluate_flag({"flags": [{"key": "a", "active": False}]}, "a", "u"))
    'off'
    """
    if found.unresolved_reason is not None:
        return _UNDECIDED
    value = found.value
    if value is None:
        return _DEFAULT if found.caller_default else _NOTHING
    if isinstance(value, bool):
        return _ON if value else _OFF
    text = value if isinstance(value, str) else to_json(value).decode()
    return f'"{text}"' if text in _WORDS else printable(text)


def shown(found: Resolution) -> dict[str, Any]:
    """Return what a list says of an answer: its words, its kind (yes, no, doubt or bad), and why.

    >>> from flagengine import evaluate_flag
    >>> shown(evaluate_flag({"flags": [{"key": "a", "active": False}]}, "a", "u"))["kind"]
    'no'
    """
    kind = "yes" if found.enabled else "no"
    if found.unresolved_reason is not None:
        kind = "bad" if found.unresolved_reason.is_error else "doubt"
    elif found.value is None and not found.caller_default:
        kind = "bad" if found.reason == "error" else "no"
    return {
        "word": word(found),
        "kind": kind,
        "reason": (found.unresolved_reason or found.reason).value,
        "forced": found.reason == "overridden",
    }


def in_short(resolutions: Iterable[Resolution]) -> dict[str, dict[str, Any]]:
    """Return what lists show, by flag."""
    return {found.key: shown(found) for found in resolutions}


def explained(
    catalogue: Catalogue, key: str, person: Person, options: Mapping[str, Any]
) -> dict[str, Any]:
    """Return one answer with its tree, the shares that a hash was compared with, and the definition."""
    found = explain(catalogue.snapshot, key, person.distinct_id, person.properties, **options)
    answer = found.resolution.to_dict()
    is_encrypted = catalogue.is_encrypted(key)
    if is_encrypted:
        answer["payload"] = None
    whole = found.to_dict()
    return {
        **shown(found.resolution),
        "answer": answer,
        "payload_is_encrypted": is_encrypted,
        "decided_by": whole["decided_by"],
        "missing": whole["smallest_missing"],
        "tree": _tree(found, catalogue.wording),
        "shares": shares(catalogue.snapshot, key, whole),
        "definition": catalogue.definition(key),
    }


def shares(snapshot: Snapshot, key: str, whole: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Return each share of a flag, with the person's hash where the walk has come to it.

    A share is a holdout, or what a condition or rule rolls out: ``rollout`` is its percentage, None if it
    has none. ``hash`` and ``draw`` have a subject, a bucket and a bound, as explanations have them.
    """
    flag = snapshot.flags[key]
    found: list[dict[str, Any]] = []
    if whole["holdout"]:
        found.append({"kind": "holdout", "index": None, "hash": whole["holdout"]})
    traced = {condition["index"]: condition for condition in whole["conditions"]}
    parts: tuple[Any, ...] = flag.conditions if flag.rules is None else flag.rules.rules
    for index, part in enumerate(parts):
        trace = traced.get(index, {})
        found.append(
            {
                "kind": "condition" if flag.rules is None else "rule",
                "index": index,
                "rollout": part.rollout_percentage,
                "filters": len(part.filters),
                "passes": _passes(trace),
                "outcome": trace.get("note", ""),
                "holdout": trace.get("holdout"),
                "hash": trace.get("rollout"),
                "draw": trace.get("draw"),
                "answers": trace.get("possible_answers", []),
                "variant": getattr(part, "variant", None),
                "variants": [{"key": k, "share": s} for k, s in variants_of(flag, index)],
            }
        )
    return found


def _passes(trace: Mapping[str, Any]) -> bool | None:
    """Return whether a person passes the filters of a condition; None if nobody asked, or nobody knows."""
    if not trace or trace["note"]:
        return None
    verdicts = {test["verdict"] for test in trace["filters"]}
    if "false" in verdicts:
        return False
    return None if verdicts - {"true"} else True


def _tree(found: Explanation, wording: Wording) -> dict[str, Any]:
    """Return the tree in plain words, without its last lines: what decided is said above it."""
    lines = _Lines(_MOST_LINES, wording)
    whole = found.to_line(wording.filter, has_ending=False)
    branches = list(lines.of(whole.children))
    return {"lines": branches, "is_cut": lines.left < 0}


class _Lines:
    """The lines of a tree, as long as there is room for more."""

    def __init__(self, most: int, wording: Wording) -> None:
        self.left = most
        self._wording = wording

    def of(self, lines: Sequence[Any]) -> Iterator[dict[str, Any]]:
        for line in lines:
            self.left -= 1
            if self.left < 0:
                return
            text = printable(self._wording.note(line.text))
            cut = text if len(text) <= _EXCERPT else f"{text[:_EXCERPT]}…"
            yield {"text": cut, "lines": list(self.of(line.children))}
