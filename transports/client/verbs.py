"""The conversion of functions into client methods that never raise into the application.

A verb is a function whose first parameter is the client. A verb that does I/O is a generator of
steps; ``blocking`` makes it a method of ``Client``, and ``asynchronous.awaited`` makes it a method
of ``AsyncClient``. An unknown keyword argument raises TypeError, as everywhere in Python.
"""

from __future__ import annotations

import functools
import inspect
import logging
from collections.abc import Callable, Mapping
from typing import Any, Concatenate, ParamSpec, TypeVar, cast

from ..errors import QueueFullError
from ..log_fields import log_fields
from ..spelling import did_you_mean
from ..steps import Call, Steps, run_steps
from .arguments import MistakenCallError, mistake_in

__all__ = [
    "blocking",
    "carried_out",
    "guarded",
    "guarded_steps",
    "log_failure",
    "nothing",
    "unguarded",
    "with_signature",
]

logger: logging.Logger = logging.getLogger("flagengine.client")

P = ParamSpec("P")
R = TypeVar("R")
C = TypeVar("C")


def nothing() -> None:
    """Return None, the result of most verbs after a failure."""


def guarded(
    otherwise: Callable[[], Any], options: type | None = None
) -> Callable[[Callable[P, R]], Callable[P, R]]:
    """Make a verb return ``otherwise()`` after any exception inside.

    ``options`` is the TypedDict of the verb's ``**options``, for which Python itself accepts any
    name.
    """

    def decorate(verb: Callable[P, R]) -> Callable[P, R]:
        known = _names(verb, options)

        @functools.wraps(verb)
        def run(*args: P.args, **kwargs: P.kwargs) -> R:
            if known is not None and not known.issuperset(kwargs):
                raise _unexpected(run, kwargs, known)
            try:
                return verb(*args, **kwargs)
            except QueueFullError:
                # The application asked for it, with overflow="raise".
                raise
            except Exception as error:
                if _is_wrong_call(error):
                    raise
                log_failure(verb, error, args, kwargs)
                return cast("R", otherwise())

        return with_signature(run, verb, options)

    return decorate


def guarded_steps(
    otherwise: Callable[[], Any] = nothing,
    options: type | None = None,
    *,
    of_call: Callable[[Mapping[str, Any]], Any] | None = None,
) -> Callable[[Callable[P, Steps[R]]], Callable[P, Steps[R]]]:
    """Do as ``guarded`` for a verb that is a generator of steps.

    ``of_call`` makes the result after a failure of the call's arguments by name, if there is more to
    return than ``otherwise()``.
    """

    def decorate(verb: Callable[P, Steps[R]]) -> Callable[P, Steps[R]]:
        known = _names(verb, options)

        @functools.wraps(verb)
        def begin(*args: P.args, **kwargs: P.kwargs) -> Steps[R]:
            if known is not None and not known.issuperset(kwargs):
                raise _unexpected(begin, kwargs, known)
            return _guarded(verb, verb(*args, **kwargs), otherwise, of_call, args, kwargs)

        return with_signature(begin, verb, options)

    return decorate


def unguarded(verb: Callable[P, R]) -> Callable[P, R]:
    """Make a method of a verb that raises for wrong arguments: it runs the application's code, or keeps it."""
    return with_signature(verb, verb, None)


def _guarded(
    verb: Callable[..., Any],
    steps: Steps[R],
    otherwise: Callable[[], Any],
    of_call: Callable[[Mapping[str, Any]], Any] | None,
    args: tuple[Any, ...],
    kwargs: Mapping[str, Any],
) -> Steps[R]:
    try:
        return (yield from steps)
    except QueueFullError:
        raise
    except Exception as error:  # noqa: BLE001 - nothing is raised into the application
        log_failure(verb, error, args, kwargs)
        if of_call is not None:
            return cast("R", of_call(inspect.signature(verb).bind(*args, **kwargs).arguments))
        return cast("R", otherwise())


