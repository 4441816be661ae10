"""The client for asyncio: the methods of ``Client``, awaited if they do I/O.

The class only lists the methods; their functions are the same as in ``client``. A step that blocks
runs on a thread of the client, so no asynchronous HTTP library is needed and the loop's default
executor stays free for the application. Local flags are evaluated on the loop, without a thread.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Coroutine
from types import TracebackType
from typing import TYPE_CHECKING, Any, ClassVar, Concatenate, ParamSpec, Self, TypeVar, cast

from ..batching.limits import Overflow
from ..daemon_threads import DaemonThreads
from ..steps import Call, Steps, run_steps_async
from . import capture as _capture
from . import definitions as _definitions
from . import exceptions as _exceptions
from . import explaining as _explaining
from . import fetch as _fetch
from . import flags as _flags
from . import identity as _identity
from . import lifecycle as _lifecycle
from . import typed_flags as _typed_flags
from .options import Options
from .perform import perform_on
from .quick_reads import (
    DEFAULT_VALUE,
    enabled_of,
    payload_of,
    quick_awaited,
    quick_evaluation_awaited,
    quick_typed_awaited,
    reading_of,
    result_of,
)
from .shared import SharedVerbs
from .verbs import carried_out

if TYPE_CHECKING:
    from .signatures import AwaitedMethods
else:
    AwaitedMethods = object

__all__ = ["AsyncClient", "awaited"]

# The waits for definitions that may go on at once: each holds a thread.
MOST_WAITS = 64

P = ParamSpec("P")
R = TypeVar("R")
C = TypeVar("C")


def awaited(
    verb: Callable[Concatenate[C, P], Steps[R]], *, is_urgent: bool = False, is_wait: bool = False
) -> Callable[Concatenate[C, P], Coroutine[Any, Any, R]]:
    """Return a method that runs each step of `verb` on a thread of the client and awaits it.

    The steps of an urgent verb do not wait for those of others. Those of a wait have threads of their
    own, so that many waits for definitions leave threads to reads.
    """

    @functools.wraps(verb)
    async def method(client: C, /, *args: P.args, **kwargs: P.kwargs) -> R:
        own = cast("AsyncClient", client)

        def perform(call: Call) -> Coroutine[Any, Any, Any]:
            threads = own.waiting_threads if is_wait or call.is_wait else own.threads
            return perform_on(threads, call, is_urgent=is_urgent)

        return await run_steps_async(verb(client, *args, **kwargs), perform)

    return carried_out(method, verb)


class AsyncClient(SharedVerbs, AwaitedMethods):
    """A ``Client`` for asyncio. ``capture`` and similar methods stay synchronous: they only queue.

    Daemon threads send events and load definitions, as in ``Client``. So an AsyncClient may be made
    outside of an event loop, and used in several loops. ``async with`` shuts it down at the end.

    ``capture(send_feature_flags=...)`` never asks the server here. Instead, await ``evaluate_flags``
    and pass the result to ``capture(flags=...)``, or await ``capture_immediate``.

    >>> import asyncio
    >>> from flagengine.transports.batching.sinks.memory import MemorySink
    >>> from flagengine.transports.polling.sources import MemoryDefinitions
    >>> beta = {"key": "beta", "active": True, "filters": {"groups": [{}]}}
    >>> async def main():
    ...     async with AsyncClient(
    ...         definitions=MemoryDefinitions({"flags": [beta]}), sink=MemorySink()
    ...     ) as client:
    ...         return await client.is_feature_enabled("beta", "user-1")
    >>> asyncio.run(main())
    True

    Raises:
        ValueError: ``sync_mode`` or ``overflow="block"``, which would block the loop.
    """

    threads: DaemonThreads
    waiting_threads: DaemonThreads
    _blocks: ClassVar[bool] = False

    def _start(self, options: Options) -> None:
        if options.sync_mode:
            msg = "sync_mode must be off for AsyncClient: it would block the event loop; await capture_immediate"
            raise ValueError(msg)
        if options.overflow == Overflow.BLOCK:
            msg = "overflow must not be 'block' for AsyncClient: it would block the event loop"
            raise ValueError(msg)
        self.threads = DaemonThreads()
        self.waiting_threads = DaemonThreads(MOST_WAITS)
        super()._start(options)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        await self.shutdown()

    if not TYPE_CHECKING:  # for type checkers, the methods are in ``signatures``
        # Events.
        capture_immediate = awaited(_capture.capture_immediate)
        capture_ai_immediate = awaited(_capture.capture_ai_immediate)
        capture_exception_immediate = awaited(_exceptions.capture_exception_immediate)

        # People and groups.
        alias_immediate = awaited(_identity.alias_immediate)
        identify_immediate = awaited(_identity.identify_immediate)
        group_identify_immediate = awaited(_identity.group_identify_immediate)

        # Flags.
        evaluate_flags = quick_evaluation_awaited(awaited(_flags.evaluate_flags))
        get_feature_flag = quick_awaited(awaited(_flags.get_feature_flag))
        get_feature_flag_payload = quick_awaited(
            awaited(_flags.get_feature_flag_payload), payload_of, sends=False
        )
        get_feature_flag_reading = quick_awaited(
            awaited(_flags.get_feature_flag_reading), reading_of
        )
        get_feature_flag_result = quick_awaited(awaited(_flags.get_feature_flag_result), result_of)
        is_feature_enabled = quick_awaited(
            awaited(_flags.is_feature_enabled), enabled_of, without_effect=DEFAULT_VALUE
        )
        feature_enabled = is_feature_enabled
        get_boolean = quick_typed_awaited(awaited(_typed_flags.get_boolean), bool)
        get_string = quick_typed_awaited(awaited(_typed_flags.get_string), str)
        get_number = awaited(_typed_flags.get_number)
        get_object = awaited(_typed_flags.get_object)
        get_feature_flag_details = awaited(_typed_flags.get_feature_flag_details)
        get_all_flags = awaited(_flags.get_all_flags)
        get_all_flags_and_payloads = awaited(_flags.get_all_flags_and_payloads)

        # What the engine knows.
        explain = awaited(_explaining.explain)
        requirements = awaited(_explaining.requirements)

        # Definitions.
        wait_for_local_evaluation_ready = awaited(
            _definitions.wait_for_local_evaluation_ready, is_wait=True
        )
        reload_feature_flags = awaited(_definitions.reload_feature_flags, is_wait=True)

        # Other requests.
        get_remote_config_payload = awaited(_fetch.get_remote_config_payload)
        get_surveys_stateless = awaited(_fetch.get_surveys_stateless)
        get_surveys = get_surveys_stateless
        fetch = awaited(_fetch.fetch)

        # The client.
        flush = awaited(_lifecycle.flush, is_urgent=True)
        shutdown = awaited(_lifecycle.shutdown, is_urgent=True)
