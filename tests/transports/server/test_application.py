"""The application around the endpoints: paths, prefixes, errors, streams, counts, and its life."""

from __future__ import annotations

import asyncio
import json
import logging
from typing import Any

import pytest

from flagengine.transports.clock import ManualClock
from flagengine.transports.server import ProjectSettings, ServerSettings
from flagengine.transports.server.app import Application
from flagengine.transports.server.web.cors import CrossOrigin
from flagengine.transports.server.web.limits import RateLimit
from flagengine.transports.server.web.request import Request
from flagengine.transports.server.web.response import Streamed
from flagengine.transports.server.web.routes import Route, Routes
from tests.transports.server.support import BETA, KEY, Bench, definitions

BODY = {"token": KEY, "distinct_id": "u"}


def _of(**endpoints: Any) -> Bench:
    """Return a bench whose application has these endpoints alone, by path."""
    bench = Bench()
    routes = Routes(Route(f"/{path}", endpoint) for path, endpoint in endpoints.items())
    bench.application = Application(routes, cross_origin=CrossOrigin())
    return bench


def test_the_server_may_be_mounted_under_a_prefix():
    bench = Bench(prefix="/ph")
    assert bench("POST", "/ph/flags/?v=2", BODY).status == 200
    assert bench("POST", "/flags/?v=2", BODY).status == 404
    assert bench("POST", "/phony/flags", BODY).status == 404


def test_an_unknown_path_is_a_404_with_cross_origin_headers():
    found = Bench()("GET", "/nope", headers={"origin": "https://a.example"})
    assert (found.status, found.header("vary")) == (404, "Origin")


def test_an_endpoint_that_raises_is_a_500_that_tells_nothing(caplog: pytest.LogCaptureFixture):
    def broken(_request: Request) -> Any:
        raise RuntimeError("a secret")

    with caplog.at_level(logging.ERROR):
        found = _of(broken=broken)("GET", "/broken", headers={"origin": "https://a.example"})
    assert found.status == 500
    assert "secret" not in found.text
    assert found.header("access-control-allow-origin") == "https://a.example"
    assert caplog.records


def test_a_stream_ends_when_its_client_goes():
    ended = []

    async def pieces() -> Any:
        try:
            yield b"a"
            yield b"b"
        finally:
            ended.append(True)

    found = _of(stream=lambda _request: Streamed(pieces(), ()))("GET", "/stream")
    assert (found.status, found.body, ended) == (200, b"ab", [True])


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        (b"a=1&a=2&b", {"a": "1", "b": ""}),
        (b"", {}),
        (b"a=%20+x", {"a": "  x"}),
        (b"%ff=%fe", {"\N{REPLACEMENT CHARACTER}": "\N{REPLACEMENT CHARACTER}"}),
        (b"&".join([b"a=1"] * 101), {}),
    ],
)
def test_queries_are_read_leniently(query: bytes, expected: dict[str, str]):
    assert Request("GET", "/", query_string=query).query == expected


def test_two_endpoints_for_a_path_are_a_mistake():
    with pytest.raises(ValueError, match="the path /a has two endpoints"):
        Routes([Route("/a", lambda _request: Any), Route("/a", lambda _request: Any)])


def test_what_is_in_a_path_is_decoded():
    routes = Routes([Route("/x/{a}/y/{b:path}/z", lambda _request: Any)])
    found = routes.find("/x/a%2Fb/y/c/d%20e/z")
    assert found is not None
    assert found[1] == ("a/b", "c/d e")
    assert routes.find("/x/y/z") is None


def test_a_limit_lets_requests_through_again_after_the_time_that_it_names():
    clock = ManualClock()
    limit = RateLimit(0.5, clock=clock)
    assert limit.refused_for() == 0
    assert limit.refused_for() == 2
    clock.advance(2)
    assert limit.refused_for() == 0
    assert not any(RateLimit(None).refused_for() for _ in range(100))


def test_requests_are_counted_by_route_and_never_by_path():
    bench = Bench()
    for path in ("/nope", "/nope/2", f"/array/{KEY}/config"):
        bench("GET", path)
    bench("POST", "/flags?v=2", BODY)
    assert dict(bench.server.metrics.counts) == {
        ("(unknown)", 404): 2,
        ("/array/{token}/config", 200): 1,
        ("/flags", 200): 1,
    }
    text = bench("GET", "/metrics").text
    assert 'flagengine_server_requests_total{route="/flags",status="200"} 1.0' in text
    assert 'flagengine_server_request_seconds_count{route="(unknown)"} 2.0' in text
    assert 'flagengine_definitions_flags{client="default"} 1.0' in text


@pytest.mark.parametrize("kind", ["text/plain", "application/openmetrics-text"])
@pytest.mark.parametrize("version", ["1.x", "\xb2", "", "9" * 5_000])
def test_metrics_are_given_whatever_form_is_asked_for(kind: str, version: str):
    answer = Bench()("GET", "/metrics", headers={"accept": f"{kind}; version={version}"})
    assert answer.status == 200
    assert "flagengine_definitions_flags" in answer.text


