"""What the page shows of a snapshot before anybody is asked for: its flags, what they need, and what is wrong."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cached_property
from typing import Any, Final

from flagengine import Issue, Snapshot, printable, requirements

from ..publication import encrypted_keys, is_encrypted
from .hints import hints
from .wording import Wording

__all__ = ["Catalogue"]

_MOST_ISSUES: Final = 200
_EXCERPT: Final = 300


class Catalogue:
    """A snapshot's flags as JSON values. Immutable; the first use of each part takes its time."""

    def __init__(self, snapshot: Snapshot) -> None:
        self.snapshot: Snapshot = snapshot

    @cached_property
    def overview(self) -> dict[str, Any]:
        """Everything that does not depend on a person."""
        needs = requirements(self.snapshot)
        issues = [issue for issue in self.snapshot.issues if issue not in self._of_flags]
        return {
            "flags": [
                {**self._flag(key), **_needs(needs[key].to_dict(), self.wording)}
                for key in self.snapshot.flags
            ],
            "hints": hints(self.snapshot, self._document),
            "group_types": sorted({*self.snapshot.group_type_mapping.values()}),
            "issues": [_issue(issue) for issue in issues[:_MOST_ISSUES]],
            "issue_count": len(issues),
        }

    def definition(self, key: str) -> Any:
        """Return a flag's definition as it was read; without payloads if the server alone decrypts them."""
        pointer = self.snapshot.flags[key].pointer
        place = pointer.rpartition("/")[2]
        flags = self._document.get("flags", ())
        found = flags[int(place)] if place.isdigit() and int(place) < len(flags) else None
        if found is None or not is_encrypted(found):
            return found
        filters = {n: v for n, v in (found.get("filters") or {}).items() if n != "payloads"}
        return {**found, "filters": filters}

    def is_encrypted(self, key: str) -> bool:
        """Return whether a flag's payloads are encrypted."""
        return key in self._encrypted

    @cached_property
    def wording(self) -> Wording:
        """How the snapshot's filters are said."""
        return Wording(self._document)

    @cached_property
    def _document(self) -> dict[str, Any]:
        return self.snapshot.to_document()

    @cached_property
    def _encrypted(self) -> frozenset[str]:
        return encrypted_keys(self.snapshot)

    @cached_property
    def _of_flags(self) -> frozenset[Issue]:
        return frozenset(issue for flag in self.snapshot.flags.values() for issue in flag.issues)

    def _flag(self, key: str) -> dict[str, Any]:
        flag = self.snapshot.flags[key]
        return {
            "key": key,
            "label": _shown(key),
            "name": _shown(flag.name or ""),
            "active": flag.active,
            "runtime": flag.evaluation_runtime,
            "contexts": sorted(flag.evaluation_contexts),
            "format": flag.config_version,
            "version": flag.version,
            "hashed_by": "device id" if flag.bucketing_identifier == "device_id" else "distinct id",
            "continuity": flag.ensure_experience_continuity,
            "variants": [_shown(name) for name, _ in variants_of(flag)],
            "encrypted": self.is_encrypted(key),
            "issues": [_issue(issue) for issue in flag.issues],
        }


def variants_of(flag: Any, place: int | None = None) -> list[tuple[str, float]]:
    """Return the variants of a flag with their shares in percent: all, or those of the rule at ``place``."""
    if flag.rules is None:
        return [(variant.key, variant.rollout_percentage) for variant in flag.variants]
    rules = flag.rules.rules if place is None else flag.rules.rules[place : place + 1]
    return [(variant.key, variant.weight) for rule in rules for variant in rule.variants]


def _needs(found: Mapping[str, Any], wording: Wording) -> dict[str, Any]:
    names = ("person_properties", "group_properties", "groups", "device_id", "distinct_id")
    return {
        "needs": {name: found[name] for name in names if name in found},
        "flags": found["flags"],
        "decided_locally": found["decided_locally"],
        "why": [printable(wording.note(text)) for text in found["why"]],
    }


def _issue(issue: Issue) -> dict[str, str]:
    return {
        "code": issue.code.value,
        "pointer": printable(issue.pointer),
        "message": issue.message,
    }


def _shown(text: str) -> str:
    """Return text that is safe to read: written out where it is not printable, and not too long."""
    return printable(text if len(text) <= _EXCERPT else f"{text[:_EXCERPT]}…")
