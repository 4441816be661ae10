"""The assembly of a client's components from its options, without threads.

There is no I/O but for the file of the option ``development_overrides``.
"""

from __future__ import annotations

import logging
from dataclasses import fields
from functools import cache
from typing import Any

from flagengine import extra_for

from .. import abandonment, fork_and_exit
from ..application_errors import application_errors, log_error
from ..batching.drivers import ManualDriver
from ..batching.event import Event
from ..batching.pipeline import EventPipeline
from ..clock import Clock, guarded
from ..context.properties_for_flags import NO_PROPERTIES
from ..derived import Derived
from ..errors import DefinitionsError, TransportError
from ..flags.cache import open_flag_cache
from ..flags.called_tracker import CalledTracker
from ..flags.evaluate import FlagEvaluator
from ..flags.local import LocalFlags
from ..flags.quick import Reader
from ..flags.remote import RemoteFlags
from ..flags.scopes import note_reads
from ..http.base import Transport
from ..http.hosts import base_url
from ..http.live import LiveTransport
from ..http.options import HttpOptions
from ..incidents import Incidents
from ..polling.health import LoadError
from ..polling.loader import DefinitionLoader
from ..polling.policy import PollPolicy
from ..polling.poll_driver import ManualPollDriver
from ..polling.poll_thread import ThreadPollDriver
from ..polling.sources.base import DefinitionSource
from ..polling.sources.http import HttpDefinitions
from ..request_guard import RequestGuard
from ..runtime_properties import runtime_properties
from .callback_options import refuse_what_nobody_awaits
from .components import Components, ReportError
from .definitions import on_change
from .delivery_setup import lanes_of
from .development import overrides_for_development
from .exception_reporting import ExceptionReporting
from .listeners import ERROR, RECOVERED, Listeners
from .loop_callbacks import usable_callback
from .options import Options
from .preparation import Outbox, Preparation
from .status import ClientStatus
from .storage import Memory

__all__ = ["assemble", "version"]

logger: logging.Logger = logging.getLogger("flagengine.client")


@cache
def version() -> str:
    """Return this package's version; "0" if the package is not installed."""
    from importlib.metadata import PackageNotFoundError, version  # noqa: PLC0415 - 20 ms

    try:
        return version("flagengine")
    except PackageNotFoundError:
        return "0"


def assemble(options: Options, *, blocks: bool = True) -> Components:
    """Return the components of a new client.

    Raises:
        ValueError: an option is invalid.
        TypeError: an option is of the wrong type, or ``async def`` where nobody would await it.
    """
    refuse_what_nobody_awaits(options)
    clock = guarded(options.clock)
    reads: Derived[Reader] = Derived()
    note_reads(reads)
    listeners = Listeners(may_await=not blocks, reads=reads)
    memory = Memory(
        options.storage,
        super_properties=options.super_properties,
        default_opt_in=options.default_opt_in,
        reads=reads,
    )
    status = ClientStatus(memory, is_usable=options.is_usable, reads=reads)
    transport = _transport(options)
    report = _reporter(options, listeners, may_await=not blocks)
    preparation = _preparation(options, memory, status, clock)
    pipeline, outbox = _events(options, transport, clock, listeners, report)
    preparation.report_to(pipeline.refuse)
    evaluator = _evaluator(options, transport, clock, report, reads)
    loader = _loader(options, transport, clock, report, listeners, reads)
    components = Components(
        options=options,
        version=version(),
        clock=clock,
        listeners=listeners,
        memory=memory,
        status=status,
        preparation=preparation,
        pipeline=pipeline,
        outbox=outbox,
        evaluator=evaluator,
        tracker=CalledTracker(options.max_cache_size),
        exposures=CalledTracker(options.max_cache_size),
        transport=transport,
        loader=loader,
        exceptions=ExceptionReporting(options, preparation, outbox, status, clock),
        flag_properties=NO_PROPERTIES,
        reads=reads,
        report=report,
        guards={
            what: _guard(options, what, logger, clock) for what in ("remote config", "surveys")
        },
        blocks=blocks,
    )
    if loader is not None:
        evaluator.prepare()
        loader.store.subscribe(on_change(components))
        _load_at_once(loader, options.definitions)
    fork_and_exit.watch(components)
    return components


def _transport(options: Options) -> Transport:
    transport = options.transport or _live(options)
    if isinstance(transport, LiveTransport) and options.is_usable and options.project_key:
        # ``prepare`` must run in the application's thread. Without a key nothing is sent.
        with extra_for("the client"):
            transport.prepare()
    return transport


def _live(options: Options) -> LiveTransport:
    return LiveTransport(**{each.name: getattr(options, each.name) for each in fields(HttpOptions)})


