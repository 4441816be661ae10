"""Flask: a context for each request through the WSGI middleware, and reports of its exceptions.

Flask answers an unhandled exception itself, so no middleware sees the exception. Flask sends a
signal first, which this module reports. With ``PROPAGATE_EXCEPTIONS``, and in tests, the middleware
sees the exception too; it is reported once.

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
    """Serve ``app``'s requests in contexts and report what its views raise.

    ``options`` are those of ``WSGIMiddleware``.
    """
    app.wsgi_app = WSGIMiddleware(
        app.wsgi_app, client, capture_exceptions=capture_exceptions, **options
    )
    if not capture_exceptions:
        return

    from flask.signals import got_request_exception  # noqa: PLC0415 - only where Flask is used

    report = ExceptionReporter(client, source=_SOURCE)

    def raised(_sender: object, exception: BaseException, **_: Any) -> None:
        report(exception, 500)

    # The application keeps the receiver, because signals refer to receivers weakly.
    app.extensions["flagengine"] = raised
    got_request_exception.connect(raised, app)
