"""posthog's client with local evaluation only, whose definitions come from a cache provider.

The public cache provider is the only documented way to pass definitions to the client.
"""

from __future__ import annotations

import json
import logging
import warnings
from typing import TYPE_CHECKING, Any

from benchmarks.rivals.base import (
    EVENT,
    KEEP,
    Bucketing,
    Question,
    UnsupportedError,
    imported,
)
from benchmarks.rivals.ours_client import deliver, remember

if TYPE_CHECKING:
    from collections.abc import Mapping

    from benchmarks.specs import Answer, Person
    from benchmarks.workload import Workload

__all__ = ["Capture", "EvaluateFlags", "Getter", "ToldGetter"]

# The discard port of this machine, so that any request of the client would fail at once.
_NOWHERE = "http://127.0.0.1:9"
#: An address whose requests are answered in this process.
_SWALLOWED = "http://swallowed"


class _Provider:
    """A cache provider that acts as if another worker had fetched and stored the definitions."""

    def __init__(self, definitions: Mapping[str, object]) -> None:
        self._definitions = definitions

    def should_fetch_flag_definitions(self) -> bool:
        """Return False: there is no network."""
        return False

    def get_flag_definitions(self) -> Mapping[str, object]:
        """The definitions."""
        return self._definitions

    def on_flag_definitions_received(self, definitions: object) -> None:
        """Do nothing: never called without a fetch."""

    def shutdown(self) -> None:
        """Do nothing."""


class _Client:
    bucketing: Bucketing = "posthog"

    def __init__(self) -> None:
        self._posthog = imported("posthog")
        self._client: Any = None
        # The getters issue a deprecation warning at every call, which is part of their cost. The
        # filter only keeps the warnings from being printed.
        warnings.simplefilter("ignore")
        logging.getLogger("posthog").setLevel(logging.CRITICAL)

    def document(self, workload: Workload) -> str:
        """Return the definitions, which are in PostHog's format."""
        return json.dumps(workload.definitions)

    def load(self, document: str) -> Any:
        """Return a client without a poller, whose consumers have nothing to send."""
        provider = _Provider(json.loads(document))
        self._client = self._posthog.Posthog(
            "phc_none",
            host=_NOWHERE,
            secret_key="phx_none",
            send=False,
            enable_local_evaluation=False,
            flag_definition_cache_provider=provider,
        )
        self._client.load_feature_flags()
        return self

    def subject(self, person: Person) -> object:
        """Return the caller's dict."""
        return person.properties

    def _keywords(self, workload: Workload) -> str:
        if "overrides" in workload.context:
            message = "its client has no overrides"
            raise UnsupportedError(message)
        given = "".join(f", {name}={name}" for name in workload.context)
        return f"person_properties=subject, only_evaluate_locally=True{given}"


class Getter(_Client):
    """`get_feature_flag` for a flag, `get_all_flags` for many flags."""

    def question(self, workload: Workload) -> Question:
        """Return a local call without events, which is the fastest."""
        keywords = self._keywords(workload)
        names = {"client": self._client, **workload.context}
        if len(workload.asked) > 1:
            every = f"client.get_all_flags(person_id, {keywords})"
            return Question(every, names, lambda found: _in_order(workload, found))
        call = (
            f"client.get_feature_flag(key, person_id, {keywords}, send_feature_flag_events=False)"
        )
        return Question(call, {**names, "key": workload.asked[0]})


class EvaluateFlags(_Client):
    """`evaluate_flags`, its newest method, which is eager; the values are read outside the timing."""

    def question(self, workload: Workload) -> Question:
        """Return a call for all flags of the snapshot, or for the only flag of the workload."""
        only = "" if len(workload.asked) > 1 else ", flag_keys=keys"
        call = f"client.evaluate_flags(person_id, {self._keywords(workload)}{only})"
        names = {"client": self._client, "keys": list(workload.asked), **workload.context}

        def read(found: Any) -> tuple[Answer, ...]:
            return tuple(found.get_flag(key) for key in workload.asked)

        return Question(call, names, read)


class _Sending(_Client):
    """A client with events, whose requests an adapter of requests answers and discards."""

    def load(self, document: str) -> Any:
        """Return a client with these definitions, whose events wait for a flush."""
        self._swallow()
        self._client = self._made(json.loads(document), _SWALLOWED, **KEEP)
        self._client.load_feature_flags()
        return self

    def deliver(self, host: str, events: int) -> float:
        """Return the events per second from the first `capture` until the client has shut down."""
        return deliver(self._made({"flags": []}, host, gzip=True, max_queue_size=events), events)

    def remember(self, ids: int) -> dict[str, float]:
        """Return the result of `remember` for a new client."""
        return remember(self._client, ids)

    def _made(self, definitions: Mapping[str, object], host: str, **options: Any) -> Any:
        return self._posthog.Posthog(
            "phc_none",
            host=host,
            secret_key="phx_none",
            flag_definition_cache_provider=_Provider(definitions),
            **options,
        )

    @staticmethod
    def _swallow() -> None:
        requests = imported("requests")
        adapters = imported("requests.adapters")

        class Swallow(adapters.BaseAdapter):  # type: ignore[misc, name-defined]
            def send(self, request: Any, **_: Any) -> Any:
                response = requests.Response()
                response.status_code, response.request = 200, request
                return response

            def close(self) -> None:
                pass

        # There is no public way to give it a session.
        imported("posthog.request")._session.mount(_SWALLOWED, Swallow())  # noqa: SLF001


class ToldGetter(_Sending):
    """`get_feature_flag`, whose event was sent at the first read for the person."""

    def question(self, workload: Workload) -> Question:
        """Return a local read of the flag."""
        call = f"client.get_feature_flag(key, person_id, {self._keywords(workload)})"
        names = {"client": self._client, "key": workload.asked[0], **workload.context}
        return Question(call, names, settle=self._client.flush)


class Capture(_Sending):
    """`capture`: the caller's time, and the events that a worker delivers."""

    def question(self, workload: Workload) -> Question:
        """Return a call that queues an event."""
        del workload
        call = "client.capture('viewed', distinct_id=person_id, properties=event)"
        names = {"client": self._client, "event": EVENT}
        return Question(call, names, lambda _: (), self._client.flush)


def _in_order(workload: Workload, found: Mapping[str, Answer]) -> tuple[Answer, ...]:
    return tuple(found[key] for key in workload.asked)
