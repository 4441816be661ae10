"""The properties of a ``$feature_flag_called`` event: pure, from one read to plain data.

Whether an event is sent at all is not decided here: the tracker remembers, the client sends.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, Final, NamedTuple

from ..remote.outcome import error_text
from .evaluated import EvaluatedFlag

__all__ = ["FlagRead", "flag_called_properties", "is_minimal", "minimal_properties"]

LOCAL_REASON: Final = "Evaluated locally"

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
    }
)
_CLICK_IDS: Final = frozenset(
    {
        "gclid",
        "gclsrc",
        "gad_source",
        "dclid",
        "gbraid",
        "wbraid",
        "fbclid",
        "msclkid",
        "twclid",
        "ttclid",
        "li_fat_id",
        "mc_cid",
        "igshid",
        "rdt_cid",
        "epik",
        "qclid",
        "sccid",
        "irclid",
        "_kx",
    }
)


class FlagRead(NamedTuple):
    """One read of one flag's value.

    ``flag`` is None when there was no answer for the key; ``words`` are the error words that then,
    or with a remote answer, say what went wrong.
    """

    key: str
    flag: EvaluatedFlag | None
    distinct_id: str
    groups: Mapping[str, Any] = MappingProxyType({})
    device_id: str | None = None
    words: tuple[str, ...] = ()

    @property
    def response(self) -> Any:
        """The value that was read; None when there was none."""
        return None if self.flag is None else self.flag.value


def flag_called_properties(read: FlagRead) -> dict[str, Any]:
    """Return the event's own properties, what is unknown left out."""
    properties: dict[str, Any] = {
        "$feature_flag": read.key,
        "$feature_flag_response": read.response,
        f"$feature/{read.key}": read.response,
        "locally_evaluated": read.flag is not None and read.flag.locally_evaluated,
    }
    optional: dict[str, Any] = {"$feature_flag_error": error_text(read.words)}
    if read.flag is not None:
        optional |= _details(read.flag)
    properties |= {name: value for name, value in optional.items() if value is not None}
    if read.groups:
        properties["$groups"] = dict(read.groups)
    return properties


def is_minimal(read: FlagRead) -> bool:
    """Whether the short event is enough: the gate is on and the flag surely is in no experiment."""
    flag = read.flag
    return flag is not None and flag.minimal_events and flag.has_experiment is False


def minimal_properties(properties: Mapping[str, Any]) -> dict[str, Any]:
    """Return what a short event may hold of the fully enriched `properties`.

    >>> minimal_properties({"$feature_flag": "a", "plan": "pro", "utm_source": "x"})
    {'$feature_flag': 'a', 'utm_source': 'x'}
    """
    return {name: value for name, value in properties.items() if _is_allowed(name)}


def _is_allowed(name: str) -> bool:
    return name in _MINIMAL or name in _CLICK_IDS or name.startswith("utm_")


def _details(flag: EvaluatedFlag) -> dict[str, Any]:
    return {
        "$feature_flag_payload": flag.payload,
        "$feature_flag_id": flag.flag_id,
        "$feature_flag_version": flag.flag_version,
        "$feature_flag_reason": LOCAL_REASON if flag.locally_evaluated else flag.reason,
        "$feature_flag_request_id": flag.request_id,
        "$feature_flag_evaluated_at": flag.evaluated_at,
        "$feature_flag_has_experiment": flag.has_experiment,
        "$feature_flag_definitions_loaded_at": flag.definitions_loaded_at,
    }
