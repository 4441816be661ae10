"""The settings ``POSTHOG_MW_*`` of the Django middleware, and ``POSTHOG_DRF_CLIENT``.

A setting of the wrong type stops the start of the project with an ``ImproperlyConfigured`` that names
it, because posthog-python would ignore it.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

from django.conf import settings
from django.core.exceptions import ImproperlyConfigured

from .reporting import IntegrationClient, reads_headers

__all__ = ["PosthogSettings", "client_of", "read_posthog_settings"]

_MISSING: Final = object()
_PREFIX: Final = "POSTHOG_MW_"
_KNOWN: Final = frozenset(
    {
        *("CLIENT", "CAPTURE_EXCEPTIONS", "REQUEST_FILTER", "EXTRA_PROPERTIES", "EXTRA_TAGS"),
        *("PROPERTIES_MAP", "TAG_MAP", "CAPTURE_TRACING_HEADERS", "TRUST_TRACING_HEADERS"),
    }
)


@dataclass(frozen=True, slots=True)
class PosthogSettings:
    """The settings; ``captures_exceptions`` None: as the client's ``enable_exception_autocapture`` says."""

    client: IntegrationClient
    captures_exceptions: bool | None
    request_filter: Callable[[Any], Any] | None
    extra_properties: Callable[[Any], Any] | None
    properties_map: Callable[[dict[str, Any]], Any] | None
    reads_headers: bool


def read_posthog_settings() -> PosthogSettings:
    """Return the project's settings.

    Raises:
        ImproperlyConfigured: a setting is misspelt or of the wrong type.
    """
    for name in dir(settings):
        if name.startswith(_PREFIX) and name.removeprefix(_PREFIX) not in _KNOWN:
            msg = f"{name} is no setting; the known ones are {_PREFIX}* with {sorted(_KNOWN)}"
            raise ImproperlyConfigured(msg)
    captures = _captures()
    return PosthogSettings(
        client=IntegrationClient(client_of(f"{_PREFIX}CLIENT"), captures),
        captures_exceptions=captures,
        request_filter=_callback("REQUEST_FILTER"),
        extra_properties=_callback("EXTRA_PROPERTIES", "EXTRA_TAGS"),
        properties_map=_callback("PROPERTIES_MAP", "TAG_MAP"),
        reads_headers=_reads_headers(),
    )


def _reads_headers() -> bool:
    names = (f"{_PREFIX}CAPTURE_TRACING_HEADERS", f"{_PREFIX}TRUST_TRACING_HEADERS")
    capture, trust = (getattr(settings, name, None) for name in names)
    try:
        return reads_headers(capture, trust, names)
    except TypeError as error:
        raise ImproperlyConfigured(str(error)) from None


def client_of(*names: str) -> Any:
    """Return the client of the first of these settings that there is; None: the default client.

    Raises:
        ImproperlyConfigured: the setting is no client.
    """
    for name in names:
        client = getattr(settings, name, None)
        if client is None:
            continue
        if isinstance(client, type) or not hasattr(client, "components"):
            msg = (
                f"{name} must be a client, such as flagengine.transports.posthog.Posthog(...),"
                f" got {'the class ' + client.__name__ if isinstance(client, type) else type(client).__name__}"
            )
            raise ImproperlyConfigured(msg)
        return client
    return None


def _captures() -> bool | None:
    name = f"{_PREFIX}CAPTURE_EXCEPTIONS"
    given = getattr(settings, name, True)
    if given is None or isinstance(given, bool):
        return given
    msg = f"{name} must be True, False or None, got {given!r}"
    raise ImproperlyConfigured(msg)


def _callback(*names: str) -> Callable[..., Any] | None:
    """Return the first of these settings that there is; the older name comes last."""
    for name in names:
        given = getattr(settings, f"{_PREFIX}{name}", _MISSING)
        if given is _MISSING:
            continue
        if given is not None and not callable(given):
            msg = f"{_PREFIX}{name} must be a function, got {type(given).__name__}"
            raise ImproperlyConfigured(msg)
        return given
    return None
