"""One finding about a definitions document."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from flagengine.analysis.lint.catalogue import CATALOGUE, Severity
from flagengine.values.printable import printable

__all__ = ["Finding", "Severity", "finding", "rank"]


@dataclass(frozen=True, slots=True)
class Finding:
    """One finding: the problem, its severity, its place and a remedy.

    ``code`` is a key of :data:`~flagengine.analysis.lint.catalogue.CATALOGUE`; ``pointer`` is an RFC
    6901 JSON pointer into the document.
    """

    code: str
    severity: Severity
    pointer: str
    message: str
    hint: str

    def __post_init__(self) -> None:
        """Escape what is not printable: the texts quote the document."""
        object.__setattr__(self, "message", printable(self.message))
        object.__setattr__(self, "hint", printable(self.hint))

    def __str__(self) -> str:
        return (
            f"{self.severity.value} {printable(self.pointer) or '/'}: {self.message} [{self.code}]"
        )

    def to_dict(self) -> dict[str, Any]:
        """Return the fields as JSON values."""
        return {
            "code": self.code,
            "severity": self.severity.value,
            "pointer": self.pointer,
            "message": self.message,
            "hint": self.hint,
        }


def finding(code: str | StrEnum, pointer: str, message: str, hint: str | None = None) -> Finding:
    """Return a finding with the catalogue's severity and, unless ``hint`` is given, its remedy."""
    entry = CATALOGUE[str(code)]
    return Finding(str(code), entry.severity, pointer, message, hint or entry.way_out)


def rank(found: Finding) -> tuple[list[tuple[int, int, str]], int, str]:
    """Return the sort key of a finding: its place in the document, then its severity."""
    steps = found.pointer.split("/")
    place = [(0, int(step), "") if step.isdecimal() else (1, 0, step) for step in steps]
    return place, list(Severity).index(found.severity), found.code
