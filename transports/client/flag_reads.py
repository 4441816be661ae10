"""Evaluating flags and reporting reads, for the flag getters and ``capture``.

The evaluator decides the flags. This module makes a query of the call's arguments, and an event of
a read.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from functools import partial
from typing import Any, Final

from flagengine import Resolution

from ..batching.event import Event
from ..errors import ClientBusyError, QueueFullError
from ..flags.answer import FlagAnswer
from ..flags.called import (
    EVENT,
    EXPOSURE,
    FlagRead,
    exposure_properties,
    flag_called_properties,
    sent_called,
    sent_exposure,
)
from ..flags.called_tracker import CalledTracker
from ..flags.evaluations import FlagEvaluations
from ..flags.local import EvaluatedFlags, Obstacle
from ..flags.query import FlagOptions, FlagQuery, flag_query
from ..log_fields import log_fields
from ..steps import Call, Steps, run_steps
from .components import NO_DEFINITIONS, Components
from .preparation import NOTHING
from .watched_reads import tell_of_reads

__all__ = [
    "ReadOptions",
    "evaluated",
    "first_definitions",
    "flags_now",
    "flags_of",
    "nothing_found",
    "query_of",
    "read_flag",
    "report",
    "reported",
]

logger: logging.Logger = logging.getLogger("flagengine.flags")

# The keys of a mapping ``send_feature_flags``.
_WISHES: Final = (
    "only_evaluate_locally",
    "person_properties",
    "group_properties",
    "flag_keys",
    "flag_keys_filter",
    "should_send",
    "complete",
)


class ReadOptions(FlagOptions, total=False):
    """The keyword arguments of getters that send an event."""

    send_feature_flag_events: bool | None
    """Whether this read sends an event; None: the client's ``send_feature_flag_event``."""


def read_flag(
    components: Components,
    key: str,
    distinct_id: object,
    options: ReadOptions,
    *,
    reports: bool | None = None,
) -> Steps[EvaluatedFlags]:
    """Evaluate a flag; report the read, by default if the client's option says so."""
    query = query_of(components, distinct_id, (key,), options)
    if query is None:
        found = nothing_found(components)
        tell_of_reads(components, None, (key,), found)
        return found
    found = yield from evaluated(components, query)
    answer = found.answers.get(key)
    wanted = options.get("send_feature_flag_events") if reports is None else reports
    if components.options.send_feature_flag_event if wanted is None else wanted:
        person, groups, device = query.distinct_id, query.groups, query.device_id
        read = FlagRead(key, answer, person, groups, device, found.request_errors)
        if answer is None:
            read = read._replace(
                failure=found.failures.get(key), is_inconclusive=found.is_inconclusive(key)
            )
        # An override sends no event, even if it makes the flag missing.
        if answer is not None or not found.is_hidden(key):
            report(components, read, disable_geoip=query.disable_geoip)
    if answer is None and key in found.unresolved:
        _log_unresolved(found.unresolved[key])
    tell_of_reads(components, query, (key,), found)
    return found


def report(components: Components, read: FlagRead, *, disable_geoip: bool) -> bool:
    """Send the events of a read, unless they were sent before or the client may send nothing.

    Do nothing and return False inside of a ``before_send`` hook, because the event would go through the
    same hook; a later read sends it.
    """
    if components.preparation.is_in_hook():
        return False
    answer = read.answer
    if components.status.is_active and not (answer is not None and answer.is_override):
        _send_events(components, read, disable_geoip=disable_geoip)
    return True


def reported(components: Components, query: FlagQuery, found: EvaluatedFlags) -> FlagEvaluations:
    """Return the result of ``evaluate_flags``, whose reads are reported."""
    person, groups, device_id = query.distinct_id, query.groups, query.device_id
    sends = components.options.send_feature_flag_event

    def on_read(read: FlagRead) -> bool:
        return not sends or report(components, read, disable_geoip=query.disable_geoip)

    def is_sent(key: str, answer: FlagAnswer) -> bool:
        return answer.resolution.config_version == 1 and components.tracker.is_known(
            person, key, answer.legacy_value, groups, device_id
        )

    return FlagEvaluations.of(person, found, groups, device_id, on_read, is_sent)


def _send_events(components: Components, read: FlagRead, *, disable_geoip: bool) -> None:
    rule = read.attribution
    access = (read.distinct_id, read.key, read.value, read.groups, read.device_id, rule)
    if components.tracker.is_first(*access):
        own = flag_called_properties(read)
        event = _prepared(
            components, EVENT, read, own, partial(sent_called, read, own), disable_geoip
        )
        _queue(components, event, components.tracker, access)
    if rule is None or not rule.is_exposure:
        return
    # An assignment is one exposure, whatever its value is and wherever it is read.
    assignment = (read.distinct_id, read.key, None, read.groups, None, rule)
    if components.exposures.is_first(*assignment):
        own = exposure_properties(read)
        event = _prepared(
            components, EXPOSURE, read, own, partial(sent_exposure, own), disable_geoip
        )
        _queue(components, event, components.exposures, assignment)


def _prepared(
    components: Components,
    name: str,
    read: FlagRead,
    own: Mapping[str, Any],
    keep: Callable[[Mapping[str, Any]], dict[str, Any]],
    disable_geoip: bool,
) -> Event | None:
    return components.preparation.prepare(
        name,
        distinct_id=read.distinct_id,
        properties=own,
        disable_geoip=disable_geoip,
        keep=keep,
    )


