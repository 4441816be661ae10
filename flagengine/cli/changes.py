"""The rules of ``--fail-if-changed``: a flag, and the number of people for whom it may change."""

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
    """A limit on the changes of the flag ``key``, or of every flag if ``key`` is ``*``.

    ``most`` is a share (0 to 1) if ``is_share``, else a number of people.
    """

    written: str
    key: str
    most: float
    is_share: bool


def parse_rules(written: Iterable[str], known: Iterable[str]) -> list[FailRule]:
    """Parse rules such as ``checkout:>5%`` and ``*:>0``; raise `Trouble` for a bad rule."""
    return [_parse(rule, list(known)) for rule in written]


def _parse(written: str, known: list[str]) -> FailRule:
    found = _RULE.fullmatch(written.strip())
    if found is None:
        raise Trouble(
            "--fail-if-changed must be a flag, a colon, > and a limit, "
            f"as in 'checkout:>5%' or '*:>100', got {written}"
        )
    key = found["key"]
    if key != "*" and key not in known:
        hint = did_you_mean(key, known)
        raise Trouble(f"--fail-if-changed {written}: unknown flag {key!r}{hint}")
    is_share = bool(found["percent"])
    most = float(found["most"])
    return FailRule(written, key, most / 100 if is_share else most, is_share)


def failures(rules: Iterable[FailRule], impact: "Impact") -> list[tuple[FailRule, float]]:
    """Return each broken rule with the share of people for whom the flag changes."""
    found = []
    for rule in rules:
        for flag in impact.flags.values():
            share = flag.changed / max(impact.rows, 1)
            # The share of a sample is scaled up to the whole population.
            number = share * impact.seen
            if rule.key in ("*", flag.key) and (share if rule.is_share else number) > rule.most:
                found.append((rule, share))
    return found
