"""The flags that an event is enriched with: of a snapshot, or evaluated for it.

Whatever goes wrong here adds nothing, and costs no event.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from ..flags.evaluations import FlagEvaluations
from ..steps import Steps, run_steps
from .parts import Parts
from .preparation import NOTHING
from .questions import ask

if TYPE_CHECKING:
    from .preparation import CaptureOptions

__all__ = ["flags_now", "flags_of"]

logger = logging.getLogger("flagengine.client")


def flags_now(parts: Parts, message: CaptureOptions) -> Mapping[str, Any]:
    """As ``flags_of``, in the calling thread; the asynchronous client asks no server here."""
    if not message.get("send_feature_flags") and message.get("flags") is None:
        return NOTHING
    steps = flags_of(parts, message, may_ask=parts.blocks)
    return run_steps(steps, lambda call: call.function(*call.arguments))


def flags_of(
    parts: Parts, message: CaptureOptions, *, may_ask: bool = True
) -> Steps[Mapping[str, Any]]:
    """The properties that ``flags`` or, without it, ``send_feature_flags`` adds."""
    snapshot, send = message.get("flags"), message.get("send_feature_flags")
    if isinstance(snapshot, FlagEvaluations):
        return snapshot.event_properties()
    if snapshot is not None:
        found = type(snapshot).__name__
        logger.warning("expected a snapshot of evaluate_flags() as flags, found %s", found)
    if not send or not parts.status.is_active:
        return NOTHING
    try:
        return (yield from _evaluated(parts, message, may_ask=may_ask))
    except Exception as error:  # noqa: BLE001 - the event is worth more than its flags
        logger.warning("the event's flags were left out (%s)", type(error).__name__)
        return NOTHING


def _evaluated(parts: Parts, message: CaptureOptions, *, may_ask: bool) -> Steps[Mapping[str, Any]]:
    send = message.get("send_feature_flags")
    wishes = send if isinstance(send, Mapping) else NOTHING
    published = parts.published
    # Locally where there are definitions, else with one request, unless the caller says.
    locally = wishes.get("only_evaluate_locally")
    question = ask(
        message.get("distinct_id"),
        wishes.get("flag_keys"),
        {
            "groups": message.get("groups"),
            "person_properties": wishes.get("person_properties"),
            "group_properties": wishes.get("group_properties"),
            "only_evaluate_locally": published.is_ready if locally is None else locally,
            "disable_geoip": message.get("disable_geoip"),
        },
        options=parts.options,
        stored=parts.flag_properties,
    )
    if question is None:
        return NOTHING
    answers = yield from parts.evaluation.answer(question, published, may_ask=may_ask)
    return FlagEvaluations(question.distinct_id, answers.flags).event_properties()
