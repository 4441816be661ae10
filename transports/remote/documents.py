"""Two single requests for stored documents: a remote config payload, and the list of surveys.

Both raise what the network or the server did wrong, from the tree in ``errors.py``; their caller
decides who hears of it. Neither is tried again.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from urllib.parse import quote

from ..errors import InvalidResponseError, StatusError
from ..http.base import Request, Response, Transport
from ..http.redaction import clean_header_value
from ..json_text import read_json
from .flag_record import parse_payload

__all__ = ["fetch_remote_config", "fetch_surveys"]

DEFAULT_TIMEOUT = 10.0


def fetch_remote_config(
    transport: Transport,
    flag_key: str,
    *,
    host: str,
    project_key: str,
    secret_key: str,
    timeout: float = DEFAULT_TIMEOUT,
    headers: Mapping[str, str] | None = None,
) -> Any:
    """Return the payload of a remote config flag, decoded.

    Raises:
        RequestError, StatusError: there is none to return.
    """
    path = f"/api/projects/@current/feature_flags/{quote(flag_key, safe='')}/remote_config"
    request = Request(
        "GET",
        _url(host, path, project_key),
        {**(headers or {}), "Authorization": f"Bearer {clean_header_value(secret_key)}"},
        timeout=timeout,
    )
    # The answer is JSON; when it is a text, that is often JSON once more.
    return parse_payload(_json(transport.request(request)))


def fetch_surveys(
    transport: Transport,
    *,
    host: str,
    project_key: str,
    timeout: float = DEFAULT_TIMEOUT,
    headers: Mapping[str, str] | None = None,
) -> list[dict[str, Any]]:
    """Return the project's surveys; what is no survey in the answer is left out.

    Raises:
        RequestError, StatusError: there are none to return.
    """
    url = _url(host, "/api/surveys/", project_key)
    answer = _json(transport.request(Request("GET", url, dict(headers or {}), timeout=timeout)))
    found = answer.get("surveys") if isinstance(answer, dict) else None
    surveys = found if isinstance(found, list) else []
    return [survey for survey in surveys if isinstance(survey, dict)]


def _url(host: str, path: str, project_key: str) -> str:
    return f"{host.rstrip('/')}{path}?token={quote(project_key, safe='')}"


def _json(response: Response) -> Any:
    if not response.is_success:
        raise StatusError(response.status)
    try:
        return read_json(response.body)
    except ValueError:
        raise InvalidResponseError("expected JSON", status=response.status) from None
