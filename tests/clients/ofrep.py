"""The clients of OpenFeature's protocol: what each can say, and what it must say of an answer."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from flagengine import Reason, Resolution, flag_manifest, usable_id
from tests.clients import wire
from tests.clients.cases import Case
from tests.clients.clients import Client

__all__ = ["OFREP", "OfrepClient", "kind_of"]

_OPTIONS: Final = frozenset({"groups", "group_properties", "device_id"})
_UNQUOTED: Final = frozenset("/?#%\\")
_ABSENT: Final = (Reason.UNKNOWN_FLAG, Reason.FILTERED_OUT)


def kind_of(case: Case) -> str:
    """Return the type that an application reads the case's flag with.

    That is the type of the manifest, but for a flag without variants that answers with a forced variant's name,
    and for one with variants that is true.
    """
    kind = _declared_kind(case)
    value = None if case.resolution is None else case.resolution.value
    if kind == "boolean" and isinstance(value, str) and not _is_held_out(case.resolution):
        return "string"
    return "boolean" if kind == "string" and value is True else kind


def _declared_kind(case: Case) -> str:
    if case.key not in case.snapshot.flags:
        return "boolean"
    entries: Mapping[str, Any] = flag_manifest(case.snapshot, [case.key])["flags"]
    return str(entries[case.key]["flagType"]) if case.key in entries else "boolean"


@dataclass(frozen=True, kw_only=True)
class OfrepClient(Client):
    """A client of OpenFeature's protocol.

    Attributes:
        needs_values: whether an answer without a value is an error for it.
    """

    needs_values: bool = False

    def why_not(self, case: Case) -> str | None:
        """Return why the client cannot be asked for a case; None if it can."""
        if usable_id(case.context["distinct_id"]) is None:
            case = case.with_context(distinct_id="")
        return super().why_not(case)

    def _unsayable(self, case: Case) -> Iterator[str]:
        yield from super()._unsayable(case)
        if {"targetingKey", *_OPTIONS} & case.context.get("person_properties", {}).keys():
            yield "a property has the name of an option"
        if _UNQUOTED & set(case.key):
            yield "it does not quote the flag's key in the path"

    def question(self, case: Case, url: str) -> dict[str, Any]:
        """Return what the driver is asked."""
        reached = self._reached(case)
        return {**super().question(case, url), "kind": kind_of(reached)}

    def wanted(self, case: Case) -> dict[str, Any]:
        """Return what the client must say of the case's flag."""
        case = self._reached(case)
        resolution = case.resolution
        if resolution is None or _is_absent(resolution):
            return _said(error="FLAG_NOT_FOUND")
        if wire.is_failed(resolution):
            return _said(error="failed")
        value = resolution.value
        if value is None or (value is False and kind_of(case) == "string"):
            payload = resolution.raw_payload
            return _said(error="failed") if self.needs_values else _said(payload=payload)
        if _is_held_out(resolution) and kind_of(case) == "boolean":
            value = True
        return _said(value, resolution.raw_payload)

    def _reached(self, case: Case) -> Case:
        return case if self.runtime is None else case.with_context(evaluation_runtime=self.runtime)


def _is_held_out(resolution: Resolution | None) -> bool:
    return resolution is not None and resolution.reason is Reason.HOLDOUT_CONDITION_VALUE


def _is_absent(resolution: Resolution) -> bool:
    is_as_if_missing = resolution.reason is Reason.OVERRIDDEN and resolution.value is None
    return resolution.reason in _ABSENT or is_as_if_missing


def _said(value: Any = None, payload: Any = None, error: str | None = None) -> dict[str, Any]:
    return {"value": value, "payload": payload, "error": error}


_SAYS: Final = frozenset({"person_properties", *_OPTIONS})

OFREP: Final = (
    OfrepClient(
        driver="ofrep-python",
        label="openfeature-provider-ofrep (Python)",
        speaks="OFREP, one flag",
        says=_SAYS,
        runtime="server",
        is_typed=True,
    ),
    OfrepClient(
        driver="ofrep-node",
        label="@openfeature/ofrep-provider (Node)",
        speaks="OFREP, one flag",
        says=_SAYS,
        is_typed=True,
        is_binary64=True,
        needs_values=True,
    ),
    OfrepClient(
        driver="ofrep-web",
        label="@openfeature/ofrep-web-provider",
        speaks="OFREP, all flags",
        says=_SAYS,
        runtime="client",
        is_typed=True,
        is_binary64=True,
    ),
)
"""The clients of OpenFeature's protocol."""
