"""The methods of the clients, for type checkers and editors.

Written by ``docs/write_signatures.py`` from the functions that ``client``, ``asynchronous`` and ``shared``
make methods of; a test fails when they differ.
"""

from collections.abc import Callable, Iterable, Mapping
from typing import Any, Literal, Unpack, overload

from flagengine import Explanation, Requirements

from .. import context as contexts
from ..batching.counters import Counters
from ..context import Context
from ..context.scoped import context as Scoped
from ..errors import TransportError
from ..flags.answer import FeatureFlagResult
from ..flags.evaluations import FlagEvaluations
from ..flags.override_forms import OverridesLike
from ..flags.query import FlagOptions
from ..flags.reading import FlagReading
from ..flags.typed import FlagDetails
from ..http.base import Response
from ..polling.health import Health
from .contexts import T
from .definitions import FeatureFlagEvaluationRuntime, FlagsLoaded
from .exceptions import ExceptionOptions
from .flag_reads import ReadOptions
from .flags import BulkOptions, FlagsAndPayloads, FlagValue
from .identity import AliasOptions, GroupOptions, IdentifyOptions, PersonOptions, Properties
from .options import EventMessage
from .overrides import OverriddenFlags
from .preparation import CaptureOptions, PreparedEvent
from .typed_flags import N, Obj

