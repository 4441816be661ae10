"""posthog-python's Django middleware under its name, with its settings.

In ``settings.py``::

    MIDDLEWARE = [..., "flagengine.transports.posthog.integrations.django.PosthogContextMiddleware"]
    POSTHOG_MW_CLIENT = client                 # by default the default client
    POSTHOG_MW_CAPTURE_EXCEPTIONS = True       # None: as the client's enable_exception_autocapture
    POSTHOG_MW_REQUEST_FILTER = lambda request: not request.path.startswith("/health")
    POSTHOG_MW_EXTRA_PROPERTIES = lambda request: {...}       # older name: POSTHOG_MW_EXTRA_TAGS
    POSTHOG_MW_PROPERTIES_MAP = lambda properties: {...}      # older name: POSTHOG_MW_TAG_MAP
    POSTHOG_MW_CAPTURE_TRACING_HEADERS = True

The person is that of the header, otherwise the authenticated user, whose e-mail is the property
``email``. The middleware is ``FlagengineMiddleware`` otherwise: it also reports the exceptions of other
middleware, and secrets in URLs are redacted.
"""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable, Mapping
from typing import Any, Final

from django.http import HttpRequest

from ...context.django import FlagengineMiddleware
from ...context.django_settings import MiddlewareSettings
from .django_settings import PosthogSettings, read_posthog_settings
from .reporting import passes, without_header_ids

__all__ = ["PosthogContextMiddleware"]

_log = logging.getLogger("flagengine.context")

_PASSES: Final = "_flagengine_passes"


class PosthogContextMiddleware(FlagengineMiddleware):
    """Middleware that serves each request in a context.

    Raises:
        ImproperlyConfigured: a setting is misspelt or of the wrong type.
    """

    def settings(self) -> MiddlewareSettings:
        """Return the project's settings."""
        given = read_posthog_settings()
        self._filter = given.request_filter
        captures = given.captures_exceptions is not False
        return MiddlewareSettings(given.client, captures, _RequestData(given))

    def serves(self, request: HttpRequest) -> bool:
        """Return whether the request filter lets the request through."""
        known = vars(request)
        if _PASSES not in known:
            known[_PASSES] = passes(self._filter, request)
        return bool(known[_PASSES])


class _RequestData:
    """What completes a request: the authenticated user, and the application's properties."""

    def __init__(self, given: PosthogSettings) -> None:
        self._given = given

    def add_to(
        self,
        data: Mapping[str, Any],
        request: HttpRequest,
        wait: Callable[[Awaitable[Any]], Any] | None = None,  # noqa: ARG002 - no callback is awaited
    ) -> dict[str, Any]:
        """Return the request's data."""
        return self._completed(
            data, request, _safely(lambda: _details(getattr(request, "user", None)))
        )

    async def add_to_async(
        self,
        data: Mapping[str, Any],
        request: HttpRequest,
        call: Callable[[Callable[[Any], Any], object], Awaitable[Any]] | None = None,
    ) -> dict[str, Any]:
        """Return the request's data; the user is awaited, and callbacks run where they may block."""
        user = await _user(request)

        def completed(of: Any) -> dict[str, Any]:
            return self._completed(data, of, user)

        return completed(request) if call is None else await call(completed, request)

    def _completed(
        self,
        data: Mapping[str, Any],
        request: HttpRequest,
        user: tuple[str | None, str | None] | None,
    ) -> dict[str, Any]:
        known = dict(data) if self._given.reads_headers else without_header_ids(data)
        distinct_id, email = user or (None, None)
        if distinct_id is not None:
            known.setdefault("distinct_id", distinct_id)
        properties = dict(known.get("properties") or {})
        if email is not None:
            properties["email"] = email
        known["properties"] = self._of_application(properties, request)
        return known

    def _of_application(self, properties: dict[str, Any], request: HttpRequest) -> dict[str, Any]:
        extra, mapped = self._given.extra_properties, self._given.properties_map
        if extra is not None:
            properties = {**properties, **(_safely(lambda: dict(extra(request) or {})) or {})}
        if mapped is not None:
            # What the application did not mean to send stays here.
            found = _safely(lambda: dict(mapped(dict(properties))))
            properties = {} if found is None else found
        return properties


def _details(user: Any) -> tuple[str | None, str | None]:
    """Return the primary key and the e-mail of an authenticated user."""
    if user is None or not getattr(user, "is_authenticated", False):
        return None, None
    key, email = getattr(user, "pk", None), getattr(user, "email", None)
    return None if key is None else str(key), str(email) if email else None


async def _user(request: HttpRequest) -> tuple[str | None, str | None] | None:
    auser = getattr(request, "auser", None)
    if auser is None:
        return None
    try:
        return _details(await auser())
    except Exception:  # noqa: BLE001 - the application's code
        _log.exception("The user of a request cannot be read")
        return None


def _safely(function: Callable[[], Any]) -> Any:
    """Return the result of the application's code; None, with a log entry, if it raises."""
    try:
        return function()
    except Exception:  # noqa: BLE001 - the application's code
        _log.exception("A callback for the request raised (POSTHOG_MW_*)")
        return None
