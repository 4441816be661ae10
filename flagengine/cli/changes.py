"""What ``flagengine diff`` prints without people, and the rules of ``--fail-if-changed``."""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from flagengine.analysis.changes.change import Change
from flagengine.analysis.changes.comparison import Comparison, FlagComparison
from flagengine.cli.output import Cell, print_json, print_lines
from flagengine.cli.trouble import Trouble, did_you_mean
from flagengine.values.excerpts import name_excerpt

if TYPE_CHECKING:
    from flagengine.batch.impact import Impact

__all__ = ["FailRule", "Failure", "failures", "parse_rules", "report_changes"]

_RULE: Final = re.compile(r"(?P<key>.+?):>\s*(?P<most>\d+(?:\.\d+)?)\s*(?P<percent>%?)")
_STYLES: Final = {"added": "green", "removed": "red", "changed": "yellow", "affected": "cyan"}
_AFFECTED: Final = "the definition is the same; something that it depends on changed"


def report_changes(found: Comparison, keys: tuple[str, ...], *, as_json: bool, fail: bool) -> None:
    """Print what changed; with ``keys`` only of these flags. Exit with 1 if it should ``fail``."""
    if keys:
        flags = tuple(flag for flag in found.flags if flag.key in keys)
        found = Comparison(flags, ())
    if as_json:
        print_json(found.to_dict())
    else:
        print_lines(_lines(found))
    if fail and found:
        raise SystemExit(1)


def _lines(found: Comparison) -> Iterator[list[Cell]]:
    if found.project:
        yield [("the project", "bold"), ("  changed", _STYLES["changed"])]
        for change in found.project:
            yield from _change(change)
    for flag in found.flags:
        yield from _flag(flag)
    number = len(found.flags)
    yield [
        ("no changes", "green")
        if not found
        else f"{number} flag{'' if number == 1 else 's'} changed"
    ]


def _flag(flag: FlagComparison) -> Iterator[list[Cell]]:
    yield [(name_excerpt(flag.key), "bold"), (f"  {flag.status}", _STYLES[flag.status])]
    if flag.status == "affected":
        yield ["  ", (_AFFECTED, "dim")]
    for change in flag.changes:
        yield from _change(change)


def _change(change: Change) -> Iterator[list[Cell]]:
    yield ["  ", change.text]
    for detail in change.details():
        yield ["    ", (detail, "red" if detail.startswith("-") else "green")]


@dataclass(frozen=True, slots=True)
class FailRule:
    """A limit on the changes of the flag ``key``, or of every flag if ``key`` is ``*``.

    ``most`` is a share (0 to 1) if ``is_share``, else a number of people.
    """

    written: str
    key: str
    most: float
    is_share: bool


@dataclass(frozen=True, slots=True)
class Failure:
    """A flag that changes for more people than a rule allows; ``share`` is of all people, 0 to 1."""

    rule: FailRule
    key: str
    share: float

    @property
    def text(self) -> str:
        """The failure as one line, which names the flag and the rule."""
        name = name_excerpt(self.key)
        return f"{name} changes for {self.share:.2%} of the people; {self.rule.written} allows less"


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


def failures(rules: Iterable[FailRule], impact: "Impact") -> list[Failure]:
    """Return each flag that breaks a rule, with the share of people for whom the flag changes."""
    found = []
    for rule in rules:
        for flag in impact.flags.values():
            share = flag.changed / max(impact.rows, 1)
            # The share of a sample is scaled up to the whole population.
            number = share * impact.seen
            if rule.key in ("*", flag.key) and (share if rule.is_share else number) > rule.most:
                found.append(Failure(rule, flag.key, share))
    return found
