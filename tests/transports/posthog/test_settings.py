"""The module's variables and its default client: before the first call, after it, at once, after a fork."""

from __future__ import annotations

import logging
import os
import signal
import subprocess
import sys
import threading
from typing import Any

import pytest

import flagengine.transports.posthog as shim
from flagengine.transports.posthog import shared_client
from tests.transports.mock_server import MockServer

from .support import API_KEY, fresh_module, made

pytestmark = pytest.mark.contract("setup")


@pytest.fixture(name="module")
def _module():
    with fresh_module() as module:
        yield module


def _captured(server: MockServer) -> list[str]:
    return [event["event"] for seen in server.seen for event in seen.json().get("batch", ())]


def test_importing_makes_no_client_and_starts_no_thread():
    program = (
        "import threading, flagengine.transports.posthog as p;"
        "print(p.default_client, threading.active_count())"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )
    assert done.stdout.split() == ["None", "1"]


def test_settings_before_the_first_call_make_the_client(module):
    with MockServer() as server:
        module.project_api_key, module.host = API_KEY, server.url
        module.sync_mode, module.max = True, 1
        module.super_properties = {"plan": "pro"}
        assert module.capture("signed up", distinct_id="user-1")
        [event] = server.seen[0].json()["batch"]
        assert event["properties"]["plan"] == "pro"
        assert module.default_client is module.setup()


@pytest.mark.parametrize("when", ["before", "after"])
def test_disabled_stops_sending_before_and_after_the_client_exists(module, when):
    with MockServer() as server:
        module.api_key, module.host, module.sync_mode = API_KEY, server.url, True
        if when == "after":
            module.capture("first", distinct_id="user-1")
        module.disabled = True
        assert module.capture("second", distinct_id="user-1") is None
        assert module.default_client.disabled
        module.disabled = False
        assert module.capture("third", distinct_id="user-1")
        assert _captured(server) == (["first", "third"] if when == "after" else ["third"])


def test_project_api_key_wins_over_api_key_and_blanks_count_as_nothing(module):
    module.api_key, module.project_api_key = " phc_b ", "  "
    assert module.setup().api_key == "phc_b"
    module.default_client = None
    module.project_api_key = "phc_a"
    assert module.setup().api_key == "phc_a"


@pytest.mark.parametrize("wrong", [123, b"phc_x", ["phc_x"]])
def test_a_key_that_is_no_text_is_named(module, wrong):
    module.api_key = wrong
    with pytest.raises(TypeError, match="api_key must be text, got"):
        module.capture("signed up", distinct_id="user-1")


def test_a_key_that_comes_after_the_first_call_still_counts(module, caplog):
    assert module.capture("too early", distinct_id="user-1") is None
    assert module.default_client.disabled
    assert "this client does nothing" in caplog.text
    module.api_key, module.send = API_KEY, False
    assert module.capture("now", distinct_id="user-1")


@pytest.mark.parametrize("name", ["privacy_mode", "debug", "enable_full_ai_capture"])
def test_a_switch_takes_effect_at_any_time(module, name):
    module.api_key, module.send = API_KEY, False
    client = module.setup()
    setattr(module, name, True)
    assert getattr(client, name) is True
    setattr(module, name, False)
    assert getattr(client, name) is False


def test_a_hook_takes_effect_at_any_time(module):
    with MockServer() as server:
        module.api_key, module.host, module.sync_mode = API_KEY, server.url, True
        module.capture("first", distinct_id="user-1")
        module.before_send = lambda event: {**event, "event": "renamed"}
        module.capture("second", distinct_id="user-1")
        module.before_send = None
        module.capture("third", distinct_id="user-1")
        assert _captured(server) == ["first", "renamed", "third"]
        with pytest.raises(TypeError, match="before_send"):
            module.before_send = 3


def test_a_setting_that_comes_too_late_is_named(module, caplog):
    module.api_key, module.send = API_KEY, False
    module.setup()
    module.host = "https://example.com"
    assert "host has no effect any more: the default client is already made" in caplog.text
    caplog.clear()
    module.host = module.host  # the same again
    assert not caplog.records


def test_a_misspelt_setting_is_named(module, caplog):
    module.dissabled = True
    assert "dissabled is no setting, so it has no effect; did you mean 'disabled'?" in caplog.text
    del module.dissabled


def test_an_option_that_is_no_variable_has_no_effect_and_says_where_to_pass_it(module, caplog):
    module.api_key = API_KEY
    module.max_queue_size = 5
    try:
        text = "max_queue_size is no setting, so it has no effect: pass it, Posthog(max_queue_size=...)"
        assert text in caplog.text
        assert module.setup().components.options.max_queue_size == 10_000
    finally:
        del module.max_queue_size


def test_a_deleted_variable_has_its_default_and_may_be_set_again(module, monkeypatch, caplog):
    for name in ("default_client", "api_key", "poll_interval"):
        monkeypatch.delattr(module, name)
    assert module.capture("signed up", distinct_id="user-1") is None
    assert module.setup().poll_interval == 30
    module.api_key = API_KEY
    assert module.setup().api_key == API_KEY
    module.default_client = None
    assert "is no setting" not in caplog.text


def test_a_name_that_does_not_exist_says_what_to_use(module):
    with pytest.raises(AttributeError, match=r"no attribute 'identify'; use set\(distinct_id"):
        module.identify  # noqa: B018
    with pytest.raises(AttributeError, match="did you mean 'capture'"):
        module.captur  # noqa: B018


