"""What an exception says about its request: the status that it answers, and whether the client left.

Nothing here raises, whatever attributes an exception has.
"""

from __future__ import annotations

import sys
from types import TracebackType
from typing import Final

from .safe_attributes import instance_dict, traceback_of

__all__ = ["comes_from_server", "mark_as_servers", "origin_of", "status_of"]

_MARK: Final = "__flagengine_of_server__"
_STATUS_NAMES: Final = ("status_code", "code", "status", "status_int")
_SERVERS: Final = (
    "gunicorn",
    "uvicorn",
    "hypercorn",
    "daphne",
    "granian",
    "waitress",
    "cheroot",
    "gevent.pywsgi",
    "eventlet.wsgi",
    "werkzeug.serving",
    "wsgiref",
    "django.core.servers",
    "aiohttp.web_protocol",
    "aiohttp.http_writer",
    "tornado.http1connection",
)


def status_of(error: BaseException) -> int | None:
    """Return the HTTP status that the exception answers; None if it names none.

    >>> class Missing(Exception):
    ...     status = "404 Not Found"
    >>> status_of(Missing()), status_of(ValueError())
    (404, None)
    """
    for holder in (error, _attribute(error, "response")):
        for name in _STATUS_NAMES:
            status = _number(_attribute(holder, name))
            if status is not None:
                return status
    return None


def comes_from_server(error: BaseException) -> bool:
    """Return whether the server itself raised the exception, because its client has left.

    The same exception from a connection of the application, such as to a database, is a failure.
    """
    if _MARK in instance_dict(error):
        return True
    module = _last_module(traceback_of(error))
    return any(f"{module}.".startswith(f"{server}.") for server in _SERVERS)


def mark_as_servers(error: OSError) -> None:
    """Note that a function of the server raised the exception, because its client has left."""
    instance_dict(error)[_MARK] = True


def origin_of(error: BaseException) -> tuple[object, ...]:
    """Return what exceptions of a type have in common that the same line raised."""
    traceback = traceback_of(error)
    while traceback is not None and traceback.tb_next is not None:
        traceback = traceback.tb_next
    if traceback is None:
        return (type(error), None, None)
    return (type(error), traceback.tb_frame.f_code, traceback.tb_lineno)


def _last_module(traceback: TracebackType | None) -> str:
    """Return the module of the last frame outside of the standard library, which owns sockets."""
    found = ""
    while traceback is not None:
        module = dict.get(traceback.tb_frame.f_globals, "__name__")
        if isinstance(module, str) and not _is_standard(module):
            found = module
        traceback = traceback.tb_next
    return found


def _is_standard(module: str) -> bool:
    top = module.partition(".")[0]
    return top in sys.stdlib_module_names and top != "wsgiref"


def _attribute(holder: object, name: str) -> object:
    try:
        return getattr(holder, name, None)
    except Exception:  # noqa: BLE001 - an application's attribute may raise anything
        return None


def _number(value: object) -> int | None:
    if issubclass(type(value), int) and type(value) is not bool:
        return int(value)  # type: ignore[call-overload, no-any-return]
    text = value[:3] if type(value) is str else ""
    return int(text) if text.isascii() and text.isdecimal() else None
