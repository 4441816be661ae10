"""``/ofrep/v1/evaluate/flags``: one flag for a provider of a server, all flags for a provider of a browser."""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable, Collection, Iterator
from contextlib import contextmanager
from typing import NamedTuple

from mmh3 import mmh3_x64_128_digest as digest

from flagengine import Overrides, Resolution

from ...application_errors import log_error
from ..fragments import enclosed
from ..outcomes import is_absent, is_undecided
from ..project import Project
from ..server import Server
from ..upstream import Upstream, has_gaps
from ..web.etags import is_named
from ..web.request import Request
from ..web.response import JSON_TYPE, NO_STORE, REVALIDATED, Refused, Response, json_response
from . import errors
from .access import asked_project
from .context import Asked, asked_of
from .items import FlagItems, failure_of
from .revisions import Revisions
from .streams import streams_of

__all__ = ["EvaluationEndpoints"]

_log = logging.getLogger("flagengine.server")

Found = Collection[Resolution]
Answer = Response | Awaitable[Response]
Concluded = Callable[["_Request", Found], Response]


class _Request(NamedTuple):
    """A request with all that its answer needs besides the flags."""

    request: Request
    project: Project
    items: FlagItems
    asked: Asked
    key: str | None


class EvaluationEndpoints:
    """Both endpoints.

    Args:
        server: the server.
        revisions: the names of the states of definitions.
    """

    def __init__(self, server: Server, revisions: Revisions) -> None:
        self._projects = server.projects
        self._upstreams = server.upstreams
        self._overrides_of = server.overrides_of
        self._limit = server.settings.max_body
        self._revisions = revisions

    def one(self, request: Request) -> Answer:
        """Answer with the flag of the path."""
        return self._guarded(request, request.arguments[0], _one)

    def all(self, request: Request) -> Answer:
        """Answer with all flags, or that they are those that the caller has."""
        return self._guarded(request, None, self._all)

    def _guarded(self, request: Request, key: str | None, conclude: Concluded) -> Answer:
        with _failures_told(key):
            answer = self._answer(request, key, conclude)
        return answer if isinstance(answer, Response) else _guarded_later(answer, key)

    def _answer(self, request: Request, key: str | None, conclude: Concluded) -> Answer:
        project = asked_project(self._projects, request)
        asked = asked_of(request, limit=self._limit, key=key)
        publication = project.publication
        if publication is None:
            raise errors.not_loaded(key)
        overrides = self._overrides(request, key)
        options = asked.options_for(publication)
        if key is not None:
            options = {**options, "flag_keys": [key]}
        found = project.evaluate(
            publication, asked.distinct_id, asked.properties, options, overrides
        )
        items = self._revisions.items_of(project, publication)
        whole = _Request(request, project, items, asked, key)
        upstream = self._upstreams.get(project.name)
        is_of_somebody = asked.distinct_id is not None
        if upstream is not None and is_of_somebody and has_gaps(found):
            return _completed(upstream, whole, found, conclude)
        return conclude(whole, found)

    def _overrides(self, request: Request, key: str | None) -> Overrides | None:
        try:
            return self._overrides_of(request)
        except Refused as refused:
            details = refused.response.body.decode()
            raise errors.refusal(400, errors.Code.GENERAL, details, key) from None

    def _all(self, whole: _Request, found: Found) -> Response:
        request, project, items = whole.request, whole.project, whole.items
        pieces, _ = items.fragments.pieces(found)
        streams = streams_of(project.settings.project_key, request.prefix)
        body = b",".join((*enclosed(b'{"flags":[', pieces, b"]"), streams + b"}"))
        etag = digest(body).hex()
        headers = ((b"etag", b'"%b"' % etag.encode()), REVALIDATED, project.age_header)
        if is_named(request.header(b"if-none-match"), etag) and not self._is_other(
            request, project
        ):
            return Response(304, b"", headers)
        return Response(200, body, (JSON_TYPE, *headers))

    def _is_other(self, request: Request, project: Project) -> bool:
        """Return whether an event told the caller of definitions other than those in use here."""
        wanted = request.query.get("flagConfigEtag")
        return bool(wanted) and wanted != self._revisions.of(project)


@contextmanager
def _failures_told(key: str | None) -> Iterator[None]:
    """Make an error that providers read of whatever goes wrong."""
    try:
        yield
    except Refused:
        raise
    except Exception:  # noqa: BLE001 - whatever it is, the log has it
        log_error(_log, "evaluating flags failed unexpectedly")
        raise errors.failed(key) from None


async def _guarded_later(answer: Awaitable[Response], key: str | None) -> Response:
    with _failures_told(key):
        return await answer


def _one(whole: _Request, found: Found) -> Response:
    resolution, key = next(iter(found)), whole.key or ""
    if is_absent(resolution) or key in whole.items.publication.hidden:
        raise errors.not_found(key)
    headers = NO_STORE, whole.project.age_header
    if is_undecided(resolution):
        return json_response(failure_of(resolution), 400, headers)
    body, _ = whole.items.fragments.joined((resolution,))
    return Response(200, body, (JSON_TYPE, *headers))


async def _completed(
    upstream: Upstream, whole: _Request, found: Found, conclude: Concluded
) -> Response:
    """Return the answer with the flags that only the server upstream decides."""
    body = whole.asked.posthog_body(is_of_person=whole.key is None)
    client = whole.request.client
    return conclude(whole, await upstream.completed(found, whole.items.publication, body, client))