@pytest.mark.parametrize("form", ["json", "text"])
def test_the_access_log_has_a_line_for_each_request_without_keys(
    form: str, caplog: pytest.LogCaptureFixture
):
    with caplog.at_level(logging.INFO, "flagengine.server.access"):
        Bench(access_log=form)("GET", f"/array/{KEY}/config?token=phc_in_query")
    (record,) = caplog.records
    text = record.getMessage()
    assert "phc_" not in text
    assert "/array/{token}/config" in text
    if form == "json":
        assert json.loads(text)["status"] == 200


def test_health_is_ok_as_long_as_there_are_definitions():
    bench = Bench()
    assert bench("GET", "/_ready").status == 200
    found = bench("GET", "/_health").json
    assert found["status"] == "ok"
    assert found["projects"]["default"]["flags"] == 1


def test_readiness_ends_when_the_server_stops():
    bench = Bench()
    bench.server.begin_stop()
    found = bench("GET", "/_ready")
    assert (found.status, found.json["status"]) == (503, "unavailable")
    assert bench("GET", "/_health").status == 200


def test_readiness_ends_with_definitions_that_are_too_old():
    from flagengine.transports import StalenessBudget  # noqa: PLC0415 - for this test

    clock = ManualClock()
    bench = Bench(project={"staleness": StalenessBudget(10, 20)}, clock=clock)
    clock.advance(15)
    assert bench("GET", "/_health").json["projects"]["default"]["freshness"] == "stale"
    assert bench("GET", "/_ready").status == 200
    assert bench("POST", "/flags?v=2", BODY).header("x-flagengine-definitions-age") == "15"
    clock.advance(15)
    assert bench("GET", "/_ready").status == 503
    assert bench("GET", "/_health").status == 200
    assert bench("POST", "/flags?v=2", BODY).status == 200


def test_a_server_starts_and_stops_with_its_application():
    bench = Bench()
    said: list[str] = []
    messages = iter(["lifespan.startup", "lifespan.shutdown"])

    async def receive() -> Any:
        return {"type": next(messages)}

    async def send(message: Any) -> None:
        said.append(message["type"])

    asyncio.run(bench.application({"type": "lifespan"}, receive, send))
    assert said == ["lifespan.startup.complete", "lifespan.shutdown.complete"]
    assert bench.server.changes.is_closed
    assert bench.projects[0].loader.is_stopped


@pytest.mark.parametrize(("passed", "left"), [(0, 10), (4, 6), (9.5, 1), (60, 1)])
def test_requests_and_events_share_the_time_for_the_end(
    passed: float, left: float, monkeypatch: pytest.MonkeyPatch
):
    clock, given = ManualClock(), []
    bench = Bench(shutdown_timeout=10.0, clock=clock)
    (project,) = bench.projects

    async def pass_on(seconds: float) -> bool:
        given.append(seconds)
        return True

    monkeypatch.setattr(project.intake, "shutdown", pass_on)
    monkeypatch.setattr(project.loader, "shutdown", given.append)
    bench.server.begin_stop()
    clock.advance(passed)
    asyncio.run(bench.server.stop())
    assert given == [left, left]


def test_several_projects_have_definitions_and_keys_of_their_own():
    from flagengine.transports import MemoryDefinitions  # noqa: PLC0415 - for this test

    def project(name: str) -> ProjectSettings:
        source = MemoryDefinitions(definitions({**BETA, "key": name}))
        key, secrets = f"phc_{name}", (f"phs_{name}_012345",)
        return ProjectSettings(name=name, project_key=key, secret_keys=secrets, source=source)

    bench = Bench(project("web"), project("app"))
    for name in ("web", "app"):
        found = bench("POST", "/flags?v=1", {"token": f"phc_{name}", "distinct_id": "u"}).json
        assert found["featureFlags"] == {name: True}
        secret = {"authorization": f"Bearer phs_{name}_012345"}
        found = bench("GET", "/flags/definitions", headers=secret).json
        assert [flag["key"] for flag in found["flags"]] == [name]
    other = bench("GET", "/flags/definitions?token=phc_web", headers=secret)
    assert other.status == 401


@pytest.mark.parametrize(
    ("projects", "words"),
    [
        ((), "at least one project"),
        ((ProjectSettings(), ProjectSettings()), "a name of its own"),
        ((ProjectSettings(name="a"), ProjectSettings(name="b", project_key="x")), "project_key"),
    ],
)
def test_projects_that_cannot_be_told_apart_are_refused(projects: Any, words: str):
    with pytest.raises(ValueError, match=words):
        ServerSettings(projects=projects)


def test_settings_do_not_show_keys():
    project = ProjectSettings(secret_keys=("phs_hidden",))
    shown = repr(ServerSettings(projects=(project,), control_key="hidden too"))
    assert "hidden" not in shown
