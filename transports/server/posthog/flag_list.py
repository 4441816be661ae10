"""``/api/projects/…/feature_flags``: the flags of a project, for tools that list them, page by page.

Vercel's toolbar reads them so (``getProviderData`` of ``@flags-sdk/posthog``), and takes payloads for JSON.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, Final

from ..project import Projects
from ..publication import Publication
from ..web.request import Request
from ..web.response import Response, json_response
from .access import readable_definitions

__all__ = ["FlagListEndpoint"]

_PAGE: Final = 100
_MOST_DIGITS: Final = 9


class FlagListEndpoint:
    """The endpoint. The path names the project, which the secret key says anyway."""

    def __init__(self, projects: Projects) -> None:
        self._projects = projects

    def __call__(self, request: Request) -> Response:
        """Answer with at most ``limit`` flags, by default a hundred, from the ``offset``-th on."""
        _, publication = readable_definitions(self._projects, request)
        flags = _listed(publication)
        offset, limit = _number(request, "offset", 0), _number(request, "limit", _PAGE)
        found = [_shown(flag) for flag in flags[offset : offset + max(1, limit)]]
        return json_response({"count": len(flags), "results": found})


def _listed(publication: Publication) -> list[Mapping[str, Any]]:
    """Return the flags that SDKs may read, in the order of the document."""
    by_name = publication.documents_by_name
    return [by_name[key] for key in publication.snapshot.keys if key not in publication.hidden]


def _number(request: Request, name: str, otherwise: int) -> int:
    text = request.query.get(name, "")
    is_number = text.isascii() and text.isdigit() and len(text) <= _MOST_DIGITS
    return int(text) if is_number else otherwise


def _shown(flag: Mapping[str, Any]) -> dict[str, Any]:
    """Return a flag with the fields that a list has, whatever the document has of them."""
    filters = flag.get("filters")
    filters = dict(filters) if isinstance(filters, Mapping) else {}
    payloads = filters.get("payloads")
    if isinstance(payloads, Mapping) and payloads:
        filters["payloads"] = {name: _json_text(text) for name, text in payloads.items()}
    else:
        # An empty object would say that the flag has no value.
        filters.pop("payloads", None)
    return {
        "id": flag.get("id"),
        "key": flag.get("key"),
        "name": flag.get("name") or "",
        "active": flag.get("active") is True,
        "created_at": flag.get("created_at"),
        "filters": filters,
    }


def _json_text(payload: Any) -> str:
    """Return a payload as JSON text: some are text that is no JSON, and old ones are no text."""
    if not isinstance(payload, str):
        return json.dumps(payload)
    try:
        json.loads(payload, parse_constant=_refused)
    except (ValueError, RecursionError):
        return json.dumps(payload)
    return payload


def _refused(name: str) -> Any:
    raise ValueError(name)
