"""``FlagengineProvider``: a provider for OpenFeature's SDK that evaluates flags with a client.

The targeting key is the distinct id; without a targeting key, the active context's id is used. The
attributes ``groups``, ``group_properties`` and ``device_id`` become options of the client's call,
and all other attributes become person properties. The provider starts no thread and never raises.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from typing import Any, Protocol

from openfeature.evaluation_context import EvaluationContext
from openfeature.event import ProviderEventDetails
from openfeature.exception import ErrorCode, ProviderNotReadyError
from openfeature.flag_evaluation import FlagResolutionDetails
from openfeature.provider import Metadata
from openfeature.track import TrackingEventDetails

from ..callers import CallTimeoutError, SyncCaller
from ..clock import Clock, SystemClock
from ..context import current
from ..flags.conversions import Conversion
from ..flags.query import Complete
from ..flags.reading import FlagReading
from ..json_text import members_of
from ..option_values.objects import check_complete
from ..option_values.quantities import read_timeout
from ..steps import Call
from . import details
from .resolvers import Resolvers
from .staleness import Staleness, State

__all__ = ["FlagClient", "FlagengineProvider"]

_SHUTDOWN_TIMEOUT = 30.0
_GRACE = 1.0
_READING = "get_feature_flag_reading"
_CALL_OPTIONS = ("groups", "group_properties", "device_id")


class FlagClient(Protocol):
    """The methods of a client that the provider calls.

    A client may also have ``get_feature_flag_reading``, which says why a flag has no value,
    ``wait_for_local_evaluation_ready``, ``definitions_health``, ``on`` and ``shutdown``. With an
    ``AsyncClient``, only the asynchronous resolvers work.
    """

    def get_feature_flag_result(self, key: str, distinct_id: Any = None, **options: Any) -> Any:
        """Return the flag's result, or None for an unknown flag, or an awaitable of either."""
        ...

    def capture(self, event: str, **options: Any) -> Any:
        """Queue an event."""
        ...


