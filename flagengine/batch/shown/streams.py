"""Streams of results as HTML: what was read so far, because showing a stream must not read it."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import Final

from flagengine.columnar.answer_columns import value_text
from flagengine.display.parts import (
    Html,
    block,
    code,
    colours,
    dim,
    joined,
    legend,
    stack,
    table,
)
from flagengine.results.resolution import Resolution
from flagengine.values.excerpts import name_excerpt

__all__ = ["evaluation_html", "exposures_html"]

_MOST: Final = 50
_VALUES: Final = 8
_HOW: Final = "call .to_pandas(), .to_polars() or .read_all(), or iterate over the record batches"


def evaluation_html(
    answers: Mapping[str, Mapping[Resolution, int]], rows: int, *, is_over: bool
) -> str:
    """Return the answers of the rows read so far, a row per flag."""
    title = f"{len(answers):,} flags, {_read(rows, 'rows', is_over=is_over)}"
    if not rows:
        return block(title, dim(_HOW if not is_over else ""), _keys(answers))
    lines = (_answers(key, found) for key, found in [*answers.items()][:_MOST])
    return block(title, table(("flag", "answers", ""), lines), _more(len(answers)))


def exposures_html(keys: Sequence[str], rows: int, columns: Iterable[str], *, is_over: bool) -> str:
    """Return how far exposures were read, and their columns."""
    title = f"Exposures of {len(keys):,} flags, {_read(rows, 'exposures', is_over=is_over)}"
    how = "" if is_over else dim(f"{_HOW}, or over .events()")
    names = joined(map(code, columns), ", ")
    return block(title, how, table((), [("flags", _keys(keys)), ("columns", names)]))


def _read(rows: int, what: str, *, is_over: bool) -> str:
    if not rows and not is_over:
        return "nothing read yet"
    return f"{rows:,} {what} read{'' if is_over else ' so far'}"


def _answers(key: str, answers: Mapping[Resolution, int]) -> tuple[object, ...]:
    counts: Counter[str] = Counter()
    for resolution, rows in answers.items():
        counts[_words(resolution)] += rows
    shown = dict(counts.most_common(_VALUES))
    if left := counts.total() - sum(shown.values()):
        shown["other values"] = left
    colour = colours(shown)
    texts = {value: f"{value} {rows / counts.total():.1%}" for value, rows in shown.items()}
    return code(name_excerpt(key)), stack(shown, colour), legend(texts, colour)


def _words(resolution: Resolution) -> str:
    if resolution.value is not None:
        return name_excerpt(str(value_text(resolution.value)))
    return "the caller's default" if resolution.caller_default else "unresolved"


def _keys(keys: Iterable[str]) -> Html:
    known = list(keys)
    names = joined((code(name_excerpt(key)) for key in known[:_MOST]), ", ")
    return joined([Html("<div>"), names, " ", _more(len(known)), Html("</div>")])


def _more(flags: int) -> Html:
    return dim(f"and {flags - _MOST:,} more flags") if flags > _MOST else Html()
