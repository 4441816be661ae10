"""The definitions in use beside a second file, which is read, compared and forgotten."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from flagengine import Comparison, Snapshot, SnapshotError, compare, evaluate_flag, printable

from .answers import shown
from .person import Person, refused
from .wording import Wording

__all__ = ["compared", "facts", "read_file", "read_text"]

_MOST_FLAGS: Final = 300
_MOST_CHANGES: Final = 50


def read_text(text: object) -> Snapshot:
    """Return the snapshot of a file's text.

    Raises:
        Refused: the text is no definitions document (422), or no text (400).
    """
    if not isinstance(text, str):
        raise refused(f"document must be the text of a file, got {type(text).__name__}")
    try:
        return Snapshot.parse(text)
    except SnapshotError as error:
        raise refused(f"the file is no definitions document: {error}", 422) from None


def read_file(path: Path | None) -> Snapshot:
    """Return the snapshot of the file that the server's settings name.

    Raises:
        Refused: there is no such file (404), or it is no definitions document (422).
    """
    if path is None:
        raise refused("the server has no second file; send the text of one", 404)
    try:
        text = path.read_text(encoding="utf-8")
    except OSError as error:
        why = error.strerror or type(error).__name__
        raise refused(f"cannot read {path.name}: {why}", 404) from None
    except UnicodeDecodeError:
        raise refused(f"{path.name} must be UTF-8", 422) from None
    return read_text(text)


def compared(
    before: Snapshot, after: Snapshot, person: Person, options: Mapping[str, Any]
) -> dict[str, Any]:
    """Return what changes from one snapshot to the other, and the person's answers under both.

    One of them is the second file, of which the page shows the number of flags and what is wrong: see `facts`.
    """
    found = compare(before, after)
    wording = Wording(before.to_document(), after.to_document())
    return {
        "count": len(found.flags),
        "flags": list(_flags(found, wording, before, after, person, options)),
        "project": [printable(change.text) for change in found.project[:_MOST_CHANGES]],
    }


def facts(second: Snapshot) -> dict[str, Any]:
    """Return how many flags a second file has, and what is wrong with it."""
    issues = [str(issue) for issue in second.issues[:_MOST_CHANGES]]
    return {"read": len(second.keys), "issues": issues}


def _flags(
    found: Comparison,
    wording: Wording,
    before: Snapshot,
    after: Snapshot,
    person: Person,
    options: Mapping[str, Any],
) -> Any:
    for flag in found.flags[:_MOST_FLAGS]:
        answers = [
            evaluate_flag(each, flag.key, person.distinct_id, person.properties, **options)
            for each in (before, after)
        ]
        old, new = map(shown, answers)
        yield {
            "key": flag.key,
            "label": printable(flag.key),
            "status": flag.status,
            "changes": [
                {
                    "text": printable(change.text),
                    "details": list(change.details(wording.filter)[:_MOST_CHANGES]),
                }
                for change in flag.changes[:_MOST_CHANGES]
            ],
            "more": max(0, len(flag.changes) - _MOST_CHANGES),
            "before": old,
            "after": new,
            "answer_changes": old["word"] != new["word"],
        }
