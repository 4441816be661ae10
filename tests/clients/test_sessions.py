"""A user's first hour with each client: flags, payloads, variants, groups, events, and definitions that change."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.clients.drivers import Driver, why_missing
from tests.clients.sessions import KEY, SECRET, Session, document, running_session
from tests.waiting import eventually

SERVER_SDKS = ("posthog-node", "posthog-python", "posthog-ruby", "flags-sdk")
WITH_EVENTS = ("posthog-node", "posthog-python", "posthog-ruby")
OFREP = ("ofrep-python", "ofrep-node", "ofrep-web")
BROWSERS = ("posthog-js", "posthog-js-1.297", "posthog-js-1.187")

ANN = {"distinct_id": "ann", "person_properties": {"plan": "pro"}}
TEAM = {"groups": {"company": "acme"}, "group_properties": {"company": {"size": 9}}}


@pytest.fixture(scope="module")
def driver(request: pytest.FixtureRequest) -> Iterator[Driver]:
    reason = why_missing(request.param)
    if reason is not None:
        pytest.skip(reason)
    found = Driver(request.param)
    yield found
    found.close()


@pytest.fixture
def session(tmp_path: Path, driver: Driver) -> Iterator[Session]:
    with running_session(tmp_path) as found:
        yield found
        driver.do("end")


def clients(*names: str) -> pytest.MarkDecorator:
    return pytest.mark.parametrize("driver", names, indirect=True, ids=str)


def opened(driver: Driver, session: Session, **more: Any) -> Driver:
    driver.do("open", url=session.url, project_key=KEY, **more)
    return driver


def said(driver: Driver, key: str, **more: Any) -> tuple[Any, Any]:
    found = driver.do("flag", flag_key=key, **{**ANN, **TEAM, **more})
    return found["value"], found["payload"]


EXPECTED = {
    "beta": (True, None),
    "layout": ("b", {"density": 1}),
    "pro": (True, None),
    "team": (True, None),
    "limits": (True, {"max": 5}),
    "nobody": (False, None),
    "unknown": (None, None),
}


@clients(*SERVER_SDKS)
def test_a_server_sdk_gets_flags_variants_payloads_and_groups(driver: Driver, session: Session):
    opened(driver, session)
    assert {key: said(driver, key) for key in EXPECTED} == EXPECTED
    # Inactive flags are not in the answers of PostHog's servers.
    assert said(driver, "retired") == (None, None)
    assert said(driver, "pro", person_properties={"plan": "free"}) == (False, None)
    assert driver.do("notes") == []


@clients(*SERVER_SDKS)
def test_a_server_sdk_evaluates_the_definitions_that_it_polls(driver: Driver, session: Session):
    opened(driver, session, secret_key=SECRET)
    eventually(lambda: said(driver, "beta", is_local=True), (True, None))
    found = {key: said(driver, key, is_local=True) for key in EXPECTED}
    assert found == EXPECTED
    session.define(document(beta={"groups": [{"properties": [], "rollout_percentage": 0}]}))
    eventually(lambda: said(driver, "beta", is_local=True), (False, None))
    assert driver.do("notes") == []


@clients(*SERVER_SDKS)
def test_a_server_sdk_has_the_new_answer_after_the_file_has_changed(
    driver: Driver, session: Session
):
    opened(driver, session)
    assert said(driver, "beta") == (True, None)
    session.define(document(beta={"groups": [{"properties": [], "rollout_percentage": 0}]}))
    eventually(lambda: said(driver, "beta"), (False, None))


@clients(*WITH_EVENTS)
def test_the_events_of_a_server_sdk_arrive(driver: Driver, session: Session):
    opened(driver, session)
    assert said(driver, "layout") == ("b", {"density": 1})
    driver.do("capture", distinct_id="ann", event="bought", properties={"price": 3})
    driver.do("flush")
    (bought,) = session.events(event="bought", distinct_id="ann")
    assert bought["properties"]["price"] == 3
    (called,) = session.events(event="$feature_flag_called", distinct_id="ann")
    assert called["properties"]["$feature_flag"] == "layout"
    assert called["properties"]["$feature_flag_response"] == "b"
    assert called["properties"]["$feature_flag_id"] == 2
    assert called["properties"]["$feature_flag_version"] == 3
    assert driver.do("notes") == []


@clients(*WITH_EVENTS)
def test_a_server_sdk_reads_remote_configuration(driver: Driver, session: Session):
    opened(driver, session, secret_key=SECRET)
    found = driver.do("remoteConfig", flag_key="limits")
    # posthog-node parses the text that the others hand over.
    assert found in ({"max": 5}, '{"max": 5}')


@clients(*BROWSERS)
def test_a_page_gets_flags_variants_payloads_and_groups(driver: Driver, session: Session):
    opened(driver, session)
    driver.do("person", **ANN, **TEAM)
    eventually(lambda: (said(driver, "pro"), said(driver, "team")), ((True, None), (True, None)))
    assert {key: said(driver, key) for key in EXPECTED} == EXPECTED
    assert driver.do("notes") == []


@clients(*BROWSERS)
def test_a_page_has_the_new_answer_after_it_asks_again(driver: Driver, session: Session):
    opened(driver, session)
    assert said(driver, "beta") == (True, None)
    session.define(document(beta={"groups": [{"properties": [], "rollout_percentage": 0}]}))

    def asked_again() -> Any:
        driver.do("refresh")
        return said(driver, "beta")

    eventually(asked_again, (False, None))
    assert driver.do("notes") == []


@clients(*BROWSERS)
def test_the_events_of_a_page_arrive_and_its_console_stays_empty(driver: Driver, session: Session):
    opened(driver, session)
    driver.do("capture", event="bought", properties={"price": 3})
    driver.do("click", selector="#buy")
    assert driver.do("surveys") == []
    assert driver.do("earlyAccess") == []
    (bought,) = session.events(event="bought")
    assert bought["properties"]["price"] == 3
    (seen,) = session.events(event="$pageview")
    assert seen["properties"]["$lib"] == "web"
    (clicked,) = session.events(event="$autocapture")
    assert clicked["properties"]["$event_type"] == "click"
    # What is left is sent by a beacon.
    driver.do("capture", event="leaving", properties={})
    driver.do("leave")
    (left,) = session.events(event="leaving")
    assert left["distinct_id"] == bought["distinct_id"]
    assert len(session.events(event="bought")) == 1
    assert driver.do("notes") == []


KINDS = {"layout": "string"}


def read(driver: Driver, key: str) -> tuple[Any, Any, Any]:
    found = driver.do("flag", flag_key=key, kind=KINDS.get(key, "boolean"), **ANN, **TEAM)
    return found["value"], found["payload"], found["error"]


@clients(*OFREP)
def test_openfeature_reads_flags_variants_payloads_and_groups(driver: Driver, session: Session):
    driver.do("open", url=session.url, project_key=KEY, **ANN, **TEAM)
    assert {key: read(driver, key) for key in (*EXPECTED, "retired")} == {
        "beta": (True, None, None),
        "layout": ("b", '{"density": 1}', None),
        "pro": (True, None, None),
        "team": (True, None, None),
        "limits": (True, '{"max": 5}', None),
        "nobody": (False, None, None),
        "unknown": (None, None, "FLAG_NOT_FOUND"),
        "retired": (False, None, None),
    }
    assert driver.do("notes") == []


@clients(*OFREP)
def test_openfeature_has_the_new_answer_after_the_file_has_changed(
    driver: Driver, session: Session
):
    # A browser does not ask again: the server's stream tells it of the change. The first change may be
    # told by the stream's beginning, the second is not.
    driver.do("open", url=session.url, project_key=KEY, **ANN, **TEAM)
    assert read(driver, "beta") == (True, None, None)
    session.define(document(beta={"groups": [{"properties": [], "rollout_percentage": 0}]}))
    eventually(lambda: read(driver, "beta"), (False, None, None))
    session.define(document())
    eventually(lambda: read(driver, "beta"), (True, None, None))
    assert driver.do("notes") == []


@clients("ofrep-web")
def test_a_page_asks_again_when_its_visitor_changes(driver: Driver, session: Session):
    driver.do("open", url=session.url, project_key=KEY, **ANN, **TEAM)
    assert driver.do("flag", flag_key="pro", kind="boolean")["value"] is True
    # The targeting key is the same, so the client sends the last ETag.
    driver.do("person", distinct_id="ann", person_properties={"plan": "free"})

    def pro() -> Any:
        return driver.do("flag", flag_key="pro", kind="boolean")["value"]

    # By default the client first shows what it has stored for the visitor.
    eventually(pro, False)
    assert driver.do("notes") == []


@clients("flags-sdk")
def test_vercels_toolbar_gets_the_flags_of_the_project(driver: Driver, session: Session):
    found = driver.do("providerData", url=session.url, secret_key=SECRET)
    assert found["hints"] == []
    assert found["definitions"]["layout"]["description"] == "Layout"
    assert sorted(found["definitions"]) == sorted(flag["key"] for flag in document()["flags"])
