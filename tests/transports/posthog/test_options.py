"""The constructor of ``Posthog``: each option of posthog-python has its meaning, or a sentence."""

from __future__ import annotations

import logging
import re
from typing import Any

import pytest

from flagengine.transports import MemoryTransport, NullSink, Options, TransportError
from flagengine.transports.posthog import (
    AsyncPosthog,
    Posthog,
    disable_connection_reuse,
    enable_keep_alive,
    set_socket_options,
)
from flagengine.transports.posthog.connections import _chosen
from flagengine.transports.posthog.names import OPTIONS

from .support import API_KEY, FakeServer, events_of, made

pytestmark = pytest.mark.contract("setup")


def _options(*arguments: Any, **keywords: Any) -> Options:
    return Posthog(*arguments, **{"transport": MemoryTransport(), **keywords}).components.options


def test_the_first_two_positions_are_the_key_and_the_host():
    options = _options(API_KEY, "https://eu.i.posthog.com")
    assert (options.api_key, options.host) == (API_KEY, "https://eu.i.posthog.com")
    assert _options(project_api_key=API_KEY, host="localhost:8000").api_key == API_KEY


def test_further_positions_are_those_of_posthog_python():
    client = Posthog(API_KEY, None, False, 7, False, None, 3, 2.5, True, 1)
    options = client.components.options
    assert (options.max_queue_size, client.send, options.flush_at) == (7, False, 3)
    assert (options.flush_interval, options.gzip, options.max_retries) == (2.5, True, 1)


def test_the_positions_of_the_asynchronous_client_are_others():
    arguments = (API_KEY, None, False, 7, True, None, 3, 2.5, True, 1, 8.0, 1, True)
    client = AsyncPosthog(*arguments)
    assert client.components.options.request_timeout == 8.0
    assert client.disabled


def test_an_option_by_position_and_by_name_is_refused():
    with pytest.raises(TypeError, match=r"Posthog.* got 'debug' twice"):
        Posthog(API_KEY, None, False, debug=True)
    with pytest.raises(TypeError, match="at most 53 positional arguments, got 54"):
        Posthog(*[None] * 54)


def test_a_misspelt_option_is_named():
    with pytest.raises(TypeError, match="'flush_att'; did you mean 'flush_at'"):
        Posthog(API_KEY, flush_att=3)  # type: ignore[call-arg]


def test_options_of_this_client_are_accepted_too():
    assert _options(API_KEY, strict_local_evaluation=True).strict_local_evaluation
    assert Posthog(Options(api_key=API_KEY, sink=NullSink())).api_key == API_KEY


RENAMED = {
    "timeout": 4.0,
    "feature_flags_request_timeout_seconds": 2.0,
    "exception_autocapture_bucket_size": 7,
    "exception_autocapture_refill_rate": 3,
    "exception_autocapture_refill_interval_seconds": 9.0,
    "_use_ai_lane": True,
    "_enable_multimodal_capture": True,
}


@pytest.mark.parametrize("name", RENAMED)
def test_a_renamed_option_has_its_value(name, caplog):
    new = next(each.new for each in OPTIONS if each.old == name)
    assert getattr(_options(API_KEY, **{name: RENAMED[name]}), new or "") == RENAMED[name]
    assert not caplog.records


@pytest.mark.parametrize("name", [each for each in RENAMED if not each.startswith("_")])
def test_a_wrong_value_is_named_as_the_caller_wrote_it(name):
    with pytest.raises(ValueError, match=f"^{name} must be "):
        _options(API_KEY, **{name: "soon"})


@pytest.mark.parametrize(
    "option", [each for each in OPTIONS if each.new is None], ids=lambda each: each.old
)
def test_an_option_without_effect_is_named_in_a_warning(option, caplog):
    caplog.set_level(logging.WARNING)
    other = {int: 7, bool: not option.default}.get(type(option.default), {"a": 1})
    _options(API_KEY, **{option.old: option.default})
    assert not caplog.records
    _options(API_KEY, **{option.old: other})
    assert [record.getMessage() for record in caplog.records] == [option.warning]


