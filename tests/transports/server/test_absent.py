"""Addresses that are only there with a setting: their 404 names it."""

from __future__ import annotations

import pytest

from tests.transports.server.support import Bench

NOTHING = "there is nothing at this path"


@pytest.mark.parametrize("path", ["/_control", "/_control/overrides", "/_control/overrides/a/b"])
def test_without_a_control_key_the_control_api_says_how_to_get_it(path: str):
    for method in ("GET", "PUT"):
        found = Bench(is_development=True)(method, path)
        assert found.status == 404
        assert "--control-key-env, or control_key_env" in found.text


@pytest.mark.parametrize(
    "path", ["/", "", "/_events", "/_events/", "/_events/stream?since=1", "/_explorer/overview"]
)
def test_a_server_not_for_development_says_that_an_address_is_for_it(path: str):
    found = Bench(control_key="a-control-key-of-some-length")("GET", path)
    assert found.status == 404
    assert "--development, or development = true" in found.text


def test_under_a_prefix_it_says_so_below_the_prefix_alone():
    bench = Bench(prefix="/ph")
    assert "--development" in bench("GET", "/ph").text
    assert "--development" in bench("GET", "/ph/_events").text
    assert bench("GET", "/_events").text == bench("GET", "/").text == NOTHING


@pytest.mark.parametrize("path", ["/nope", "/_eventsx", "/_controls", "/_nope", "/x/_events"])
def test_any_other_path_has_nothing(path: str):
    assert Bench()("GET", path).text == NOTHING


def test_with_the_settings_unknown_paths_have_nothing():
    bench = Bench(is_development=True, control_key="a-control-key-of-some-length")
    for path in ("/_control/nope", "/_events/nope", "/_explorer/nope"):
        found = bench("GET", path)
        assert (found.status, found.text) == (404, NOTHING)
