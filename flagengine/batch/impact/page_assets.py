"""The style of the impact page, and the script of its filter: inline, because the page is one file."""

from base64 import b64encode
from hashlib import sha256
from typing import Final

__all__ = ["SCRIPT", "STYLE", "policy"]

STYLE: Final = """
:root { color-scheme: light dark; --ink: #1c1e21; --dim: #62676f; --line: #dfe2e7;
  --paper: #ffffff; --card: #f7f8fa; --bar: #3867d6; --track: #e6e9f0; }
@media (prefers-color-scheme: dark) { :root { --ink: #e8eaed; --dim: #9aa0a8; --line: #33373e;
  --paper: #15171a; --card: #1d2024; --bar: #7aa2ff; --track: #2a2e35; } }
* { box-sizing: border-box; }
[hidden] { display: none !important; }
body { margin: 0; background: var(--paper); color: var(--ink);
  font: 16px/1.5 system-ui, -apple-system, "Segoe UI", sans-serif; }
main { max-width: 60rem; margin: 0 auto; padding: 1.5rem 1rem 3rem; }
h1 { font-size: 1.5rem; line-height: 1.25; margin: 0 0 .5rem; }
h2 { font-size: 1.1rem; margin: 0; overflow-wrap: anywhere; }
p { margin: .25rem 0; } .dim { color: var(--dim); font-size: .875rem; }
a { color: inherit; text-decoration-color: var(--line); text-underline-offset: .2em; }
a:hover { text-decoration-color: currentColor; }
.card { border: 1px solid var(--line); border-radius: 10px; background: var(--card);
  padding: 1rem; margin-top: 1rem; scroll-margin-top: 4.5rem; }
section.card { content-visibility: auto; contain-intrinsic-size: auto 14rem; }
.card:target { border-color: var(--bar); box-shadow: 0 0 0 1px var(--bar); }
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
.contents { max-height: 24rem; overflow: auto; margin-top: .75rem; border-top: 1px solid var(--line);
  border-bottom: 1px solid var(--line); }
.contents table { width: 100%; border-collapse: collapse; font-size: .875rem; }
.contents th { position: sticky; top: 0; background: var(--card); color: var(--dim);
  font-weight: 400; text-align: left; padding: .375rem .75rem .375rem 0; }
.contents td { border-top: 1px solid var(--line); padding: .3125rem .75rem .3125rem 0;
  vertical-align: baseline; overflow-wrap: anywhere; }
.contents .number { text-align: right; white-space: nowrap; font-weight: 400; }
.contents .wide { width: 20%; } .contents .track { margin: 0; min-width: 4rem; }
.filter { position: sticky; top: 0; z-index: 1; display: flex; align-items: center; gap: .75rem;
  background: var(--paper); padding: .75rem 0; margin-top: .25rem; }
.filter input { flex: 1; min-width: 0; font: inherit; color: inherit; background: var(--card);
  border: 1px solid var(--line); border-radius: 8px; padding: .4375rem .75rem; }
.filter output { color: var(--dim); font-size: .875rem; white-space: nowrap; }
summary { cursor: pointer; } summary h2 { display: inline; }
.same code { display: inline-block; margin-right: .875rem; }
@media (max-width: 36rem) { .contents .wide, .contents .main { display: none; } }
""".strip()

SCRIPT: Final = """
(() => {
  const box = document.querySelector(".filter");
  const [field, said] = [box.querySelector("input"), box.querySelector("output")];
  const cards = [...document.querySelectorAll("section.card")];
  const rows = [...document.querySelectorAll(".contents tbody tr")];
  const same = [...document.querySelectorAll(".same code")];
  const contents = document.querySelector("nav.card");
  const folded = document.querySelector("details.card");
  const texts = (parts) => parts.map((part) => part.textContent.toLowerCase());
  const [inCards, inSame] = [texts(cards), texts(same)];
  const show = () => {
    const words = field.value.toLowerCase().split(/\\s+/).filter(Boolean);
    const fits = (text) => words.every((word) => text.includes(word));
    cards.forEach((card, at) => {
      card.hidden = !fits(inCards[at]);
      if (rows[at]) rows[at].hidden = card.hidden;
    });
    same.forEach((name, at) => { name.hidden = !fits(inSame[at]); });
    const left = (parts) => parts.filter((part) => !part.hidden).length;
    const [changed, unchanged] = [left(cards), left(same)];
    if (contents) contents.hidden = !changed;
    if (folded) {
      folded.hidden = !unchanged;
      folded.open = Boolean(words.length && unchanged && !changed);
    }
    said.textContent = words.length ? `${changed + unchanged} of ${cards.length + same.length}` : "";
  };
  field.addEventListener("input", show);
  box.hidden = false;
  show();
})();
"""


def policy(*, has_script: bool) -> str:
    """Return the page's content security policy: nothing from outside, and no script but its own."""
    script = (
        f"'sha256-{b64encode(sha256(SCRIPT.encode()).digest()).decode()}'" if has_script else ""
    )
    allowed = f"script-src {script}; " if script else ""
    return f"default-src 'none'; {allowed}style-src 'unsafe-inline'"
