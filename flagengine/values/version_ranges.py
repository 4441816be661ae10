"""Version requirements: ``~1.2.3``, ``^1.2``, ``1.2.x`` (SPEC R8.7).

The server's semver library defines the grammar and the matching rules: commas join comparators,
omitted parts match anything, only a patch number takes a pre-release or build metadata, and a
pre-release matches only if a comparator names a pre-release of the same three numbers.
"""

import re
from typing import Any, Final

from flagengine.values.record import Record
from flagengine.values.versions import (
    MAX_LENGTH,
    Version,
    canonical,
    normalised,
    pre_order,
    without_zeros,
)

__all__ = ["Requirement", "caret", "tilde", "wildcard"]

_LARGEST_PART: Final = 2**64 - 1
_MAX_COMPARATORS: Final = 32
_NUMBER: Final = r"0|[1-9][0-9]*"
_COMPARATOR: Final = re.compile(
    rf"(?P<op>=|>=|>|<=|<|~|\^)?\ *(?P<major>{_NUMBER})"
    rf"(?:\.(?P<minor>[*xX]|{_NUMBER})(?:\.(?:(?P<star>[*xX])|(?P<patch>{_NUMBER})"
    r"(?:-(?P<pre>[0-9A-Za-z-]+(?:\.[0-9A-Za-z-]+)*))?"
    r"(?:\+[0-9A-Za-z-]+(?:\.[0-9A-Za-z-]+)*)?))?)?\ *",
    re.ASCII,
)


class _Comparator(Record):
    """One bound; a part that is None matches anything."""

    op: str
    major: int
    minor: int | None
    patch: int | None
    pre: tuple[str, ...]

    def matches(self, candidate: Version) -> bool:
        if self.op in ("=", "x"):
            return self._equals(candidate)
        if self.op == "~":
            return self._tilde(candidate)
        if self.op == "^":
            return self._caret(candidate)
        ordered = self._order(candidate)
        if self.op in (">=", "<=") and self._equals(candidate):
            return True
        return ordered > 0 if self.op[0] == ">" else ordered < 0

    def _equals(self, candidate: Version) -> bool:
        written = (self.major, self.minor, self.patch)
        pairs = zip(candidate.core, written, strict=True)
        return candidate.pre == self.pre and all(bound in (None, part) for part, bound in pairs)

    def _order(self, candidate: Version) -> int:
        """Compare part by part; at an omitted part the two are equal."""
        pairs = zip(candidate.core, (self.major, self.minor, self.patch), strict=True)
        for part, bound in pairs:
            if bound is None:
                return 0
            if part != bound:
                return 1 if part > bound else -1
        candidate_pre, own_pre = pre_order(candidate.pre), pre_order(self.pre)
        return (candidate_pre > own_pre) - (candidate_pre < own_pre)

    def _tilde(self, candidate: Version) -> bool:
        major, minor, patch = candidate.core
        if major != self.major or self.minor not in (None, minor):
            return False
        if self.patch not in (None, patch):
            return patch > self.patch
        return pre_order(candidate.pre) >= pre_order(self.pre)

    def _caret(self, candidate: Version) -> bool:
        """Tell whether the leftmost non-zero number is the same, and the rest is not lower."""
        if candidate.core[0] != self.major or self.minor is None:
            return candidate.core[0] == self.major
        fixed = 1 if self.major else 2
        written = (self.major, self.minor)
        if self.patch is not None:
            written += (self.patch,)  # type: ignore[assignment]
            fixed = 1 if self.major else 2 if self.minor else 3
        parts = candidate.core[: len(written)]
        if parts[:fixed] != written[:fixed] or parts < written:
            return False
        if parts > written or self.patch is None:
            return True
        return pre_order(candidate.pre) >= pre_order(self.pre)

    def admits_pre_release(self, candidate: Version) -> bool:
        return bool(self.pre) and candidate.core == (self.major, self.minor, self.patch)


class Requirement(Record):
    """A range of versions that match every comparator; without comparators any release matches."""

    comparators: tuple[_Comparator, ...]

    def __contains__(self, candidate: Version) -> bool:
        if not all(comparator.matches(candidate) for comparator in self.comparators):
            return False
        return not candidate.pre or any(
            comparator.admits_pre_release(candidate) for comparator in self.comparators
        )


def tilde(value: Any) -> Requirement | None:
    """Return the range of ``~`` and the padded version; None for a malformed value."""
    return _parse("~" + canonical(normalised(value)))


def caret(value: Any) -> Requirement | None:
    """Return the range of ``^`` and the padded version; None for a malformed value."""
    return _parse("^" + canonical(normalised(value)))


def wildcard(value: Any) -> Requirement | None:
    """Return the range of ``1.*``, ``1.2.*``, ``1.*.*`` or ``*``; None for a malformed value.

    A value without a star gives a caret range.
    """
    parts = normalised(value)[: MAX_LENGTH + 1].split(".")
    return _parse(".".join(map(without_zeros, parts)).replace("*", "x"))


def _parse(written: str) -> Requirement | None:
    if len(written) > MAX_LENGTH:
        return None
    written = written.lstrip(" ")
    if written.rstrip(" ") in ("x", "X"):
        return Requirement(())
    parts = written.split(",")
    if len(parts) > _MAX_COMPARATORS:
        return None
    comparators = [_comparator(part.lstrip(" ")) for part in parts]
    if None in comparators:
        return None
    return Requirement(tuple(comparator for comparator in comparators if comparator))


def _comparator(written: str) -> _Comparator | None:
    match = _COMPARATOR.fullmatch(written)
    if match is None:
        return None
    op, minor, patch, pre = match["op"], match["minor"], match["patch"], match["pre"]
    starred = minor in ("*", "x", "X")
    if (starred and patch is not None) or not _is_pre_release(pre):
        return None
    if op is None:
        op = "x" if starred or match["star"] else "^"
    numbers = [_number(part) for part in (match["major"], minor, patch)]
    if any(part is not None and part > _LARGEST_PART for part in numbers):
        return None
    return _Comparator(
        op, numbers[0] or 0, numbers[1], numbers[2], tuple(pre.split(".")) if pre else ()
    )


def _number(part: str | None) -> int | None:
    return int(part) if part is not None and part.isdigit() else None


def _is_pre_release(pre: str | None) -> bool:
    """Tell whether a pre-release is absent or valid: no leading zeros in its numbers."""
    return pre is None or not any(
        part.isdigit() and len(part) > 1 and part[0] == "0" for part in pre.split(".")
    )