def test_none_is_the_default_of_every_option():
    transport = MemoryTransport()
    nothing = {each.old: None for each in OPTIONS[1:]}
    assert _options(API_KEY, transport=transport, **nothing) == _options(
        API_KEY, transport=transport
    )


def test_a_client_that_does_not_send_evaluates_flags():
    flags = [{"key": "beta", "active": True, "filters": {"groups": [{}]}}]
    client, server = made(send=False, sync_mode=False)
    client.feature_flags = flags
    assert client.feature_enabled("beta", "user-1")
    assert client.capture("signed up", distinct_id="user-1")
    client.shutdown()
    assert not server.requests


def test_a_client_without_a_key_stays_disabled_if_it_does_not_send():
    assert Posthog("", send=False).disabled


def test_on_error_gets_the_lost_events_as_dicts():
    lost: list[Any] = []
    client, _server = made(on_error=lambda error, batch: lost.append((error, batch)))
    client.capture("", distinct_id="user-1")
    client.flush()
    [(error, [event])] = lost
    assert isinstance(error, Exception)
    assert event["distinct_id"] == "user-1"
    # posthog-python reports nothing but lost events.
    assert client.components.options.on_error is not None
    client.components.options.on_error(TransportError("no definitions"), ())
    assert len(lost) == 1


def test_a_url_of_a_fallback_cache_is_one_of_this_client(caplog):
    options = _options(API_KEY, flag_fallback_cache_url="memory://local/?ttl=60&size=10")
    assert options.flag_cache == "memory://local/?ttl=60&size=10&mode=fallback"
    with pytest.raises(ValueError, match="for Redis, pass an object as flag_cache"):
        _options(API_KEY, flag_fallback_cache_url="redis://localhost/")


def _variables(client: Posthog, server: FakeServer) -> dict[str, str]:
    try:
        flavour, secret_sauce, _hidden = "sweet", "mustard", 1
        int(flavour + secret_sauce)
    except ValueError as error:
        client.capture_exception(error, distinct_id="user-1")
    [event] = events_of(server)
    frames = event["properties"]["$exception_list"][0]["stacktrace"]["frames"]
    return frames[-1].get("code_variables", {})


def test_patterns_mask_and_leave_out_local_variables():
    client, server = made(
        capture_exception_code_variables=True,
        code_variables_mask_patterns=["sauce"],
        code_variables_ignore_patterns=["^_hidden"],
    )
    found = _variables(client, server)
    assert (found["flavour"], found["secret_sauce"]) == ("'sweet'", "***")
    assert "_hidden" not in found


def test_a_pattern_that_cannot_be_compiled_is_refused():
    with pytest.raises(ValueError, match=r"code_variables_mask_patterns must be a list of regular"):
        _options(API_KEY, code_variables_mask_patterns=["("])


@pytest.mark.parametrize("wrong", [5, b"x", [b"x"], [re.compile("x")], [None]])
@pytest.mark.parametrize("name", ["code_variables_mask_patterns", "code_variables_ignore_patterns"])
def test_patterns_that_are_no_text_are_refused_before_they_hide_an_exception(name, wrong):
    with pytest.raises(TypeError, match=f"{name} must be a list of regular expressions"):
        _options(API_KEY, **{name: wrong})


def test_connections_are_chosen_for_later_clients(caplog):
    enable_keep_alive()
    disable_connection_reuse()
    try:
        options = Posthog(API_KEY).components.options
        assert (options.tcp_keep_alive, options.reuse_connections) == (True, False)
        # A transport has connections of its own.
        Posthog(API_KEY, transport=MemoryTransport())
        set_socket_options([(1, 2, 3)])
        assert "use enable_keep_alive()" in caplog.text
        assert not Posthog(API_KEY).components.options.tcp_keep_alive
    finally:
        _chosen.clear()
