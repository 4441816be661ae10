"""Runs posthog-python's local evaluation on a document, without a network or a thread."""

import datetime as dt
import logging
import signal
import warnings
from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager
from types import SimpleNamespace
from typing import Any, Final
from unittest import mock

from posthog.client import Client
from posthog.feature_flags import InconclusiveMatchError, RequiresServerEvaluation

__all__ = ["DEFERRED", "Sdk", "clock_at"]

_PATIENCE: Final = 5.0
"""Seconds after which the SDK counts as hanging; its answers take microseconds."""

DEFERRED: Final = "(asks the server)"
"""The answer if the SDK would ask the server."""


logging.getLogger("posthog").disabled = True  # it warns of every odd definition


class Sdk:
    """posthog-python with a loaded document."""

    _client = Client("phc_unused", personal_api_key=None, send=False, sync_mode=True)

    def __init__(self, document: Mapping[str, Any]) -> None:
        """Load a document as the SDK's poller does."""
        flags = document["flags"]
        self._flags = {flag["key"]: flag for flag in flags}
        self._snapshot: Any = {
            "flags": flags,
            "flags_by_key": self._flags,
            "group_type_mapping": document.get("group_type_mapping") or {},
            "cohorts": document.get("cohorts") or {},
            "property_matching_version": document.get("property_matching_version", 1),
            "flag_definition_version": 1,
        }

    @property
    def keys(self) -> Collection[str]:
        """The keys of the flags."""
        return self._flags.keys()

    def answer(
        self,
        key: str,
        distinct_id: Any,
        person_properties: Mapping[str, Any],
        groups: Mapping[str, Any] | None = None,
        group_properties: Mapping[str, Mapping[str, Any]] | None = None,
        device_id: Any = None,
    ) -> Any:
        """Return the SDK's value, :data:`DEFERRED`, or the name of the exception that it raises."""
        if key not in self._flags:
            return None
        groups = dict(groups or {})
        by_group = {
            name: {"$group_key": groups[name], **(group_properties or {}).get(name, {})}
            for name in groups
        }
        try:
            with warnings.catch_warnings(action="ignore"), _time_limit():
                return self._client._compute_flag_locally(
                    self._flags[key],
                    distinct_id,
                    groups=groups,
                    person_properties={"distinct_id": distinct_id, **person_properties},
                    group_properties=by_group,
                    warn_on_unknown_groups=False,
                    device_id=device_id,
                    _definition_snapshot=self._snapshot,
                )
        except (InconclusiveMatchError, RequiresServerEvaluation):
            return DEFERRED
        except Exception as error:  # noqa: BLE001 any exception counts as the SDK's answer
            return f"raises {type(error).__name__}"


class HangError(Exception):
    """The SDK did not answer in time."""


@contextmanager
def _time_limit() -> Iterator[None]:
    def stop(*_: object) -> None:
        raise HangError

    before = signal.signal(signal.SIGVTALRM, stop)
    signal.setitimer(signal.ITIMER_VIRTUAL, _PATIENCE)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_VIRTUAL, 0)
        signal.signal(signal.SIGVTALRM, before)


@contextmanager
def clock_at(now: dt.datetime) -> Iterator[None]:
    """Stop the SDK's clock."""

    class _Meta(type):
        def __instancecheck__(cls, instance: object) -> bool:
            return isinstance(instance, dt.datetime)

    class _Stopped(dt.datetime, metaclass=_Meta):
        @classmethod
        def now(cls, tz: dt.tzinfo | None = None) -> dt.datetime:
            return now.astimezone(tz)

    module = SimpleNamespace(**{**vars(dt), "datetime": _Stopped})
    with mock.patch("posthog.feature_flags.datetime", module):
        yield
