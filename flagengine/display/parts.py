"""The parts of what a notebook shows: text, tags, tables, bars; everything else is escaped."""

from collections.abc import Iterable, Mapping, Sequence
from html import escape
from typing import Final

from flagengine.display.style import STYLE
from flagengine.values.printable import printable

__all__ = [
    "Html",
    "bar",
    "block",
    "code",
    "colours",
    "dim",
    "html",
    "joined",
    "legend",
    "number",
    "stack",
    "table",
    "tag",
]

_COLOURS: Final = ("#3867d6", "#20a39e", "#e67e22", "#8e5ad7", "#d64570", "#7a8a2a", "#5d7290")
_PLAIN: Final = {"false": "#a9b0bb", "unresolved": "#d9b44a", "no such flag": "#ccd1d9"}


class Html(str):
    """Text that is HTML already; any other text is escaped where it is shown."""

    __slots__ = ()


def html(shown: object) -> Html:
    """Return a value as HTML; text that is not printable is written out."""
    return shown if isinstance(shown, Html) else Html(escape(printable(str(shown))))


def joined(parts: Iterable[object], between: str = "") -> Html:
    """Return the parts one after another."""
    return Html(between.join(map(html, parts)))


def _element(name: str, content: object, kind: str = "") -> Html:
    start = f'{name} class="{kind}"' if kind else name
    return Html(f"<{start}>{html(content)}</{name}>")


def block(title: object, *parts: object) -> str:
    """Return all that a notebook shows of one value."""
    head = _element("p", title, "fe-top")
    return f'<div class="flagengine"><style>{STYLE}</style>{joined([head, *parts])}</div>'


def code(text: object) -> Html:
    """Return a name or a value in fixed width."""
    return _element("code", text)


def dim(text: object) -> Html:
    """Return text that matters less."""
    return _element("span", text, "fe-dim")


def tag(text: object, kind: str) -> Html:
    """Return a word that stands out; ``kind`` is yes, no, doubt or bad."""
    return _element("span", text, f"fe-tag fe-{kind}")


def number(text: object) -> Html:
    """Return a number that is aligned with those below it, in a table's cell."""
    return Html(f'<div class="fe-number">{html(text)}</div>')


def table(header: Sequence[object], rows: Iterable[Sequence[object]]) -> Html:
    """Return a table; without a header, the first cell of each row names it."""
    head = joined(_element("th", cell) for cell in header)
    lines = []
    for row in rows:
        cells = [_element("td", cell) for cell in row]
        if not header:
            cells[0] = _element("th", row[0])
        lines.append(_element("tr", joined(cells)))
    top = Html(f"<thead><tr>{head}</tr></thead>") if header else Html()
    return Html(f"<table>{top}<tbody>{joined(lines)}</tbody></table>")


def bar(share: float) -> Html:
    """Return a bar that is filled to a share from 0 to 1."""
    filled = f'<i style="width:{min(max(share, 0.0), 1.0):.2%}"></i>' if share > 0 else ""
    return Html(f'<div class="fe-track">{filled}</div>')


def colours(values: Iterable[str]) -> dict[str, str]:
    """Return a colour for each value of a flag, the same for the same values."""
    found: dict[str, str] = {}
    for value in sorted(values):
        bright = len(found) - sum(name in _PLAIN for name in found)
        found[value] = _PLAIN.get(value) or _COLOURS[bright % len(_COLOURS)]
    return found


def stack(counts: Mapping[str, int], colour: Mapping[str, str]) -> Html:
    """Return a bar with a part for each value."""
    total = max(sum(counts.values()), 1)
    pieces = (
        f'<i style="width:{count / total:.2%};background:{colour[value]}" '
        f'title="{html(value)} {count / total:.1%}"></i>'
        for value, count in counts.items()
        if count
    )
    return Html(f'<div class="fe-track">{"".join(pieces)}</div>')


def legend(texts: Mapping[str, object], colour: Mapping[str, str]) -> Html:
    """Return what each colour means; ``texts`` has the words by value."""
    pieces = (
        Html(f'<span><i class="fe-dot" style="background:{colour[value]}"></i>{html(text)}</span> ')
        for value, text in texts.items()
    )
    return Html(f'<div class="fe-legend">{joined(pieces)}</div>')