def blocking(
    verb: Callable[Concatenate[C, P], Steps[R]],
) -> Callable[Concatenate[C, P], R]:
    """Return a method that performs the steps of `verb` in the calling thread."""

    @functools.wraps(verb)
    def method(client: C, /, *args: P.args, **kwargs: P.kwargs) -> R:
        return run_steps(verb(client, *args, **kwargs), _perform)

    return carried_out(method, verb)


def _perform(call: Call) -> Any:
    return call.function(*call.arguments)


# Keyword arguments.


def _names(verb: Callable[..., Any], options: type | None) -> frozenset[str] | None:
    if options is None:
        return None
    in_options: frozenset[str] = options.__optional_keys__  # type: ignore[attr-defined] # TypedDict
    return in_options.union(inspect.signature(verb).parameters)


def _unexpected(
    verb: Callable[..., Any], given: dict[str, Any], known: frozenset[str]
) -> TypeError:
    name = next(name for name in given if name not in known)
    hint = did_you_mean(name, known - {"client"})
    return TypeError(f"{verb.__name__}() got an unexpected keyword argument {name!r}{hint}")


def with_signature(
    method: Callable[P, R], verb: Callable[..., Any], options: type | None
) -> Callable[P, R]:
    """Give ``method`` a signature for ``help()``: of a method, with the keywords of ``options``."""
    signature = inspect.signature(verb)
    client, *parameters = signature.parameters.values()
    spread: list[inspect.Parameter] = []
    if options is not None:
        parameters = [each for each in parameters if each.kind is not each.VAR_KEYWORD]
        spread = [
            inspect.Parameter(
                name,
                inspect.Parameter.KEYWORD_ONLY,
                default=None,
                annotation=getattr(kind, "__forward_arg__", kind),
            )
            for name, kind in options.__annotations__.items()
        ]
    own = client.replace(name="self", annotation=client.empty)
    method.__signature__ = signature.replace(parameters=[own, *parameters, *spread])  # type: ignore[attr-defined]
    return method


def carried_out(method: Callable[P, R], verb: Callable[..., Any]) -> Callable[P, R]:
    """Give ``method`` the signature of ``verb``, with the return type of its steps."""
    signature = inspect.signature(verb)
    returns = str(signature.return_annotation).removeprefix("Steps[").removesuffix("]")
    method.__signature__ = signature.replace(return_annotation=returns)  # type: ignore[attr-defined]
    return method


# Failures.


def _is_wrong_call(error: Exception) -> bool:
    """Return whether the arguments do not fit the signature: the traceback then ends at the call."""
    trace = error.__traceback__
    return isinstance(error, TypeError) and trace is not None and trace.tb_next is None


_logged: set[tuple[str, str]] = set()
MOST_LOGGED = 1_000


def log_failure(
    verb: Callable[..., Any], error: Exception, args: tuple[Any, ...], kwargs: Mapping[str, Any]
) -> None:
    """Log the mistake in the call or a traceback, only once: the failure may repeat on every call."""
    name = getattr(verb, "__name__", "a call")
    is_mistaken = isinstance(error, MistakenCallError)
    mistake = str(error) if is_mistaken else mistake_in(verb, args, kwargs)
    if mistake is not None:
        # A mistake may name a key that the caller chose, of which there is no end.
        if (name, mistake) not in _logged and len(_logged) < MOST_LOGGED:
            _logged.add((name, mistake))
            logger.error("%s(): %s; nothing was done", name, mistake)
        return
    kind = type(error).__name__
    failure = (name, f"{kind} {_place_of(error)}")
    if failure in _logged:
        logger.debug("%s() failed with %s again", name, kind)
        return
    _logged.add(failure)
    message, extra = "%s() failed with %s; nothing was done", log_fields(error=error)
    logger.error(message, name, kind, exc_info=error, extra=extra)


def _place_of(error: Exception) -> str:
    """Return the file and line that raised: unlike the texts of errors, there are only so many."""
    trace = error.__traceback__
    while trace is not None and trace.tb_next is not None:
        trace = trace.tb_next
    return "" if trace is None else f"{trace.tb_frame.f_code.co_filename}:{trace.tb_lineno}"