class SharedMethods:
    """The methods of both clients."""

    def capture(self, event: str, **message: Unpack[CaptureOptions]) -> str | None:
        """Queue an event; return its uuid, or None if it was dropped.

        Do no I/O, unless ``send_feature_flags`` needs the server or the client is in ``sync_mode``.
        """

    def capture_ai(self, event: str, **message: Unpack[CaptureOptions]) -> str | None:
        """Queue a large event of an AI application, in a queue with an endpoint of its own.

        The event is sent unchanged; shorten it with ``prepare_ai_properties``.
        """

    def prepare_ai_properties(self, properties: Mapping[str, Any]) -> dict[str, Any]:
        """Return the properties for ``capture_ai``, shortened as the client's options say.

        The options are ``privacy_mode`` and ``enable_full_ai_capture``. After a failure, return an empty
        dict.
        """

    def capture_exception(
        self,
        exception: object = None,
        distinct_id: object = None,
        properties: Mapping[str, Any] | None = None,
        **options: Unpack[ExceptionOptions],
    ) -> str | None:
        """Queue an ``$exception`` event; return its uuid, or None if it was dropped.

        Without an ``exception``, capture the exception that is being handled. Never capture an exception
        twice. An object that is not an exception is described in the event.
        """

    def prepare_event_message(
        self, event: str, **message: Unpack[CaptureOptions]
    ) -> PreparedEvent | None:
        """Return the event that ``capture`` would queue, or None if it would be dropped."""

    def alias(
        self, distinct_id: object = None, alias: object = None, **options: Unpack[AliasOptions]
    ) -> str | None:
        """Make ``alias`` another id of ``distinct_id``; return the event's uuid.

        As in posthog-python, ``alias(previous_id="a", distinct_id="b")`` makes "b" another id of "a". An id
        that is left out is the context's.
        """

    def identify(
        self,
        distinct_id: object = None,
        properties: Properties | None = None,
        **options: Unpack[IdentifyOptions],
    ) -> str | None:
        """Set properties of a person; return the event's uuid.

        ``$set``, ``$set_once`` and ``$anon_distinct_id`` in ``properties`` keep their special meaning.
        Without ``$set``, set all other properties.
        """

    def group_identify(
        self,
        group_type: str,
        group_key: object,
        properties: Properties | None = None,
        **options: Unpack[GroupOptions],
    ) -> str | None:
        """Set properties of a group; return the event's uuid."""

    def set(self, properties: Properties, **options: Unpack[PersonOptions]) -> str | None:
        """Set properties of the person; do nothing if there are none."""

    def set_once(self, properties: Properties, **options: Unpack[PersonOptions]) -> str | None:
        """Set properties unless the person already has them; do nothing if there are none."""

    def set_person_properties(
        self,
        properties: Properties | None = None,
        set_once: Properties | None = None,
        **options: Unpack[PersonOptions],
    ) -> str | None:
        """Set properties of both kinds in one event; do nothing if there are none."""

    def unset_person_properties(
        self, names: Iterable[str], **options: Unpack[PersonOptions]
    ) -> str | None:
        """Remove properties of the person; do nothing without names."""

    def get_distinct_id(self) -> str | None:
        """Return the distinct id of the active context; None if there is none."""

    def override_feature_flags(self, overrides: OverridesLike) -> None:
        """Answer with these values instead of evaluating, from now on, for the whole client.

        ``False`` clears these overrides. A list of keys turns these flags on. A mapping gives values by
        key; with None, the flag counts as missing. ``{"flags": ..., "payloads": ...}`` replaces only the
        named part, and ``False`` clears that part. Reading an overridden flag sends no event. Invalid
        overrides are logged and change nothing. The blocks of ``overridden_flags`` win over these
        overrides.
        """

    def overridden_flags(
        self, overrides: OverridesLike, *, all_threads: bool = False
    ) -> OverriddenFlags:
        """Return a block that answers with these values instead of evaluating; for tests and requests.

        The overrides have the forms of ``override_feature_flags``; ``False`` hides all others. They apply
        to the thread or task that enters the block, and to tasks that it starts inside. With
        ``all_threads``, they apply to the whole client, for example in a test whose server runs on a
        thread of its own. The innermost block wins: first the blocks of the thread or task, then those of
        ``all_threads``, then ``override_feature_flags``. Each block ends only its own overrides, so
        blocks may overlap:

            with client.overridden_flags({"new-checkout": True}):
                ...

        Raises:
            TypeError: the overrides are invalid.
        """

    def is_local_evaluation_ready(self) -> bool:
        """Return whether at least one flag definition is loaded; False without a source of definitions.

        The first call starts loading.
        """

    def definitions_health(self) -> Health:
        """Return the age of the definitions and the last error, for a dashboard or a probe."""

    def feature_flag_definitions(self) -> list[dict[str, Any]] | None:
        """Return the loaded definitions of the flags, as the server sent them; None before any are loaded.

        The first call starts loading. The list is a copy, made at each call.
        """

    def get_feature_flag_evaluation_runtime(self, key: str) -> FeatureFlagEvaluationRuntime | None:
        """Return where a loaded flag is meant to be evaluated; None if no such flag is loaded.

        A flag that does not say has ``FeatureFlagEvaluationRuntime.ALL``.
        """

    def get_feature_flag_keys_by_evaluation_runtime(
        self, evaluation_runtime: FeatureFlagEvaluationRuntime | str
    ) -> list[str]:
        """Return the keys of the loaded flags that suit a runtime, in the order of the definitions.

        ``all`` returns every loaded flag. Log an unknown runtime, and return an empty list.
        """

    def register(self, properties: Mapping[str, Any]) -> None:
        """Add properties to all later events of this client, about any person.

        Later values win, and an event's own properties win. With a ``storage``, registered properties
        survive a restart.
        """

    def unregister(self, key: str) -> None:
        """Remove a registered property, if it exists."""

    def get_persisted_property(self, key: str) -> Any:
        """Return the value stored under ``key``; None if there is none.

        The client itself stores ``props`` (registered properties) and ``opted_out``.
        """

    def set_persisted_property(self, key: str, value: Any) -> None:
        """Store a JSON value under ``key``; None removes the value."""

    def set_person_properties_for_flags(
        self, properties: Mapping[str, Any], *, reload_feature_flags: bool = False
    ) -> None:
        """Use these person properties in all later evaluations; send nothing.

        The properties of a call win.
        """

    def reset_person_properties_for_flags(self, *, reload_feature_flags: bool = False) -> None:
        """Forget the person properties for flags."""

    def set_group_properties_for_flags(
        self,
        group_type: str,
        properties: Mapping[str, Any],
        group_key: str | None = None,
        *,
        reload_feature_flags: bool = False,
    ) -> None:
        """Use these group properties in all later evaluations; with a key, only for that group."""

    def reset_group_properties_for_flags(
        self, group_type: str | None = None, *, reload_feature_flags: bool = False
    ) -> None:
        """Forget the group properties for flags, of a group type or of all group types."""

    def context(
        self,
        *,
        distinct_id: object = None,
        session_id: object = None,
        device_id: object = None,
        properties: Mapping[str, Any] | None = None,
        fresh: bool = False,
        capture_exceptions: bool | None = None,
    ) -> Scoped:
        """Return a context for ``with``, ``async with`` or as a decorator.

        Events and flags inside have these ids and properties; unless ``fresh``, also those of the outer
        context. With ``capture_exceptions``, capture a failure that leaves the context; the exception
        always propagates.

        Raises:
            TypeError: ``properties`` is no mapping.
        """

    def new_context(
        self,
        *,
        distinct_id: object = None,
        session_id: object = None,
        device_id: object = None,
        properties: Mapping[str, Any] | None = None,
        fresh: bool = False,
        capture_exceptions: bool | None = None,
    ) -> Scoped:
        """Return a context for ``with``, ``async with`` or as a decorator.

        Events and flags inside have these ids and properties; unless ``fresh``, also those of the outer
        context. With ``capture_exceptions``, capture a failure that leaves the context; the exception
        always propagates.

        Raises:
            TypeError: ``properties`` is no mapping.
        """

    def scoped(
        self,
        *,
        distinct_id: object = None,
        session_id: object = None,
        device_id: object = None,
        properties: Mapping[str, Any] | None = None,
        fresh: bool = False,
        capture_exceptions: bool | None = None,
    ) -> Scoped:
        """Return a context for ``with``, ``async with`` or as a decorator.

        Events and flags inside have these ids and properties; unless ``fresh``, also those of the outer
        context. With ``capture_exceptions``, capture a failure that leaves the context; the exception
        always propagates.

        Raises:
            TypeError: ``properties`` is no mapping.
        """

    def request_context(
        self,
        headers: Any = None,
        *,
        distinct_id: object = None,
        properties: Mapping[str, Any] | None = None,
        capture_exceptions: bool = True,
        **request: Any,
    ) -> Scoped:
        """Return the context of a request from its headers, for frameworks without a middleware here.

        ``request`` takes ``method``, ``url``, ``path`` and ``ip``. A given ``distinct_id``, such as the
        authenticated user's, beats the headers.

        Raises:
            TypeError: ``properties`` is no mapping.
        """

    def with_context(
        self, data: Mapping[str, Any] | None, function: Callable[[], T], *, fresh: bool = False
    ) -> T:
        """Call ``function`` inside a context of ``data`` and return its result.

        If the result is awaitable, it runs in the context: await it. Prefer ``with client.context(...)``.

        Raises:
            TypeError: ``data`` is no mapping or has an unknown key, or ``function`` is no function.
        """

    def get_context(self) -> Context | None:
        """Return the active context, read-only; None without a context."""

    def enter_context(
        self, data: Mapping[str, Any] | None = None, *, fresh: bool = False
    ) -> contexts.ContextToken:
        """Begin a context that lasts until ``exit_context(token)`` or until the task or thread ends.

        Prefer ``with client.context(...)``: outside of a task, a forgotten context lasts for the rest of
        the thread.

        Raises:
            TypeError: ``data`` is no mapping or has an unknown key.
        """

    def exit_context(self, token: contexts.ContextToken) -> None:
        """End a context of ``enter_context``."""

    def tag(self, name: str, value: Any) -> None:
        """Add a property to the active context's events."""

    def identify_context(self, distinct_id: object) -> None:
        """Set the distinct id of the active context; send no event."""

    def set_context_session(self, session_id: object) -> None:
        """Set the session id of the active context."""

    def set_context_device(self, device_id: object) -> None:
        """Set the device id of the active context."""

    def opt_in(self) -> None:
        """Capture again."""

    def opt_out(self) -> None:
        """Capture nothing from now on; with a ``storage``, also after a restart."""

    def enable(self) -> None:
        """Do the same as ``opt_in``."""

    def disable(self) -> None:
        """Do the same as ``opt_out``."""

    def is_opted_out(self) -> bool:
        """Return whether the client is opted out."""

    def reset(self) -> None:
        """Forget registered properties, properties for flags, cached answers and sent flag events.

        Keep overrides, definitions, the opt-out and queued events.
        """

    def tick(self) -> int:
        """Send due batches and load definitions if a load is due; return the number of batches sent.

        Clients with a ``ManualDriver`` need this, because they have no workers.
        """

    @overload
    def on(
        self, event: Literal["error"], callback: Callable[[TransportError], object]
    ) -> Callable[[], None]:
        """Call ``callback(payload)`` whenever ``event`` happens; return a function that unsubscribes.

        The payload of ``error`` is an exception, that of ``flush`` the delivered events, that of
        ``local_evaluation_flags_loaded`` the number of flags, with the keys of the changed flags as its
        attribute ``changed_keys``, and that of ``capture``, ``identify``, ``alias`` and
        ``group_identify`` the queued event. Definitions that equal those in use are not announced.
        ``definitions_recovered``, with None, is the first successful load after failed loads, of which
        ``error`` reports each. ``flag_evaluated``, with a `FlagEvaluated`, is every read of a flag by its key:
        by a getter, from the result of ``evaluate_flags`` (made since), or in ``flag_keys`` of
        ``get_all_flags``. While it has callbacks, reads take the full way, some ten times as long. For
        ``*``, call ``callback(event, payload)`` for all but ``flag_evaluated``. Callbacks run
        on the thread on which the event happens. On an AsyncClient they may be ``async def``, if they are
        given on a running event loop, on which they then run.

        Raises:
            TypeError: the callback cannot be called, or is ``async def`` and nobody would await it.
        """
    @overload
    def on(
        self, event: Literal["flush"], callback: Callable[[list[EventMessage]], object]
    ) -> Callable[[], None]:
        """Call ``callback(payload)`` whenever ``event`` happens; return a function that unsubscribes.

        The payload of ``error`` is an exception, that of ``flush`` the delivered events, that of
        ``local_evaluation_flags_loaded`` the number of flags, with the keys of the changed flags as its
        attribute ``changed_keys``, and that of ``capture``, ``identify``, ``alias`` and
        ``group_identify`` the queued event. Definitions that equal those in use are not announced.
        ``definitions_recovered``, with None, is the first successful load after failed loads, of which
        ``error`` reports each. ``flag_evaluated``, with a `FlagEvaluated`, is every read of a flag by its key:
        by a getter, from the result of ``evaluate_flags`` (made since), or in ``flag_keys`` of
        ``get_all_flags``. While it has callbacks, reads take the full way, some ten times as long. For
        ``*``, call ``callback(event, payload)`` for all but ``flag_evaluated``. Callbacks run
        on the thread on which the event happens. On an AsyncClient they may be ``async def``, if they are
        given on a running event loop, on which they then run.

        Raises:
            TypeError: the callback cannot be called, or is ``async def`` and nobody would await it.
        """
    @overload
    def on(
        self,
        event: Literal["local_evaluation_flags_loaded", "localEvaluationFlagsLoaded"],
        callback: Callable[[FlagsLoaded], object],
    ) -> Callable[[], None]:
        """Call ``callback(payload)`` whenever ``event`` happens; return a function that unsubscribes.

        The payload of ``error`` is an exception, that of ``flush`` the delivered events, that of
        ``local_evaluation_flags_loaded`` the number of flags, with the keys of the changed flags as its
        attribute ``changed_keys``, and that of ``capture``, ``identify``, ``alias`` and
        ``group_identify`` the queued event. Definitions that equal those in use are not announced.
        ``definitions_recovered``, with None, is the first successful load after failed loads, of which
        ``error`` reports each. ``flag_evaluated``, with a `FlagEvaluated`, is every read of a flag by its key:
        by a getter, from the result of ``evaluate_flags`` (made since), or in ``flag_keys`` of
        ``get_all_flags``. While it has callbacks, reads take the full way, some ten times as long. For
        ``*``, call ``callback(event, payload)`` for all but ``flag_evaluated``. Callbacks run
        on the thread on which the event happens. On an AsyncClient they may be ``async def``, if they are
        given on a running event loop, on which they then run.

        Raises:
            TypeError: the callback cannot be called, or is ``async def`` and nobody would await it.
        """
    @overload
    def on(
        self, event: Literal["definitions_recovered"], callback: Callable[[None], object]
    ) -> Callable[[], None]:
        """Call ``callback(payload)`` whenever ``event`` happens; return a function that unsubscribes.

        The payload of ``error`` is an exception, that of ``flush`` the delivered events, that of
        ``local_evaluation_flags_loaded`` the number of flags, with the keys of the changed flags as its
        attribute ``changed_keys``, and that of ``capture``, ``identify``, ``alias`` and
        ``group_identify`` the queued event. Definitions that equal those in use are not announced.
        ``definitions_recovered``, with None, is the first successful load after failed loads, of which
        ``error`` reports each. ``flag_evaluated``, with a `FlagEvaluated`, is every read of a flag by its key:
        by a getter, from the result of ``evaluate_flags`` (made since), or in ``flag_keys`` of
        ``get_all_flags``. While it has callbacks, reads take the full way, some ten times as long. For
        ``*``, call ``callback(event, payload)`` for all but ``flag_evaluated``. Callbacks run
        on the thread on which the event happens. On an AsyncClient they may be ``async def``, if they are
        given on a running event loop, on which they then run.

        Raises:
            TypeError: the callback cannot be called, or is ``async def`` and nobody would await it.
        """
    @overload
    def on(
        self,
        event: Literal["capture", "identify", "alias", "group_identify", "groupIdentify"],
        callback: Callable[[EventMessage], object],
    ) -> Callable[[], None]:
        """Call ``callback(payload)`` whenever ``event`` happens; return a function that unsubscribes.

        The payload of ``error`` is an exception, that of ``flush`` the delivered events, that of
        ``local_evaluation_flags_loaded`` the number of flags, with the keys of the changed flags as its
        attribute ``changed_keys``, and that of ``capture``, ``identify``, ``alias`` and
        ``group_identify`` the queued event. Definitions that equal those in use are not announced.
        ``definitions_recovered``, with None, is the first successful load after failed loads, of which
        ``error`` reports each. ``flag_evaluated``, with a `FlagEvaluated`, is every read of a flag by its key:
        by a getter, from the result of ``evaluate_flags`` (made since), or in ``flag_keys`` of
        ``get_all_flags``. While it has callbacks, reads take the full way, some ten times as long. For
        ``*``, call ``callback(event, payload)`` for all but ``flag_evaluated``. Callbacks run
        on the thread on which the event happens. On an AsyncClient they may be ``async def``, if they are
        given on a running event loop, on which they then run.

        Raises:
            TypeError: the callback cannot be called, or is ``async def`` and nobody would await it.
        """
    @overload
    def on(self, event: Literal["*"], callback: Callable[[str, Any], object]) -> Callable[[], None]:
        """Call ``callback(payload)`` whenever ``event`` happens; return a function that unsubscribes.

        The payload of ``error`` is an exception, that of ``flush`` the delivered events, that of
        ``local_evaluation_flags_loaded`` the number of flags, with the keys of the changed flags as its
        attribute ``changed_keys``, and that of ``capture``, ``identify``, ``alias`` and
        ``group_identify`` the queued event. Definitions that equal those in use are not announced.
        ``definitions_recovered``, with None, is the first successful load after failed loads, of which
        ``error`` reports each. ``flag_evaluated``, with a `FlagEvaluated`, is every read of a flag by its key:
        by a getter, from the result of ``evaluate_flags`` (made since), or in ``flag_keys`` of
        ``get_all_flags``. While it has callbacks, reads take the full way, some ten times as long. For
        ``*``, call ``callback(event, payload)`` for all but ``flag_evaluated``. Callbacks run
        on the thread on which the event happens. On an AsyncClient they may be ``async def``, if they are
        given on a running event loop, on which they then run.

        Raises:
            TypeError: the callback cannot be called, or is ``async def`` and nobody would await it.
        """

    def pending_count(self) -> int:
        """Return the number of accepted events that are neither delivered nor dropped."""

    def counters(self) -> Counters | None:
        """Return consistent counts of the events so far, by outcome."""

    def get_library_id(self) -> str:
        """Return the events' ``$lib``."""

    def get_library_version(self) -> str:
        """Return this package's version, the events' ``$lib_version``."""

    def get_custom_user_agent(self) -> str:
        """Return the User-Agent of the client's requests."""

