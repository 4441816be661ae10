"""The servers that are compared: how each is started, and how it is asked for all flags of a person."""

from __future__ import annotations

import json
import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Final

from benchmarks.server.flags import (
    fast_feature_flags,
    flagsmith_environment,
    posthog,
    unleash,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from benchmarks.specs import Person

__all__ = ["CONTENDERS", "HELLO", "OURS", "AbsentError", "Asked", "Contender", "Place", "Started"]

_JSON: Final = {"Content-Type": "application/json"}
_APPS: Final = Path(__file__).parent.parent.parent
_CLIENT_KEY: Final = "client-key"


class AbsentError(Exception):
    """A rival is not installed; the message says what is missing."""


@dataclass(frozen=True, slots=True)
class Asked:
    """A request."""

    method: str
    path: str
    body: str = ""
    headers: Mapping[str, str] = field(default_factory=lambda: _JSON)


@dataclass(frozen=True, slots=True)
class Place:
    """Where a server is started.

    Attributes:
        port: The port that it opens.
        folder: A folder for its files.
        rivals: The folder in which the rivals are installed.
        source: The address of a server that has the definitions of the other products' servers.
    """

    port: int
    folder: Path
    rivals: Path
    source: str

    def installed(self, name: str) -> str:
        """Return the path of a rival's file; raise AbsentError if it is not there."""
        path = self.rivals / name
        if not path.exists():
            message = f"there is no {name} in the folder of the rivals"
            raise AbsentError(message)
        return str(path)

    def written(self, name: str, text: str) -> str:
        """Write a file into the folder; return its path."""
        path = self.folder / name
        path.write_text(text, encoding="utf-8")
        return str(path)


@dataclass(frozen=True, slots=True)
class Started:
    """The command of a server, and the variables of its environment."""

    command: tuple[str, ...]
    env: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Contender:
    """A server.

    Attributes:
        name: The name in the command line and the results.
        title: The title in the tables.
        start: Returns the command for a number of flags.
        ask: Returns the request for all flags of a person.
    """

    name: str
    title: str
    start: Callable[[Place, int], Started]
    ask: Callable[[Person], Asked]


def _python(place: Place, application: str, python: str = sys.executable) -> tuple[str, ...]:
    options = ("--port", str(place.port), "--log-level", "error", "--no-access-log")
    return (python, "-m", "uvicorn", application, *options)


def _hello(place: Place, _count: int) -> Started:
    application = "benchmarks.server.apps.hello:application"
    return Started(_python(place, application), {"PYTHONPATH": str(_APPS)})


def _ours(place: Place, count: int) -> Started:
    file = place.written(f"definitions-{count}.json", posthog(count))
    command = (sys.executable, "-m", "flagengine", "serve", file, "--no-development")
    return Started((*command, "--port", str(place.port)))


def _fast_feature(place: Place, count: int) -> Started:
    python = place.installed("fast-feature/bin/python")
    file = place.written(f"fast-feature-{count}.json", fast_feature_flags(count))
    application = "benchmarks.server.apps.fast_feature:application"
    return Started(_python(place, application, python), {"FLAGS": file, "PYTHONPATH": str(_APPS)})


def _flagsmith(place: Place, count: int) -> Started:
    python = place.installed("edge-proxy-python/bin/python")
    source = place.installed("edge-proxy/src")
    place.written("environment-document", flagsmith_environment(count, _CLIENT_KEY))
    keys = [{"server_side_key": "ser.benchmark", "client_side_key": _CLIENT_KEY}]
    env = {
        "PYTHONPATH": source,
        "API_URL": place.source,
        "ENVIRONMENT_KEY_PAIRS": json.dumps(keys),
        "API_POLL_FREQUENCY_SECONDS": "3600",
    }
    return Started(_python(place, "edge_proxy.server:app", python), env)


def _unleash(place: Place, count: int) -> Started:
    start = place.installed("unleash-proxy/node_modules/@unleash/proxy/dist/start.js")
    place.written("features", unleash(count))
    env = {
        "UNLEASH_URL": place.source,
        "UNLEASH_API_TOKEN": "benchmark",
        "UNLEASH_PROXY_CLIENT_KEYS": _CLIENT_KEY,
        "UNLEASH_FETCH_INTERVAL": "3600000",
        "LOG_LEVEL": "error",
        "PORT": str(place.port),
    }
    return Started(("node", start), env)


def _ask_posthog(person: Person) -> Asked:
    body = {
        "token": "phc_benchmark",
        "distinct_id": person.id,
        "groups": {},
        "person_properties": person.properties,
        "group_properties": {},
    }
    return Asked("POST", "/flags/?v=2", json.dumps(body))


def _ask_ofrep(person: Person) -> Asked:
    body = {"context": {"targetingKey": person.id, **person.properties}}
    return Asked("POST", "/ofrep/v1/evaluate/flags", json.dumps(body))


def _ask_flagsmith(person: Person) -> Asked:
    traits = [{"trait_key": key, "trait_value": value} for key, value in person.properties.items()]
    body = json.dumps({"identifier": person.id, "traits": traits})
    headers = {**_JSON, "X-Environment-Key": _CLIENT_KEY}
    return Asked("POST", "/api/v1/identities/", body, headers)


def _ask_unleash(person: Person) -> Asked:
    properties = {key: str(value) for key, value in person.properties.items()}
    body = {"context": {"userId": person.id, "properties": properties}}
    return Asked("POST", "/proxy", json.dumps(body), {**_JSON, "Authorization": _CLIENT_KEY})


HELLO: Final = Contender("hello", "uvicorn alone, an empty answer", _hello, _ask_posthog)
OURS: Final = Contender("flagengine", "flagengine, `/flags?v=2`", _ours, _ask_posthog)

CONTENDERS: Final = (
    HELLO,
    OURS,
    Contender("flagengine-ofrep", "flagengine, OFREP bulk", _ours, _ask_ofrep),
    Contender("unleash-proxy", "@unleash/proxy 1.4.9 (Node)", _unleash, _ask_unleash),
    Contender("edge-proxy", "Flagsmith's edge proxy 2.23.0 (Python)", _flagsmith, _ask_flagsmith),
    Contender("fast-feature", "fast-feature 0.0.2, OFREP bulk (Python)", _fast_feature, _ask_ofrep),
)
