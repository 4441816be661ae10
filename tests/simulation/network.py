"""The simulated network: a transport that carries requests to the server, or fails in every way."""

import json
from dataclasses import dataclass, field
from email.utils import formatdate

from flagengine.transports.errors import (
    ConnectError,
    ConnectionLostError,
    InvalidResponseError,
    RequestError,
    RequestTimeoutError,
)
from flagengine.transports.http.base import Request, Response
from flagengine.transports.http.redirects import following

from .outside import Outside
from .server import (
    BATCH_PATHS,
    DEFINITIONS_PATH,
    FLAGS_PATH,
    V1_PATH,
    Server,
    body_of,
    path_of,
    uuids_of,
)
from .violations import Killed

MAX_REDIRECTS = 5
_RETRIED = frozenset({408, 429})
FAULTS = (
    "refused", "reset before", "reset after", "hang before", "hang after", "slow", "status", "busy",
    "taken, then 500", "half an answer", "garbage", "redirect", "circle", "partial",
)  # fmt: skip
_STATUSES = {
    "status": (400, 401, 402, 403, 404, 408, 429, 500, 502, 503, 504),
    "busy": (429, 503),
    "bad key": (401, 402),
}
GARBAGE = (b"", b"<html>", b"[1]", b"null", b"\xff{", b"{}")
# What servers write into Retry-After, and nonsense, with the seconds that it means.
PAUSES = (
    ("0", 0.0), ("1", 1.0), ("3", 3.0), ("7.5", 7.5), ("29", 29.0), ("120", 120.0), ("-4", 0.0),
    ("soon", 0.0), ("inf", 0.0), ("nan", 0.0), ("in 20 s", 19.0), ("a day ago", 0.0),
)  # fmt: skip
# The longest pause that the client grants for events.
_LONGEST_PAUSE = 30.0
_DATES = {"in 20 s": 20, "a day ago": -86400}


@dataclass
class Weather:
    """How the network behaves: each request has the fault with a probability, until a time."""

    faults: tuple[str, ...] = ()
    probability: float = 0.0
    until: float = 0.0


@dataclass(eq=False)
class Attempt:
    """A request with events, as the network saw it."""

    process: object
    path: str
    uuids: list[str]
    size: int
    started: float
    timeout: float
    number: int
    ended: float | None = None
    ended_turn: int = 0
    # What the client was told: "delivered", "partial", "retry", "split", "rejected"; empty while it
    # flies, and for a process that died meanwhile.
    answer: str = ""
    taken: set[str] = field(default_factory=set)
    again: set[str] = field(default_factory=set)
    refused: set[str] = field(default_factory=set)
    pause: float = 0.0
    # Whether the client knows what the server has taken.
    is_certain: bool = False


