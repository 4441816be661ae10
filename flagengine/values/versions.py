"""Versions as the server's semver library reads them (SPEC R8.7).

The numbers are less strict than SemVer: a version may be short and have leading zeros. The rest is
stricter: order and equality include the build metadata.
"""

import re
from functools import lru_cache, total_ordering
from typing import Any, Final

from flagengine.values.json_values import text
from flagengine.values.record import Record

__all__ = ["Version", "canonical", "normalised", "pre_order", "version", "without_zeros"]

_LARGEST_PART: Final = 2**64 - 1
_REMEMBERED: Final = 64
# ``re`` compiles these at their first use, because many processes compare no versions.
_CORE: Final = r"(0|[1-9][0-9]*)\.(0|[1-9][0-9]*)\.(0|[1-9][0-9]*)"
_IDENTIFIERS: Final = r"[0-9A-Za-z-]+(?:\.[0-9A-Za-z-]+)*"
MAX_LENGTH: Final = 4_096
"""The maximum length of a version, which keeps every number small (SPEC R15)."""
_WHITE_SPACE: Final = (
    "\t\n\x0b\x0c\r \x85\xa0\u1680\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2007\u2008"
    "\u2009\u200a\u2028\u2029\u202f\u205f\u3000"
)


@total_ordering
class Version(Record):
    """A version: three numbers, pre-release identifiers, build identifiers."""

    core: tuple[int, int, int]
    pre: tuple[str, ...] = ()
    build: tuple[str, ...] = ()

    def __lt__(self, other: "Version") -> bool:
        return self._order() < other._order()

    def _order(self) -> tuple[Any, ...]:
        return (self.core, pre_order(self.pre), tuple(map(_build_order, self.build)))


def pre_order(pre: tuple[str, ...]) -> tuple[Any, ...]:
    """Return a sort key for pre-releases; a release, without identifiers, comes last."""
    return (0, tuple(map(_identifier_order, pre))) if pre else (1, ())


def _identifier_order(identifier: str) -> tuple[int, int, str]:
    """Return a sort key: numbers by size, then words by code point."""
    return (0, int(identifier), "") if identifier.isdigit() else (1, 0, identifier)


def _build_order(identifier: str) -> tuple[int, str, int, str]:
    """Return a sort key like that of pre-releases; of equal numbers more leading zeros sort later."""
    if not identifier.isdigit():
        return (1, "", 0, identifier)
    digits = identifier.lstrip("0")
    return (0, f"{len(digits):08d}{digits}", len(identifier) - len(digits), "")


def version(value: Any) -> Version | None:
    """Return a property or filter value as a version; None for other values."""
    written = normalised(value)
    return _parsed(written) if len(written) <= _REMEMBERED else _strict(canonical(written))


@lru_cache(1_024)
def _parsed(written: str) -> Version | None:
    """Parse a version of ordinary length; only few versions are in use at the same time."""
    return _strict(canonical(written))


def normalised(value: Any) -> str:
    """Return a value as text without one leading lower-case v, then without outer blanks."""
    return text(value).removeprefix("v").strip(_WHITE_SPACE)


def canonical(written: str) -> str:
    """Strip leading zeros of the numeric core and pad it to three parts."""
    cut = re.search(r"[-+]", written)
    core, rest = (written[: cut.start()], written[cut.start() :]) if cut else (written, "")
    parts = [without_zeros(part) for part in core[:MAX_LENGTH].split(".")]
    parts += ["0"] * (3 - len(parts))
    return ".".join(parts) + rest


def without_zeros(part: str) -> str:
    """Strip the leading zeros of a number; return other text unchanged."""
    return (part.lstrip("0") or "0") if part.isascii() and part.isdigit() else part


def _strict(written: str) -> Version | None:
    """Parse strict SemVer, as the server's library does with normalised text."""
    if len(written) > MAX_LENGTH:
        return None
    body, plus, build = written.partition("+")
    core, dash, pre = body.partition("-")
    numbers = re.fullmatch(_CORE, core, re.ASCII)
    if numbers is None or (plus and not re.fullmatch(_IDENTIFIERS, build, re.ASCII)):
        return None
    if dash and not _is_pre_release(pre):
        return None
    major, minor, patch = (int(part) for part in numbers.groups())
    if max(major, minor, patch) > _LARGEST_PART:
        return None
    return Version(
        (major, minor, patch),
        tuple(pre.split(".")) if dash else (),
        tuple(build.split(".")) if plus else (),
    )


def _is_pre_release(written: str) -> bool:
    """Tell whether text is dotted identifiers whose numbers have no leading zeros."""
    return re.fullmatch(_IDENTIFIERS, written, re.ASCII) is not None and not any(
        part.isdigit() and len(part) > 1 and part[0] == "0" for part in written.split(".")
    )
