"""Flask: a context for each request through the WSGI middleware, and reports of exceptions.

Flask turns an unhandled exception into a response, so no middleware sees the exception. Before that
Flask sends a signal, whose exception this module reports. With ``PROPAGATE_EXCEPTIONS`` and in tests
the middleware sees the exception too, but it is reported only once.

    wrap_flask(app, client)
"""

from __future__ import annotations

from typing import Any

from .exception_reporter import ExceptionReporter, ReportingClient
from .wsgi import WSGIMiddleware

__all__ = ["wrap_flask"]

_SOURCE = "flask.got_request_exception"


def wrap_flask(
    app: Any, client: ReportingClient, *, capture_exceptions: bool = True, **options: Any
) -> None:
    """Serve ``app``'s requests in contexts and report the exceptions of its views.

    ``options`` are the options of ``WSGIMiddleware``.
    """
    app.wsgi_app = WSGIMiddleware(
        app.wsgi_app, client, capture_exceptions=capture_exceptions, **options
    )
    if not capture_exceptions:
        return

    from flask.signals import got_request_exception  # noqa: PLC0415 - Flask is optional

    report = ExceptionReporter(client, source=_SOURCE)

    def raised(_sender: object, exception: BaseException, **_: Any) -> None:
        report(exception, 500)

    # The application must keep the receiver alive, because signals reference receivers weakly.
    app.extensions["flagengine"] = raised
    got_request_exception.connect(raised, app)
