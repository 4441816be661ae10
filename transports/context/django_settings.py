"""The settings of the Django middleware, checked when Django makes it.

Nothing is guessed: a setting that is misspelt, or of the wrong type, stops the start of the project
with an ``ImproperlyConfigured`` that names the setting.
"""

from __future__ import annotations

import difflib
from dataclasses import dataclass
from typing import Any, Final

from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from django.utils.module_loading import import_string

from .callbacks import RequestCallbacks, RequestData

__all__ = ["MiddlewareSettings", "read_settings"]

CLIENT: Final = "FLAGENGINE_CLIENT"
CAPTURE_EXCEPTIONS: Final = "FLAGENGINE_CAPTURE_EXCEPTIONS"
IDENTIFY: Final = "FLAGENGINE_IDENTIFY"
TAGS: Final = "FLAGENGINE_TAGS"
_KNOWN: Final = (CLIENT, CAPTURE_EXCEPTIONS, IDENTIFY, TAGS)
_METHODS: Final = ("context", "capture_exception")


@dataclass(frozen=True, slots=True)
class MiddlewareSettings:
    """The settings; without a client, the middleware only passes requests on."""

    client: Any
    captures_exceptions: bool
    callbacks: RequestData


def read_settings() -> MiddlewareSettings:
    """Return the project's settings.

    Raises:
        ImproperlyConfigured: a setting is missing, misspelt or of the wrong type.
    """
    _refuse_misspelt()
    captures = getattr(settings, CAPTURE_EXCEPTIONS, True)
    if not isinstance(captures, bool):
        msg = f"{CAPTURE_EXCEPTIONS} must be True or False, got {captures!r}"
        raise ImproperlyConfigured(msg)
    return MiddlewareSettings(_client(), captures, _callbacks())


def _refuse_misspelt() -> None:
    given = {name for name in dir(settings) if name.isupper()}
    for name in _KNOWN:
        near = difflib.get_close_matches(name, given - set(_KNOWN), 1, 0.9)
        if near and name not in given:
            msg = f"{near[0]} is no setting of the middleware; did you mean {name}?"
            raise ImproperlyConfigured(msg)
    if CLIENT not in given:
        msg = (
            f"{CLIENT} must be set to a client, or to its dotted path;"
            " with None, the middleware only passes requests on"
        )
        raise ImproperlyConfigured(msg)


def _client() -> Any:
    given = getattr(settings, CLIENT)
    client = _imported(CLIENT, given)
    if client is None and given is None:
        return None
    is_client = not isinstance(client, type) and all(
        callable(getattr(client, name, None)) for name in _METHODS
    )
    if not is_client:
        found = (
            f"the class {client.__name__}" if isinstance(client, type) else type(client).__name__
        )
        where = f" at {given!r}" if isinstance(given, str) else ""
        msg = f"{CLIENT} must be a client, such as flagengine.transports.Client(...), got {found}{where}"
        raise ImproperlyConfigured(msg)
    return client


def _callbacks() -> RequestCallbacks:
    given = {name: _imported(name, getattr(settings, name, None)) for name in (IDENTIFY, TAGS)}
    try:
        return RequestCallbacks((IDENTIFY, TAGS), given[IDENTIFY], given[TAGS])
    except TypeError as error:
        raise ImproperlyConfigured(str(error)) from error


def _imported(name: str, given: object) -> Any:
    if not isinstance(given, str):
        return given
    try:
        return import_string(given)
    except ImportError as error:
        msg = f"{name} must be the dotted path of an object that can be imported, got {given!r}: {error}"
        raise ImproperlyConfigured(msg) from error
