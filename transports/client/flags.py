"""The methods that read flags: a single flag, all flags, or a person's flags for many reads.

The person is that of the call's ``distinct_id`` or of the context. Without a distinct id there is
no answer, no request and no event.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, TypeAlias, TypedDict, Unpack

from ..flags.answer import FeatureFlagResult, FlagAnswer
from ..flags.called import FlagRead
from ..flags.evaluations import FlagEvaluations
from ..flags.query import FlagOptions
from ..steps import Steps
from .components import Components, HasComponents
from .flag_reads import ReadOptions, evaluated, query_of, read_flag, report
from .verbs import guarded_steps, nothing

__all__ = [
    "FlagValue",
    "FlagsAndPayloads",
    "evaluate_flags",
    "get_all_flags",
    "get_all_flags_and_payloads",
    "get_feature_flag",
    "get_feature_flag_payload",
    "get_feature_flag_result",
    "is_feature_enabled",
]

FlagValue: TypeAlias = bool | str
"""True, False or a variant's key; typed answers (``flags_api_version=4``) may hold other JSON."""


class FlagsAndPayloads(TypedDict):
    """The result of ``get_all_flags_and_payloads``."""

    feature_flags: dict[str, FlagValue]
    feature_flag_payloads: dict[str, Any]


def _no_flags() -> FlagsAndPayloads:
    return {"feature_flags": {}, "feature_flag_payloads": {}}


@guarded_steps(nothing, ReadOptions)
def get_feature_flag(
    client: HasComponents, key: str, distinct_id: object = None, **options: Unpack[ReadOptions]
) -> Steps[FlagValue | None]:
    """Return True, False or the variant's key; None if the flag is unknown.

    Send ``$feature_flag_called``, once for each person and value.
    """
    answer = yield from read_flag(client.components, key, distinct_id, options)
    return None if answer is None else answer.value


@guarded_steps(nothing, ReadOptions)
def is_feature_enabled(
    client: HasComponents,
    key: str,
    distinct_id: object = None,
    *,
    default_value: bool | None = None,
    **options: Unpack[ReadOptions],
) -> Steps[bool | None]:
    """Return whether the flag is on; ``default_value`` only if the flag is unknown."""
    answer = yield from read_flag(client.components, key, distinct_id, options)
    return default_value if answer is None else answer.enabled


@guarded_steps(nothing, ReadOptions)
def get_feature_flag_result(
    client: HasComponents, key: str, distinct_id: object = None, **options: Unpack[ReadOptions]
) -> Steps[FeatureFlagResult | None]:
    """Return value, payload and reason together; None if the flag is unknown."""
    answer = yield from read_flag(client.components, key, distinct_id, options)
    return None if answer is None else answer.result()


@guarded_steps(nothing, FlagOptions)
def get_feature_flag_payload(
    client: HasComponents,
    key: str,
    distinct_id: object = None,
    *,
    match_value: Any = None,
    **options: Unpack[FlagOptions],
) -> Steps[Any]:
    """Return the flag's payload, or the payload of ``match_value``; None if there is no payload.

    Send no event.
    """
    components = client.components
    query = query_of(components, distinct_id, (key,), options)
    if query is None:
        return None
    if match_value is not None:
        supposed = components.evaluator.with_value(key, match_value, query, components.published)
        if supposed is not None:
            return supposed.payload
    found = yield from evaluated(components, query)
    answer = found.answers.get(key)
    if answer is None or match_value not in (None, answer.value):
        return None
    return answer.payload


@guarded_steps(dict, FlagOptions)
def get_all_flags(
    client: HasComponents,
    distinct_id: object = None,
    *,
    flag_keys: Iterable[str] | None = None,
    **options: Unpack[FlagOptions],
) -> Steps[dict[str, FlagValue]]:
    """Return the values of all flags, or of ``flag_keys``; send no event."""
    answers = yield from _all(client.components, distinct_id, flag_keys, options)
    return {key: answer.value for key, answer in answers.items()}


@guarded_steps(_no_flags, FlagOptions)
def get_all_flags_and_payloads(
    client: HasComponents,
    distinct_id: object = None,
    *,
    flag_keys: Iterable[str] | None = None,
    **options: Unpack[FlagOptions],
) -> Steps[FlagsAndPayloads]:
    """Return the values and the existing payloads of the flags; send no event."""
    answers = yield from _all(client.components, distinct_id, flag_keys, options)
    payloads = {
        key: answer.payload for key, answer in answers.items() if answer.raw_payload is not None
    }
    values = {key: answer.value for key, answer in answers.items()}
    return {"feature_flags": values, "feature_flag_payloads": payloads}


@guarded_steps(FlagEvaluations, FlagOptions)
def evaluate_flags(
    client: HasComponents,
    distinct_id: object = None,
    *,
    flag_keys: Iterable[str] | None = None,
    **options: Unpack[FlagOptions],
) -> Steps[FlagEvaluations]:
    """Evaluate flags with at most one request, for any number of reads.

    Without a distinct id, return an empty result. The first read of each flag sends
    ``$feature_flag_called``. Pass the result to ``capture(flags=...)`` to add the flags to an event.
    """
    components = client.components
    query = query_of(components, distinct_id, flag_keys, options)
    if query is None:
        return FlagEvaluations()
    found = yield from evaluated(components, query)

    def on_read(read: FlagRead) -> None:
        if components.options.send_feature_flag_event:
            report(components, read, disable_geoip=query.disable_geoip)

    return FlagEvaluations(
        query.distinct_id,
        found.answers,
        groups=query.groups,
        device_id=query.device_id,
        unresolved=found.unresolved,
        request_errors=found.request_errors,
        on_read=on_read,
    )


def _all(
    components: Components, distinct_id: object, keys: Iterable[str] | None, options: FlagOptions
) -> Steps[Mapping[str, FlagAnswer]]:
    query = query_of(components, distinct_id, keys, options)
    if query is None:
        return {}
    return (yield from evaluated(components, query)).answers
