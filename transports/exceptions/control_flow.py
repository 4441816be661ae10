"""Which exceptions are failures: the one table that all automatic capture asks.

An exception that only steers a program is no failure: a task that asks for a retry, a view that
answers 404, a cancelled task, the end of an iterator. Classes are named as the application imports
them, so no framework is imported here; subclasses count. ``capture_exception`` itself does not ask:
it captures whatever it is given.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from enum import Enum
from types import MappingProxyType
from typing import Final, TypeAlias

from .request_exceptions import comes_from_server, status_of
from .safe_attributes import group_members, is_a, module_name, qualified_name

__all__ = [
    "CONTROL_FLOW",
    "DEFAULT_POLICY",
    "ExceptionClass",
    "Place",
    "ReportingPolicy",
    "names_of",
]

ExceptionClass: TypeAlias = type[BaseException] | str
"""An exception class, or its name: ``django.http.Http404``, or ``Http404`` alone."""


class Place(Enum):
    """The place at which an exception arrives."""

    BLOCK = "a block or a function of the application, such as `with client.context()`"
    REQUEST = "the end of a request"
    ANSWERED = "a framework that has already decided to answer 500"
    TASK = "the end of a background task"
    PROCESS = "the interpreter's hook for uncaught exceptions"
    LOG = "a logger"


def _always(_error: BaseException, _place: Place) -> bool:
    return True


def _ends_program(error: BaseException, place: Place) -> bool:
    """Return whether an exit is intended: elsewhere than at work for others, or with status 0."""
    if place not in (Place.REQUEST, Place.TASK):
        return True
    return vars(SystemExit)["code"].__get__(error) in (None, 0)


def _ends_iteration(_error: BaseException, place: Place) -> bool:
    return place is Place.BLOCK


def _answers_below_500(error: BaseException, _place: Place) -> bool:
    status = status_of(error)
    return status is not None and status < 500


def _leaves_request(error: BaseException, place: Place) -> bool:
    return place is Place.REQUEST and comes_from_server(error)


_Rule = Callable[[BaseException, Place], bool]

CONTROL_FLOW: Final[Mapping[_Rule, tuple[str, ...]]] = MappingProxyType(
    {
        # In this order: Python, event loops, tests, command lines, tasks, workflows, web.
        _always: (
            "KeyboardInterrupt",
            "GeneratorExit",
            "bdb.BdbQuit",
            "asyncio.CancelledError",
            "concurrent.futures.CancelledError",
            "trio.Cancelled",
            "curio.CancelledError",
            "greenlet.GreenletExit",
            "unittest.SkipTest",
            "_pytest.outcomes.OutcomeException",
            "_pytest.outcomes.Exit",
            "click.exceptions.Exit",
            "click.exceptions.Abort",
            "click.exceptions.UsageError",
            "celery.exceptions.TaskPredicate",
            "celery.exceptions.Retry",
            "celery.exceptions.Ignore",
            "celery.exceptions.Reject",
            "celery.exceptions.WorkerShutdown",
            "celery.exceptions.WorkerTerminate",
            "dramatiq.errors.Retry",
            "dramatiq.errors.RateLimitExceeded",
            "dramatiq.middleware.SkipMessage",
            "dramatiq.middleware.Shutdown",
            "huey.exceptions.CancelExecution",
            "huey.exceptions.RetryTask",
            "rq.exceptions.StopRequested",
            "rq.worker.StopRequested",
            "arq.worker.Retry",
            "arq.worker.RetryJob",
            "tenacity.TryAgain",
            "airflow.exceptions.AirflowSkipException",
            "airflow.exceptions.AirflowRescheduleException",
            "airflow.exceptions.DownstreamTasksSkipped",
            "airflow.exceptions.TaskDeferred",
            "airflow.sdk.exceptions.AirflowSkipException",
            "airflow.sdk.exceptions.AirflowRescheduleException",
            "airflow.sdk.exceptions.TaskDeferred",
            "prefect.exceptions.PrefectSignal",
            "scrapy.exceptions.CloseSpider",
            "scrapy.exceptions.DropItem",
            "scrapy.exceptions.IgnoreRequest",
            "streamlit.runtime.StopException",
            "streamlit.runtime.RerunException",
            "django.http.Http404",
            "django.core.exceptions.PermissionDenied",
            "django.core.exceptions.SuspiciousOperation",
            "django.core.exceptions.BadRequest",
            "django.core.exceptions.RequestAborted",
            "django.http.UnreadablePostError",
            "django.http.multipartparser.MultiPartParserError",
            "fastapi.exceptions.RequestValidationError",
            "fastapi.exceptions.WebSocketRequestValidationError",
            "starlette.exceptions.WebSocketException",
            "starlette.requests.ClientDisconnect",
            "starlette.websockets.WebSocketDisconnect",
            "websockets.exceptions.ConnectionClosedOK",
            "uvicorn.protocols.utils.ClientDisconnected",
            "gunicorn.http.errors.NoMoreData",
            "falcon.HTTPStatus",
            "tornado.web.Finish",
            "tornado.iostream.StreamClosedError",
            "tornado.websocket.WebSocketClosedError",
            "cherrypy.HTTPRedirect",
        ),
        _answers_below_500: (
            "werkzeug.exceptions.HTTPException",
            "starlette.exceptions.HTTPException",
            "fastapi.exceptions.HTTPException",
            "aiohttp.web_exceptions.HTTPException",
            "tornado.web.HTTPError",
            "rest_framework.exceptions.APIException",
            "ninja.errors.HttpError",
            "litestar.exceptions.HTTPException",
            "sanic.exceptions.SanicException",
            "falcon.HTTPError",
            "bottle.HTTPResponse",
            "webob.exc.HTTPException",
            "pyramid.httpexceptions.HTTPException",
            "cherrypy.HTTPError",
            "blacksheep.exceptions.HTTPException",
        ),
        _leaves_request: ("OSError",),
        _ends_program: ("SystemExit",),
        _ends_iteration: ("StopIteration", "StopAsyncIteration"),
    }
)
"""The exceptions that are no failures: by each rule, the classes that it applies to."""


@dataclass(frozen=True, slots=True)
class ReportingPolicy:
    """The table, and the changes of an application, which are asked first.

    If several classes of an exception are listed, the one nearest to the exception's own decides.

    Attributes:
        ignored: classes whose exceptions are never reported.
        reported: classes whose exceptions are reported in spite of the table.

    >>> DEFAULT_POLICY.reports(ValueError()), DEFAULT_POLICY.reports(KeyboardInterrupt())
    (True, False)
    >>> ReportingPolicy(ignored=("LookupError",)).reports(KeyError("a"))
    False
    """

    ignored: tuple[str, ...] = ()
    reported: tuple[str, ...] = ()

    def reports(self, error: object, place: Place = Place.BLOCK) -> bool:
        """Return whether automatic capture reports ``error``; a group if it reports a member."""
        if not is_a(error, BaseException):
            return True
        if is_a(error, BaseExceptionGroup):
            return self._reports_group(error, place)
        return self._reports_single(error, place)

    def _reports_group(self, group: BaseExceptionGroup[BaseException], place: Place) -> bool:
        """Return whether there is a failure among the leaves; a group may be arbitrarily deep."""
        waiting: list[BaseException] = [group]
        while waiting:
            error = waiting.pop()
            if is_a(error, BaseExceptionGroup):
                waiting.extend(group_members(error))
            elif self._reports_single(error, place):
                return True
        return False

    def _reports_single(self, error: BaseException, place: Place) -> bool:
        classes = list(_classes(type(error)))
        for module, name in classes if self.reported or self.ignored else ():
            if _is_among(module, name, self.reported):
                return True
            if _is_among(module, name, self.ignored):
                return False
        if place is Place.ANSWERED:
            return True
        rules = (rule for cls in classes if (rule := _rule(*cls)) is not None)
        return not any(rule(error, place) for rule in rules)


DEFAULT_POLICY: Final = ReportingPolicy()


def names_of(option: str, given: object) -> tuple[str, ...]:
    """Return the classes of an option by their names.

    Raises:
        TypeError: an item is neither an exception class nor text.
    """
    single = isinstance(given, str | type)
    if not single and not isinstance(given, Iterable):
        msg = f"{option} must be a list of exception classes or their names, got {given!r}"
        raise TypeError(msg)
    items: Iterable[object] = (given,) if single else given  # type: ignore[assignment]
    return tuple(_name_of(option, item) for item in items)


def _name_of(option: str, item: object) -> str:
    if isinstance(item, str) and item.strip():
        return item.strip()
    if isinstance(item, type) and issubclass(item, BaseException):
        return f"{item.__module__}.{item.__qualname__}"
    msg = f"{option} must have exception classes or their names, got {item!r}"
    raise TypeError(msg)


def _classes(kind: type) -> Iterator[tuple[str, str]]:
    """Yield module and name of a class and of its bases, the nearest first."""
    for cls in vars(type)["__mro__"].__get__(kind):
        yield module_name(cls) or "builtins", qualified_name(cls)


def _is_among(module: str, name: str, given: Iterable[str]) -> bool:
    return any(text == name or _is_named(module, name, text) for text in given)


def _is_named(module: str, name: str, text: str) -> bool:
    """Return whether ``text`` names the class, in its module or in a package that exports it."""
    if not text.endswith(f".{name}"):
        return False
    package = text.removesuffix(f".{name}")
    return f"{module}.".startswith(f"{package}.")


def _rule(module: str, name: str) -> _Rule | None:
    found = (rule for text, rule in _BY_NAME.get(name, ()) if _is_named(module, name, text))
    return next(found, None)


def _by_name() -> Mapping[str, list[tuple[str, _Rule]]]:
    found: dict[str, list[tuple[str, _Rule]]] = {}
    for rule, texts in CONTROL_FLOW.items():
        for text in texts:
            full = text if "." in text else f"builtins.{text}"
            found.setdefault(full.rpartition(".")[2], []).append((full, rule))
    return found


_BY_NAME: Final = _by_name()
