"""posthog-python's functions for contexts."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from flagengine.transports.posthog import (
    capture_exception,
    contexts,
    get_tags,
    identify_context,
    new_context,
    scoped,
    set_capture_exception_code_variables_context,
    set_code_variables_detect_secrets_context,
    set_code_variables_ignore_patterns_context,
    set_code_variables_mask_patterns_context,
    set_code_variables_mask_url_credentials_context,
    set_context_device_id,
    set_context_session,
    tag,
)

from .support import events_of, fresh_module, made


@pytest.fixture(name="server")
def _server(monkeypatch: pytest.MonkeyPatch) -> Any:
    client, server = made(capture_exception_code_variables=True)
    with fresh_module() as module:
        monkeypatch.setattr(module, "default_client", client)
        yield server


def test_ids_and_tags_are_inherited_unless_the_context_is_fresh():
    with new_context():
        identify_context("user-1")
        set_context_session("session-1")
        set_context_device_id("device-1")
        tag("plan", "pro")
        with new_context():
            tag("page", 2)
            assert get_tags() == {"plan": "pro", "page": 2}
            assert contexts.get_context_distinct_id() == "user-1"
        with new_context(True):
            assert get_tags() == {}
            assert contexts.get_context_session_id() is None
        assert contexts.get_context_session_id() == "session-1"
        assert contexts.get_context_device_id() == "device-1"
    assert contexts.get_context_device_id() is None
    tag("outside", 1)
    assert get_tags() == {}


def fail() -> None:
    int("boom")


@pytest.mark.parametrize(
    ("captures", "by_default", "count"),
    [(True, False, 1), (False, True, 0), (None, False, 0), (None, True, 1)],
)
def test_an_exception_is_captured_as_the_call_or_the_setting_says(
    captures, by_default, count, monkeypatch
):
    client, server = made(enable_exception_autocapture=by_default)
    with fresh_module() as module:
        monkeypatch.setattr(module, "default_client", client)
        with pytest.raises(ValueError, match="boom"), new_context(capture_exceptions=captures):
            fail()
        with pytest.raises(ValueError, match="boom"), client.new_context(False, captures):
            fail()
    client.shutdown()
    assert len(events_of(server)) == 2 * count


def test_another_client_may_capture(server):
    own, captured = made()
    with pytest.raises(ValueError, match="boom"), new_context(capture_exceptions=True, client=own):
        fail()
    with pytest.raises(ValueError, match="boom"), new_context(client=own):
        fail()
    assert (len(events_of(captured)), len(events_of(server))) == (1, 0)


class TestScoped:
    def test_the_setting_may_come_after_the_decorator(self, monkeypatch):
        @scoped()
        def work() -> None:
            tag("plan", "pro")
            fail()

        client, server = made()
        with fresh_module() as module:
            monkeypatch.setattr(module, "default_client", client)
            monkeypatch.setattr(module, "enable_exception_autocapture", True)
            # An existing client decides; without one, the setting does.
            with pytest.raises(ValueError, match="boom"):
                work()
            assert events_of(server) == []
            monkeypatch.setattr(type(client), "enable_exception_autocapture", True, raising=False)
            with pytest.raises(ValueError, match="boom"):
                work()
        [event] = events_of(server)
        assert event["properties"]["plan"] == "pro"

    def test_functions_of_every_kind_run_in_a_context(self):
        @scoped()
        async def awaited() -> Any:
            identify_context("user-1")
            return contexts.get_context_distinct_id()

        @scoped(fresh=True, capture_exceptions=False)
        def called() -> Any:
            identify_context("user-2")
            return contexts.get_context_distinct_id()

        @scoped()
        def generated() -> Any:
            identify_context("user-3")
            yield contexts.get_context_distinct_id()

        client, _ = made()
        methods = client.scoped()(contexts.get_tags)
        assert asyncio.iscoroutinefunction(awaited)
        assert asyncio.run(awaited()) == "user-1"
        assert (called(), list(generated()), methods()) == ("user-2", ["user-3"], {})
        assert contexts.get_context_distinct_id() is None


def _variables(server: Any) -> list[bool]:
    def has(event: Any) -> bool:
        frames = event["properties"]["$exception_list"][0]["stacktrace"]["frames"]
        return any("code_variables" in frame for frame in frames)

    return [has(event) for event in events_of(server)]


@pytest.mark.parametrize(
    ("ask", "sentence"),
    [
        (lambda: set_capture_exception_code_variables_context(False), ""),
        (lambda: set_code_variables_mask_patterns_context(["x"]), "leaves all local variables out"),
        (lambda: set_code_variables_ignore_patterns_context(["x"]), "leaves all local variables"),
    ],
)
def test_what_asks_for_fewer_variables_gets_none(server, ask, sentence, caplog):
    def captured() -> None:
        try:
            fail()
        except ValueError as error:
            capture_exception(error, distinct_id="user-1")

    with new_context():
        ask()
        with new_context():
            captured()
    captured()
    assert _variables(server) == [False, True]
    assert sentence in caplog.text


@pytest.mark.parametrize(
    "ask",
    [
        lambda: set_capture_exception_code_variables_context(True),
        lambda: set_code_variables_mask_url_credentials_context(False),
        lambda: set_code_variables_detect_secrets_context(False),
    ],
)
def test_what_asks_for_more_is_named_in_a_warning(ask, caplog):
    ask()
    assert "the options of the client decide about local variables" in caplog.text
    caplog.clear()
    set_code_variables_mask_url_credentials_context(True)
    set_code_variables_detect_secrets_context(True)
    assert not caplog.records