class Network(Outside):
    """The transport of all clients."""

    def __init__(self, machine, server: Server) -> None:
        self._machine = machine
        self.server = server
        self.weather = Weather()
        # What the last refusal said in Retry-After.
        self._pause = 0.0
        self.count = 0
        # Requests with flags or definitions that are on their way, for ``observers``.
        self.observer = None

    def request(self, request: Request, /) -> Response:
        """See ``Transport.request``; redirects are followed as ``LiveTransport`` does."""
        machine = self._machine
        self.count += 1
        number, path, process = self.count, path_of(request), machine.scheduler.current.process
        if process.is_dead:
            raise Killed
        attempt = None
        if path in BATCH_PATHS:
            uuids = uuids_of(body_of(request))
            attempt = Attempt(
                process,
                path,
                uuids,
                len(request.body),
                machine.scheduler.now,
                request.timeout,
                number,
            )
            self.observer.sent(attempt)
        elif path == DEFINITIONS_PATH:
            self.observer.asks_definitions(process, request.headers.get("If-None-Match"))
        elif path == FLAGS_PATH:
            self.observer.asks_flags(process, number)
        began = machine.scheduler.now
        machine.note("request", number, process.pid, path, attempt and len(attempt.uuids))
        try:
            response = self._carry(request, path, attempt)
        except RequestError as error:
            machine.note("failed", number, type(error).__name__)
            self._conclude(attempt, None, error)
            self._tell(process, path, number, began, None, error)
            raise
        machine.note("answered", number, response.status)
        self._conclude(attempt, response, None)
        self._tell(process, path, number, began, response, None)
        return response

    def _tell(self, process, path: str, number: int, began: float, response, error) -> None:
        """Tell the observer of the answer to a request without events."""
        pause = self._pause if response is not None and response.header("retry-after") else 0.0
        if path == DEFINITIONS_PATH:
            self.observer.flags.answered(process, response, pause)
        elif path == FLAGS_PATH:
            self.observer.breaker.answered(process, number, began, _failure(response, error), pause)

    def _carry(self, request: Request, path: str, attempt: Attempt | None) -> Response:
        deadline = self._machine.scheduler.now + request.timeout
        for _ in range(MAX_REDIRECTS + 1):
            response = self._once(request, path, attempt, deadline)
            redirected = following(request, response)
            if redirected is None:
                return response
            request = redirected
        raise InvalidResponseError("too many redirects", status=response.status)

    def _once(
        self, request: Request, path: str, attempt: Attempt | None, deadline: float
    ) -> Response:
        draws, fault = self._machine.scheduler.draws, self._draw_fault()
        self._travel(draws.uniform(0.001, 0.2), deadline, request)
        self._fail_early(fault, request, deadline)
        response = self._refuse(fault, request, path, attempt)
        if response is not None:
            return response
        response = self._answer(request, path, attempt)
        self._fail_late(fault, request, response, deadline)
        if fault == "taken, then 500":
            return Response(500, {}, b"oops")
        if fault == "garbage":
            return Response(response.status, {}, draws.pick(GARBAGE))
        if draws.chance(0.5):
            self._travel(draws.uniform(0.001, 0.1), deadline, request)
        return response

    def _draw_fault(self) -> str:
        weather, draws = self.weather, self._machine.scheduler.draws
        is_bad = weather.faults and self._machine.scheduler.now < weather.until
        return draws.pick(weather.faults) if is_bad and draws.chance(weather.probability) else ""

    def _fail_early(self, fault: str, request: Request, deadline: float) -> None:
        """Fail before the server gets the request."""
        match fault:
            case "refused":
                raise ConnectError("refused")
            case "reset before":
                raise ConnectionLostError("reset")
            case "hang before":
                self._hang(deadline, request)
            case "slow":
                longest = request.timeout * 1.2
                self._travel(self._machine.scheduler.draws.uniform(0.0, longest), deadline, request)

    def _refuse(
        self, fault: str, request: Request, path: str, attempt: Attempt | None
    ) -> Response | None:
        """Return an answer in which the server takes nothing, or a part."""
        draws = self._machine.scheduler.draws
        match fault:
            case "status" | "busy" | "bad key" if path == DEFINITIONS_PATH or fault != "bad key":
                status = draws.pick(_STATUSES[fault])
                return self._refusal(attempt, status, pause=fault == "busy")
            case "redirect" if "/moved/" not in request.url:
                return Response(307, {"Location": "http://elsewhere/moved" + _rest(request)})
            case "circle":
                return Response(308, {"Location": request.url})
            case "partial" if path == V1_PATH:
                return self._part(attempt)
        return None

    def _fail_late(self, fault: str, request: Request, response: Response, deadline: float) -> None:
        """Fail after the server has answered."""
        match fault:
            case "reset after":
                raise ConnectionLostError("reset")
            case "hang after":
                self._hang(deadline, request)
            case "half an answer":
                raise InvalidResponseError("cannot decode", status=response.status)

    def _travel(self, seconds: float, deadline: float, request: Request) -> None:
        left = deadline - self._machine.scheduler.now
        if seconds >= left:
            self._hang(deadline, request)
        self._machine.scheduler.block("the network", seconds)
        if self._machine.scheduler.now > deadline:
            raise RequestTimeoutError("late")

    def _hang(self, deadline: float, request: Request) -> None:
        self._machine.scheduler.block("the network", deadline - self._machine.scheduler.now)
        raise RequestTimeoutError(f"no response within {request.timeout:g} s")

    def _answer(self, request: Request, path: str, attempt: Attempt | None) -> Response:
        if path == DEFINITIONS_PATH:
            return self.server.definitions(request.headers.get("If-None-Match"))
        if path == FLAGS_PATH:
            return self.server.flags(body_of(request))
        if attempt is None:
            return Response(404)
        if self.server.most_events and len(attempt.uuids) > self.server.most_events:
            return Response(413)
        self._take(attempt, attempt.uuids)
        return Response(200, {}, b'{"status": 1}')

    def _take(self, attempt: Attempt, uuids: list[str]) -> None:
        attempt.taken.update(uuids)
        self.server.take(uuids)
        self.observer.taken(attempt, uuids)

    def _refusal(self, attempt: Attempt | None, status: int, *, pause: bool = False) -> Response:
        draws = self._machine.scheduler.draws
        if not pause and not (status in (429, 503) and draws.chance(0.5)):
            return Response(status, {}, b"no")
        value, seconds = draws.pick(PAUSES)
        if value in _DATES:
            value = formatdate(self._machine.clock.wall() + _DATES[value], usegmt=True)
        if attempt is not None:
            attempt.pause = min(seconds, _LONGEST_PAUSE)
        self._pause = seconds
        return Response(status, {"Retry-After": value}, b"no")

    def _part(self, attempt: Attempt) -> Response:
        """Take a part of a batch of capture v1."""
        draws = self._machine.scheduler.draws
        results = {
            uuid: draws.pick(("ok", "ok", "retry", "drop", "limited")) for uuid in attempt.uuids
        }
        attempt.again = {uuid for uuid, result in results.items() if result == "retry"}
        attempt.refused = {
            uuid for uuid, result in results.items() if result in ("drop", "limited")
        }
        self._take(attempt, [uuid for uuid in attempt.uuids if results[uuid] == "ok"])
        headers = {"Retry-After": "2"} if draws.chance(0.3) else {}
        attempt.pause = 2.0 if headers else 0.0
        body = {"results": {uuid: {"result": result} for uuid, result in results.items()}}
        return Response(200, headers, json.dumps(body).encode())

    def _conclude(
        self, attempt: Attempt | None, response: Response | None, error: RequestError | None
    ) -> None:
        """Note what the client was told, in the words of PostHog's specification."""
        if attempt is None:
            return
        attempt.ended = self._machine.scheduler.now
        status = response.status if response is not None else getattr(error, "status", 0)
        if 200 <= status < 300:
            attempt.answer = "partial" if attempt.again or attempt.refused else "delivered"
            attempt.is_certain = (
                attempt.taken == set(attempt.uuids) - attempt.again - attempt.refused
            )
        elif status == 413:
            attempt.answer, attempt.is_certain = "split", True
        elif not status or status in _RETRIED or status >= 500:
            attempt.answer, attempt.is_certain = "retry", not attempt.taken
        else:
            attempt.answer, attempt.is_certain = "rejected", not attempt.taken
        self.observer.concluded(attempt)


def _failure(response: Response | None, error: RequestError | None) -> str:
    """Return whether the server failed, in the words of ``BreakerRules``."""
    if response is not None:
        return "failure" if response.status in _RETRIED or response.status >= 500 else ""
    if isinstance(error, InvalidResponseError):
        return ""
    return "timeout" if isinstance(error, RequestTimeoutError) else "failure"


def _rest(request: Request) -> str:
    return "/" + request.url.split("://", 1)[-1].partition("/")[2]
