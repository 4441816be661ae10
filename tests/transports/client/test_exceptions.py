"""Exceptions through the client: the acceptance scenarios, contexts, hooks, single reports."""

from __future__ import annotations

import sys
import threading
from collections.abc import Callable
from typing import Any

import pytest

from .bench import Bench

pytestmark = pytest.mark.contract("capture-exception")


class RootError(Exception):
    pass


class WrapperError(Exception):
    pass


def boom() -> None:
    raise TypeError("boom")


def handler() -> None:
    boom()


def main() -> None:
    handler()


def root() -> None:
    raise RootError("root")


def wrapped() -> None:
    try:
        root()
    except RootError as error:
        raise WrapperError("wrapper") from error


def caught(function: Callable[[], object]) -> BaseException:
    try:
        function()
    except Exception as error:  # noqa: BLE001 - whatever it raises
        return error
    raise AssertionError


def captured(error: object, **given: Any) -> dict[str, Any]:
    with Bench() as bench:
        assert bench.client.capture_exception(error, "user-123", **given) is not None
        properties: dict[str, Any] = bench.event("$exception")["properties"]
        return properties


def frames(properties: dict[str, Any]) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = properties["$exception_list"][0]["stacktrace"]["frames"]
    return found


def test_type_message_and_stack_are_in_the_event() -> None:
    properties = captured(caught(main))
    assert properties["$exception_type"] == "TypeError"
    assert properties["$exception_message"] == "boom"
    assert frames(properties)


def test_the_callers_properties_are_in_the_event() -> None:
    properties = captured(caught(main), properties={"handled": "true", "area": "checkout"})
    assert (properties["handled"], properties["area"]) == ("true", "checkout")


def test_what_is_no_exception_is_described() -> None:
    properties = captured("something broke")
    assert properties["$exception_message"] == "something broke"
    assert properties["$exception_list"][0]["mechanism"]["synthetic"] is True


def test_frames_go_from_the_entry_point_to_the_crash() -> None:
    functions = [frame["function"] for frame in frames(captured(caught(main)))]
    assert functions[-3:] == ["main", "handler", "boom"]


def test_the_interpreters_order_is_turned_round() -> None:
    assert frames(captured(caught(main)))[-1]["function"] == "boom"


def test_a_chain_is_listed_from_the_caught_one_to_the_root() -> None:
    listed = captured(caught(wrapped))["$exception_list"]
    assert [each["type"] for each in listed] == ["WrapperError", "RootError"]


def test_an_exception_without_a_cause_is_alone() -> None:
    assert len(captured(caught(main))["$exception_list"]) == 1


def test_source_lines_are_in_file_order_around_the_crash() -> None:
    crash = frames(captured(caught(main)))[-1]
    assert crash["context_line"].strip() == 'raise TypeError("boom")'
    assert crash["pre_context"][-1].strip() == "def boom() -> None:"
    assert len(crash["pre_context"]) == len(crash["post_context"]) == 5


def test_frames_without_source_are_valid() -> None:
    error = caught(lambda: eval("1 / 0"))
    assert "context_line" not in frames(captured(error))[-1]


def test_the_exception_being_handled_is_the_default() -> None:
    with Bench() as bench:
        try:
            boom()
        except TypeError:
            bench.client.capture_exception()
        assert bench.event("$exception")["properties"]["$exception_message"] == "boom"


def test_without_any_there_is_a_warning(caplog: pytest.LogCaptureFixture) -> None:
    with Bench() as bench:
        assert bench.client.capture_exception() is None
        assert bench.events() == []
    assert "needs an exception" in caplog.text


def test_the_same_exception_is_captured_once() -> None:
    error = caught(main)
    with Bench() as bench:
        assert bench.client.capture_exception(error) is not None
        assert bench.client.capture_exception(error) is None
        assert len(bench.events("$exception")) == 1


@pytest.mark.contract("exception-event-metadata")
def test_typed_overrides_and_reserved_properties() -> None:
    properties = captured(
        caught(main),
        properties={"$exception_list": [], "$exception_level": "info", "$exception_source": "x"},
        level="warn",
        fingerprint="mine",
        handled="nonsense",
    )
    assert properties["$exception_level"] == "warning"
    assert properties["$exception_fingerprint"] == "mine"
    assert "$exception_source" not in properties
    assert properties["$exception_list"][0]["mechanism"]["handled"] is True


def test_what_leaves_a_context_is_captured_and_goes_on() -> None:
    with Bench() as bench:
        with (
            pytest.raises(TypeError),
            bench.client.context(distinct_id="user-1", capture_exceptions=True),
            bench.client.context(properties={"page": "a"}),
        ):
            boom()
        event = bench.event("$exception")
    assert event["distinct_id"] == "user-1"
    assert "handled" not in event["properties"]["$exception_list"][0]["mechanism"]


def test_uncaught_ones_are_captured_by_type_as_often_as_is_allowed(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(threading, "excepthook", lambda _: None)
    before = sys.excepthook, threading.excepthook
    with Bench(enable_exception_autocapture=True, exception_rate_limit_size=2) as bench:
        for _ in range(4):
            thread = threading.Thread(target=boom)
            thread.start()
            thread.join()
        events = bench.events("$exception")
    assert (sys.excepthook, threading.excepthook) == before
    assert len(events) == 2
    properties = events[0]["properties"]
    assert properties["$exception_source"] == "python.threading_excepthook"
    assert properties["$exception_list"][0]["mechanism"]["handled"] is False


def test_nothing_is_read_of_an_exception_after_an_opt_out() -> None:
    with Bench() as bench:
        bench.client.opt_out()
        assert bench.client.capture_exception(caught(main)) is None
        assert bench.client.capture_exception_immediate(caught(main)) is None
        bench.client.flush()
        assert bench.server.requests == []


def test_an_immediate_one_is_delivered_on_return() -> None:
    with Bench() as bench:
        assert bench.client.capture_exception_immediate(caught(main), "u") is not None
        assert bench.client.pending_count() == 0
        assert len(bench.server.requests) == 1
