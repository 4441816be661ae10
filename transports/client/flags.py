"""Reading flags: one, all, or a snapshot of several.

Every getter takes the person from its argument or from the context; where neither says who is
meant there is no answer, no request and no event. Nothing here decides a flag.
"""

from __future__ import annotations

import logging
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, TypeAlias, TypedDict, Unpack

from flagengine import Resolution

from ..flags.called_event import FlagRead
from ..flags.evaluated import EvaluatedFlag
from ..flags.evaluations import FlagEvaluations
from ..remote.flag_record import parse_payload
from ..remote.outcome import FLAG_MISSING
from ..steps import Steps
from .called import tell_read
from .evaluation import Answers
from .parts import HasParts, Parts
from .questions import FlagOptions, Question, ask
from .verbs import guarded_steps, nothing

__all__ = [
    "FeatureFlagResult",
    "FlagValue",
    "FlagsAndPayloads",
    "ReadOptions",
    "evaluate_flags",
    "get_all_flags",
    "get_all_flags_and_payloads",
    "get_feature_flag",
    "get_feature_flag_payload",
    "get_feature_flag_result",
    "is_feature_enabled",
]

logger = logging.getLogger("flagengine.flags")


FlagValue: TypeAlias = bool | str
"""True, False or a variant's key; typed answers (``flags_api_version=4``) may hold other JSON."""


class ReadOptions(FlagOptions, total=False):
    """The keyword arguments of getters that send an event."""

    send_feature_flag_events: bool | None
    """Whether this read is an event; None: as the client's ``send_feature_flag_event``."""


@dataclass(frozen=True, slots=True)
class FeatureFlagResult:
    """One flag's answer.

    ``variant`` is None for boolean flags. ``reason`` is for people, ``reason_code`` for machines.
    """

    key: str
    enabled: bool
    variant: str | None = None
    payload: Any = None
    reason: str | None = None
    reason_code: str | None = None
    value: Any = None
    locally_evaluated: bool = False


class FlagsAndPayloads(TypedDict):
    """What ``get_all_flags_and_payloads`` returns."""

    feature_flags: dict[str, FlagValue]
    feature_flag_payloads: dict[str, Any]


def _nothing_of_both() -> FlagsAndPayloads:
    return {"feature_flags": {}, "feature_flag_payloads": {}}


@guarded_steps(nothing, ReadOptions)
def get_feature_flag(
    client: HasParts, key: str, distinct_id: object = None, **options: Unpack[ReadOptions]
) -> Steps[FlagValue | None]:
    """Return True, False or the variant's key; None when the flag is unknown.

    Sends ``$feature_flag_called``, once for each person and value.
    """
    flag = yield from _read(client.parts, key, distinct_id, options)
    return None if flag is None else flag.value


@guarded_steps(nothing, ReadOptions)
def is_feature_enabled(
    client: HasParts,
    key: str,
    distinct_id: object = None,
    *,
    default_value: bool | None = None,
    **options: Unpack[ReadOptions],
) -> Steps[bool | None]:
    """Whether the flag is on; ``default_value`` when it is unknown, and only then."""
    flag = yield from _read(client.parts, key, distinct_id, options)
    return default_value if flag is None else flag.enabled


@guarded_steps(nothing, ReadOptions)
def get_feature_flag_result(
    client: HasParts, key: str, distinct_id: object = None, **options: Unpack[ReadOptions]
) -> Steps[FeatureFlagResult | None]:
    """Return value, payload and reason together; None when the flag is unknown."""
    flag = yield from _read(client.parts, key, distinct_id, options)
    if flag is None:
        return None
    return FeatureFlagResult(
        flag.key,
        flag.enabled,
        flag.variant,
        flag.payload,
        flag.reason,
        flag.reason_code,
        flag.value,
        flag.locally_evaluated,
    )


@guarded_steps(nothing, FlagOptions)
def get_feature_flag_payload(
    client: HasParts,
    key: str,
    distinct_id: object = None,
    *,
    match_value: Any = None,
    **options: Unpack[FlagOptions],
) -> Steps[Any]:
    """Return the flag's payload, or with ``match_value`` the one of that value; None without one.

    Never an event.
    """
    parts = client.parts
    question = _question(parts, distinct_id, (key,), options)
    if question is None:
        return None
    if match_value is not None:
        published, overrides = parts.published, parts.overrides.current
        found = parts.evaluation.local.payload_of(key, match_value, question, published, overrides)
        if found is not None:
            return parse_payload(found.raw_payload)
    answers = yield from _answers(parts, question)
    flag = answers.flags.get(key)
    if flag is None or match_value not in (None, flag.value):
        return None
    return flag.payload