class BlockingMethods:
    """The methods of ``Client`` that may wait."""

    def capture_immediate(self, event: str, **message: Unpack[CaptureOptions]) -> str | None:
        """Capture an event and deliver it; return its uuid, or None if the delivery failed.

        ``on_error`` hears of a lost event before this method returns. Several calls may have the same
        uuid: each sends its event, and the server counts them once. After a temporary failure the event stays queued, and may still be delivered later.
        """

    def capture_ai_immediate(self, event: str, **message: Unpack[CaptureOptions]) -> str | None:
        """Capture an AI event and deliver it; return its uuid, or None if the delivery failed."""

    def capture_exception_immediate(
        self,
        exception: object = None,
        distinct_id: object = None,
        properties: Mapping[str, Any] | None = None,
        **options: Unpack[ExceptionOptions],
    ) -> str | None:
        """Capture an exception and deliver it; return the event's uuid, or None if delivery failed."""

    def alias_immediate(
        self, distinct_id: object = None, alias: object = None, **options: Unpack[AliasOptions]
    ) -> str | None:
        """Alias and deliver; return the event's uuid, or None if the delivery failed."""

    def identify_immediate(
        self,
        distinct_id: object = None,
        properties: Properties | None = None,
        **options: Unpack[IdentifyOptions],
    ) -> str | None:
        """Identify and deliver; return the event's uuid, or None if the delivery failed."""

    def group_identify_immediate(
        self,
        group_type: str,
        group_key: object,
        properties: Properties | None = None,
        **options: Unpack[GroupOptions],
    ) -> str | None:
        """Identify a group and deliver; return the event's uuid, or None if the delivery failed."""

    def evaluate_flags(
        self,
        distinct_id: object = None,
        *,
        flag_keys: Iterable[str] | None = None,
        **options: Unpack[FlagOptions],
    ) -> FlagEvaluations:
        """Evaluate flags with at most one request, for any number of reads.

        Without a distinct id, return an empty result. The first read of each flag sends the events that
        ``get_feature_flag`` sends. Pass the result to ``capture(flags=...)`` to add the flags to an event.
        """

    def get_feature_flag(
        self, key: str, distinct_id: object = None, **options: Unpack[ReadOptions]
    ) -> FlagValue | None:
        """Return True, False, text, a number or an object; None if the flag has no value or is unknown.

        Send ``$feature_flag_called``, once for each person and value, and ``$experiment_exposure`` if the
        answer exposes the person to an experiment.
        """

    def get_feature_flag_payload(
        self,
        key: str,
        distinct_id: object = None,
        *,
        match_value: Any = None,
        **options: Unpack[ReadOptions],
    ) -> Any:
        """Return the flag's payload, or the payload of ``match_value``; None if there is no payload.

        Send no event, unless ``send_feature_flag_events`` is true; ``match_value`` never sends any,
        because it is a look-up and no read.
        """

    def get_feature_flag_reading(
        self, key: str, distinct_id: object = None, **options: Unpack[ReadOptions]
    ) -> FlagReading | None:
        """Return the result together with the reason for a missing value; None after a failure here.

        Do as ``get_feature_flag_result`` otherwise.
        """

    def get_feature_flag_result(
        self, key: str, distinct_id: object = None, **options: Unpack[ReadOptions]
    ) -> FeatureFlagResult | None:
        """Return value, payload and reason together; None if the flag is unknown."""

    @overload
    def is_feature_enabled(
        self,
        key: str,
        distinct_id: object = None,
        *,
        default_value: bool,
        **options: Unpack[ReadOptions],
    ) -> bool:
        """Return whether the flag is on; ``default_value`` only if it has no value or is unknown.

        Without a default, return None for an unknown flag, and after a failure.
        """
    @overload
    def is_feature_enabled(
        self,
        key: str,
        distinct_id: object = None,
        *,
        default_value: bool | None = None,
        **options: Unpack[ReadOptions],
    ) -> bool | None:
        """Return whether the flag is on; ``default_value`` only if it has no value or is unknown.

        Without a default, return None for an unknown flag, and after a failure.
        """

    @overload
    def feature_enabled(
        self,
        key: str,
        distinct_id: object = None,
        *,
        default_value: bool,
        **options: Unpack[ReadOptions],
    ) -> bool:
        """Return whether the flag is on; ``default_value`` only if it has no value or is unknown.

        Without a default, return None for an unknown flag, and after a failure.
        """
    @overload
    def feature_enabled(
        self,
        key: str,
        distinct_id: object = None,
        *,
        default_value: bool | None = None,
        **options: Unpack[ReadOptions],
    ) -> bool | None:
        """Return whether the flag is on; ``default_value`` only if it has no value or is unknown.

        Without a default, return None for an unknown flag, and after a failure.
        """

    def get_boolean(
        self, key: str, default: bool, distinct_id: object = None, **options: Unpack[ReadOptions]
    ) -> bool:
        """Return whether the flag is on; ``default`` if it has no value, is unknown, or is no boolean.

        A flag of format 1 is on with every variant.
        """

    def get_string(
        self, key: str, default: str, distinct_id: object = None, **options: Unpack[ReadOptions]
    ) -> str:
        """Return the text; ``default`` if the flag has none, is off or unknown.

        The text of a flag of format 1 is its variant, or a payload that is text.
        """

    def get_number(
        self, key: str, default: N, distinct_id: object = None, **options: Unpack[ReadOptions]
    ) -> N:
        """Return the number; ``default`` if the flag has none, is off or unknown.

        With an int as the default, return whole numbers as ints and ``default`` for others; with a float,
        return every number as a float. A boolean is no number. The number of a flag of format 1 is a payload
        that is a number, or a variant that is the text of a number.
        """

    @overload
    def get_object(
        self,
        key: str,
        default: dict[str, Any],
        distinct_id: object = None,
        **options: Unpack[ReadOptions],
    ) -> dict[str, Any]:
        """Return the object, a dict of the caller's own; ``default`` if the flag has none, is off or unknown.

        With a list as the default, return a list. The object or list of a flag of format 1 is its payload.
        """
    @overload
    def get_object(
        self, key: str, default: Obj, distinct_id: object = None, **options: Unpack[ReadOptions]
    ) -> Obj:
        """Return the object, a dict of the caller's own; ``default`` if the flag has none, is off or unknown.

        With a list as the default, return a list. The object or list of a flag of format 1 is its payload.
        """

    @overload
    def get_feature_flag_details(
        self, key: str, default: bool, distinct_id: object = None, **options: Unpack[ReadOptions]
    ) -> FlagDetails[bool]:
        """Return the value that the getter of the default's type returns, and why.

        The getters are ``get_boolean``, ``get_string``, ``get_number`` and ``get_object``. An
        ``error_code`` says why the value is the default: ``TYPE_MISMATCH``, or a code of
        ``get_feature_flag_reading``.
        """
    @overload
    def get_feature_flag_details(
        self, key: str, default: str, distinct_id: object = None, **options: Unpack[ReadOptions]
    ) -> FlagDetails[str]:
        """Return the value that the getter of the default's type returns, and why.

        The getters are ``get_boolean``, ``get_string``, ``get_number`` and ``get_object``. An
        ``error_code`` says why the value is the default: ``TYPE_MISMATCH``, or a code of
        ``get_feature_flag_reading``.
        """
    @overload
    def get_feature_flag_details(
        self, key: str, default: N, distinct_id: object = None, **options: Unpack[ReadOptions]
    ) -> FlagDetails[N]:
        """Return the value that the getter of the default's type returns, and why.

        The getters are ``get_boolean``, ``get_string``, ``get_number`` and ``get_object``. An
        ``error_code`` says why the value is the default: ``TYPE_MISMATCH``, or a code of
        ``get_feature_flag_reading``.
        """
    @overload
    def get_feature_flag_details(
        self,
        key: str,
        default: dict[str, Any],
        distinct_id: object = None,
        **options: Unpack[ReadOptions],
    ) -> FlagDetails[dict[str, Any]]:
        """Return the value that the getter of the default's type returns, and why.

        The getters are ``get_boolean``, ``get_string``, ``get_number`` and ``get_object``. An
        ``error_code`` says why the value is the default: ``TYPE_MISMATCH``, or a code of
        ``get_feature_flag_reading``.
        """
    @overload
    def get_feature_flag_details(
        self, key: str, default: Obj, distinct_id: object = None, **options: Unpack[ReadOptions]
    ) -> FlagDetails[Obj]:
        """Return the value that the getter of the default's type returns, and why.

        The getters are ``get_boolean``, ``get_string``, ``get_number`` and ``get_object``. An
        ``error_code`` says why the value is the default: ``TYPE_MISMATCH``, or a code of
        ``get_feature_flag_reading``.
        """

    def get_all_flags(
        self, distinct_id: object = None, **options: Unpack[BulkOptions]
    ) -> dict[str, FlagValue | None]:
        """Return the values of all flags, or of ``flag_keys``; send no event."""

    def get_all_flags_and_payloads(
        self, distinct_id: object = None, **options: Unpack[BulkOptions]
    ) -> FlagsAndPayloads:
        """Return the values and the existing payloads of the flags; send no event."""

    def explain(
        self,
        key: str,
        distinct_id: object = None,
        *,
        redact: bool = False,
        **options: Unpack[ReadOptions],
    ) -> Explanation | None:
        """Explain how the loaded definitions decide the flag: every condition, filter and hash.

        ``str()`` draws the explanation as a tree; ``to_dict()`` and ``to_line()`` have it as data;
        ``smallest_missing`` has the inputs that would decide a flag without an answer. With ``redact``, the
        values of properties are left out, for logs.

        The person, the properties and the overrides are those that a read with the same arguments has. Ask no
        server and send no event. Return None, with a line in the log, without definitions, without a distinct
        id, and after a failure. The first call waits for definitions as the first read does.
        """

    @overload
    def requirements(self, key: None = None) -> Mapping[str, Requirements]:
        """Return which inputs a loaded flag can need, and whether it is decided locally; without a key, for all.

        For all flags, return a mapping by key, which is empty without definitions. For one flag, return None if
        it is unknown. The flags of ``never_evaluate_locally`` are never decided locally. The first call waits
        for definitions as the first read does.
        """
    @overload
    def requirements(self, key: str) -> Requirements | None:
        """Return which inputs a loaded flag can need, and whether it is decided locally; without a key, for all.

        For all flags, return a mapping by key, which is empty without definitions. For one flag, return None if
        it is unknown. The flags of ``never_evaluate_locally`` are never decided locally. The first call waits
        for definitions as the first read does.
        """

    def wait_for_local_evaluation_ready(self, timeout: float | None = 30.0) -> bool:
        """Wait for definitions, for at most ``timeout`` seconds; return whether flags are loaded.

        Without a source of definitions, return False at once; also when definitions without flags arrive.
        ``timeout`` is read as in ``flush``.
        """

    def reload_feature_flags(self, timeout: float | None = 10.0) -> None:
        """Load the definitions now, or join a load in progress. ``definitions_health`` has the outcome.

        Do nothing without a source, and while the server has asked for a pause. ``timeout`` is read as in
        ``flush``.
        """

    def get_remote_config_payload(
        self, flag_key: str | None = None, *, key: str | None = None
    ) -> Any:
        """Return the decoded payload of a remote config flag; None if it cannot be fetched.

        This needs a secret key. ``key`` is posthog-python's name for ``flag_key``.
        """

    def get_surveys_stateless(self) -> list[dict[str, Any]]:
        """Return the project's surveys; an empty list if they cannot be fetched. Store nothing."""

    def get_surveys(self) -> list[dict[str, Any]]:
        """Return the project's surveys; an empty list if they cannot be fetched. Store nothing."""

    def fetch(
        self,
        url: str,
        *,
        method: str = "GET",
        headers: Mapping[str, str] | None = None,
        body: bytes | None = None,
        timeout: float | None = None,
    ) -> Response | None:
        """Make a request through the client's transport; None if no response came.

        Return a response with any status. The request has no key, unless it is in the arguments.
        ``timeout`` is read as in ``flush``; None: the client's ``request_timeout``.
        """

    def flush(self, timeout: float | None = None) -> bool:
        """Try once to send all queued events; return whether all went well.

        That is: none of these events is left, and no event was lost since the last flush, for whatever
        reason. Before that, ``on_error`` has been told of each loss, unless it takes more than five seconds.
        Flushes at the same time all answer for the same losses. After a temporary failure the events stay
        queued and are retried in the background.

        ``timeout`` is read as by each method here: a number of seconds, also as text, or a ``timedelta``;
        None: no limit. A negative time counts as 0. With anything else, the method logs an error and does
        nothing.
        """

    def shutdown(self, timeout: float | None = 30.0, *, discard: bool = False) -> bool:
        """Refuse new events, deliver queued events within ``timeout``; return whether all were delivered.

        It is also False if an event was lost since the last flush. ``on_error`` has been told of the losses,
        unless it takes more than a second. After that, flags are evaluated with the definitions that are
        already loaded. A second call waits for the first. A call inside a callback of the client only starts
        the shutdown. With ``discard``, drop the queued events. ``timeout`` is read as in ``flush``.
        """

