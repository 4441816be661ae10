"""Which exceptions end where the client has called the application: its sources, sinks, callbacks.

On a thread of the client nobody handles an exception, so each ends there, also ``SystemExit``: the
thread must go on. On a thread of the application, ``KeyboardInterrupt`` and ``SystemExit`` go through.
So does whatever else is no ``Exception``, such as gevent's ``GreenletExit``, with two exceptions: a
plain function that raises asyncio's ``CancelledError`` or ``GeneratorExit`` has failed, because nobody
has cancelled or closed the client.
"""

from __future__ import annotations

import logging
import sys
import threading
import traceback
from contextlib import suppress

__all__ = ["application_errors", "as_exception", "is_own_thread", "log_error"]

# How the name of each thread of the client begins.
_OWN = "flagengine-"


def is_own_thread() -> bool:
    """Return whether the calling thread belongs to the client."""
    return threading.current_thread().name.startswith(_OWN)


def application_errors() -> tuple[type[BaseException], ...]:
    """Return the exceptions that end here, for an ``except`` clause: asked only after a failure.

    >>> try:
    ...     raise GeneratorExit
    ... except application_errors() as error:
    ...     print(type(error).__name__)
    GeneratorExit
    """
    if is_own_thread():
        return (BaseException,)
    # While asyncio is not imported, nothing raises its exceptions.
    cancelled = getattr(sys.modules.get("asyncio.exceptions"), "CancelledError", GeneratorExit)
    return (Exception, GeneratorExit, cancelled)


def as_exception(error: BaseException) -> Exception:
    """Return the error as an ``Exception`` that ends neither a generator nor an event loop.

    >>> as_exception(SystemExit(3))
    RuntimeError('the call raised SystemExit')
    """
    if isinstance(error, Exception) and not isinstance(error, StopIteration):
        return error
    wrapped = RuntimeError(f"the call raised {type(error).__name__}")
    wrapped.__cause__ = error
    return wrapped


def log_error(logger: logging.Logger, message: str, *arguments: object) -> None:
    """Log the exception being handled; on a thread of the client, a handler that raises ends nothing.

    Such a handler's exception is printed, as ``logging`` does with those that it notices itself.
    """
    try:
        kind = sys.exc_info()[0]
        extra = None if kind is None else {"flagengine_error": kind.__name__}
        logger.exception(message, *arguments, stacklevel=2, extra=extra)  # noqa: LOG004 - called by exception handlers
    except application_errors():
        if not is_own_thread():
            raise
        with suppress(BaseException):
            traceback.print_exc()
