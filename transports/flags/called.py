"""The events of a flag read: their properties.

Every read has ``$feature_flag_called``. A read that exposes a person to an experiment also has
``$experiment_exposure``. Both have a value only if it is a boolean or text; a number or an object is
sent as True. Pure. The client decides whether an event is sent; ``called_tracker`` remembers which were.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from collections.abc import Set as AbstractSet
from types import MappingProxyType
from typing import Any, Final, NamedTuple

from flagengine import CLICK_IDS

from .answer import FlagAnswer, FlagFailure
from .attribution import ATTRIBUTION_PROPERTIES, Attribution, attribution_of
from .seeds import event_without_seeds

__all__ = [
    "EVENT",
    "EXPOSURE",
    "FlagRead",
    "exposure_properties",
    "flag_called_properties",
    "is_minimal",
    "minimal_properties",
    "sent_called",
    "sent_exposure",
]

EVENT: Final = "$feature_flag_called"
EXPOSURE: Final = "$experiment_exposure"
LOCAL_REASON: Final = "Evaluated locally"
FLAG_MISSING: Final = "flag_missing"
# posthog-python's code for a flag whose inputs were not given.
INCONCLUSIVE: Final = "local_evaluation_inconclusive"

# The codes in the order of PostHog's contract, in which they are joined.
_ERRORS: Final = (
    "errors_while_computing_flags",
    FLAG_MISSING,
    "quota_limited",
    "timeout",
    "connection_error",
)
_MINIMAL: Final = frozenset(
    {
        "$feature_flag",
        "$feature_flag_response",
        "$feature_flag_has_experiment",
        "$feature_flag_id",
        "$feature_flag_version",
        "$feature_flag_reason",
        "$feature_flag_request_id",
        "$feature_flag_evaluated_at",
        "$feature_flag_error",
        "locally_evaluated",
        "$groups",
        "$process_person_profile",
        "$session_id",
        "$lib",
        "$lib_version",
        "$is_server",
        "$geoip_disable",
        "$os",
        "$os_version",
        "$os_distro",
        "$python_runtime",
        "$python_version",
        "$referring_domain",
        *CLICK_IDS,
    }
)

_REASON: Final = "$feature_flag_reason"
# What the super properties and the context may not add to the events of a format 2 flag.
_NOT_OF_A_CALL: Final = ATTRIBUTION_PROPERTIES | {
    _REASON,
    "$feature_flag_forced_variant",
    "$feature_flag_experiment_id",
    "$feature_flag_holdout_id",
}
_NOT_OF_AN_EXPOSURE: Final = _NOT_OF_A_CALL | {"$experiment_exposure_source"}
_OF_AN_EXPOSURE: Final = (
    "$feature_flag",
    "$feature_flag_response",
    "locally_evaluated",
    "$feature_flag_id",
    "$feature_flag_version",
    "$feature_flag_request_id",
    "$feature_flag_evaluated_at",
    "$feature_flag_rule_id",
    "$feature_flag_variant_key",
    "$groups",
)


class FlagRead(NamedTuple):
    """A read of a flag's value.

    ``answer`` is None if the key has no answer. Then ``failure`` says why an existing flag failed, and
    ``is_inconclusive`` whether nothing is known of the flag, not even that it is missing.
    ``request_errors`` has the error codes of the request to the server, if a request was made.
    """

    key: str
    answer: FlagAnswer | None
    distinct_id: str
    groups: Mapping[str, Any] = MappingProxyType({})
    device_id: str | None = None
    request_errors: tuple[str, ...] = ()
    failure: FlagFailure | None = None
    is_inconclusive: bool = False

    def __reduce__(self) -> tuple[Any, ...]:
        """Pickle the groups as a plain dict, because read-only views cannot be pickled."""
        return type(self), tuple(self._replace(groups=dict(self.groups)))

    @property
    def value(self) -> bool | str | None:
        """The value in the form that events have; None if there is no answer."""
        return None if self.answer is None else self.answer.legacy_value

    @property
    def described(self) -> FlagAnswer | None:
        """The answer, or the description of a failed evaluation."""
        if self.answer is None and self.failure is not None:
            return self.failure.answer
        return self.answer

    @property
    def attribution(self) -> Attribution | None:
        """What the read reports of the deciding rule; None for a flag of format 1."""
        if self.answer is not None:
            return attribution_of(self.answer)
        return attribution_of(self.described, is_failed=True)

    @property
    def errors(self) -> tuple[str, ...]:
        """The error codes of this read. A local answer does not depend on the request's errors."""
        described = self.described
        is_local = described is not None and described.locally_evaluated
        of_the_request = () if is_local else self.request_errors
        if self.answer is not None:
            return of_the_request
        if self.failure is not None:
            return (*of_the_request, self.failure.error)
        return (*of_the_request, INCONCLUSIVE if self.is_inconclusive else FLAG_MISSING)


