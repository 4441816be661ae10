"""OpenTelemetry: events ``feature_flag.evaluation`` for reads, and metrics of a client.

The events follow the semantic conventions for feature flags in events (a release candidate). The
names of the metrics are this package's, because there are no conventions for them.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Final, Literal, Protocol

from flagengine import extra_for

from ..flags.evaluated import FlagEvaluated
from ..option_values.messages import wrong_value
from .facts import MeasuredClient, check_client, key_for_metrics, reason_of
from .observed_clients import SCOPE, observed_by

with extra_for("flagengine.transports.observability.opentelemetry"):
    from opentelemetry import metrics, trace
    from opentelemetry._logs import LogRecord, SeverityNumber, get_logger

if TYPE_CHECKING:
    from opentelemetry._logs import LoggerProvider
    from opentelemetry.metrics import Counter, MeterProvider

__all__ = ["Recording", "evaluation_attributes", "record_evaluations", "record_metrics"]

EVENT: Final = "feature_flag.evaluation"
PROVIDER: Final = "PostHog"


class Recording(Protocol):
    """What records until it is stopped."""

    def stop(self) -> None:
        """Record no more; reads are quick again."""
        ...


class _Recording:
    def __init__(self) -> None:
        self.stop: Callable[[], None] = lambda: None


def evaluation_attributes(
    evaluated: FlagEvaluated, *, context_id: bool = False, set_id: str | None = None
) -> dict[str, Any]:
    """Return the attributes of the event for a read.

    The value is there only if it is no variant. ``feature_flag.context.id`` is the distinct id, which may
    be personal, so it must be asked for.
    """
    result = evaluated.reading.result
    attributes: dict[str, Any] = {
        "feature_flag.key": evaluated.key,
        "feature_flag.provider.name": PROVIDER,
        "feature_flag.result.reason": reason_of(evaluated),
    }
    if result is not None and evaluated.error is None:
        variant = result.variant_key or result.variant
        if variant is not None:
            attributes["feature_flag.result.variant"] = variant
        elif result.value is not None:
            attributes["feature_flag.result.value"] = _plain(result.value)
    if result is not None and result.flag_version is not None:
        attributes["feature_flag.version"] = str(result.flag_version)
    if evaluated.error is not None:
        attributes["error.type"] = evaluated.error.lower()
        attributes["error.message"] = evaluated.reading.message
    if context_id and evaluated.distinct_id:
        attributes["feature_flag.context.id"] = evaluated.distinct_id
    if set_id is not None:
        attributes["feature_flag.set.id"] = set_id
    return attributes


def _plain(value: Any) -> Any:
    """Return a value that every exporter can send: an object as JSON text."""
    return json.dumps(value) if isinstance(value, dict) else value


def record_evaluations(
    client: MeasuredClient,
    *,
    to: Literal["logs", "span"] = "logs",
    context_id: bool = False,
    set_id: str | None = None,
    logger_provider: LoggerProvider | None = None,
) -> Recording:
    """Emit an event ``feature_flag.evaluation`` for every read, until ``stop()``.

    Every read then takes the full way. Where OpenFeature's own hook for OpenTelemetry is in use, each read
    through OpenFeature would have two events.

    Args:
        client: a ``Client`` or an ``AsyncClient``.
        to: ``logs``, as the conventions say; ``span``: an event of the current span, for backends that
            show no other events.
        context_id: whether to send the distinct id.
        set_id: the id of the flag set, such as the project's name.
        logger_provider: None: the global one.

    Raises:
        TypeError: ``client`` is no client.
        ValueError: ``to`` is something else.
    """
    check_client("record_evaluations", client)
    if to not in ("logs", "span"):
        raise wrong_value("to", "'logs' or 'span'", to)
    logger = get_logger(SCOPE, logger_provider=logger_provider) if to == "logs" else None

    def emit(evaluated: FlagEvaluated) -> None:
        attributes = evaluation_attributes(evaluated, context_id=context_id, set_id=set_id)
        if logger is None:
            trace.get_current_span().add_event(EVENT, attributes)
            return
        logger.emit(
            LogRecord(
                timestamp=time.time_ns(),
                severity_number=SeverityNumber.INFO,
                event_name=EVENT,
                attributes=attributes,
            )
        )

    recording = _Recording()
    recording.stop = client.on("flag_evaluated", emit)
    return recording


def record_metrics(
    client: MeasuredClient,
    *,
    name: str = "default",
    evaluations: bool = False,
    meter_provider: MeterProvider | None = None,
) -> Recording:
    """Offer the measures of a client to OpenTelemetry, which asks for them when it exports.

    ``stop()`` ends the count of evaluations, and gives no further values of the others.

    Args:
        client: a ``Client`` or an ``AsyncClient``.
        name: the attribute ``flagengine.client``, which tells the clients of a process apart: give each its own.
        evaluations: count reads by flag, reason and origin, too, as ``flagengine.flag.evaluations``. Then
            every read takes the full way.
        meter_provider: None: the global one.

    Raises:
        TypeError: ``client`` is no client.
    """
    check_client("record_metrics", client)
    own = {"flagengine.client": name}
    recording = _Recording()
    end_observing = observed_by(meter_provider).add(name, client)
    stop: Callable[[], None] = lambda: None  # noqa: E731 - replaced below
    if evaluations:
        meter = metrics.get_meter(SCOPE, meter_provider=meter_provider)
        counter = meter.create_counter(
            "flagengine.flag.evaluations", "{evaluation}", "Reads of flags."
        )
        stop = client.on("flag_evaluated", _count_with(counter, own))

    def end() -> None:
        end_observing()
        stop()

    recording.stop = end
    return recording


def _count_with(counter: Counter, own: dict[str, str]) -> Callable[[FlagEvaluated], None]:
    def count(evaluated: FlagEvaluated) -> None:
        attributes = {
            **own,
            "feature_flag.key": key_for_metrics(evaluated),
            "feature_flag.result.reason": reason_of(evaluated),
            "flagengine.origin": evaluated.origin,
        }
        counter.add(1, attributes)

    return count