@guarded_steps(dict, FlagOptions)
def get_all_flags(
    client: HasParts,
    distinct_id: object = None,
    *,
    flag_keys: Iterable[str] | None = None,
    **options: Unpack[FlagOptions],
) -> Steps[dict[str, FlagValue]]:
    """Return the values of all flags, or of ``flag_keys``. Never an event."""
    answers = yield from _all(client.parts, distinct_id, flag_keys, options)
    return {key: flag.value for key, flag in answers.flags.items()}


@guarded_steps(_nothing_of_both, FlagOptions)
def get_all_flags_and_payloads(
    client: HasParts,
    distinct_id: object = None,
    *,
    flag_keys: Iterable[str] | None = None,
    **options: Unpack[FlagOptions],
) -> Steps[FlagsAndPayloads]:
    """Return values and, where there is one, payloads. Never an event."""
    answers = yield from _all(client.parts, distinct_id, flag_keys, options)
    payloads = {
        key: flag.payload for key, flag in answers.flags.items() if flag.raw_payload is not None
    }
    values = {key: flag.value for key, flag in answers.flags.items()}
    return {"feature_flags": values, "feature_flag_payloads": payloads}


@guarded_steps(FlagEvaluations, FlagOptions)
def evaluate_flags(
    client: HasParts,
    distinct_id: object = None,
    *,
    flag_keys: Iterable[str] | None = None,
    **options: Unpack[FlagOptions],
) -> Steps[FlagEvaluations]:
    """Evaluate flags once, to be read as often as one likes; with at most one request.

    Always a snapshot: an empty one when nobody is known. Its first reads send
    ``$feature_flag_called``; give it to ``capture(flags=...)`` to enrich an event.
    """
    parts = client.parts
    question = _question(parts, distinct_id, flag_keys, options)
    if question is None:
        return FlagEvaluations()
    answers = yield from _answers(parts, question)

    def tell(read: FlagRead) -> None:
        if parts.options.send_feature_flag_event:
            tell_read(parts, read, disable_geoip=question.disable_geoip)

    return FlagEvaluations(
        question.distinct_id,
        answers.flags,
        groups=question.groups,
        device_id=question.device_id,
        unresolved=answers.unresolved,
        words=answers.words,
        on_read=tell,
    )


def _read(
    parts: Parts, key: str, distinct_id: object, options: ReadOptions
) -> Steps[EvaluatedFlag | None]:
    """Evaluate one flag and tell of it."""
    question = _question(parts, distinct_id, (key,), options)
    if question is None:
        return None
    answers = yield from _answers(parts, question)
    flag = answers.flags.get(key)
    wanted = options.get("send_feature_flag_events")
    if parts.options.send_feature_flag_event if wanted is None else wanted:
        _tell(parts, question, key, flag, answers)
    if flag is None and key in answers.unresolved:
        _log_unresolved(answers.unresolved[key])
    return flag


def _tell(
    parts: Parts, question: Question, key: str, flag: EvaluatedFlag | None, answers: Answers
) -> None:
    if flag is None and parts.overrides.current.flags.get(key, False) is None:
        # Overridden to be missing: as silent as every other override.
        return
    words = answers.words if flag is None or not flag.locally_evaluated else ()
    if flag is None:
        words = (*words, FLAG_MISSING)
    who, groups, device = question.distinct_id, question.groups, question.device_id
    read = FlagRead(key, flag, who, groups, device, words)
    tell_read(parts, read, disable_geoip=question.disable_geoip)


def _log_unresolved(resolution: Resolution) -> None:
    logger.debug(
        "flag %r cannot be decided locally: %s; missing %s",
        resolution.key,
        resolution.unresolved_reason,
        resolution.missing.to_dict(),
    )


def _all(
    parts: Parts, distinct_id: object, keys: Iterable[str] | None, options: FlagOptions
) -> Steps[Answers]:
    question = _question(parts, distinct_id, keys, options)
    if question is None:
        return Answers()
    return (yield from _answers(parts, question))


def _question(
    parts: Parts, distinct_id: object, keys: Iterable[str] | None, given: FlagOptions
) -> Question | None:
    if not parts.status.is_usable:
        return None
    question = ask(distinct_id, keys, given, options=parts.options, stored=parts.flag_properties)
    if question is None and parts.evaluation.incidents.opens("nobody"):
        logger.warning("flags were asked for nobody: give a distinct_id or use a context")
    return question


def _answers(parts: Parts, question: Question) -> Steps[Answers]:
    may_ask = not parts.status.is_closed
    return (yield from parts.evaluation.answer(question, parts.published, may_ask=may_ask))
