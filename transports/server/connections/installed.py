"""Whether the installed uvicorn and httptools have what this server uses of them, some of it undocumented.

Asked when the server is imported, so that it does not start without what it would lack in the middle of a request.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from importlib import import_module
from inspect import signature
from typing import Any, Final

from flagengine import extra_for

with extra_for("flagengine serve"):
    import httptools
    import uvicorn

__all__ = ["LEAST", "check_installed"]

LEAST: Final = {"uvicorn": (0, 46), "httptools": (0, 6, 3)}
"""By package, the oldest release that will do; pyproject.toml has the same."""

_HTTP: Final = "uvicorn.protocols.http"
_OF_SERVERS: Final = ("capture_signals", "handle_exit", "serve", "shutdown", "startup")
_OF_CONNECTIONS: Final = (
    *("client", "connections", "cycle", "expect_100_continue", "flow", "headers", "loop", "parser"),
    *("pipeline", "server_state", "transport", "connection_lost", "connection_made"),
    *("on_headers_complete", "on_message_begin", "on_response_complete", "on_url"),
    *("pause_writing", "resume_writing", "shutdown", "_start_asgi_task"),
)
_OF_REQUESTS: Final = (
    *("body", "disconnected", "keep_alive", "message_event", "more_body", "response_complete"),
    *("response_started", "transport"),
)
_OF_FLOWS: Final = ("pause_reading", "resume_reading")
_OF_PARSERS: Final = (
    *("feed_data", "get_http_version", "get_method", "set_dangerous_leniencies"),
    *("should_keep_alive", "should_upgrade"),
)


def check_installed() -> None:
    """Do nothing if the installed packages will do.

    Raises:
        ImportError: one is too old, or lacks something; the message says what to install.
    """
    for package in (uvicorn, httptools):
        name, least = package.__name__, LEAST[package.__name__]
        if _numbers(package.__version__) < least:
            wanted = ".".join(map(str, least))
            msg = (
                f"flagengine serve needs {name} {wanted} or newer, got {package.__version__}: "
                "pip install --upgrade 'flagengine[server]'"
            )
            raise ImportError(msg, name=name)
    for package, find in ((httptools, _lacks_of_httptools), (uvicorn, _lacks_of_uvicorn)):
        name = package.__name__
        for lacking in find():
            msg = (
                f"flagengine serve uses {lacking} of {name}, which {name} {package.__version__} does not have: "
                f"install a newer flagengine, or an older {name}"
            )
            raise ImportError(msg, name=name)


def _lacks_of_httptools() -> Iterator[str]:
    yield from _missing("httptools", httptools, ("HttpParserError", "HttpParserUpgrade"))
    parser = getattr(httptools, "HttpRequestParser", None)
    yield from _missing("HttpRequestParser", parser, _OF_PARSERS)


def _lacks_of_uvicorn() -> Iterator[str]:
    yield from _missing("Server", uvicorn.Server, _OF_SERVERS)
    what = "its modules"
    try:
        flows = import_module(f"{_HTTP}.flow_control")
        connection_class = import_module(f"{_HTTP}.httptools_impl").HttpToolsProtocol
        request_class = import_module(f"{_HTTP}.httptools_impl").RequestResponseCycle
        state = import_module("uvicorn.server").ServerState()
        what = "Config"
        config = uvicorn.Config(_nothing, http=connection_class, ws="none", log_config=None)
        what = "HttpToolsProtocol"
        # The constructors do nothing with the event loop and with what a request is made of.
        connection = connection_class(config, state, {}, _loop=object())
        what = "RequestResponseCycle"
        request = request_class(**dict.fromkeys(signature(request_class).parameters))
    except Exception as error:  # noqa: BLE001 - whatever it is, the server could not begin
        yield f"{what} as it was ({error})"
        return
    yield from _missing("flow_control", flows, ("HIGH_WATER_LIMIT", "FlowControl"))
    yield from _missing("FlowControl", getattr(flows, "FlowControl", None), _OF_FLOWS)
    yield from _missing("ServerState", state, ("default_headers", "total_requests"))
    yield from _missing("HttpToolsProtocol", connection, _OF_CONNECTIONS)
    yield from _missing("RequestResponseCycle", request, _OF_REQUESTS)
    if not isinstance(request.body, bytearray):
        yield "RequestResponseCycle.body as a bytearray"


def _missing(name: str, found: Any, attributes: Iterable[str]) -> Iterator[str]:
    return (f"{name}.{each}" for each in attributes if not hasattr(found, each))


async def _nothing(_scope: Any, _receive: Any, _send: Any) -> None:
    """Be an application that nobody asks."""


def _numbers(version: str) -> tuple[int, ...]:
    """Return the first numbers of a version; what is no number counts as 0, as in ``0.60.dev1``."""
    return tuple(int(part) if part.isdecimal() else 0 for part in version.split(".")[:3])
