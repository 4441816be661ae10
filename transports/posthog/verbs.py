"""The methods of posthog-python's clients that do no I/O, with its names and order of arguments.

``client`` and ``async_client`` add those that may wait.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any, ClassVar, TypeVar, Unpack, cast
from uuid import UUID

from ..client.exceptions import ExceptionOptions
from ..client.flag_reads import flags_now
from ..client.identity import PersonOptions, Properties
from ..client.options import Options, read_options
from ..client.preparation import CaptureOptions
from ..context.scoped import context as Scoped  # noqa: N812 - it is a class
from . import active_context, spans
from .attributes import PosthogAttributes
from .missing import OF_CLIENTS, missing_attribute
from .names import POSITIONS
from .option_types import PosthogOptions
from .options import read_arguments

__all__ = ["PosthogVerbs"]

logger: logging.Logger = logging.getLogger("flagengine.client")

F = TypeVar("F", bound=Callable[..., Any])


class PosthogVerbs(PosthogAttributes):
    """The base of ``Posthog`` and ``AsyncPosthog``."""

    _positions: ClassVar[Sequence[str]] = POSITIONS

    def __init__(
        self,
        api_key: str | Options | None = None,
        host: str | None = None,
        *positional: Any,
        **options: Unpack[PosthogOptions],
    ) -> None:
        whole, key = (api_key, None) if isinstance(api_key, Options) else (None, api_key)
        kind, arguments = type(self).__name__, (key, host, *positional)
        given = read_arguments(kind, arguments, options, self._positions)
        key = given.options.pop("api_key", None)
        if not given.sends and not str(key or "").strip() and whole is None:
            given.options.pop("sink", None)  # with which a client without a key would be usable
        with given.naming():
            options_read = read_options(key if whole is None else whole, given.options)
        self._start(options_read)
        for sentence in given.warnings:
            logger.warning("%s", sentence)
        self._begin(given)

    if not TYPE_CHECKING:  # else type checkers would take every name for one of the client's

        def __getattr__(self, name: str) -> Any:
            """Say what to use instead of a name that posthog-python has."""
            public = [each for each in dir(type(self)) if not each.startswith("_")]
            raise missing_attribute(type(self).__name__, name, OF_CLIENTS, public)

    def _delivered(self, uuid: str | None) -> str | None:
        """Deliver the event first, with ``sync_mode``: in ``Client`` only ``capture`` does."""
        if uuid is not None and self.sync_mode:
            self.components.pipeline.flush(self.components.options.request_timeout)
        return uuid

    # People and groups.

    def set(
        self, properties: Properties | None = None, **options: Unpack[PersonOptions]
    ) -> str | None:
        """Set properties of the person; do nothing if there are none."""
        return self._delivered(super().set(properties or {}, **options))

    def set_once(
        self, properties: Properties | None = None, **options: Unpack[PersonOptions]
    ) -> str | None:
        """Set properties unless the person already has them; do nothing if there are none."""
        return self._delivered(super().set_once(properties or {}, **options))

    def group_identify(
        self,
        group_type: str,
        group_key: object,
        properties: Properties | None = None,
        timestamp: datetime | str | None = None,
        uuid: str | UUID | None = None,
        disable_geoip: bool | None = None,
        distinct_id: object = None,
    ) -> str | None:
        """Set properties of a group; return the event's uuid.

        Without a ``distinct_id``, the event is that of the context's person, otherwise of nobody:
        ``$<type>_<key>``.
        """
        uuid_of_event = super().group_identify(
            group_type,
            group_key,
            properties,
            timestamp=timestamp,
            uuid=uuid,
            disable_geoip=disable_geoip,
            distinct_id=distinct_id or active_context.get_context_distinct_id(),
        )
        return self._delivered(uuid_of_event)

    def alias(  # type: ignore[override]
        self,
        previous_id: object = None,
        distinct_id: object = None,
        timestamp: datetime | str | None = None,
        uuid: str | UUID | None = None,
        disable_geoip: bool | None = None,
    ) -> str | None:
        """Make ``distinct_id`` another id of ``previous_id``; return the event's uuid."""
        uuid_of_event = super().alias(
            previous_id=previous_id,
            distinct_id=distinct_id,
            timestamp=timestamp,
            uuid=uuid,
            disable_geoip=disable_geoip,
        )
        return self._delivered(uuid_of_event)

    def capture_ai(self, event: str, **message: Unpack[CaptureOptions]) -> str | None:
        """Queue a large event of an AI application; see ``flagengine.transports.Client``."""
        return self._delivered(super().capture_ai(event, **message))

    # Exceptions.

    def capture_exception(
        self,
        exception: object = None,
        distinct_id: object = None,
        properties: Mapping[str, Any] | None = None,
        send_feature_flags: bool | Mapping[str, Any] | None = None,
        **options: Unpack[ExceptionOptions],
    ) -> str | None:
        """Queue an ``$exception`` event; return its uuid, or None if it was dropped.

        ``exception`` may be the result of ``sys.exc_info()``. Without it, capture the exception that
        is being handled. Prefer ``flags`` to ``send_feature_flags``.
        """
        error = exception
        if isinstance(exception, tuple):  # (type, value, traceback)
            parts = cast("tuple[object, ...]", exception)
            error = parts[1] if len(parts) == _EXC_INFO else parts
        if send_feature_flags and options.get("flags") is None:
            asked = {"send_feature_flags": send_feature_flags, "distinct_id": distinct_id}
            found = flags_now(self.components, {**asked, "groups": options.get("groups")})
            properties = {**found, **(properties or {})}
        uuid_of_event = super().capture_exception(error, distinct_id, properties, **options)
        return self._delivered(uuid_of_event)

    # Contexts.

    def new_context(  # type: ignore[override]
        self,
        fresh: bool = False,  # noqa: FBT002 - as in posthog-python
        capture_exceptions: bool | None = None,
    ) -> Scoped:
        """Return a context for ``with``, ``async with`` or as a decorator; see ``context``.

        ``capture_exceptions`` is by default the client's ``enable_exception_autocapture``.
        """
        if capture_exceptions is None:
            capture_exceptions = self.enable_exception_autocapture
        return super().context(fresh=fresh, capture_exceptions=capture_exceptions)

    def scoped(  # type: ignore[override]
        self,
        fresh: bool = False,  # noqa: FBT002 - as in posthog-python
        capture_exceptions: bool | None = None,
    ) -> Callable[[F], F]:
        """Return a decorator that calls the function in a new context."""
        return self.new_context(fresh, capture_exceptions)

    def get_tags(self) -> dict[str, Any]:
        """Return a copy of the context's tags; an empty dict outside of one."""
        return active_context.get_tags()

    def set_context_device_id(self, device_id: object) -> None:
        """Set the device id of the context, for flags that are evaluated by device."""
        active_context.set_context_device_id(device_id)

    # Tracing.

    @staticmethod
    def start_span(name: str, **given: Any) -> spans.Span:
        """Return a span that records nothing."""
        return spans.start_span(name, **given)

    @staticmethod
    def get_active_span() -> spans.Span | None:
        """Return None: no span is ever active."""
        return spans.get_active_span()


_EXC_INFO = 3
