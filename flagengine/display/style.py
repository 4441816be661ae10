"""The style of what a notebook shows: light and dark, by the theme of Jupyter or of the system.

Jupyter's variables come first, because its theme need not be that of the system. Where there are none
(VS Code, Colab, a saved page), ink and paper are both of this style, so that one is readable on the
other whatever page is around them. The class is written twice where Jupyter styles the same elements.
"""

from typing import Final

__all__ = ["STYLE"]

_LIGHT: Final = (
    "--fe-yes:#1a7f43;--fe-no:#5d6570;--fe-doubt:#8a5a00;--fe-bad:#b42318;--fe-bar:#3867d6;"
)
_DARK: Final = (
    "--fe-yes:#5fd38d;--fe-no:#a3abb5;--fe-doubt:#e5b454;--fe-bad:#ff8a7a;--fe-bar:#7aa2ff;"
)


def _surface(ink: str, dim: str, line: str, fill: str, paper: str) -> str:
    return (
        f"--fe-ink:var(--jp-content-font-color1,{ink});--fe-dim:var(--jp-content-font-color2,{dim});"
        f"--fe-line:var(--jp-border-color2,{line});--fe-fill:var(--jp-layout-color2,{fill});"
        f"--fe-paper:var(--jp-layout-color0,{paper});"
    )


_LIGHT_SURFACE: Final = _surface("#1c1e21", "#5f656d", "#dfe2e7", "#e9ecf1", "#ffffff")
_DARK_SURFACE: Final = _surface("#e8eaed", "#a0a6ae", "#3a3f46", "#2a2e35", "#15171a")


def _themed(*selectors: str) -> str:
    return ",".join(f"{selector} .flagengine" for selector in selectors)


_LIGHT_THEMES: Final = _themed(
    '[data-jp-theme-light="true"]', ".vscode-light", 'html[theme="light"]'
)
_DARK_THEMES: Final = _themed('[data-jp-theme-light="false"]', ".vscode-dark", 'html[theme="dark"]')

STYLE: Final = f"""
.flagengine{{{_LIGHT_SURFACE}{_LIGHT}}}
@media (prefers-color-scheme:dark){{.flagengine{{{_DARK_SURFACE}{_DARK}}}}}
{_LIGHT_THEMES}{{{_LIGHT_SURFACE}{_LIGHT}}}
{_DARK_THEMES}{{{_DARK_SURFACE}{_DARK}}}
.flagengine{{color:var(--fe-ink);background:var(--fe-paper);max-width:60rem;padding:.25rem 0;
overflow-x:auto;font:13px/1.5 var(--jp-content-font-family,system-ui,sans-serif)}}
.flagengine.flagengine .fe-top{{font-size:14px;margin:0 0 .375rem}}
.flagengine.flagengine .fe-dim{{color:var(--fe-dim)}}
.flagengine.flagengine p{{margin:.25rem 0;color:inherit}}
.flagengine.flagengine code{{font:12px var(--jp-code-font-family,ui-monospace,monospace);background:none;
color:inherit;padding:0;overflow-wrap:anywhere;white-space:pre-wrap}}
.flagengine.flagengine table{{border-collapse:collapse;border:0;margin:.25rem 0;table-layout:auto;
font-size:13px;color:inherit}}
.flagengine.flagengine th,.flagengine.flagengine td{{text-align:left;vertical-align:top;padding:.1875rem .75rem .1875rem 0;
border:0;border-bottom:1px solid var(--fe-line);background:none;max-width:32rem;white-space:normal;
overflow-wrap:break-word;line-height:1.5}}
.flagengine.flagengine th{{font-weight:400;color:var(--fe-dim);white-space:nowrap}}
.flagengine.flagengine tbody tr:nth-child(n){{background:none}}
.flagengine.flagengine .fe-number{{text-align:right;font-variant-numeric:tabular-nums;white-space:nowrap}}
.flagengine.flagengine .fe-tag{{font-weight:600;overflow-wrap:anywhere}}
.flagengine.flagengine .fe-yes{{color:var(--fe-yes)}}
.flagengine.flagengine .fe-no{{color:var(--fe-no)}}
.flagengine.flagengine .fe-doubt{{color:var(--fe-doubt)}}
.flagengine.flagengine .fe-bad{{color:var(--fe-bad)}}
.flagengine.flagengine .fe-track{{display:flex;align-items:flex-end;width:10rem;min-width:6rem;height:.75rem;
margin-top:.25rem;border-radius:3px;overflow:hidden;background:var(--fe-fill)}}
.flagengine.flagengine .fe-track>i{{display:block;height:100%;min-width:1px;background:var(--fe-bar)}}
.flagengine.flagengine .fe-bins{{display:flex;align-items:flex-end;gap:1px;width:10rem;height:1.5rem}}
.flagengine.flagengine .fe-bins>i{{display:block;flex:1;min-height:1px;background:var(--fe-bar)}}
.flagengine.flagengine .fe-dot{{display:inline-block;width:.625rem;height:.625rem;border-radius:2px;
margin-right:.25rem}}
.flagengine.flagengine .fe-legend span{{margin-right:.75rem;white-space:nowrap}}
.flagengine.flagengine ul{{list-style:none;margin:0;padding:0 0 0 1.125rem;border-left:1px solid var(--fe-line)}}
.flagengine.flagengine ul.fe-tree{{padding:0;border:0}}
.flagengine.flagengine li{{list-style:none;margin:.125rem 0;padding:0;overflow-wrap:anywhere}}
.flagengine.flagengine summary{{cursor:pointer}}
""".strip()
