"""The servers that are compared, with those of other products, which are installed in a folder."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Final

from benchmarks.server.contender import JSON, Asked, Contender, Place, Started, under_uvicorn
from benchmarks.server.flags import fast_feature_flags, flagsmith_environment, unleash
from benchmarks.server.ours import FLAGS, HELLO, OFREP, ask_ofrep

if TYPE_CHECKING:
    from benchmarks.specs import Person

__all__ = ["CONTENDERS"]

_CLIENT_KEY: Final = "client-key"


def _fast_feature(place: Place, count: int) -> Started:
    python = place.installed("fast-feature/bin/python")
    file = place.written(f"fast-feature-{count}.json", fast_feature_flags(count))
    application = "benchmarks.server.apps.fast_feature:application"
    return under_uvicorn(place, application, python, FLAGS=file)


def _flagsmith(place: Place, count: int) -> Started:
    python = place.installed("edge-proxy-python/bin/python")
    source = place.installed("edge-proxy/src")
    place.written("environment-document", flagsmith_environment(count, _CLIENT_KEY))
    keys = [{"server_side_key": "ser.benchmark", "client_side_key": _CLIENT_KEY}]
    env = {
        "API_URL": place.source,
        "ENVIRONMENT_KEY_PAIRS": json.dumps(keys),
        "API_POLL_FREQUENCY_SECONDS": "3600",
    }
    return under_uvicorn(place, "edge_proxy.server:app", python, source, **env)


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


def _ask_flagsmith(person: Person) -> Asked:
    traits = [{"trait_key": key, "trait_value": value} for key, value in person.properties.items()]
    body = json.dumps({"identifier": person.id, "traits": traits})
    headers = {**JSON, "X-Environment-Key": _CLIENT_KEY}
    return Asked("POST", "/api/v1/identities/", body, headers)


def _ask_unleash(person: Person) -> Asked:
    properties = {key: str(value) for key, value in person.properties.items()}
    body = {"context": {"userId": person.id, "properties": properties}}
    return Asked("POST", "/proxy", json.dumps(body), {**JSON, "Authorization": _CLIENT_KEY})


CONTENDERS: Final = (
    HELLO,
    FLAGS,
    OFREP,
    Contender("unleash-proxy", "@unleash/proxy 1.4.9 (Node)", _unleash, _ask_unleash),
    Contender("edge-proxy", "Flagsmith's edge proxy 2.23.0 (Python)", _flagsmith, _ask_flagsmith),
    Contender("fast-feature", "fast-feature 0.0.2, OFREP bulk (Python)", _fast_feature, ask_ofrep),
)
