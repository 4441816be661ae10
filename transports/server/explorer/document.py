"""The page as one document: its parts joined, and the policy that lets a browser run these parts alone.

The parts are plain files, so that they can be read and changed without tools. The policy names the style and the
script by their hashes; nothing else runs, whatever a flag's name or payload holds, and nothing is asked of
another origin. The script writes text only: under the policy, browsers refuse HTML that it would write.
"""

from __future__ import annotations

import base64
import hashlib
from functools import cache
from importlib.resources import files
from importlib.resources.abc import Traversable
from typing import Final

from ..web.request import Request
from ..web.response import Headers, Response

__all__ = ["document", "policy"]

_STYLES: Final = ("tokens", "layout", "controls", "flags", "detail", "panels")
_SCRIPTS: Final = (
    *("elements", "words", "state", "server", "layout", "list", "fields", "people", "person"),
    *("answer", "shares", "rollout", "tree", "forced", "detail", "compare", "events", "live"),
    *("keys", "start"),
)
_FROM_HERE_ALONE: Final[Headers] = (
    (b"x-content-type-options", b"nosniff"),
    (b"x-frame-options", b"DENY"),
    (b"referrer-policy", b"no-referrer"),
    (b"cross-origin-opener-policy", b"same-origin"),
    (b"cross-origin-resource-policy", b"same-origin"),
    (b"cache-control", b"no-store"),
)


def document(_request: Request) -> Response:
    """Answer with the page."""
    return _response()


def policy(style: str, script: str) -> str:
    """Return the content security policy of a page with this style and this script."""
    return "; ".join(
        (
            "default-src 'none'",
            f"script-src '{_digest(script)}'",
            f"style-src '{_digest(style)}'",
            "connect-src 'self'",
            "img-src data:",
            "base-uri 'none'",
            "form-action 'none'",
            "frame-ancestors 'none'",
            "require-trusted-types-for 'script'",
            "trusted-types 'none'",
        )
    )


@cache
def _response() -> Response:
    folder = files(__package__) / "page"
    style = "\n".join(_text(folder, f"{name}.css") for name in _STYLES)
    parts = "\n".join(_text(folder, f"{name}.js") for name in _SCRIPTS)
    script = f'(() => {{\n"use strict";\n{parts}\n}})();'
    html = _text(folder, "page.html").replace("STYLE", style, 1).replace("SCRIPT", script, 1)
    headers = (
        (b"content-type", b"text/html; charset=utf-8"),
        (b"content-security-policy", policy(style, script).encode()),
        *_FROM_HERE_ALONE,
    )
    return Response(200, html.encode(), headers)


def _text(folder: Traversable, name: str) -> str:
    # A checkout may have the line ends of its system; a browser hashes "\n".
    return (folder / name).read_text(encoding="utf-8").replace("\r\n", "\n")


def _digest(text: str) -> str:
    return f"sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}"
