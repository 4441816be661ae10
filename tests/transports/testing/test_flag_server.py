"""The fixture ``flag_server``: a server for end-to-end tests."""

from __future__ import annotations

import json
import urllib.request
from typing import Any

import pytest

from flagengine import SnapshotError
from flagengine.transports import Client
from flagengine.transports.testing import FlagServer

BETA = {"flags": [{"key": "beta", "active": True, "filters": {"groups": [{}]}}]}


def _flags(server: FlagServer) -> dict[str, Any]:
    body = b'{"token": "phc_any", "distinct_id": "user-1"}'
    with urllib.request.urlopen(f"{server.url}/flags?v=1", body) as answer:
        found: dict[str, Any] = json.load(answer)
    return {
        **found["featureFlags"],
        **{f"{k}!": v for k, v in found["featureFlagPayloads"].items()},
    }


def test_a_test_sets_what_programs_get(flag_server: FlagServer):
    assert _flags(flag_server) == {}
    flag_server.set("pricing", "annual", payload={"price": 90})
    flag_server.update(["beta"], other=False)
    assert _flags(flag_server) == {
        "pricing": "annual",
        "pricing!": '{"price":90}',
        "beta": True,
        "other": False,
    }
    flag_server.set("pricing", "monthly")
    flag_server.unset("beta")
    assert _flags(flag_server) == {"pricing": "monthly", "other": False}
    flag_server.clear()
    assert _flags(flag_server) == {}


def test_definitions_may_change_while_it_runs():
    with FlagServer(BETA) as server:
        assert _flags(server) == {"beta": True}
        server.set("beta", "x")
        server.define({"flags": []})
        assert _flags(server) == {"beta": "x"}
        with pytest.raises(SnapshotError):
            server.define({"flags": 3})
        with pytest.raises(TypeError):
            server.set("beta", [1])
        with pytest.raises(TypeError, match="values by key, or keys to turn on, got False"):
            server.update({"flags": False})
        assert _flags(server) == {"beta": "x"}


def test_values_may_be_forced_before_it_runs_and_after_its_end():
    server = FlagServer(BETA)
    server.set("beta", "x")
    with server:
        assert _flags(server) == {"beta": "x"}
    server.clear()
    assert not server.overrides


def test_an_sdk_takes_it_for_posthogs():
    with (
        FlagServer(BETA) as server,
        Client("phc_any", host=server.url, secret_key="phs_0123456789abcdef") as client,
    ):
        assert client.wait_for_local_evaluation_ready(10)
        assert client.get_feature_flag("beta", "user-1") is True


def test_a_port_that_is_taken_is_an_error():
    with FlagServer() as server, pytest.raises(OSError, match="cannot listen"):
        FlagServer(port=server.port).__enter__()