class FlagengineProvider(Resolvers):
    """A provider that uses a client.

    It is ready when definitions are loaded, or at once if the client loads none. Otherwise its
    initialisation fails after ``ready_timeout``, and it becomes ready as soon as they are loaded.
    Definitions that grow too old make it stale; definitions that are taken out of use (a refused key,
    a used-up quota) are an error.

    Args:
        client: the client that evaluates the flags.
        default_distinct_id: the distinct id of evaluations without a targeting key and a context.
        ready_timeout: seconds for which the initialisation waits for definitions; None: no limit.
        shuts_down_client: whether the provider's shutdown also shuts the client down.
        clock: the clock of the staleness checks.
        complete: whether the attributes of a context are all of the person's properties, as in the
            client's calls; None: the client's option.
    """

    def __init__(
        self,
        client: FlagClient,
        *,
        default_distinct_id: str | None = None,
        ready_timeout: float | None = 10.0,
        shuts_down_client: bool = False,
        clock: Clock | None = None,
        complete: Complete | None = None,
    ) -> None:
        super().__init__()
        self._client: Any = client
        self._default_distinct_id = default_distinct_id
        self._ready_timeout = read_timeout(ready_timeout, "ready_timeout")
        self._shuts_down_client = shuts_down_client
        self._of_every_call: dict[str, Any] = {}
        if complete is not None:
            check_complete(complete)
            self._of_every_call["complete"] = complete
        health = getattr(client, "definitions_health", None)
        self._staleness = Staleness(health, clock or SystemClock())
        self._unsubscribe: list[Callable[[], None]] = []

    def get_metadata(self) -> Metadata:
        """Return the provider's name."""
        return Metadata(name="flagengine")

    def initialize(self, evaluation_context: EvaluationContext) -> None:  # noqa: ARG002
        """Wait for definitions, if the client loads any; without them, the server evaluates flags.

        Raises:
            ProviderNotReadyError: no definitions are loaded after ``ready_timeout``.
        """
        self._staleness.is_paused = True
        try:
            self._subscribe()
            wait = getattr(self._client, "wait_for_local_evaluation_ready", None)
            if wait is not None:
                self._finish(wait(timeout=self._ready_timeout), self._ready_timeout)
        finally:
            self._staleness.reset()
        if self._staleness.state is State.MISSING:
            raise ProviderNotReadyError(self._why_missing())

    def shutdown(self) -> None:
        """Unsubscribe from the client; shut it down if ``shuts_down_client``."""
        for unsubscribe in self._unsubscribe:
            unsubscribe()
        self._unsubscribe = []
        if self._shuts_down_client:
            self._finish(self._client.shutdown(), _SHUTDOWN_TIMEOUT)

    def check_health(self) -> None:
        """Check now whether the definitions are stale; evaluations check this once a second."""
        self._announce(self._staleness.look(now=True))

    def track(
        self,
        tracking_event_name: str,
        evaluation_context: EvaluationContext | None = None,
        tracking_event_details: TrackingEventDetails | None = None,
    ) -> None:
        """Capture an event; put the details' value, if any, into the property ``value``."""
        properties: dict[str, Any] = {}
        if tracking_event_details is not None:
            properties.update(tracking_event_details.attributes)
            if tracking_event_details.value is not None:
                properties["value"] = tracking_event_details.value
        distinct_id, options = self._call_of(evaluation_context)
        self._client.capture(
            tracking_event_name,
            distinct_id=distinct_id,
            properties=properties,
            groups=options.get("groups"),
        )

    def _resolve(
        self, key: str, default: Any, context: EvaluationContext | None, convert: Conversion[Any]
    ) -> FlagResolutionDetails[Any]:
        distinct_id, options = self._call_of(context)
        if distinct_id is None:
            return _nobody(default)
        if mistake := _mistake_in(options):
            return details.failure(default, ErrorCode.INVALID_CONTEXT, mistake)
        result = self._ask()(key, distinct_id, **options)
        if _discarded(result):
            message = "AsyncClient supports only the `*_async` resolver methods"
            return details.failure(default, ErrorCode.GENERAL, message)
        return self._details(result, default, convert)

    async def _resolve_async(
        self, key: str, default: Any, context: EvaluationContext | None, convert: Conversion[Any]
    ) -> FlagResolutionDetails[Any]:
        import asyncio  # noqa: PLC0415 - only asynchronous callers need it

        distinct_id, options = self._call_of(context)
        if distinct_id is None:
            return _nobody(default)
        if mistake := _mistake_in(options):
            return details.failure(default, ErrorCode.INVALID_CONTEXT, mistake)
        ask = self._ask()
        if inspect.iscoroutinefunction(ask):
            result = await ask(key, distinct_id, **options)
        else:
            # The call may wait for the server.
            result = await asyncio.to_thread(ask, key, distinct_id, **options)
        return self._details(result, default, convert)

    def _ask(self) -> Callable[..., Any]:
        ask: Callable[..., Any] | None = getattr(self._client, _READING, None)
        return self._client.get_feature_flag_result if ask is None else ask

    def _details(
        self, found: Any, default: Any, convert: Conversion[Any]
    ) -> FlagResolutionDetails[Any]:
        self._announce(self._staleness.look())
        if found is None and hasattr(self._client, _READING):
            return details.failure(default, ErrorCode.GENERAL, "the client failed; see its log")
        result = found.result if isinstance(found, FlagReading) else found
        if isinstance(found, FlagReading) and found.error is not None:
            return details.failure(default, ErrorCode[found.error], found.message, result)
        is_stale = self._staleness.is_stale and getattr(result, "locally_evaluated", False)
        return details.details_of(result, default, convert, is_stale=is_stale)

    def _subscribe(self) -> None:
        on = getattr(self._client, "on", None)
        if on is not None and not self._unsubscribe:
            self._unsubscribe = [
                on("local_evaluation_flags_loaded", self._definitions_changed),
                on("definitions_recovered", lambda _: self.check_health()),
                on("error", lambda _: self.check_health()),
            ]

    def _finish(self, result: object, timeout: float) -> None:
        """Wait for an awaitable of an ``AsyncClient``, on a loop of its own."""
        if not inspect.isawaitable(result):
            return
        caller = SyncCaller()
        try:
            caller(Call(lambda: result, (), timeout + _GRACE))
        except CallTimeoutError:
            return
        finally:
            caller.close()

    def _call_of(self, context: EvaluationContext | None) -> tuple[str | None, dict[str, Any]]:
        """Return the distinct id and the options of the client's call."""
        attributes = dict(context.attributes) if context is not None else {}
        given = {name: attributes.pop(name) for name in _CALL_OPTIONS if name in attributes}
        options: dict[str, Any] = {**self._of_every_call, **given}
        if attributes:
            options["person_properties"] = attributes
        active = current()
        named = None if context is None else context.targeting_key
        ambient = None if active is None else active.distinct_id
        return named or ambient or self._default_distinct_id, options

    def _definitions_changed(self, change: object) -> None:
        self.check_health()
        changed = getattr(change, "changed_keys", None)
        if self._staleness.is_paused or (changed is not None and not changed):
            return
        flags = None if changed is None else sorted(changed)
        self.emit_provider_configuration_changed(ProviderEventDetails(flags_changed=flags))

    def _announce(self, state: State | None) -> None:
        if state is State.STALE:
            self.emit_provider_stale(ProviderEventDetails(message="flag definitions are stale"))
        elif state is State.MISSING:
            why, code = self._why_missing(), ErrorCode.PROVIDER_NOT_READY
            self.emit_provider_error(ProviderEventDetails(message=why, error_code=code))
        elif state is State.FRESH:
            self.emit_provider_ready(ProviderEventDetails(message="flag definitions are fresh"))

    def _why_missing(self) -> str:
        error = self._staleness.last_error()
        return "no flag definitions are loaded" + (f": {error}" if error else "")


def _nobody(default: Any) -> FlagResolutionDetails[Any]:
    return details.failure(
        default,
        ErrorCode.TARGETING_KEY_MISSING,
        "no distinct id: set a targeting key, a context or default_distinct_id",
    )


def _mistake_in(options: Mapping[str, Any]) -> str | None:
    """Return what is wrong with the attributes that are options of the call."""
    for name in ("groups", "group_properties"):
        given = options.get(name)
        if given is not None and members_of(given) is None:
            return f"{name} must be a mapping, got {type(given).__name__}"
    for kind, properties in (members_of(options.get("group_properties")) or {}).items():
        if members_of(properties) is None:
            found = type(properties).__name__
            return f"group_properties must be mappings by group type, got {found} for {kind!r}"
    return None


def _discarded(result: object) -> bool:
    """Close a coroutine, for which there is no loop; return whether ``result`` was a coroutine."""
    if not inspect.iscoroutine(result):
        return False
    result.close()
    return True
