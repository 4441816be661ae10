"""The impact of a snapshot as one HTML page: no script, no network, readable on a phone."""

from html import escape
from typing import TYPE_CHECKING, Final

from flagengine.batch.impact import FlagImpact, Impact, Sample, Transition
from flagengine.cli.impact_words import change_text, headline, share_text

if TYPE_CHECKING:
    from flagengine.snapshot import Snapshot

__all__ = ["impact_page"]

_STYLE: Final = """
:root { color-scheme: light dark; --ink: #1c1e21; --dim: #62676f; --line: #dfe2e7;
  --paper: #ffffff; --card: #f7f8fa; --bar: #3867d6; --track: #e6e9f0; }
@media (prefers-color-scheme: dark) { :root { --ink: #e8eaed; --dim: #9aa0a8; --line: #33373e;
  --paper: #15171a; --card: #1d2024; --bar: #7aa2ff; --track: #2a2e35; } }
* { box-sizing: border-box; }
body { margin: 0; background: var(--paper); color: var(--ink);
  font: 16px/1.5 system-ui, -apple-system, "Segoe UI", sans-serif; }
main { max-width: 60rem; margin: 0 auto; padding: 1.5rem 1rem 3rem; }
h1 { font-size: 1.5rem; line-height: 1.25; margin: 0 0 .5rem; }
h2 { font-size: 1.1rem; margin: 0; overflow-wrap: anywhere; }
p { margin: .25rem 0; } .dim { color: var(--dim); font-size: .875rem; }
.card { border: 1px solid var(--line); border-radius: 10px; background: var(--card);
  padding: 1rem; margin-top: 1rem; }
.top { display: flex; flex-wrap: wrap; gap: .25rem 1rem; justify-content: space-between;
  align-items: baseline; }
.number { font-variant-numeric: tabular-nums; font-weight: 600; }
.change { margin-top: .875rem; }
.track { height: .625rem; border-radius: 99px; background: var(--track); overflow: hidden;
  margin: .25rem 0; }
.fill { height: 100%; min-width: 3px; border-radius: 99px; background: var(--bar); }
.split { display: grid; grid-template-columns: 4.5rem 1fr; gap: .25rem .75rem; margin-top: .75rem;
  align-items: center; font-size: .875rem; }
.stack { display: flex; height: 1.25rem; border-radius: 5px; overflow: hidden;
  background: var(--track); }
.legend { display: flex; flex-wrap: wrap; gap: .125rem .875rem; font-size: .8125rem;
  color: var(--dim); margin-top: .375rem; }
.dot { display: inline-block; width: .625rem; height: .625rem; border-radius: 3px;
  margin-right: .375rem; }
code { font-size: .875em; overflow-wrap: anywhere; }
ul { margin: .25rem 0; padding-left: 1.25rem; }
""".strip()

_COLOURS: Final = ("#3867d6", "#20a39e", "#e67e22", "#8e5ad7", "#d64570", "#7a8a2a", "#5d7290")
_PLAIN: Final = {"false": "#a9b0bb", "unresolved": "#d9b44a", "no such flag": "#ccd1d9"}


def impact_page(impact: Impact, sample: Sample | None, old: "Snapshot", new: "Snapshot") -> str:
    """Return the page as HTML."""
    changed = [flag for flag in impact.changed_first() if flag.changed]
    same = [flag.key for flag in impact.flags.values() if not flag.changed]
    lead, *rest = (escape(str(line)) for line in headline(impact, sample))
    prints = f"snapshot {old.fingerprint[:12]} → {new.fingerprint[:12]}"
    parts = [
        f"<h1>{lead}</h1>",
        *(f"<p>{line}</p>" for line in rest),
        f'<p class="dim">{prints}</p>',
        *(_card(flag, impact, sample) for flag in changed),
        _unchanged(same),
    ]
    return _HEAD + "\n".join(parts) + "\n</main></body></html>\n"


_HEAD: Final = (
    '<!doctype html>\n<html lang="en"><head><meta charset="utf-8">'
    '<meta name="viewport" content="width=device-width, initial-scale=1">'
    f"<title>Who changes</title>\n<style>\n{_STYLE}\n</style></head>\n<body><main>\n"
)


def _card(flag: FlagImpact, impact: Impact, sample: Sample | None) -> str:
    changes = "\n".join(_change(transition, impact, sample) for transition in flag.largest_first())
    return (
        f'<section class="card"><div class="top"><h2><code>{escape(flag.key)}</code></h2>'
        f'<span class="number">{share_text(flag.changed, impact.rows, sample)} change</span></div>'
        f"{_split(flag)}\n{changes}</section>"
    )


def _change(transition: Transition, impact: Impact, sample: Sample | None) -> str:
    share = transition.rows / max(impact.rows, 1)
    causes = "".join(
        f"<li>{escape(cause.text)} <span class='dim'>({count:,})</span></li>"
        for cause, count in transition.causes.most_common()
    )
    examples = ", ".join(f"<code>{escape(name)}</code>" for name in transition.examples)
    return (
        f'<div class="change"><div class="top"><strong>{escape(change_text(transition))}</strong>'
        f'<span class="number">{transition.rows:,} · {share_text(transition.rows, impact.rows, sample)}</span>'
        f'</div><div class="track"><div class="fill" style="width:{share:.4%}"></div></div>'
        f'<ul>{causes}</ul><p class="dim">such as {examples}</p></div>'
    )


def _split(flag: FlagImpact) -> str:
    """Return bars that show how many people get each value, before and after."""
    values = list(dict.fromkeys([*flag.after, *flag.before]))
    colours = _colours(values)
    rows = []
    for name, counts in (("before", flag.before), ("after", flag.after)):
        total = max(counts.total(), 1)
        stack = "".join(
            f'<div style="width:{counts[value] / total:.4%};background:{colours[value]}" '
            f'title="{escape(value)} {counts[value] / total:.1%}"></div>'
            for value in values
        )
        rows.append(f'<span>{name}</span><div class="stack">{stack}</div>')
    legend = "".join(
        f'<span><span class="dot" style="background:{colours[value]}"></span>{escape(value)} '
        f"{_percent(flag.before, value)} → {_percent(flag.after, value)}</span>"
        for value in values
    )
    return f'<div class="split">{"".join(rows)}</div><div class="legend">{legend}</div>'


def _percent(counts: "dict[str, int]", value: str) -> str:
    return f"{counts.get(value, 0) / max(sum(counts.values()), 1):.1%}"


def _colours(values: list[str]) -> dict[str, str]:
    found: dict[str, str] = {}
    for value in sorted(values):
        bright = len(found) - sum(name in _PLAIN for name in found)
        found[value] = _PLAIN.get(value) or _COLOURS[bright % len(_COLOURS)]
    return found


def _unchanged(keys: list[str]) -> str:
    if not keys:
        return ""
    names = ", ".join(f"<code>{escape(key)}</code>" for key in keys)
    return f'<section class="card"><h2>Nobody changes</h2><p class="dim">{names}</p></section>'
