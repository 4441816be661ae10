"""One flag's answer, wherever it came from: the engine, the server or an override.

Built from the engine's `Resolution` or a remote record, and never recomputed: whoever needs a
value, a payload or an event's properties reads them here.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any

from flagengine import Reason, Resolution

from ..polling.store import Published
from ..remote.flag_record import RemoteFlag, parse_payload
from ..remote.response import FlagsResponse

__all__ = ["EvaluatedFlag", "from_remote", "from_resolution", "merged", "needs_remote"]


@dataclass(frozen=True, slots=True)
class EvaluatedFlag:
    """What holds for one flag and one person.

    Attributes:
        value: True, False or the variant's key (with typed remote records also a number or an
            object).
        reason: for people; the code is for machines.
        request_id: of the request that brought a remote answer.
        evaluated_at: milliseconds since 1970.
        definitions_loaded_at: milliseconds since 1970, for local answers.
        minimal_events: the server's gate for short events, as it stood for this very answer.
        is_override: set by hand; such a read sends no event.
    """

    key: str
    value: Any
    enabled: bool
    variant: str | None = None
    raw_payload: str | None = None
    reason: str | None = None
    reason_code: str | None = None
    condition_index: int | None = None
    flag_id: int | None = None
    flag_version: int | None = None
    has_experiment: bool | None = None
    locally_evaluated: bool = False
    request_id: str | None = None
    evaluated_at: int | None = None
    definitions_loaded_at: int | None = None
    minimal_events: bool = False
    is_override: bool = False

    @property
    def payload(self) -> Any:
        """The payload's value, decoded anew at each access: a caller may change what it gets."""
        return parse_payload(self.raw_payload)


def from_resolution(
    resolution: Resolution, published: Published | None = None, *, evaluated_at: int | None = None
) -> EvaluatedFlag:
    """Return the answer that the engine gave, `published` being the definitions it used.

    For resolutions that have a value; one without it is no answer.
    """
    return EvaluatedFlag(
        key=resolution.key,
        value=resolution.value,
        enabled=resolution.enabled,
        variant=resolution.variant,
        raw_payload=resolution.raw_payload,
        reason=resolution.description or None,
        reason_code=resolution.reason.value,
        condition_index=resolution.condition_index,
        flag_id=resolution.flag_id,
        flag_version=resolution.flag_version,
        has_experiment=resolution.has_experiment,
        locally_evaluated=True,
        evaluated_at=evaluated_at,
        definitions_loaded_at=_loaded_at(published),
        minimal_events=published is not None and published.minimal_flag_called_events,
        is_override=resolution.reason is Reason.OVERRIDDEN,
    )


def _loaded_at(published: Published | None) -> int | None:
    if published is None or published.loaded_at is None:
        return None
    return round(published.loaded_at * 1000)


def from_remote(flag: RemoteFlag, response: FlagsResponse) -> EvaluatedFlag:
    """Return the answer that the server gave."""
    return EvaluatedFlag(
        key=flag.key,
        value=flag.value,
        enabled=flag.enabled,
        variant=flag.variant,
        raw_payload=flag.raw_payload,
        reason=flag.reason,
        reason_code=flag.reason_code,
        condition_index=flag.condition_index,
        flag_id=flag.flag_id,
        flag_version=flag.flag_version,
        has_experiment=flag.has_experiment,
        request_id=response.request_id,
        evaluated_at=response.evaluated_at,
        minimal_events=response.minimal_flag_called_events,
    )


def needs_remote(
    requested: Collection[str] | None,
    solved: Collection[str],
    unsolved: Collection[str],
    *,
    known_missing: Collection[str] = (),
) -> bool:
    """Whether a remote request could add something.

    `solved` and `unsolved` are the keys that local evaluation could and could not decide. Without
    any definitions both are empty, and a request for everything goes out.
    """
    if requested is None:
        return bool(unsolved) or not solved
    return any(key not in solved and key not in known_missing for key in requested)


def merged(
    local: Mapping[str, EvaluatedFlag],
    response: FlagsResponse,
    requested: Collection[str] | None,
) -> dict[str, EvaluatedFlag]:
    """Return `local` with the server's answers added: never in its place, never unasked for."""
    wanted = None if requested is None else frozenset(requested)
    remote = {
        key: from_remote(flag, response)
        for key, flag in response.flags.items()
        if wanted is None or key in wanted
    }
    return {**remote, **local}
