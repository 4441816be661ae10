"""A check of bucketing as HTML for a notebook, from its ``to_dict``."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

from flagengine.display.parts import Html, block, code, dim, joined, number, table, tag
from flagengine.values.excerpts import name_excerpt

__all__ = ["balance_html"]

_MOST: Final = 30
"""The most flags that are shown, and the most pairs."""


def balance_html(found: Mapping[str, Any], unlikely: float, left_out: Sequence[str]) -> str:
    """Return a table of the tests, the flags with the least likely result first."""
    flags = sorted(found["flags"].items(), key=lambda item: _least(item[1]))
    tests = [test for _, flag in flags for test in flag["tests"]]
    bad = sum(test["p"] < unlikely for test in tests)
    title = [f"{found['people']:,} people with a distinct id, {len(flags):,} flags: "]
    title += [tag(f"{bad:,} of {len(tests):,} tests are unlikely", "bad" if bad else "yes")]
    rows = (row for key, flag in flags[:_MOST] for row in _rows(key, flag, unlikely))
    parts = [table(("flag", "test", "wanted and found", number("p")), rows)]
    if len(flags) > _MOST:
        parts.append(dim(f"and {len(flags) - _MOST:,} more flags: .to_pandas() has all"))
    parts += [_line(dim(text)) for text in _notes(found["pairs"], left_out)]
    return block(joined(title), *parts)


def _least(flag: Mapping[str, Any]) -> float:
    return min((test["p"] for test in flag["tests"]), default=1.0)


def _rows(key: str, flag: Mapping[str, Any], unlikely: float) -> Iterator[tuple[object, ...]]:
    for place, test in enumerate(flag["tests"]):
        p = f"{test['p']:.3g}"
        is_bad = test["p"] < unlikely
        yield (
            "" if place else code(name_excerpt(key)),
            test["test"],
            _bins(flag["bins"]) if test["wanted"] is None else _shares(test),
            number(tag(f"{p} unlikely", "bad") if is_bad else p),
        )


def _bins(counts: Sequence[int]) -> Html:
    """Draw each bin as a bar; half the height is what an even spread gives."""
    mean = max(sum(counts) / len(counts), 1e-9)
    heights = (min(count / mean / 2, 1.0) for count in counts)
    bars = "".join(f'<i style="height:{height:.1%}"></i>' for height in heights)
    return Html(f'<div class="fe-bins">{bars}</div>')


def _shares(test: Mapping[str, Any]) -> Html:
    found = test["found"]
    shown = [*test["wanted"].items()][:_MOST]
    return joined(
        (
            joined([name_excerpt(part), dim(f" {share:.2%} "), f"{found[part]:.2%}"])
            for part, share in shown
        ),
        ", ",
    )


def _notes(pairs: Sequence[Mapping[str, Any]], left_out: Sequence[str]) -> Iterator[str]:
    for pair in pairs[:_MOST]:
        left, right = name_excerpt(pair["left"]), name_excerpt(pair["right"])
        yield f"{left} and {right} are correlated: {pair['correlation']:+.4f}"
    if left_out:
        names = ", ".join(map(name_excerpt, left_out[:_MOST]))
        more = len(left_out) - _MOST
        yield f"flags of format 2 are left out: {names}{f' and {more:,} more' if more > 0 else ''}"


def _line(content: Html) -> Html:
    return Html(f"<div>{content}</div>")