def flag_called_properties(read: FlagRead) -> dict[str, Any]:
    """Return the event's own properties, without those that are unknown."""
    answer = read.described
    properties: dict[str, Any] = {
        "$feature_flag": read.key,
        "$feature_flag_response": read.value,
        f"$feature/{read.key}": read.value,
        "locally_evaluated": answer is not None and answer.locally_evaluated,
    }
    optional: dict[str, Any] = {"$feature_flag_error": _error_text(read.errors)}
    if answer is not None:
        optional |= _details(answer)
    properties |= {name: value for name, value in optional.items() if value is not None}
    attribution = read.attribution
    if attribution is not None:
        properties.pop(_REASON, None)
        properties |= attribution.properties()
    if read.groups:
        properties["$groups"] = dict(read.groups)
    return properties


def exposure_properties(read: FlagRead) -> dict[str, Any]:
    """Return the properties of ``$experiment_exposure`` for a read that is an exposure."""
    called = flag_called_properties(read)
    return {name: called[name] for name in _OF_AN_EXPOSURE if name in called}


def _details(answer: FlagAnswer) -> dict[str, Any]:
    return {
        "$feature_flag_payload": None if answer.is_its_own_payload else answer.payload,
        "$feature_flag_id": answer.flag_id,
        "$feature_flag_version": answer.flag_version,
        _REASON: LOCAL_REASON if answer.locally_evaluated else answer.reason,
        "$feature_flag_request_id": answer.request_id,
        "$feature_flag_evaluated_at": answer.evaluated_at,
        "$feature_flag_has_experiment": answer.has_experiment,
        "$feature_flag_definitions_loaded_at": answer.definitions_loaded_at,
    }


def _error_text(errors: Iterable[str]) -> str | None:
    """Join the distinct error codes; return None without any.

    >>> _error_text(["flag_missing", "errors_while_computing_flags", "flag_missing"])
    'errors_while_computing_flags,flag_missing'
    """
    distinct = dict.fromkeys(errors)
    known = [code for code in _ERRORS if code in distinct]
    return ",".join([*known, *(code for code in distinct if code not in _ERRORS)]) or None


def is_minimal(answer: FlagAnswer | None) -> bool:
    """Return whether to send the short event.

    The server must ask for it, and the flag must be known to have no experiment.
    """
    return answer is not None and answer.minimal_events and answer.has_experiment is False


def minimal_properties(
    properties: Mapping[str, Any], further: AbstractSet[str] = frozenset()
) -> dict[str, Any]:
    """Return those of the fully enriched ``properties`` that a short event may have.

    ``further`` are names that this event may also have.

    >>> minimal_properties({"$feature_flag": "a", "plan": "pro", "utm_source": "x"})
    {'$feature_flag': 'a', 'utm_source': 'x'}
    """
    return {
        name: value
        for name, value in properties.items()
        if name in _MINIMAL or name in further or name.startswith("utm_")
    }


def sent_called(
    read: FlagRead, own: Mapping[str, Any], merged: Mapping[str, Any]
) -> dict[str, Any]:
    """Return the properties to send in ``$feature_flag_called``.

    ``own`` are those of the read; ``merged`` also has those of the client and the context, which
    change nothing that a format 2 flag reports.
    """
    is_format_2 = read.attribution is not None
    kept = _pinned(own, merged, _NOT_OF_A_CALL) if is_format_2 else merged
    if is_minimal(read.answer):
        kept = minimal_properties(kept, ATTRIBUTION_PROPERTIES if is_format_2 else frozenset())
    return event_without_seeds(kept)


def sent_exposure(own: Mapping[str, Any], merged: Mapping[str, Any]) -> dict[str, Any]:
    """Return the properties to send in ``$experiment_exposure``; it has no short form."""
    return event_without_seeds(_pinned(own, merged, _NOT_OF_AN_EXPOSURE))


def _pinned(
    own: Mapping[str, Any], merged: Mapping[str, Any], foreign: AbstractSet[str]
) -> dict[str, Any]:
    return {name: value for name, value in merged.items() if name in own or name not in foreign}