class AwaitedMethods:
    """The methods of ``AsyncClient`` that may wait, which are awaited."""

    async def capture_immediate(self, event: str, **message: Unpack[CaptureOptions]) -> str | None:
        """Capture an event and deliver it; return its uuid, or None if the delivery failed.

        ``on_error`` hears of a lost event before this method returns. Several calls may have the same
        uuid: each sends its event, and the server counts them once. After a temporary failure the event stays queued, and may still be delivered later.
        """

    async def capture_ai_immediate(
        self, event: str, **message: Unpack[CaptureOptions]
    ) -> str | None:
        """Capture an AI event and deliver it; return its uuid, or None if the delivery failed."""

    async def capture_exception_immediate(
        self,
        exception: object = None,
        distinct_id: object = None,
        properties: Mapping[str, Any] | None = None,
        **options: Unpack[ExceptionOptions],
    ) -> str | None:
        """Capture an exception and deliver it; return the event's uuid, or None if delivery failed."""

    async def alias_immediate(
        self, distinct_id: object = None, alias: object = None, **options: Unpack[AliasOptions]
    ) -> str | None:
        """Alias and deliver; return the event's uuid, or None if the delivery failed."""

    async def identify_immediate(
        self,
        distinct_id: object = None,
        properties: Properties | None = None,
        **options: Unpack[IdentifyOptions],
    ) -> str | None:
        """Identify and deliver; return the event's uuid, or None if the delivery failed."""

    async def group_identify_immediate(
        self,
        group_type: str,
        group_key: object,
        properties: Properties | None = None,
        **options: Unpack[GroupOptions],
    ) -> str | None:
        """Identify a group and deliver; return the event's uuid, or None if the delivery failed."""

    async def evaluate_flags(
        self,
        distinct_id: object = None,
        *,
        flag_keys: Iterable[str] | None = None,
        **options: Unpack[FlagOptions],
    ) -> FlagEvaluations:
        """Evaluate flags with at most one request, for any number of reads.

        Without a distinct id, return an empty result. The first read of each flag sends the events that
        ``get_feature_flag`` sends. Pass the result to ``capture(flags=...)`` to add the flags to an event.
        """

    async def get_feature_flag(
        self, key: str, distinct_id: object = None, **options: Unpack[ReadOptions]
    ) -> FlagValue | None:
        """Return True, False, text, a number or an object; None if the flag has no value or is unknown.

        Send ``$feature_flag_called``, once for each person and value, and ``$experiment_exposure`` if the
        answer exposes the person to an experiment.
        """

    async def get_feature_flag_payload(
        self,
        key: str,
        distinct_id: object = None,
        *,
        match_value: Any = None,
        **options: Unpack[ReadOptions],
    ) -> Any:
        """Return the flag's payload, or the payload of ``match_value``; None if there is no payload.

        Send no event, unless ``send_feature_flag_events`` is true; ``match_value`` never sends any,
        because it is a look-up and no read.
        """

    async def get_feature_flag_reading(
        self, key: str, distinct_id: object = None, **options: Unpack[ReadOptions]
    ) -> FlagReading | None:
        """Return the result together with the reason for a missing value; None after a failure here.

        Do as ``get_feature_flag_result`` otherwise.
        """

    async def get_feature_flag_result(
        self, key: str, distinct_id: object = None, **options: Unpack[ReadOptions]
    ) -> FeatureFlagResult | None:
        """Return value, payload and reason together; None if the flag is unknown."""

    @overload
    async def is_feature_enabled(
        self,
        key: str,
        distinct_id: object = None,
        *,
        default_value: bool,
        **options: Unpack[ReadOptions],
    ) -> bool:
        """Return whether the flag is on; ``default_value`` only if it has no value or is unknown.

        Without a default, return None for an unknown flag, and after a failure.
        """
    @overload
    async def is_feature_enabled(
        self,
        key: str,
        distinct_id: object = None,
        *,
        default_value: bool | None = None,
        **options: Unpack[ReadOptions],
    ) -> bool | None:
        """Return whether the flag is on; ``default_value`` only if it has no value or is unknown.

        Without a default, return None for an unknown flag, and after a failure.
        """

    @overload
    async def feature_enabled(
        self,
        key: str,
        distinct_id: object = None,
        *,
        default_value: bool,
        **options: Unpack[ReadOptions],
    ) -> bool:
        """Return whether the flag is on; ``default_value`` only if it has no value or is unknown.

        Without a default, return None for an unknown flag, and after a failure.
        """
    @overload
    async def feature_enabled(
        self,
        key: str,
        distinct_id: object = None,
        *,
        default_value: bool | None = None,
        **options: Unpack[ReadOptions],
    ) -> bool | None:
        """Return whether the flag is on; ``default_value`` only if it has no value or is unknown.

        Without a default, return None for an unknown flag, and after a failure.
        """

    async def get_boolean(
        self, key: str, default: bool, distinct_id: object = None, **options: Unpack[ReadOptions]
    ) -> bool:
        """Return whether the flag is on; ``default`` if it has no value, is unknown, or is no boolean.

        A flag of format 1 is on with every variant.
        """

    async def get_string(
        self, key: str, default: str, distinct_id: object = None, **options: Unpack[ReadOptions]
    ) -> str:
        """Return the text; ``default`` if the flag has none, is off or unknown.

        The text of a flag of format 1 is its variant, or a payload that is text.
        """

    async def get_number(
        self, key: str, default: N, distinct_id: object = None, **options: Unpack[ReadOptions]
    ) -> N:
        """Return the number; ``default`` if the flag has none, is off or unknown.

        With an int as the default, return whole numbers as ints and ``default`` for others; with a float,
        return every number as a float. A boolean is no number. The number of a flag of format 1 is a payload
        that is a number, or a variant that is the text of a number.
        """

    @overload
    async def get_object(
        self,
        key: str,
        default: dict[str, Any],
        distinct_id: object = None,
        **options: Unpack[ReadOptions],
    ) -> dict[str, Any]:
        """Return the object, a dict of the caller's own; ``default`` if the flag has none, is off or unknown.

        With a list as the default, return a list. The object or list of a flag of format 1 is its payload.
        """
    @overload
    async def get_object(
        self, key: str, default: Obj, distinct_id: object = None, **options: Unpack[ReadOptions]
    ) -> Obj:
        """Return the object, a dict of the caller's own; ``default`` if the flag has none, is off or unknown.

        With a list as the default, return a list. The object or list of a flag of format 1 is its payload.
        """

    @overload
    async def get_feature_flag_details(
        self, key: str, default: bool, distinct_id: object = None, **options: Unpack[ReadOptions]
    ) -> FlagDetails[bool]:
        """Return the value that the getter of the default's type returns, and why.

        The getters are ``get_boolean``, ``get_string``, ``get_number`` and ``get_object``. An
        ``error_code`` says why the value is the default: ``TYPE_MISMATCH``, or a code of
        ``get_feature_flag_reading``.
        """
    @overload
    async def get_feature_flag_details(
        self, key: str, default: str, distinct_id: object = None, **options: Unpack[ReadOptions]
    ) -> FlagDetails[str]:
        """Return the value that the getter of the default's type returns, and why.

        The getters are ``get_boolean``, ``get_string``, ``get_number`` and ``get_object``. An
        ``error_code`` says why the value is the default: ``TYPE_MISMATCH``, or a code of
        ``get_feature_flag_reading``.
        """
    @overload
    async def get_feature_flag_details(
        self, key: str, default: N, distinct_id: object = None, **options: Unpack[ReadOptions]
    ) -> FlagDetails[N]:
        """Return the value that the getter of the default's type returns, and why.

        The getters are ``get_boolean``, ``get_string``, ``get_number`` and ``get_object``. An
        ``error_code`` says why the value is the default: ``TYPE_MISMATCH``, or a code of
        ``get_feature_flag_reading``.
        """
    @overload
    async def get_feature_flag_details(
        self,
        key: str,
        default: dict[str, Any],
        distinct_id: object = None,
        **options: Unpack[ReadOptions],
    ) -> FlagDetails[dict[str, Any]]:
        """Return the value that the getter of the default's type returns, and why.

        The getters are ``get_boolean``, ``get_string``, ``get_number`` and ``get_object``. An
        ``error_code`` says why the value is the default: ``TYPE_MISMATCH``, or a code of
        ``get_feature_flag_reading``.
        """
    @overload
    async def get_feature_flag_details(
        self, key: str, default: Obj, distinct_id: object = None, **options: Unpack[ReadOptions]
    ) -> FlagDetails[Obj]:
        """Return the value that the getter of the default's type returns, and why.

        The getters are ``get_boolean``, ``get_string``, ``get_number`` and ``get_object``. An
        ``error_code`` says why the value is the default: ``TYPE_MISMATCH``, or a code of
        ``get_feature_flag_reading``.
        """

    async def get_all_flags(
        self, distinct_id: object = None, **options: Unpack[BulkOptions]
    ) -> dict[str, FlagValue | None]:
        """Return the values of all flags, or of ``flag_keys``; send no event."""

    async def get_all_flags_and_payloads(
        self, distinct_id: object = None, **options: Unpack[BulkOptions]
    ) -> FlagsAndPayloads:
        """Return the values and the existing payloads of the flags; send no event."""

    async def explain(
        self,
        key: str,
        distinct_id: object = None,
        *,
        redact: bool = False,
        **options: Unpack[ReadOptions],
    ) -> Explanation | None:
        """Explain how the loaded definitions decide the flag: every condition, filter and hash.

        ``str()`` draws the explanation as a tree; ``to_dict()`` and ``to_line()`` have it as data;
        ``smallest_missing`` has the inputs that would decide a flag without an answer. With ``redact``, the
        values of properties are left out, for logs.

        The person, the properties and the overrides are those that a read with the same arguments has. Ask no
        server and send no event. Return None, with a line in the log, without definitions, without a distinct
        id, and after a failure. The first call waits for definitions as the first read does.
        """

    @overload
    async def requirements(self, key: None = None) -> Mapping[str, Requirements]:
        """Return which inputs a loaded flag can need, and whether it is decided locally; without a key, for all.

        For all flags, return a mapping by key, which is empty without definitions. For one flag, return None if
        it is unknown. The flags of ``never_evaluate_locally`` are never decided locally. The first call waits
        for definitions as the first read does.
        """
    @overload
    async def requirements(self, key: str) -> Requirements | None:
        """Return which inputs a loaded flag can need, and whether it is decided locally; without a key, for all.

        For all flags, return a mapping by key, which is empty without definitions. For one flag, return None if
        it is unknown. The flags of ``never_evaluate_locally`` are never decided locally. The first call waits
        for definitions as the first read does.
        """

    async def wait_for_local_evaluation_ready(self, timeout: float | None = 30.0) -> bool:
        """Wait for definitions, for at most ``timeout`` seconds; return whether flags are loaded.

        Without a source of definitions, return False at once; also when definitions without flags arrive.
        ``timeout`` is read as in ``flush``.
        """

    async def reload_feature_flags(self, timeout: float | None = 10.0) -> None:
        """Load the definitions now, or join a load in progress. ``definitions_health`` has the outcome.

        Do nothing without a source, and while the server has asked for a pause. ``timeout`` is read as in
        ``flush``.
        """

    async def get_remote_config_payload(
        self, flag_key: str | None = None, *, key: str | None = None
    ) -> Any:
        """Return the decoded payload of a remote config flag; None if it cannot be fetched.

        This needs a secret key. ``key`` is posthog-python's name for ``flag_key``.
        """

    async def get_surveys_stateless(self) -> list[dict[str, Any]]:
        """Return the project's surveys; an empty list if they cannot be fetched. Store nothing."""

    async def get_surveys(self) -> list[dict[str, Any]]:
        """Return the project's surveys; an empty list if they cannot be fetched. Store nothing."""

    async def fetch(
        self,
        url: str,
        *,
        method: str = "GET",
        headers: Mapping[str, str] | None = None,
        body: bytes | None = None,
        timeout: float | None = None,
    ) -> Response | None:
        """Make a request through the client's transport; None if no response came.

        Return a response with any status. The request has no key, unless it is in the arguments.
        ``timeout`` is read as in ``flush``; None: the client's ``request_timeout``.
        """

    async def flush(self, timeout: float | None = None) -> bool:
        """Try once to send all queued events; return whether all went well.

        That is: none of these events is left, and no event was lost since the last flush, for whatever
        reason. Before that, ``on_error`` has been told of each loss, unless it takes more than five seconds.
        Flushes at the same time all answer for the same losses. After a temporary failure the events stay
        queued and are retried in the background.

        ``timeout`` is read as by each method here: a number of seconds, also as text, or a ``timedelta``;
        None: no limit. A negative time counts as 0. With anything else, the method logs an error and does
        nothing.
        """

    async def shutdown(self, timeout: float | None = 30.0, *, discard: bool = False) -> bool:
        """Refuse new events, deliver queued events within ``timeout``; return whether all were delivered.

        It is also False if an event was lost since the last flush. ``on_error`` has been told of the losses,
        unless it takes more than a second. After that, flags are evaluated with the definitions that are
        already loaded. A second call waits for the first. A call inside a callback of the client only starts
        the shutdown. With ``discard``, drop the queued events. ``timeout`` is read as in ``flush``.
        """
