"""posthog-python's module-level functions that read flags, with its positional order of arguments."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, TypeAlias

from ..client.definitions import FeatureFlagEvaluationRuntime
from ..client.flags import FlagValue
from ..flags.evaluations import FlagEvaluations
from .shared_client import DEFAULT
from .types import FeatureFlagResult, FlagsAndPayloads

__all__ = [
    "evaluate_flags",
    "feature_enabled",
    "feature_flag_definitions",
    "get_all_flags",
    "get_all_flags_and_payloads",
    "get_feature_flag",
    "get_feature_flag_evaluation_runtime",
    "get_feature_flag_keys_by_evaluation_runtime",
    "get_feature_flag_payload",
    "get_feature_flag_result",
    "get_remote_config_payload",
    "load_feature_flags",
]

_Properties: TypeAlias = Mapping[str, Any]
_OfGroups: TypeAlias = Mapping[str, Mapping[str, Any]]


def feature_enabled(
    key: str,
    distinct_id: object,
    groups: _Properties | None = None,
    person_properties: _Properties | None = None,
    group_properties: _OfGroups | None = None,
    only_evaluate_locally: bool = False,  # noqa: FBT002 - as in posthog-python
    send_feature_flag_events: bool = True,  # noqa: FBT002
    disable_geoip: bool | None = None,
    device_id: str | None = None,
) -> bool | None:
    """Return whether the flag is on; None if it has no value or is unknown."""
    return DEFAULT.get().feature_enabled(
        key,
        distinct_id,
        groups=groups,
        person_properties=person_properties,
        group_properties=group_properties,
        only_evaluate_locally=only_evaluate_locally,
        send_feature_flag_events=send_feature_flag_events,
        disable_geoip=disable_geoip,
        device_id=device_id,
    )


def get_feature_flag(
    key: str,
    distinct_id: object,
    groups: _Properties | None = None,
    person_properties: _Properties | None = None,
    group_properties: _OfGroups | None = None,
    only_evaluate_locally: bool = False,  # noqa: FBT002
    send_feature_flag_events: bool = True,  # noqa: FBT002
    disable_geoip: bool | None = None,
    device_id: str | None = None,
) -> FlagValue | None:
    """Return the flag's value: True, False or a variant; None if it has none or is unknown."""
    return DEFAULT.get().get_feature_flag(
        key,
        distinct_id,
        groups=groups,
        person_properties=person_properties,
        group_properties=group_properties,
        only_evaluate_locally=only_evaluate_locally,
        send_feature_flag_events=send_feature_flag_events,
        disable_geoip=disable_geoip,
        device_id=device_id,
    )


def get_feature_flag_result(
    key: str,
    distinct_id: object,
    groups: _Properties | None = None,
    person_properties: _Properties | None = None,
    group_properties: _OfGroups | None = None,
    only_evaluate_locally: bool = False,  # noqa: FBT002
    send_feature_flag_events: bool = True,  # noqa: FBT002
    disable_geoip: bool | None = None,
    device_id: str | None = None,
) -> FeatureFlagResult | None:
    """Return value, payload and reason together; None if the flag is unknown."""
    return DEFAULT.get().get_feature_flag_result(
        key,
        distinct_id,
        groups=groups,
        person_properties=person_properties,
        group_properties=group_properties,
        only_evaluate_locally=only_evaluate_locally,
        send_feature_flag_events=send_feature_flag_events,
        disable_geoip=disable_geoip,
        device_id=device_id,
    )


def get_feature_flag_payload(
    key: str,
    distinct_id: object,
    match_value: bool | str | None = None,
    groups: _Properties | None = None,
    person_properties: _Properties | None = None,
    group_properties: _OfGroups | None = None,
    only_evaluate_locally: bool = False,  # noqa: FBT002
    send_feature_flag_events: bool = True,  # noqa: FBT002
    disable_geoip: bool | None = None,
    device_id: str | None = None,
) -> Any:
    """Return the flag's payload, or that of ``match_value``; None if there is none.

    As in posthog-python, this function sends ``$feature_flag_called``, unlike the client's method.
    """
    return DEFAULT.get().get_feature_flag_payload(
        key,
        distinct_id,
        match_value=match_value,
        groups=groups,
        person_properties=person_properties,
        group_properties=group_properties,
        only_evaluate_locally=only_evaluate_locally,
        send_feature_flag_events=send_feature_flag_events,
        disable_geoip=disable_geoip,
        device_id=device_id,
    )