def test_wrappers_of_ai_libraries_say_what_to_use():
    with pytest.raises(
        ImportError, match=r"flagengine has no wrappers of AI libraries: keep those"
    ):
        import flagengine.transports.posthog.ai.openai  # noqa: F401, PLC0415


class CountingLock:
    """A lock that knows how many threads have come to it."""

    def __init__(self, expected: int) -> None:
        self._lock = threading.Lock()
        self.all_came = threading.Barrier(expected + 1)

    def __enter__(self) -> None:
        threading.Thread(target=self.all_came.wait, daemon=True).start()
        self._lock.acquire()

    def __exit__(self, *_: object) -> None:
        self._lock.release()


def test_threads_make_one_default_client(module, monkeypatch):
    module.api_key, module.send = API_KEY, False
    lock, makes, found = CountingLock(8), list[Any](), list[Any]()
    make = shared_client.Client

    class Slow(make):  # type: ignore[misc, valid-type]
        def __init__(self, *args: Any, **options: Any) -> None:
            if not makes:
                lock.all_came.wait(10)  # all threads have seen that there is no client
            makes.append(self)
            super().__init__(*args, **options)

    monkeypatch.setattr(shared_client, "Client", Slow)
    monkeypatch.setattr(shared_client.DEFAULT, "_lock", lock)
    threads = [threading.Thread(target=lambda: found.append(module.setup())) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(makes) == 1
    assert set(map(id, found)) == {id(makes[0])}


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")
@pytest.mark.filterwarnings("ignore:.*fork.*:DeprecationWarning")
def test_a_child_that_is_forked_while_the_client_is_made_makes_its_own(module):
    module.api_key, module.send = API_KEY, False
    default = shared_client.DEFAULT
    shared_client.fork_and_exit.watch(default)
    with default._lock:  # as another thread of the parent would
        child = os.fork()
        if child == 0:
            signal.alarm(10)  # a child that waits for the lock ends
            os._exit(0 if module.capture("in the child", distinct_id="user-1") else 1)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
    assert module.default_client is None


def test_a_mock_in_place_of_the_client_is_called(module, monkeypatch):
    calls: list[Any] = []

    class Mock:
        def group_identify(self, **arguments: Any) -> None:
            calls.append(arguments)

    monkeypatch.setattr(module, "default_client", Mock())
    module.group_identify("company", "acme", {"size": 1}, distinct_id="user-1")
    [arguments] = calls
    assert (arguments["group_type"], arguments["distinct_id"]) == ("company", "user-1")


CALLS: list[tuple[str, tuple[Any, ...]]] = [
    ("feature_enabled", ("beta", "user-1", {}, {"plan": "pro"}, {}, True)),
    ("get_feature_flag", ("beta", "user-1", {}, {"plan": "pro"}, {}, True)),
    ("get_feature_flag_result", ("beta", "user-1", {}, {"plan": "pro"}, {}, True)),
    ("get_feature_flag_payload", ("beta", "user-1", True, {}, {"plan": "pro"}, {}, True)),
    ("get_all_flags", ("user-1", {}, {"plan": "pro"}, {}, True)),
    ("get_all_flags_and_payloads", ("user-1", {}, {"plan": "pro"}, {}, True)),
    ("evaluate_flags", ("user-1", {}, {"plan": "pro"}, {}, True)),
]


@pytest.mark.parametrize(("name", "arguments"), CALLS, ids=[name for name, _ in CALLS])
def test_a_function_for_flags_takes_its_arguments_by_position(module, monkeypatch, name, arguments):
    client, _ = made()
    rule = {"key": "plan", "type": "person", "operator": "exact", "value": "pro"}
    filters = {"groups": [{"properties": [rule]}], "payloads": {"true": "7"}}
    client.feature_flags = [{"key": "beta", "active": True, "filters": filters}]
    monkeypatch.setattr(module, "default_client", client)
    found = getattr(module, name)(*arguments)
    shown = {
        "get_feature_flag_result": lambda: found.get_value() is True,
        "get_feature_flag_payload": lambda: found == 7,
        "get_all_flags": lambda: found["beta"],
        "get_all_flags_and_payloads": lambda: found["featureFlags"]["beta"],
        "evaluate_flags": lambda: found.is_enabled("beta"),
    }.get(name, lambda: found)()
    assert shown is True


def test_the_other_functions_reach_the_client(module, monkeypatch):
    client, server = made()
    client.feature_flags = [{"key": "beta", "active": True, "filters": {"groups": [{}]}}]
    monkeypatch.setattr(module, "default_client", client)
    assert module.capture_ai("$ai_generation", distinct_id="u", properties={})
    assert module.set(distinct_id="u", properties={"a": 1})
    assert module.set_once(distinct_id="u", properties={"a": 1})
    assert module.alias("a", "b")
    assert module.capture_exception(ValueError("boom"), distinct_id="u")
    assert [each["key"] for each in module.feature_flag_definitions()] == ["beta"]
    assert module.get_feature_flag_evaluation_runtime("beta") == "all"
    assert module.get_feature_flag_keys_by_evaluation_runtime("server") == ["beta"]
    assert module.get_remote_config_payload("beta") is None
    module.load_feature_flags()
    module.flush(timeout_seconds=1)
    module.join()
    module.shutdown()
    assert server.made("/batch/")


def test_the_log_is_that_of_this_client():
    assert shared_client.logger is logging.getLogger("flagengine.client")
    assert shim.__version__ == shim.VERSION