def _reporter(options: Options, listeners: Listeners, *, may_await: bool) -> ReportError:
    """Return ``report(error, events)``, which calls ``on_error`` and the listeners."""
    on_error = options.on_error
    if on_error is not None:
        on_error = usable_callback("on_error", on_error, may_await=may_await)

    incidents = Incidents()

    def report(error: TransportError, events: tuple[Event, ...] = ()) -> None:
        try:
            if on_error is not None:
                on_error(error, events)
                incidents.resolve("raised")
        except application_errors():
            if incidents.opens("raised"):
                log_error(logger, "the on_error callback raised")
        listeners.notify_error(error)

    return report


def _preparation(
    options: Options, memory: Memory, status: ClientStatus, clock: Clock
) -> Preparation:
    owned: dict[str, Any] = {"$lib": options.lib_name, "$lib_version": version()}
    if options.is_server:
        owned["$is_server"] = True
    return Preparation(options, memory, status, clock, owned=owned, runtime=runtime_properties())


def _events(
    options: Options,
    transport: Transport,
    clock: Clock,
    listeners: Listeners,
    report: ReportError,
) -> tuple[EventPipeline, Outbox]:
    lanes = lanes_of(options, transport, clock, version=version())
    pipeline = EventPipeline(
        lanes,
        clock=clock,
        driver=options.driver,
        on_error=report,
        on_action=listeners.notify_delivered,
        is_heard=lambda: options.on_error is not None or listeners.are_wanted(ERROR),
    )
    return pipeline, Outbox(pipeline, lanes, listeners)


def _guard(options: Options, what: str, log: logging.Logger, clock: Clock) -> RequestGuard:
    return RequestGuard(what, pause=options.feature_flags_request_pause, log=log, clock=clock)


def _evaluator(
    options: Options,
    transport: Transport,
    clock: Clock,
    report: ReportError,
    reads: Derived[Reader],
) -> FlagEvaluator:
    local = LocalFlags(
        missing_group=options.missing_group,
        evaluation_contexts=options.contexts,
        project_timezone=options.project_timezone,
        never=options.never_evaluate_locally,
        complete=options.complete,
    )
    remote = None
    if options.project_key and options.is_usable:
        remote = RemoteFlags(
            transport,
            host=base_url(options.host),
            project_key=options.project_key,
            timeout=options.feature_flags_request_timeout,
            max_retries=options.feature_flags_request_max_retries,
            api_version=options.flags_api_version,
            evaluation_contexts=options.contexts,
            headers=_headers(options),
            sleep=abandonment.sleep if options.driver is None else options.driver.pause,
            guard=_guard(options, "flag requests", logging.getLogger("flagengine.flags"), clock),
        )
    cache = None if options.flag_cache is None else open_flag_cache(options.flag_cache)
    return FlagEvaluator(
        local,
        remote,
        cache=cache,
        on_failure=report,
        reads=reads,
        for_development=overrides_for_development(options.development_overrides),
    )


def _loader(
    options: Options,
    transport: Transport,
    clock: Clock,
    report: ReportError,
    listeners: Listeners,
    reads: Derived[Reader],
) -> DefinitionLoader | None:
    source = options.definitions or _server(options, transport, clock)
    provider = options.flag_definition_cache_provider
    if not options.is_usable or not options.enable_local_evaluation:
        return None
    if source is None and provider is None:
        return None

    def failed(error: LoadError) -> None:
        report(DefinitionsError(error.message, status=error.status))

    is_manual = isinstance(options.driver, ManualDriver)
    return DefinitionLoader(
        source,
        cache=provider,
        driver=ManualPollDriver() if is_manual else ThreadPollDriver(),
        policy=PollPolicy(options.poll_interval),
        budget=options.staleness,
        clock=clock,
        on_failure=failed,
        on_recovery=lambda: listeners.notify(RECOVERED, None),
        reads=reads,
    )


def _server(options: Options, transport: Transport, clock: Clock) -> DefinitionSource | None:
    if not options.secret or not options.project_key:
        return None
    return HttpDefinitions(
        transport,
        host=base_url(options.host),
        project_key=options.project_key,
        secret_key=options.secret,
        headers=_headers(options),
        clock=clock,
    )


def _headers(options: Options) -> dict[str, str]:
    return {**options.extra_headers, "User-Agent": f"{options.lib_name}/{version()}"}


def _load_at_once(loader: DefinitionLoader, source: DefinitionSource | None) -> None:
    """Load now if the source answers at once; other sources load when flags are first read."""
    if getattr(source, "is_at_hand", False):
        loader.tick()