def get_all_flags(
    distinct_id: object,
    groups: _Properties | None = None,
    person_properties: _Properties | None = None,
    group_properties: _OfGroups | None = None,
    only_evaluate_locally: bool = False,  # noqa: FBT002
    disable_geoip: bool | None = None,
    device_id: str | None = None,
    flag_keys_to_evaluate: Iterable[str] | None = None,
) -> dict[str, FlagValue | None]:
    """Return the values of all flags, or of ``flag_keys_to_evaluate``; send no event."""
    return DEFAULT.get().get_all_flags(
        distinct_id,
        groups=groups,
        person_properties=person_properties,
        group_properties=group_properties,
        only_evaluate_locally=only_evaluate_locally,
        disable_geoip=disable_geoip,
        device_id=device_id,
        flag_keys_to_evaluate=flag_keys_to_evaluate,
    )


def get_all_flags_and_payloads(
    distinct_id: object,
    groups: _Properties | None = None,
    person_properties: _Properties | None = None,
    group_properties: _OfGroups | None = None,
    only_evaluate_locally: bool = False,  # noqa: FBT002
    disable_geoip: bool | None = None,
    device_id: str | None = None,
    flag_keys_to_evaluate: Iterable[str] | None = None,
) -> FlagsAndPayloads:
    """Return the values, and the payloads as JSON text; send no event."""
    return DEFAULT.get().get_all_flags_and_payloads(
        distinct_id,
        groups=groups,
        person_properties=person_properties,
        group_properties=group_properties,
        only_evaluate_locally=only_evaluate_locally,
        disable_geoip=disable_geoip,
        device_id=device_id,
        flag_keys_to_evaluate=flag_keys_to_evaluate,
    )


def evaluate_flags(
    distinct_id: object = None,
    groups: _Properties | None = None,
    person_properties: _Properties | None = None,
    group_properties: _OfGroups | None = None,
    only_evaluate_locally: bool = False,  # noqa: FBT002
    disable_geoip: bool | None = None,
    flag_keys: Iterable[str] | None = None,
    device_id: str | None = None,
) -> FlagEvaluations:
    """Evaluate flags with at most one request, for any number of reads and for ``capture(flags=)``."""
    return DEFAULT.get().evaluate_flags(
        distinct_id=distinct_id,
        groups=groups,
        person_properties=person_properties,
        group_properties=group_properties,
        only_evaluate_locally=only_evaluate_locally,
        disable_geoip=disable_geoip,
        flag_keys=flag_keys,
        device_id=device_id,
    )


def get_remote_config_payload(key: str) -> Any:
    """Return the payload of a remote config flag; None if there is none."""
    return DEFAULT.get().get_remote_config_payload(key)


def feature_flag_definitions() -> list[dict[str, Any]] | None:
    """Return the loaded definitions; None before any are loaded."""
    return DEFAULT.get().feature_flag_definitions()


def get_feature_flag_evaluation_runtime(key: str) -> FeatureFlagEvaluationRuntime | None:
    """Return where a loaded flag is meant to be evaluated; None if no such flag is loaded."""
    return DEFAULT.get().get_feature_flag_evaluation_runtime(key)


def get_feature_flag_keys_by_evaluation_runtime(
    evaluation_runtime: FeatureFlagEvaluationRuntime | str,
) -> list[str]:
    """Return the keys of the loaded flags that suit a runtime."""
    return DEFAULT.get().get_feature_flag_keys_by_evaluation_runtime(evaluation_runtime)


def load_feature_flags() -> None:
    """Load the definitions now."""
    DEFAULT.get().load_feature_flags()
