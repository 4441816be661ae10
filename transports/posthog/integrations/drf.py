"""posthog-python's exception handlers for Django REST framework, under their names.

The framework answers many exceptions itself, so the middleware never sees them::

    REST_FRAMEWORK = {
        "EXCEPTION_HANDLER": "flagengine.transports.posthog.integrations.drf.exception_handler",
    }

Keep the middleware, which makes the context and reports the exceptions that the framework does not
answer. The framework is imported at the first exception.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from importlib import import_module
from typing import Any, Final, TypeAlias

from ...context.exception_reporter import ExceptionReporter
from ...exceptions.control_flow import Place
from .django_settings import client_of, read_posthog_settings
from .reporting import IntegratedClient, IntegrationClient, passes

__all__ = ["create_exception_handler", "exception_handler"]

_log = logging.getLogger("flagengine.context")

Handler: TypeAlias = Callable[[Exception, Mapping[str, Any]], Any]
Filter: TypeAlias = Callable[[Exception, Any, Mapping[str, Any]], bool]

_SOURCE: Final = "django_rest_framework.exception_handler"
_CLIENT_ERROR: Final = 400
_SERVER_ERROR: Final = 500


def create_exception_handler(
    handler: Handler | None = None,
    *,
    client: IntegratedClient | None = None,
    capture_exceptions: bool | None = None,
    capture_4xx: bool = False,
    exception_filter: Filter | None = None,
) -> Handler:
    """Return an exception handler that reports what ``handler`` answers, and changes nothing else.

    Args:
        handler: the handler that answers; None: the framework's.
        client: the client; None: that of ``POSTHOG_DRF_CLIENT`` or ``POSTHOG_MW_CLIENT``, otherwise the
            default client.
        capture_exceptions: whether to report; None: as ``POSTHOG_MW_CAPTURE_EXCEPTIONS`` says.
        capture_4xx: whether to report answers from 400 to 499, too, and not only those from 500 on.
        exception_filter: called with the exception, the response and the framework's context; with
            False, nothing is reported. ``POSTHOG_MW_REQUEST_FILTER`` is asked, too.
    """
    answer = handler or _default_handler

    def handle(exc: Exception, context: Mapping[str, Any]) -> Any:
        response = answer(exc, context)
        if response is None:
            # Django raises it again, and the middleware reports it.
            return None
        try:
            status = int(response.status_code)
            least = _CLIENT_ERROR if capture_4xx else _SERVER_ERROR
            wanted = status >= least and (
                exception_filter is None or exception_filter(exc, response, context)
            )
            if wanted:
                _report(exc, context, status, client, capture_exceptions)
        except Exception:  # noqa: BLE001 - the response is worth more than the report
            _log.exception("Could not report an exception of Django REST framework")
        return response

    return handle


def exception_handler(exc: Exception, context: Mapping[str, Any]) -> Any:
    """Answer as the framework does, and report answers from 500 on."""
    return _default(exc, context)


def _report(
    error: Exception,
    context: Mapping[str, Any],
    status: int,
    client: IntegratedClient | None,
    captures: bool | None,
) -> None:
    given = read_posthog_settings()
    request = context.get("request")
    # The framework wraps Django's request, for which the filter is written.
    if request is not None and not passes(
        given.request_filter, getattr(request, "_request", request)
    ):
        return
    chosen = client or client_of("POSTHOG_DRF_CLIENT", "POSTHOG_MW_CLIENT")
    reporting = IntegrationClient(
        chosen, given.captures_exceptions if captures is None else captures
    )
    # An answered error was expected by nobody: status 500 is a failure even of control flow.
    ExceptionReporter(reporting, source=_SOURCE, place=Place.BLOCK)(error, status)


def _default_handler(exc: Exception, context: Mapping[str, Any]) -> Any:
    # By name, because the framework is optional and has no types.
    answer: Handler = import_module("rest_framework.views").exception_handler
    return answer(exc, context)


_default: Final = create_exception_handler()
