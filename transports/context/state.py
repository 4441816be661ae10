"""The active context: ids and properties of the running code, in a context variable.

A context belongs to a request or another unit of work. Tasks and threads that start with a copy of
the context variables share the context, so an id that is set in a worker thread applies to the whole
request. Nothing here sends, logs values or raises on bad input.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Collection, Mapping
from contextvars import ContextVar
from dataclasses import dataclass, field, replace
from functools import cache, partial
from types import MappingProxyType
from typing import Any, NamedTuple
from weakref import ref

from flagengine import usable_id

from ..json_text import members_of
from .properties_for_flags import NO_PROPERTIES, PropertiesForFlags

__all__ = [
    "Context",
    "ContextToken",
    "Resumed",
    "current",
    "enter",
    "exit",
    "id_of",
    "innermost",
    "open_uses",
    "resumer",
    "update",
]

logger: logging.Logger = logging.getLogger("flagengine")

_NO_PROPERTIES: Mapping[str, Any] = MappingProxyType({})


@dataclass(frozen=True, slots=True)
class Context:
    """The ids and properties of a context, with those that it inherited.

    Attributes:
        properties: the properties ("tags") that are added to each event captured in the context.
        capture_exceptions: whether an exception that leaves the context is reported.
        flags: the person and group properties for flag evaluation.
        hides_variables: whether reports of exceptions leave out the local variables.
    """

    distinct_id: str | None = None
    session_id: str | None = None
    device_id: str | None = None
    properties: Mapping[str, Any] = field(default_factory=lambda: _NO_PROPERTIES)
    capture_exceptions: bool = False
    flags: PropertiesForFlags = NO_PROPERTIES
    hides_variables: bool = False

    def __reduce__(self) -> tuple[Any, ...]:
        """Pickle the properties as a plain dict, because read-only views cannot be pickled."""
        fields = {name: getattr(self, name) for name in self.__dataclass_fields__}
        return _restored, ({**fields, "properties": dict(self.properties)},)

    def event_properties(self) -> dict[str, Any]:
        """Return the properties that the context adds to an event, with the session id."""
        session = {} if self.session_id is None else {"$session_id": self.session_id}
        return {**self.properties, **session}


def _restored(fields: dict[str, Any]) -> Context:
    return Context(**{**fields, "properties": MappingProxyType(fields["properties"])})


class _Scope:
    """A mutable cell for a context; ``change`` replaces the immutable value."""

    __slots__ = ("_lock", "context")

    def __init__(self, context: Context) -> None:
        self.context: Context = context
        # Reentrant, because a signal handler may tag the context that it interrupts.
        self._lock = threading.RLock()

    def change(self, changed: Callable[[Context], Context]) -> None:
        with self._lock:
            self.context = changed(self.context)


class ContextToken:
    """What ``exit`` ends: one use of a context. Who drops it keeps the context to the end of the task."""

    __slots__ = ("__weakref__",)


class _Use(NamedTuple):
    scope: _Scope | None
    token: ref[ContextToken]


# The uses that have begun and not ended, the innermost last. A use adds itself and takes away no
# other, so uses may end in any order. A task that starts inside a context keeps it.
open_uses: ContextVar[tuple[_Use, ...]] = ContextVar("flagengine_context", default=())


def _innermost() -> _Scope | None:
    uses = open_uses.get()
    return uses[-1].scope if uses else None


def _begin(scope: _Scope | None) -> ContextToken:
    uses, token = open_uses.get(), ContextToken()
    # A use whose token is gone cannot end, so nothing below it is seen again.
    for at in range(len(uses) - 1, 0, -1):
        if uses[at].token() is None:
            uses = uses[at:]
            break
    open_uses.set((*uses, _Use(scope, ref(token))))
    return token


def current() -> Context | None:
    """Return the innermost context, or None outside of any context."""
    uses = open_uses.get()
    if not uses:
        return None
    scope = uses[-1].scope
    return None if scope is None else scope.context


def id_of(distinct_id: object, context: Context | None = None) -> str | None:
    """Return ``distinct_id`` as text, otherwise the context's id; None if both are missing.

    Ids are read as the engine reads them (SPEC R6.1, R6.2): text, numbers, and what has a text.
    Anything else (a boolean, NaN, a list) is nobody's id, not even that of the context's person; the
    log says so once for each type.

    >>> id_of(7), id_of(b"user-1"), id_of("  "), id_of(True)
    ('7', 'user-1', None, None)
    """
    return _read_id(distinct_id, None if context is None else context.distinct_id)


@cache
def _warn_of(kind: str) -> None:
    logger.warning(
        "an id must be text with a UTF-8 form or a number, got %s: it names nobody", kind
    )


def enter(
    *,
    distinct_id: object = None,
    session_id: object = None,
    device_id: object = None,
    properties: Mapping[str, Any] | None = None,
    fresh: bool = False,
    capture_exceptions: bool | None = None,
) -> ContextToken:
    """Begin a context, which lasts until ``exit`` or until the task or thread ends.

    Unless ``fresh``, the context inherits the values that are not given here.
    """
    outer = None if fresh else current()
    inner = _changed(
        outer or Context(), distinct_id, session_id, device_id, properties, capture_exceptions
    )
    return _begin(_Scope(inner))


def exit(token: ContextToken) -> None:  # noqa: A001 - the counterpart of enter
    """End the context that ``enter`` began; do nothing if it has ended here.

    Contexts that began later stay as they are. This also holds in another copy of the context
    variables, because frameworks may run the two halves of a generator in different copies.
    """
    if not isinstance(token, ContextToken):
        msg = f"token must be a result of enter(), got {type(token).__name__}"
        raise TypeError(msg)
    open_uses.set(tuple(use for use in open_uses.get() if use.token() is not token))


def innermost(tokens: Collection[ContextToken]) -> ContextToken | None:
    """Return the one of these tokens whose use began last here; None if none is open here."""
    return next((use.token() for use in reversed(open_uses.get()) if use.token() in tokens), None)


def update(
    *,
    distinct_id: object = None,
    session_id: object = None,
    device_id: object = None,
    properties: Mapping[str, Any] | None = None,
    capture_exceptions: bool | None = None,
    flags: PropertiesForFlags | None = None,
    hides_variables: bool | None = None,
) -> bool:
    """Change the innermost context; return whether there was a context to change.

    Merge properties by name. A value of None leaves its field unchanged.
    """
    scope = _innermost()
    if scope is None:
        return False

    def changed(context: Context) -> Context:
        new = _changed(context, distinct_id, session_id, device_id, properties, capture_exceptions)
        if hides_variables is not None:
            new = replace(new, hides_variables=hides_variables)
        return new if flags is None else replace(new, flags=flags)

    scope.change(changed)
    return True


class Resumed:
    """A context manager in which a context that was begun elsewhere is active."""

    __slots__ = ("_scope", "_token")

    def __init__(self, scope: _Scope | None) -> None:
        self._scope = scope

    def __enter__(self) -> None:
        self._token = _begin(self._scope)

    def __exit__(self, *_: object) -> None:
        exit(self._token)


def resumer() -> Callable[[], Resumed]:
    """Return a function that makes the current context active again; it may be called repeatedly.

    Use it for work that continues after the context ends, such as a streamed response:

    >>> token = enter(distinct_id="u1")
    >>> resumed = resumer()
    >>> exit(token)
    >>> with resumed():
    ...     current().distinct_id
    'u1'
    """
    return partial(Resumed, _innermost())


def _changed(
    context: Context,
    distinct_id: object,
    session_id: object,
    device_id: object,
    properties: Mapping[str, Any] | None,
    capture_exceptions: bool | None,
) -> Context:
    return Context(
        distinct_id=_read_id(distinct_id, context.distinct_id),
        session_id=_read_id(session_id, context.session_id),
        device_id=_read_id(device_id, context.device_id),
        properties=_joined(context.properties, properties),
        capture_exceptions=(
            context.capture_exceptions if capture_exceptions is None else bool(capture_exceptions)
        ),
        flags=context.flags,
        hides_variables=context.hides_variables,
    )


def _joined(old: Mapping[str, Any], new: object) -> Mapping[str, Any]:
    new = members_of(new)
    if not new:
        return old
    return MappingProxyType({**old, **{str(name): value for name, value in new.items()}})


def _read_id(given: object, outer: str | None) -> str | None:
    """Return an id as the engine reads it; ``outer`` for None and blank text.

    An unusable id is nobody's: the context must not be that of somebody else.
    """
    if given is None:
        return outer
    text = usable_id(given)
    if text is None:
        _warn_of(type(given).__name__)
        return None
    return text if text and not text.isspace() else outer
