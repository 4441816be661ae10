"""What posthog-js asks for in its first minute besides flags and events: answers, so that no console shows an error.

``/array/<token>/config`` and ``config.js`` are its configuration. Surveys, experiments and early access are
empty lists, and the scripts of features that are off are empty scripts.
"""

from __future__ import annotations

import json
from re import compile  # noqa: A004 - only here
from typing import Any, Final

from ...json_text import to_json
from ..project import Projects
from ..web.request import Request
from ..web.response import JSON_TYPE, Headers, Refused, Response, json_response, text_response
from .browser_config import browser_config

__all__ = ["BrowserEndpoints"]

_TOKEN: Final = compile(r"[A-Za-z0-9_-]{1,200}")
_FOR_A_WHILE: Final = (b"cache-control", b"public, max-age=60")
_SCRIPT: Final[Headers] = (
    (b"content-type", b"application/javascript; charset=utf-8"),
    (b"x-content-type-options", b"nosniff"),
)
_CONFIG_SCRIPT: Final = """\
(function () {
  window._POSTHOG_REMOTE_CONFIG = window._POSTHOG_REMOTE_CONFIG || {};
  window._POSTHOG_REMOTE_CONFIG[%s] = {config: %s, siteApps: []};
})();
"""
_NO_POSTHOG_JS: Final = b"""\
console.error("flagengine serve does not have posthog-js: install it from npm, or load it from elsewhere");
"""
_EMPTY: Final[dict[str, dict[str, Any]]] = {
    "/api/surveys": {"surveys": [], "survey_config": None},
    "/api/web_experiments": {"experiments": []},
    "/api/early_access_features": {"earlyAccessFeatures": []},
    "/api/product_tours": {"product_tours": []},
}


class BrowserEndpoints:
    """The endpoints; ``projects`` says which keys there are."""

    def __init__(self, projects: Projects) -> None:
        self._projects = projects

    def config(self, request: Request) -> Response:
        """Answer with the configuration as JSON."""
        body = to_json(browser_config(self._token(request)))
        return Response(200, body, (JSON_TYPE, _FOR_A_WHILE))

    def config_script(self, request: Request) -> Response:
        """Answer with the configuration as a script."""
        token = self._token(request)
        config = browser_config(token)
        del config["siteApps"]
        text = _CONFIG_SCRIPT % (_in_script(token), _in_script(config))
        return Response(200, text.encode(), (*_SCRIPT, _FOR_A_WHILE))

    @staticmethod
    def empty_list(request: Request) -> Response:
        """Answer that there are none of what the path names."""
        return json_response(_EMPTY[request.path])

    @staticmethod
    def script(request: Request) -> Response:
        """Answer with an empty script in place of one of a feature that is off here.

        posthog-js itself is not here either; without a word, a page with its snippet would wait for ever.
        """
        if not request.path.endswith(".js"):
            raise Refused(text_response("there is nothing at this path", 404))
        is_posthog_js = request.path.rpartition("/")[2].startswith("array.")
        text = _NO_POSTHOG_JS if is_posthog_js else b"/* This server has only flags. */\n"
        return Response(200, text, (*_SCRIPT, _FOR_A_WHILE))

    def _token(self, request: Request) -> str:
        token = request.arguments[0]
        if not _TOKEN.fullmatch(token):
            raise Refused(text_response("the project key must be letters, digits, _ and -", 400))
        if self._projects.by_key(token) is None:
            raise Refused(text_response("there is no such project", 404))
        return token


LISTS: Final = tuple(_EMPTY)
"""The paths of ``empty_list``."""


def _in_script(value: Any) -> str:
    """Return a value as JSON that is safe within a script, wherever the script is."""
    text = json.dumps(value)
    return text.replace("<", "\\u003c").replace(">", "\\u003e").replace("&", "\\u0026")
