"""Flask: a context for each request through the WSGI middleware, and reports of exceptions.

Flask turns an unhandled exception into a response, so no middleware sees the exception. Before that
Flask sends a signal, whose exception this module reports: that of a view, of ``before_request`` and
``after_request``, and of an error handler. The middleware sees those of ``teardown_request`` and of a
streamed response; with ``PROPAGATE_EXCEPTIONS`` and in tests the others too, but each is reported once.
An exception for which the application has an error handler is the application's answer, and not
reported.

    wrap_flask(app, client)
"""

from __future__ import annotations

from typing import Any

from ..exceptions.control_flow import Place
from .exception_reporter import ExceptionReporter, ReportingClient
from .wsgi import WSGIMiddleware

__all__ = ["wrap_flask"]

_SOURCE = "flask.got_request_exception"


def wrap_flask(
    app: Any, client: ReportingClient, *, capture_exceptions: bool = True, **options: Any
) -> None:
    """Serve ``app``'s requests in contexts and report what Flask answers with 500.

    ``options`` are the options of ``WSGIMiddleware``.

    Raises:
        TypeError: ``identify`` or ``tags`` is ``async def``, which nobody awaits here.
    """
    app.wsgi_app = WSGIMiddleware(
        app.wsgi_app, client, capture_exceptions=capture_exceptions, **options
    )
    if not capture_exceptions:
        return

    from flask.signals import got_request_exception  # noqa: PLC0415 - Flask is optional

    report = ExceptionReporter(client, source=_SOURCE, place=Place.ANSWERED)

    def raised(_sender: object, exception: BaseException, **_: Any) -> None:
        report(exception, 500)

    # The application must keep the receiver alive, because signals reference receivers weakly.
    app.extensions["flagengine"] = raised
    got_request_exception.connect(raised, app)
