"""Our server: for flags, and as a relay of events; and the server that does nothing, its yardstick."""

from __future__ import annotations

import json
import sys
from typing import TYPE_CHECKING, Final

from benchmarks.rivals.base import EVENT
from benchmarks.server.contender import Asked, Contender, Place, Started, under_uvicorn
from benchmarks.server.flags import posthog

if TYPE_CHECKING:
    from benchmarks.specs import Person

__all__ = ["FLAGS", "HELLO", "OFREP", "ask_batch", "ask_ofrep", "relay", "upstream"]

_PROJECT_KEY: Final = "phc_benchmark"


def _hello(place: Place, _count: int) -> Started:
    return under_uvicorn(place, "benchmarks.server.apps.hello:application")


def _ours(place: Place, count: int) -> Started:
    file = place.written(f"definitions-{count}.json", posthog(count))
    command = (sys.executable, "-m", "flagengine", "serve", file, "--no-development")
    return Started((*command, "--port", str(place.port)))


def relay(place: Place, upstream: int) -> Started:
    """Return a relay of ours of the server at a port, which keeps events in a folder."""
    command = (sys.executable, "-m", "flagengine", "serve", "--port", str(place.port))
    options = ("--upstream", f"http://127.0.0.1:{upstream}", "--project-key", _PROJECT_KEY)
    events = ("--events", str(place.folder / "events"))
    return Started((*command, *options, *events), {"POSTHOG_SECRET_KEY": "phs_benchmark"})


def upstream(place: Place) -> Started:
    """Return what takes the events of a relay, and counts them."""
    return under_uvicorn(place, "benchmarks.server.apps.upstream:application")


def ask_batch(count: int) -> Asked:
    """Return a request with so many events, as SDKs send them."""
    events = [
        {
            "event": "clicked",
            "distinct_id": f"user-{number}",
            "timestamp": "2026-11-29T09:00:00.000Z",
            "properties": EVENT,
        }
        for number in range(count)
    ]
    return Asked("POST", "/batch/", json.dumps({"api_key": _PROJECT_KEY, "batch": events}))


def _ask_posthog(person: Person) -> Asked:
    body = {
        "token": _PROJECT_KEY,
        "distinct_id": person.id,
        "groups": {},
        "person_properties": person.properties,
        "group_properties": {},
    }
    return Asked("POST", "/flags/?v=2", json.dumps(body))


def ask_ofrep(person: Person) -> Asked:
    """Return OFREP's request for all flags of a person."""
    body = {"context": {"targetingKey": person.id, **person.properties}}
    return Asked("POST", "/ofrep/v1/evaluate/flags", json.dumps(body))


HELLO: Final = Contender("hello", "uvicorn alone, an empty answer", _hello, _ask_posthog)
FLAGS: Final = Contender("flagengine", "flagengine, `/flags?v=2`", _ours, _ask_posthog)
OFREP: Final = Contender("flagengine-ofrep", "flagengine, OFREP bulk", _ours, ask_ofrep)
