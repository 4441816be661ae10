"""The flags that nothing here can decide, asked of the server upstream: one request for all who ask the same.

An answer is remembered for a bounded time, so that a page with many visitors of one kind does not become
as many requests. While upstream fails, requests pause; the flags then stay undecided.
"""

from __future__ import annotations

import asyncio
import hashlib
import logging
from collections.abc import Collection, Mapping, Sequence
from functools import partial
from operator import attrgetter
from typing import Any, Final, TypeAlias

from cachetools import TTLCache

from flagengine import Resolution

from ..application_errors import log_error
from ..clock import Clock, SystemClock
from ..daemon_threads import DaemonThreads
from ..flags.remote import RemoteFlags
from ..http.base import Transport
from ..http.hosts import base_url
from ..json_text import to_json
from ..request_guard import RequestGuard
from .outcomes import is_undecided
from .publication import Publication
from .settings import UpstreamSettings

__all__ = ["MOST_ASKED", "Upstream", "has_gaps"]

_log = logging.getLogger("flagengine.server")

Answers: TypeAlias = Mapping[str, Resolution]

_MOST_REMEMBERED: Final = 10_000
"""Of how many flags answers are remembered, those of all people together; each takes about 4 kB."""
_PAUSE: Final = 1.0
MOST_ASKED: Final = 256
"""How many different requests may wait for an answer; the flags of further ones stay undecided."""
_QUEUEING: Final = 1.0
"""For how many seconds a request may wait for a thread, besides its own time."""
_NOTHING: Final[Answers] = {}
_value: Final = attrgetter("value")
# What differs between two requests although their answers are the same.
_NO_MATTER: Final = frozenset(
    {"token", "api_key", "$token", "sent_at", "flag_keys", "flag_keys_to_evaluate", "timezone"}
)


def has_gaps(found: Collection[Resolution]) -> bool:
    """Return whether a flag has no value, so that a server upstream may know more. Quick, as most calls have none."""
    return None in map(_value, found)


class Upstream:
    """The flags of one project, as the server upstream decides them. Used by the event loop alone.

    Args:
        settings: where the server is.
        project_key: the project's key, which names the project there.
        transport: sends the requests.
        threads: wait for the answers.
        clock: the source of the time.
    """

    def __init__(
        self,
        settings: UpstreamSettings,
        *,
        project_key: str,
        transport: Transport,
        threads: DaemonThreads,
        clock: Clock | None = None,
    ) -> None:
        clock = clock or SystemClock()
        self._threads = threads
        self._project_key = project_key
        self._remote = RemoteFlags(
            transport,
            host=base_url(settings.host),
            project_key=project_key,
            timeout=settings.flags_timeout,
            max_retries=0,
            guard=RequestGuard("flag requests upstream", pause=_PAUSE, log=_log, clock=clock),
        )
        self._remembered: TTLCache[bytes, Answers] | None = None
        if settings.remember_flags:
            self._remembered = TTLCache(
                _MOST_REMEMBERED, settings.remember_flags, clock.monotonic, getsizeof=_flags_in
            )
        self._asked: dict[bytes, asyncio.Future[Answers]] = {}
        self._patience = settings.flags_timeout + _QUEUEING

    async def completed(
        self,
        found: Collection[Resolution],
        publication: Publication,
        body: Mapping[str, Any],
        client: str | None,
    ) -> Collection[Resolution]:
        """Return the answers of a publication, those of undecided flags from upstream if it has decided them.

        Only flags that SDKs may read are asked for. ``body`` and ``client`` are as for ``answers``.
        """
        hidden = publication.hidden
        keys = [each.key for each in found if is_undecided(each) and each.key not in hidden]
        if not keys:
            return found
        known = await self.answers(body, keys, client, publication.snapshot.fingerprint)
        return [known.get(each.key, each) if is_undecided(each) else each for each in found]

    async def answers(
        self, body: Mapping[str, Any], keys: Sequence[str], client: str | None, generation: object
    ) -> Answers:
        """Return the answers upstream for these keys; none for a flag that it has not decided either.

        ``body`` is that of the request to this server, ``client`` the address of its sender, and answers are
        remembered for one ``generation`` of the definitions.
        """
        asked = {name: value for name, value in body.items() if name not in _NO_MATTER}
        asked["flag_keys_to_evaluate"] = sorted(keys)
        place = None if asked.get("geoip_disable") is True else client
        seen = to_json([asked, str(generation), place])
        name = hashlib.blake2b(seen, digest_size=16).digest()
        known = None if self._remembered is None else self._remembered.get(name)
        if known is not None:
            return known
        waiting = self._asked.get(name)
        if waiting is None:
            if len(self._asked) >= MOST_ASKED or self._remote.paused() is not None:
                return _NOTHING
            waiting = asyncio.ensure_future(self._ask(name, asked, client))
            self._asked[name] = waiting
            waiting.add_done_callback(lambda _: self._asked.pop(name, None))
        # Shielded: if one of those who wait goes, the others still want the answer.
        try:
            async with asyncio.timeout(self._patience):
                return await asyncio.shield(waiting)
        except TimeoutError:
            return _NOTHING

    async def _ask(self, name: bytes, asked: Mapping[str, Any], client: str | None) -> Answers:
        body = {**asked, "token": self._project_key}
        headers = {} if client is None else {"X-Forwarded-For": client}
        try:
            asking = self._threads.submit(partial(self._remote.send, body, headers))
            outcome = await asyncio.wrap_future(asking)
        except Exception:  # noqa: BLE001 - the flags stay undecided, whatever it is
            log_error(_log, "asking the server upstream failed unexpectedly")
            return _NOTHING
        if outcome.response is None:
            return _NOTHING
        found = {key: answer.resolution for key, answer in outcome.response.flags.items()}
        if self._remembered is not None and _flags_in(found) <= _MOST_REMEMBERED:
            self._remembered[name] = found
        return found


def _flags_in(answers: Answers) -> int:
    return max(1, len(answers))
