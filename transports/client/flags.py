"""The methods that read flags: a single flag, all flags, or a person's flags for many reads.

The person is that of the call's ``distinct_id`` or of the context. Without a distinct id there is
no answer, no request and no event.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, TypeAlias, TypedDict, Unpack, overload

from ..flags.answer import FeatureFlagResult, FlagAnswer
from ..flags.evaluations import FlagEvaluations
from ..flags.query import FlagOptions
from ..flags.reading import FlagReading, reading_of
from ..steps import Steps
from .components import Components, HasComponents
from .flag_reads import (
    ReadOptions,
    evaluated,
    first_definitions,
    nothing_found,
    query_of,
    read_flag,
    reported,
)
from .verbs import guarded_steps, nothing
from .watched_reads import tell_of_reads, watched

__all__ = [
    "FlagValue",
    "FlagsAndPayloads",
    "evaluate_flags",
    "get_all_flags",
    "get_all_flags_and_payloads",
    "get_feature_flag",
    "get_feature_flag_payload",
    "get_feature_flag_reading",
    "get_feature_flag_result",
    "is_feature_enabled",
]

FlagValue: TypeAlias = bool | str | int | float | dict[str, Any]
"""True, False or text, such as a variant's key; flags of configuration format 2 may also have a number
or an object."""


class FlagsAndPayloads(TypedDict):
    """The result of ``get_all_flags_and_payloads``."""

    feature_flags: dict[str, FlagValue | None]
    feature_flag_payloads: dict[str, Any]


def _no_flags() -> FlagsAndPayloads:
    return {"feature_flags": {}, "feature_flag_payloads": {}}


@guarded_steps(nothing, ReadOptions)
def get_feature_flag(
    client: HasComponents, key: str, distinct_id: object = None, **options: Unpack[ReadOptions]
) -> Steps[FlagValue | None]:
    """Return True, False, text, a number or an object; None if the flag has no value or is unknown.

    Send ``$feature_flag_called``, once for each person and value, and ``$experiment_exposure`` if the
    answer exposes the person to an experiment.
    """
    found = yield from read_flag(client.components, key, distinct_id, options)
    answer = found.answers.get(key)
    return None if answer is None else answer.own_value


@overload
def is_feature_enabled(
    client: HasComponents,
    key: str,
    distinct_id: object = None,
    *,
    default_value: bool,
    **options: Unpack[ReadOptions],
) -> Steps[bool]: ...
@overload
def is_feature_enabled(
    client: HasComponents,
    key: str,
    distinct_id: object = None,
    *,
    default_value: bool | None = None,
    **options: Unpack[ReadOptions],
) -> Steps[bool | None]: ...
@guarded_steps(of_call=lambda given: given.get("default_value"), options=ReadOptions)
def is_feature_enabled(
    client: HasComponents,
    key: str,
    distinct_id: object = None,
    *,
    default_value: bool | None = None,
    **options: Unpack[ReadOptions],
) -> Steps[bool | None]:
    """Return whether the flag is on; ``default_value`` only if it has no value or is unknown.

    Without a default, return None for an unknown flag, and after a failure.
    """
    found = yield from read_flag(client.components, key, distinct_id, options)
    answer = found.answers.get(key)
    if answer is None:
        return default_value
    is_left_to_caller = answer.value is None and default_value is not None
    return default_value if is_left_to_caller else answer.enabled


@guarded_steps(nothing, ReadOptions)
def get_feature_flag_result(
    client: HasComponents, key: str, distinct_id: object = None, **options: Unpack[ReadOptions]
) -> Steps[FeatureFlagResult | None]:
    """Return value, payload and reason together; None if the flag is unknown."""
    found = yield from read_flag(client.components, key, distinct_id, options)
    answer = found.answers.get(key)
    return None if answer is None else answer.result()


@guarded_steps(nothing, ReadOptions)
def get_feature_flag_reading(
    client: HasComponents, key: str, distinct_id: object = None, **options: Unpack[ReadOptions]
) -> Steps[FlagReading | None]:
    """Return the result together with the reason for a missing value; None after a failure here.

    Do as ``get_feature_flag_result`` otherwise.
    """
    found = yield from read_flag(client.components, key, distinct_id, options)
    return reading_of(key, found)


@guarded_steps(nothing, ReadOptions)
def get_feature_flag_payload(
    client: HasComponents,
    key: str,
    distinct_id: object = None,
    *,
    match_value: Any = None,
    **options: Unpack[ReadOptions],
) -> Steps[Any]:
    """Return the flag's payload, or the payload of ``match_value``; None if there is no payload.

    Send no event, unless ``send_feature_flag_events`` is true; ``match_value`` never sends any,
    because it is a look-up and no read.
    """
    components = client.components
    if match_value is not None:
        query = query_of(components, distinct_id, (key,), options)
        if query is None:
            return None
        if components.published.snapshot is None and components.awaits_definitions:
            yield from first_definitions(components)
        supposed = components.evaluator.with_value(key, match_value, query, components.published)
        if supposed is not None:
            return supposed.payload
    reports = match_value is None and bool(options.get("send_feature_flag_events"))
    found = yield from read_flag(components, key, distinct_id, options, reports=reports)
    answer = found.answers.get(key)
    if answer is None or match_value not in (None, answer.value):
        return None
    return answer.payload


class BulkOptions(FlagOptions, total=False):
    """The keyword arguments of getters for many flags."""

    flag_keys: Iterable[str] | None
    """The keys of the flags to evaluate; None: all flags."""
    flag_keys_to_evaluate: Iterable[str] | None
    """posthog-python's name for ``flag_keys``."""


@guarded_steps(dict, BulkOptions)
def get_all_flags(
    client: HasComponents, distinct_id: object = None, **options: Unpack[BulkOptions]
) -> Steps[dict[str, FlagValue | None]]:
    """Return the values of all flags, or of ``flag_keys``; send no event."""
    answers = yield from _all(client.components, distinct_id, options)
    return {key: answer.own_value for key, answer in answers.items()}


@guarded_steps(_no_flags, BulkOptions)
def get_all_flags_and_payloads(
    client: HasComponents, distinct_id: object = None, **options: Unpack[BulkOptions]
) -> Steps[FlagsAndPayloads]:
    """Return the values and the existing payloads of the flags; send no event."""
    answers = yield from _all(client.components, distinct_id, options)
    payloads = {key: answer.payload for key, answer in answers.items() if answer.has_payload}
    values = {key: answer.own_value for key, answer in answers.items()}
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

    Without a distinct id, return an empty result. The first read of each flag sends the events that
    ``get_feature_flag`` sends. Pass the result to ``capture(flags=...)`` to add the flags to an event.
    """
    components = client.components
    query = query_of(components, distinct_id, flag_keys, options)
    if query is None:
        return FlagEvaluations(obstacle=nothing_found(components).obstacle)
    found = yield from evaluated(components, query)
    return watched(components, query, reported(components, query, found))


def _all(
    components: Components, distinct_id: object, options: BulkOptions
) -> Steps[Mapping[str, FlagAnswer]]:
    keys = options.get("flag_keys")
    if keys is None:
        keys = options.get("flag_keys_to_evaluate")
    query = query_of(components, distinct_id, keys, options)
    if query is None:
        return {}
    found = yield from evaluated(components, query)
    if keys is not None:
        tell_of_reads(components, query, query.keys or (), found)
    return found.answers