def _queue(
    components: Components, event: Event | None, tracker: CalledTracker, seen: tuple[Any, ...]
) -> None:
    """Queue the event; if the queue refuses it, let a later read of a format 2 flag send it."""
    if event is None:
        return
    try:
        uuid = components.outbox.queue(event)
    except QueueFullError:
        # With overflow="raise", only ``capture`` raises, because a flag's answer is there anyway.
        uuid = None
    if uuid is None and seen[-1] is not None:
        tracker.forget(*seen)


def _log_unresolved(resolution: Resolution) -> None:
    logger.debug(
        "flag %r cannot be decided locally: %s; missing %s",
        resolution.key,
        resolution.unresolved_reason,
        resolution.missing.to_dict(),
        extra=log_fields(flag=resolution.key, reason=resolution.unresolved_reason),
    )


def nothing_found(components: Components) -> EvaluatedFlags:
    """Return the result of a call without a query."""
    is_usable = components.status.is_usable
    return EvaluatedFlags(obstacle=Obstacle.NO_DISTINCT_ID if is_usable else Obstacle.UNUSABLE)


def query_of(
    components: Components, distinct_id: object, keys: Iterable[str] | None, given: FlagOptions
) -> FlagQuery | None:
    """Return the query of a call; None if there is no distinct id, with a warning the first time."""
    if not components.status.is_usable and not components.evaluator.layers.are_for_unusable:
        return None
    query = flag_query(
        distinct_id,
        keys,
        given,
        stored=components.flag_properties,
        only_locally=components.options.strict_local_evaluation,
        disable_geoip=components.options.disable_geoip,
    )
    if query is None and components.evaluator.incidents.opens("no distinct_id"):
        logger.warning("no distinct_id: pass distinct_id or use client.context(...)")
    return query


def first_definitions(components: Components) -> Steps[None]:
    """Wait for the first definitions, unless so many tasks wait that no thread is left."""
    with suppress(ClientBusyError):
        yield Call(components.await_definitions, is_wait=True)


def evaluated(
    components: Components, query: FlagQuery, *, may_ask: bool = True
) -> Steps[EvaluatedFlags]:
    """Evaluate with the definitions in use; do not ask the server after a shutdown.

    The first reads wait until there are definitions, if the call may wait. A client that can do nothing has
    only the values of overrides.
    """
    if not components.status.is_usable:
        return (yield from components.evaluator.evaluate(query, NO_DEFINITIONS, may_ask=False))
    published = components.published
    if published.snapshot is None and may_ask and components.awaits_definitions:
        yield from first_definitions(components)
        published = components.published
    may_ask = may_ask and not components.status.is_closed
    return (yield from components.evaluator.evaluate(query, published, may_ask=may_ask))


# The flags of an event. A failure adds no flags, and does not drop the event.


def flags_now(components: Components, message: Mapping[str, Any]) -> Mapping[str, Any]:
    """Do as ``flags_of`` in the calling thread; ``AsyncClient`` does not ask the server here."""
    if not message.get("send_feature_flags") and message.get("flags") is None:
        return NOTHING
    steps = flags_of(components, message, may_ask=components.blocks)
    return run_steps(steps, lambda call: call.function(*call.arguments))


def flags_of(
    components: Components, message: Mapping[str, Any], *, may_ask: bool = True
) -> Steps[Mapping[str, Any]]:
    """Return the properties that ``flags`` or, without it, ``send_feature_flags`` adds."""
    snapshot, send = message.get("flags"), message.get("send_feature_flags")
    if isinstance(snapshot, FlagEvaluations):
        return snapshot.event_properties()
    if snapshot is not None:
        found = type(snapshot).__name__
        logger.warning("flags must be a result of evaluate_flags(), got %s; ignored", found)
    wishes = send if isinstance(send, Mapping) else NOTHING
    if wishes.keys() - _WISHES and components.evaluator.incidents.opens("send_feature_flags"):
        unknown = sorted(map(str, wishes.keys() - _WISHES))
        logger.warning("send_feature_flags must have only the keys %s, got %s", _WISHES, unknown)
    if not send or not wishes.get("should_send", True) or not components.status.is_active:
        return NOTHING
    try:
        return (yield from _event_properties(components, message, wishes, may_ask=may_ask))
    except Exception as error:  # noqa: BLE001 - the event is worth more than its flags
        sentence = "could not evaluate the event's flags (%s); left out"
        logger.warning(sentence, type(error).__name__, extra=log_fields(error=error))
        return NOTHING


def _event_properties(
    components: Components, message: Mapping[str, Any], wishes: Mapping[str, Any], *, may_ask: bool
) -> Steps[Mapping[str, Any]]:
    if may_ask and components.published.snapshot is None and components.awaits_definitions:
        yield from first_definitions(components)
    # By default, evaluate locally if definitions are loaded, otherwise with one request.
    locally = wishes.get("only_evaluate_locally")
    query = flag_query(
        message.get("distinct_id"),
        wishes.get("flag_keys", wishes.get("flag_keys_filter")),
        {
            "groups": message.get("groups"),
            "person_properties": wishes.get("person_properties"),
            "group_properties": wishes.get("group_properties"),
            "only_evaluate_locally": components.published.is_ready if locally is None else locally,
            "disable_geoip": message.get("disable_geoip"),
            "complete": wishes.get("complete"),
        },
        stored=components.flag_properties,
        only_locally=components.options.strict_local_evaluation,
        disable_geoip=components.options.disable_geoip,
    )
    if query is None:
        return NOTHING
    found = yield from evaluated(components, query, may_ask=may_ask)
    return FlagEvaluations(query.distinct_id, found.answers).event_properties()
