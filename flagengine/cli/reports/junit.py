"""Findings as a JUnit report: a suite for each file, a failed case for each finding."""

from collections.abc import Sequence
from xml.sax.saxutils import quoteattr

from flagengine.analysis.lint import Finding
from flagengine.analysis.lint.positions import Position
from flagengine.cli.reports.checked import CheckedFile

__all__ = ["suites"]


def suites(files: Sequence[CheckedFile]) -> str:
    """Return the report as XML; a file without findings has one case that passed."""
    parts = ['<?xml version="1.0" encoding="UTF-8"?>', "<testsuites>"]
    for file in files:
        number = len(file.shown)
        counts = f'tests="{number or 1}" failures="{number}"'
        parts.append(f"  <testsuite name={_attribute(file.path)} {counts}>")
        places = file.positions()
        parts += [_case(file.path, each, places[each.pointer]) for each in file.shown]
        if not number:
            name = _attribute(file.path)
            parts.append(f'    <testcase classname={name} name="no findings"/>')
        parts.append("  </testsuite>")
    return "\n".join([*parts, "</testsuites>", ""])


def _case(path: str, finding: Finding, place: Position) -> str:
    where = f"{path}:{place.line}:{place.column}"
    name = f"{finding.code} at {finding.pointer or '/'}"
    message = _attribute(f"{finding.message}. {finding.hint}")
    return (
        f"    <testcase classname={_attribute(path)} name={_attribute(name)}>"
        f"<failure type={_attribute(finding.severity.value)} message={message}>"
        f"{_attribute(where)[1:-1]}</failure></testcase>"
    )


def _attribute(text: str) -> str:
    """Return text as an attribute's value; what XML cannot hold was escaped before, or is escaped here."""
    allowed = "".join(char if _is_xml(char) else ascii(char)[1:-1] for char in text)
    return quoteattr(allowed)


def _is_xml(char: str) -> bool:
    return char >= " " and not "\ud800" <= char <= "\udfff" and char not in "\ufffe\uffff"
