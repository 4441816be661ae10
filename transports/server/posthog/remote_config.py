"""``/api/projects/…/feature_flags/…/remote_config``: the payload of one flag, for callers with a secret key.

The errors have no body, because posthog-node takes a body of JSON for the payload, whatever the status.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from ...json_text import to_json
from ..project import Projects
from ..publication import Publication, is_encrypted
from ..web.request import Request
from ..web.response import JSON_TYPE, NO_STORE, Refused, Response
from .access import readable_definitions

__all__ = ["RemoteConfigEndpoint"]

_LONGEST_ID: Final = 20
_HIDDEN: Final = '"********* (encrypted)"'


class RemoteConfigEndpoint:
    """The endpoint. The path names the project, which the key says anyway, and the flag by its id or key."""

    def __init__(self, projects: Projects) -> None:
        self._projects = projects

    def __call__(self, request: Request) -> Response:
        """Answer with the payload, JSON text as a JSON string; null if the flag has none."""
        try:
            _, publication = readable_definitions(self._projects, request)
        except Refused as refusal:
            response = refusal.response
            kept = tuple(each for each in response.headers if each[0] != b"content-type")
            return Response(response.status, b"", kept)
        flag = _flag(publication, request.arguments[-1])
        if flag is None or flag.get("is_remote_configuration") is False:
            return Response(404)
        if is_encrypted(flag):
            return _payload(_HIDDEN)
        return _payload(_payload_of(flag))


def _payload(found: Any) -> Response:
    return Response(200, to_json(found), (JSON_TYPE, NO_STORE))


def _flag(publication: Publication, name: str) -> Mapping[str, Any] | None:
    """Return the flag with an id, if the name is a number, or else with a key."""
    found = publication.documents_by_name
    if name.isascii() and name.isdigit() and len(name) <= _LONGEST_ID:
        by_id = found.get(int(name))
        if by_id is not None:
            return by_id
    return found.get(name)


def _payload_of(flag: Mapping[str, Any]) -> Any:
    filters = flag.get("filters")
    payloads = filters.get("payloads") if isinstance(filters, Mapping) else None
    return payloads.get("true") if isinstance(payloads, Mapping) else None
