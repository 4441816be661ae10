"""The client, as a list of its methods. The functions are defined in the imported modules.

These methods may wait for the network or the disk; the other methods are in ``shared``.
``asynchronous`` has the same methods for asyncio.
"""

from __future__ import annotations

from types import TracebackType
from typing import TYPE_CHECKING, ClassVar, Self

from . import capture as _capture
from . import definitions as _definitions
from . import exceptions as _exceptions
from . import explaining as _explaining
from . import fetch as _fetch
from . import flags as _flags
from . import identity as _identity
from . import lifecycle as _lifecycle
from . import typed_flags as _typed_flags
from .quick_reads import (
    DEFAULT_VALUE,
    enabled_of,
    payload_of,
    quick,
    quick_evaluation,
    quick_typed,
    reading_of,
    result_of,
)
from .shared import SharedVerbs
from .verbs import blocking

if TYPE_CHECKING:
    from .signatures import BlockingMethods
else:
    BlockingMethods = object

__all__ = ["Client"]


class Client(SharedVerbs, BlockingMethods):
    """A client that captures events and evaluates flags. Thread-safe; make one client and keep it.

    Args:
        api_key: the project key, or all options as ``Options``. Without a key and without a ``sink``
            the client does nothing.
        options: see ``Options``; an unknown option raises a TypeError that names the most similar.

    A new client starts no thread and sends nothing: its threads start with the first event and the
    first flag, and again in a forked child. The methods raise no errors into the application, except
    for wrong arguments; errors go to the log (``flagengine``), ``on_error`` and
    ``on("error", ...)``. ``with Client(...)`` shuts down at the end; otherwise queued events have
    one second at exit. An unhandled SIGTERM ends Python without that second, so handle SIGTERM and
    call ``shutdown()``. After a fork the child starts with empty queues, because the parent sends
    its own events.

    >>> from flagengine.transports.batching.sinks.memory import MemorySink
    >>> from flagengine.transports.polling.sources import MemoryDefinitions
    >>> beta = {"key": "beta", "active": True, "filters": {"groups": [{}]}}
    >>> sink = MemorySink()
    >>> with Client(definitions=MemoryDefinitions({"flags": [beta]}), sink=sink) as client:
    ...     client.is_feature_enabled("beta", "user-1")
    True
    >>> [event.name for event in sink.events]
    ['$feature_flag_called']
    """

    _blocks: ClassVar[bool] = True

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.shutdown()

    if not TYPE_CHECKING:  # for type checkers, the methods are in ``signatures``
        # Events.
        capture_immediate = blocking(_capture.capture_immediate)
        capture_ai_immediate = blocking(_capture.capture_ai_immediate)
        capture_exception_immediate = blocking(_exceptions.capture_exception_immediate)

        # People and groups.
        alias_immediate = blocking(_identity.alias_immediate)
        identify_immediate = blocking(_identity.identify_immediate)
        group_identify_immediate = blocking(_identity.group_identify_immediate)

        # Flags.
        evaluate_flags = quick_evaluation(blocking(_flags.evaluate_flags))
        get_feature_flag = quick(blocking(_flags.get_feature_flag))
        get_feature_flag_payload = quick(
            blocking(_flags.get_feature_flag_payload), payload_of, sends=False
        )
        get_feature_flag_reading = quick(blocking(_flags.get_feature_flag_reading), reading_of)
        get_feature_flag_result = quick(blocking(_flags.get_feature_flag_result), result_of)
        is_feature_enabled = quick(
            blocking(_flags.is_feature_enabled), enabled_of, without_effect=DEFAULT_VALUE
        )
        feature_enabled = is_feature_enabled
        get_boolean = quick_typed(blocking(_typed_flags.get_boolean), bool)
        get_string = quick_typed(blocking(_typed_flags.get_string), str)
        get_number = blocking(_typed_flags.get_number)
        get_object = blocking(_typed_flags.get_object)
        get_feature_flag_details = blocking(_typed_flags.get_feature_flag_details)
        get_all_flags = blocking(_flags.get_all_flags)
        get_all_flags_and_payloads = blocking(_flags.get_all_flags_and_payloads)

        # What the engine knows.
        explain = blocking(_explaining.explain)
        requirements = blocking(_explaining.requirements)

        # Definitions.
        wait_for_local_evaluation_ready = blocking(_definitions.wait_for_local_evaluation_ready)
        reload_feature_flags = blocking(_definitions.reload_feature_flags)

        # Other requests.
        get_remote_config_payload = blocking(_fetch.get_remote_config_payload)
        get_surveys_stateless = blocking(_fetch.get_surveys_stateless)
        get_surveys = get_surveys_stateless
        fetch = blocking(_fetch.fetch)

        # The client.
        flush = blocking(_lifecycle.flush)
        shutdown = blocking(_lifecycle.shutdown)
