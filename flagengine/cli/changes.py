"""The rules of ``--fail-if-changed``: a flag, and how many may change."""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from flagengine.cli.trouble import Trouble, did_you_mean

if TYPE_CHECKING:
    from flagengine.batch.impact import Impact

__all__ = ["FailRule", "failures", "parse_rules"]

_RULE = re.compile(r"(?P<key>.+?):>\s*(?P<most>\d+(?:\.\d+)?)\s*(?P<percent>%?)")


@dataclass(frozen=True, slots=True)
class FailRule:
    """``key`` is a flag, or * for every one; ``most`` a share, or a number of people."""

    written: str
    key: str
    most: float
    is_share: bool


def parse_rules(written: Iterable[str], known: Iterable[str]) -> list[FailRule]:
    """Read rules such as ``checkout:>5%``, ``*:>0``."""
    return [_parse(one, list(known)) for one in written]


def _parse(written: str, known: list[str]) -> FailRule:
    found = _RULE.fullmatch(written.strip())
    if found is None:
        raise Trouble(
            f"--fail-if-changed {written}: expected a flag, a colon, > and how many, "
            "as in 'checkout:>5%' or '*:>100'"
        )
    key = found["key"]
    if key != "*" and key not in known:
        hint = did_you_mean(key, known)
        raise Trouble(f"--fail-if-changed {written}: there is no flag {key!r}{hint}")
    is_share = bool(found["percent"])
    most = float(found["most"])
    return FailRule(written, key, most / 100 if is_share else most, is_share)


def failures(rules: Iterable[FailRule], impact: "Impact") -> list[tuple[FailRule, float]]:
    """Return the rules that are broken, and the share of people who change."""
    found = []
    for rule in rules:
        for flag in impact.flags.values():
            share = flag.changed / max(impact.rows, 1)
            # Of a sample, so many people stand for as many times more.
            number = share * impact.seen
            if rule.key in ("*", flag.key) and (share if rule.is_share else number) > rule.most:
                found.append((rule, share))
    return found
