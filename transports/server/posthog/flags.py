"""``/flags`` and ``/decide``: the flags of a person."""

from __future__ import annotations

from collections.abc import Awaitable, Collection, Iterator
from functools import partial
from time import time
from typing import Final, NamedTuple
from uuid import UUID, uuid4

from flagengine import Resolution, Snapshot

from ..publication import Publication
from ..server import Server
from ..upstream import Upstream, has_gaps
from ..web.body import sent_json, undecodable
from ..web.remembering import remembering
from ..web.request import Request, parsed_query
from ..web.response import JSON_TYPE, NO_STORE, Response
from . import errors
from .access import asked_project
from .browser_config import CONFIG_MEMBERS
from .call import FlagsCall, flags_call, token_of
from .shapes import Shape, shape_of

__all__ = ["FlagsEndpoint"]

_NOTHING: Final = Publication(Snapshot.parse({"flags": []}))
_NO_FLAGS: Final[tuple[Resolution, ...]] = ()
_TRUE: Final = frozenset({"1", "true", "yes", "on"})
_FALSE: Final = frozenset({"0", "false", "no", "off"})
_LAST_DIGITS: Final = tuple(f"{number:02x}" for number in range(256))


class _Form(NamedTuple):
    """What a query asks for: a shape, the configuration, and the flags of surveys alone."""

    shape: Shape
    has_config: bool
    surveys_only: bool


def _form(query_string: bytes, *, is_decide: bool) -> _Form:
    query = parsed_query(query_string)
    version, config = query.get("v") or query.get("version") or None, query.get("config")
    shape = shape_of(is_decide=is_decide, version=version, asks_for_config=bool(config))
    has_config = is_decide or (version is None and config is None)
    if config:
        has_config = has_config or config.lower() not in _FALSE
    surveys = query.get("only_evaluate_survey_feature_flags", "").lower()
    return _Form(shape, has_config, surveys in _TRUE)


_of_flags = remembering(partial(_form, is_decide=False))
_of_decide = remembering(partial(_form, is_decide=True))


class FlagsEndpoint:
    """The endpoint, for both paths."""

    def __init__(self, server: Server) -> None:
        self._projects = server.projects
        self._upstreams = server.upstreams
        self._overrides_of = server.overrides_of
        self._limit = server.settings.max_body

    def flags(self, request: Request) -> Response | Awaitable[Response]:
        """Answer ``/flags``."""
        return self._answer(request, _of_flags(request.query_string))

    def decide(self, request: Request) -> Response | Awaitable[Response]:
        """Answer ``/decide``, the older path, which always has the configuration."""
        return self._answer(request, _of_decide(request.query_string))

    def _answer(self, request: Request, form: _Form) -> Response | Awaitable[Response]:
        shape, has_config, surveys_only = form
        if request.method != "POST":
            return _empty(request, shape)
        body = sent_json(request, limit=self._limit)
        if not isinstance(body, dict):
            raise undecodable("invalid JSON")
        project = asked_project(self._projects, token_of(body))
        call = flags_call(request, body)
        publication = project.publication
        if publication is None:
            raise errors.not_loaded()
        tail = _tail(request, publication, has_config=has_config)
        asked = _Asked(request, call, publication, shape, tail, project.age_header)
        if call.is_disabled:
            return asked.answer(_NO_FLAGS)
        options = call.options_for(publication, surveys_only=surveys_only)
        found = project.evaluate(
            publication,
            call.distinct_id,
            call.person_properties,
            options,
            self._overrides_of(request),
        )
        upstream = self._upstreams.get(project.name)
        if upstream is not None and has_gaps(found):
            return _completed(upstream, asked, found)
        return asked.answer(found)


class _Asked(NamedTuple):
    """A call with all that its answer needs besides the flags."""

    request: Request
    call: FlagsCall
    publication: Publication
    shape: Shape
    tail: bytes
    age: tuple[bytes, bytes]

    def answer(self, found: Collection[Resolution]) -> Response:
        """Return the answer with these flags."""
        body = self.shape.body(self.publication, found, self.tail)
        return Response(200, body, (JSON_TYPE, NO_STORE, self.age))


async def _completed(upstream: Upstream, asked: _Asked, found: Collection[Resolution]) -> Response:
    """Return the answer with the flags that only the server upstream decides."""
    client = asked.request.client
    return asked.answer(await upstream.completed(found, asked.publication, asked.call.body, client))


def _empty(request: Request, shape: Shape) -> Response:
    """Return the answer to GET: no flags, because a GET is a probe or a browser that fetches ahead."""
    tail = _tail(request, _NOTHING, has_config=True)
    return Response(200, shape.body(_NOTHING, _NO_FLAGS, tail), (JSON_TYPE, NO_STORE))


def _tail(request: Request, publication: Publication, *, has_config: bool) -> bytes:
    tail = f'"requestId":"{_request_id(request)}","evaluatedAt":{int(time() * 1000)}'.encode()
    if publication.snapshot.minimal_flag_called_events:
        tail += b',"minimalFlagCalledEvents":true'
    return b"%b,%b}" % (tail, CONFIG_MEMBERS) if has_config else tail + b"}"


def _request_id(request: Request) -> str:
    given = request.header(b"x-request-id")
    if given:
        try:
            return str(UUID(given))
        except ValueError:
            pass
    return next(_ids)


def _new_ids() -> Iterator[str]:
    """Yield UUIDs, most of which differ from the one before in their last digits: they need not be hard to guess."""
    while True:
        text = str(uuid4())[:-2]
        for end in _LAST_DIGITS:
            yield text + end


_ids: Final = _new_ids()
