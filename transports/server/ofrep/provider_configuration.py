"""``/ofrep/v1/configuration``: what the server can do, for providers that still ask.

OFREP took this endpoint back in 2025. The answer has the last form that was published.
"""

from __future__ import annotations

from typing import Any

from ...json_text import to_json
from ..project import Project, Projects
from ..publication import ServedDocument
from ..web.request import Request
from ..web.response import Response
from .access import asked_project
from .documents import served

__all__ = ["ConfigurationEndpoint"]


class ConfigurationEndpoint:
    """The endpoint."""

    def __init__(self, projects: Projects) -> None:
        self._projects = projects
        self._documents = {each.name: ServedDocument(to_json(_of(each))) for each in projects}

    def __call__(self, request: Request) -> Response:
        """Answer with the configuration, or that it is the one that the caller has."""
        return served(request, self._documents[asked_project(self._projects, request).name])


def _of(project: Project) -> dict[str, Any]:
    milliseconds = round(project.settings.poll_interval * 1000)
    polling = {"enabled": True, "minPollingIntervalMs": milliseconds}
    types = ["boolean", "string", "int", "float", "object"]
    return {
        "name": "flagengine",
        "capabilities": {
            "cacheInvalidation": {"polling": polling},
            "flagEvaluation": {"supportedTypes": types},
            # An answer holds for one context only, and a change must be seen at once.
            "caching": {"enabled": False, "ttl": 0},
        },
    }
