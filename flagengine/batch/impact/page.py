"""The impact of a snapshot as one HTML page: no network, readable on a phone and without a script.

With many flags the page has contents, the flag that changes most first, and a filter: the only script,
which the page's content security policy names by its hash.
"""

from collections.abc import Iterable, Sequence
from html import escape
from typing import Final

from flagengine.batch.impact.page_assets import SCRIPT, STYLE, policy
from flagengine.batch.impact.results import FlagImpact, Impact, Transition
from flagengine.batch.impact.sampling import Sample
from flagengine.batch.impact.words import change_text, headline, share_text
from flagengine.display.parts import colours
from flagengine.values.printable import printable

__all__ = ["impact_page"]

_FEW: Final = 3
"""The number of flags up to which contents would only repeat what is seen at once."""

_MANY: Final = 12
"""The number of flags above which there is a filter, and the unchanged flags are folded away."""


def impact_page(impact: Impact) -> str:
    """Return the result of :func:`flagengine.batch.diff` as an HTML page, for a file or a server."""
    sample = impact.sample
    changed = [flag for flag in impact.changed_first() if flag.changed]
    same = [flag.key for flag in impact.flags.values() if not flag.changed]
    lead, *rest = map(_text, headline(impact, sample))
    prints = " → ".join(each[:12] for each in impact.fingerprints)
    has_filter = len(impact.flags) > _MANY
    parts = [
        f"<h1>{lead}</h1>",
        *(f"<p>{line}</p>" for line in rest),
        f'<p class="dim">snapshot {prints}</p>',
        _FILTER if has_filter else "",
        _contents(changed, impact) if len(changed) > _FEW else "",
        *(_card(place, flag, impact, sample) for place, flag in enumerate(changed, 1)),
        _unchanged(same),
        f"</main>\n<script>{SCRIPT}</script>" if has_filter else "</main>",
    ]
    return _head(has_filter) + "\n".join(filter(None, parts)) + "\n</body></html>\n"


def _head(has_script: bool) -> str:
    return (
        '<!doctype html>\n<html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f'<meta http-equiv="Content-Security-Policy" content="{policy(has_script=has_script)}">'
        f"<title>Who changes</title>\n<style>\n{STYLE}\n</style></head>\n<body><main>\n"
    )


_FILTER: Final = (
    '<div class="filter" hidden><input type="search" autocomplete="off" spellcheck="false" '
    'aria-label="Filter the flags" placeholder="Filter by flag, answer or cause">'
    '<output aria-live="polite"></output></div>'
)


def _text(text: str) -> str:
    return escape(printable(text))


def _contents(changed: Sequence[FlagImpact], impact: Impact) -> str:
    rows = "\n".join(_line(place, flag, impact) for place, flag in enumerate(changed, 1))
    return (
        '<nav class="card" aria-label="Contents"><h2>The largest changes first</h2>'
        '<div class="contents"><table><thead><tr><th>flag</th><th class="number">people</th>'
        '<th class="number">share</th><th class="wide"></th><th class="main">mostly</th></tr></thead>'
        f"<tbody>\n{rows}\n</tbody></table></div></nav>"
    )


def _line(place: int, flag: FlagImpact, impact: Impact) -> str:
    main = flag.largest_first()[0]
    return (
        f'<tr><td><a href="#flag-{place}"><code>{_text(flag.key)}</code></a></td>'
        f'<td class="number">{flag.changed:,}</td>'
        f'<td class="number">{impact.share(flag.changed):.2%}</td>'
        f'<td class="wide">{_track(impact.share(flag.changed))}</td>'
        f'<td class="main">{_text(change_text(main))}</td></tr>'
    )


def _track(share: float) -> str:
    return f'<div class="track"><div class="fill" style="width:{share:.4%}"></div></div>'


def _card(place: int, flag: FlagImpact, impact: Impact, sample: Sample | None) -> str:
    changes = "\n".join(_change(transition, impact, sample) for transition in flag.largest_first())
    return (
        f'<section class="card" id="flag-{place}"><div class="top"><h2><code>{_text(flag.key)}</code>'
        f'</h2><span class="number">{share_text(flag.changed, impact.rows, sample)} change</span></div>'
        f"{_split(flag)}\n{changes}</section>"
    )


def _change(transition: Transition, impact: Impact, sample: Sample | None) -> str:
    causes = "".join(
        f'<li>{_text(str(cause))} <span class="dim">({count:,})</span></li>'
        for cause, count in transition.causes.most_common()
    )
    shares = share_text(transition.rows, impact.rows, sample)
    return (
        f'<div class="change"><div class="top"><strong>{_text(change_text(transition))}</strong>'
        f'<span class="number">{transition.rows:,} · {shares}</span>'
        f"</div>{_track(impact.share(transition.rows))}"
        f'<ul>{causes}</ul><p class="dim">such as {_codes(transition.examples)}</p></div>'
    )


def _codes(names: Iterable[str], between: str = ", ") -> str:
    return between.join(f"<code>{_text(name)}</code>" for name in names)


def _split(flag: FlagImpact) -> str:
    """Return bars that show how many people get each value, before and after."""
    values = list(dict.fromkeys([*flag.after, *flag.before]))
    colour = colours(values)
    rows = []
    for name, counts in (("before", flag.before), ("after", flag.after)):
        total = max(counts.total(), 1)
        stack = "".join(
            f'<div style="width:{counts[value] / total:.4%};background:{colour[value]}" '
            f'title="{_text(value)} {counts[value] / total:.1%}"></div>'
            for value in values
        )
        rows.append(f'<span>{name}</span><div class="stack">{stack}</div>')
    legend = "".join(
        f'<span><span class="dot" style="background:{colour[value]}"></span>{_text(value)} '
        f"{_percent(flag.before, value)} → {_percent(flag.after, value)}</span>"
        for value in values
    )
    return f'<div class="split">{"".join(rows)}</div><div class="legend">{legend}</div>'


def _percent(counts: "dict[str, int]", value: str) -> str:
    return f"{counts.get(value, 0) / max(sum(counts.values()), 1):.1%}"


def _unchanged(keys: list[str]) -> str:
    if not keys:
        return ""
    names = f'<p class="dim same">{_codes(keys, " ")}</p>'
    if len(keys) <= _MANY:
        return f'<div class="card"><h2>Nobody changes</h2>{names}</div>'
    title = f"<h2>Nobody changes in {len(keys):,} flags</h2>"
    return f'<details class="card"><summary>{title}</summary>{names}</details>'
