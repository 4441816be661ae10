"""Every option is read when the client is made: converted, or refused by its name, or it works."""

from __future__ import annotations

import dataclasses
import logging
import math
from collections import UserDict
from datetime import UTC, timedelta
from decimal import Decimal
from enum import Enum
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest

from flagengine.transports import (
    Client,
    ManualClock,
    MemoryDefinitions,
    MemorySink,
    MemoryTransport,
    NullSink,
    Options,
)
from flagengine.transports.client.option_rules import RULES

from ..mock_server import MockServer
from .bench import API_KEY, SECRET, Bench, FakeServer, flag

pytestmark = pytest.mark.contract("setup")

NAMES = [each.name for each in dataclasses.fields(Options)]


class Raising:
    """An object that raises whatever it is asked."""

    def __getattr__(self, name: str) -> Any:
        message = "nothing is known of this"
        raise RuntimeError(message)

    __bool__ = __len__ = __iter__ = __str__ = __repr__ = __float__ = __index__ = __getattr__  # type: ignore[assignment]


class Word(Enum):
    V1 = "v1"
    NUMBER = 5


def of_three(_a: Any, _b: Any, _c: Any) -> None: ...


JUNK: dict[str, Any] = {
    "None": None,
    "True": True,
    "0": 0,
    "1": 1,
    "-1": -1,
    "5": 5,
    "huge": 10**400,
    "long": 10**5000,
    "0.0": 0.0,
    "2.5": 2.5,
    "-0.5": -0.5,
    "nan": math.nan,
    "inf": math.inf,
    "-inf": -math.inf,
    "1e300": 1e300,
    "decimal": Decimal("2.5"),
    "decimal nan": Decimal("sNaN"),
    "fraction": Fraction(5, 2),
    "complex": 1j,
    "timedelta": timedelta(seconds=5),
    "text": "x",
    "blank": " ",
    "empty": "",
    "text 5": " 5 ",
    "text 2.5": "2.5",
    "text 5s": "5s",
    "text nan": "nan",
    "text inf": "Infinity",
    "text true": "True",
    "text off": "off",
    "line break": "a\nb",
    "nul": "a\0b",
    "surrogate": "\ud800",
    "bytes": b"5",
    "list": [1],
    "texts": ["a", "b"],
    "tuple": (),
    "set": {"a"},
    "dict": {"a": 1},
    "user dict": UserDict({"a": "b"}),
    "object": object(),
    "raising": Raising(),
    "class": MemorySink,
    "function": lambda *_: None,
    "of three": of_three,
    "print": print,
    "word": Word.V1,
    "enum": Word.NUMBER,
    "path": Path("here"),
    "sink": NullSink(),
    "clock": ManualClock(),
    "definitions": MemoryDefinitions(),
    "module": math,
}

# Accepted values that make a client that does or sends less, as they say.
SILENT = {
    "api_key",
    "secret_key",
    "personal_api_key",
    "disabled",
    "default_opt_in",
    "sink",
    "clock",
}
SILENT |= {"before_send", "definitions", "enable_local_evaluation", "lib_name", "max_queue_size"}


def test_every_option_has_a_rule() -> None:
    assert set(RULES) == set(NAMES)


@pytest.mark.parametrize("name", NAMES)
def test_any_value_is_refused_by_name_or_works(
    name: str, caplog: pytest.LogCaptureFixture, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    for label, junk in JUNK.items():
        caplog.clear()
        if (name, junk) == ("transport", None):
            continue  # the network
        try:
            bench = _bench(name, junk)
        except (TypeError, ValueError) as error:
            assert name in str(error), (label, str(error))
            assert "must" in str(error) or "cannot" in str(error), (label, str(error))
            continue
        with bench:
            _use(bench, is_silent=name in SILENT, label=label)
        failures = [record.getMessage() for record in caplog.records if record.exc_info]
        assert failures == [], label


def _bench(name: str, value: Any) -> Bench:
    given = {"secret_key": SECRET, "enable_exception_autocapture": False, name: value}
    return Bench(given.pop("api_key", API_KEY), **given)


def _use(bench: Bench, *, is_silent: bool, label: str) -> None:
    bench.server.definitions = {"flags": [flag("near")]}
    bench.server.flags = {"far": True}
    client = bench.client
    client.reload_feature_flags()
    uuid = client.capture("x", distinct_id="u")
    near, far = client.is_feature_enabled("near", "u"), client.get_feature_flag("far", "u")
    client.capture_exception(ValueError("wrong"), distinct_id="u")
    assert client.definitions_health() is not None
    bench.clock.advance(60)
    client.tick()
    is_flushed = client.flush()
    if is_silent:
        return
    assert is_flushed, label
    assert uuid is not None, label
    assert near is True, label
    assert far is True or client.components.options.strict_local_evaluation, label
    counters = client.counters()
    assert counters is not None
    assert counters.delivered == counters.accepted > 0, label


@pytest.mark.parametrize(
    ("name", "given", "read"),
    [
        ("flush_at", " 20 ", 20),
        ("max_batch_size", None, None),
        ("max_retries", "0", 0),
        ("request_timeout", "5", 5.0),
        ("request_timeout", Decimal("2.5"), 2.5),
        ("poll_interval", "30", 30.0),
        ("flush_interval", timedelta(milliseconds=200), 0.2),
        ("flush_interval", "0", 0.0),
        ("debug", "0", False),
        ("disabled", "True", True),
        ("gzip", "no", False),
        ("is_server", 0, False),
        ("overflow", "DROP-OLDEST", "drop_oldest"),
        ("capture_mode", "V1", "v1"),
        ("capture_mode", Word.V1, "v1"),
        ("capture_mode", "legacy", "v0"),
        ("missing_group", "Unresolved", "unresolved"),
        ("in_app_modules", "shop", ("shop",)),
        ("in_app_modules", None, ()),
        ("evaluation_contexts", ["a", "b"], ("a", "b")),
        ("super_properties", None, {}),
        ("project_timezone", UTC, UTC),
        ("project_root", Path("here"), "here"),
        ("api_key", "'phc_x'\n", "phc_x"),
        ("secret_key", ' "phs_x" ', "phs_x"),
        ("host", None, None),
        ("host", " ", None),
        ("host", "eu.i.posthog.com", "https://eu.i.posthog.com"),
        ("host", '"https://eu.i.posthog.com/"', "https://eu.i.posthog.com"),
        ("host", "localhost:8000", "http://localhost:8000"),
        ("host", "127.0.0.1:8000/ph/", "http://127.0.0.1:8000/ph"),
        ("host", "[::1]:8000", "http://[::1]:8000"),
        ("host", "http://posthog:8000", "http://posthog:8000"),
        ("host", "HTTPS://Host.test", "HTTPS://Host.test"),
        ("host", "https://b\u00fccher.test", "https://b\u00fccher.test"),
    ],
)
def test_what_is_unambiguous_is_converted(name: str, given: Any, read: Any) -> None:
    found = getattr(Options(**{name: given}), name)
    assert (found, type(found) is bool) == (read, type(read) is bool)


def test_options_read_again_stay_the_same() -> None:
    once = Options(host="localhost", flush_at="7", in_app_modules="a", before_send=[print])  # type: ignore[arg-type]
    assert dataclasses.replace(once) == once
    assert once.hooks == (print,)


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"flush_at": "ten"}, "flush_at must be an integer such as 100, got 'ten'"),
        ({"flush_at": 0}, "flush_at must be at least 1, got 0"),
        ({"flush_at": True}, "flush_at must be an integer such as 100, got True"),
        ({"flush_at": 2**31}, "flush_at must be at most 2147483647, got 2147483648"),
        (
            {"max_batch_size": [1]},
            "max_batch_size must be an integer such as 100 or None, got list",
        ),
        ({"max_queue_size": 10**5000}, "got a huge integer"),
        (
            {"exception_rate_limit_size": 101},
            "exception_rate_limit_size must be at most 100, got 101",
        ),
        (
            {"exception_rate_limit_refill": "101"},
            "exception_rate_limit_refill must be at most 100, got '101'",
        ),
        (
            {"request_timeout": "5s"},
            "request_timeout must be a number of seconds such as 10, got '5s'",
        ),
        ({"request_timeout": 0}, "request_timeout must be greater than 0 (seconds), got 0"),
        (
            {"request_timeout": math.inf},
            "request_timeout must be at most 2000000 (seconds), got inf",
        ),
        ({"poll_interval": -1}, "poll_interval must be at least 0.1 (seconds), got -1"),
        (
            {"poll_interval": math.nan},
            "poll_interval must be a number of seconds such as 30, got nan",
        ),
        (
            {"flush_interval": None},
            "flush_interval must be a number of seconds such as 5, got None",
        ),
        ({"debug": "maybe"}, 'debug must be True or False, or a text such as "true" or "off"'),
        ({"debug": 2}, "got 2"),
        (
            {"request_timeout": True},
            "request_timeout must be a number of seconds such as 10, got True",
        ),
        ({"overflow": "drop_oldset"}, "got 'drop_oldset'; did you mean 'drop_oldest'?"),
        ({"on_exhausted": 7}, "on_exhausted must be 'drop' or 'retain', got 7"),
        ({"capture_mode": "v2"}, "capture_mode must be 'v0', 'v1' or None, got 'v2'"),
        ({"before_send": "x"}, "before_send must be a function or a list of functions, got 'x'"),
        ({"before_send": [print, None]}, "before_send[1] must be a function, got None"),
        ({"before_send": of_three}, "before_send must take the arguments (event)"),
        ({"on_error": lambda _error: None}, "on_error must take the arguments (error, events)"),
        ({"sink": MemorySink}, "sink must be an object, not a class, got the class MemorySink"),
        ({"sink": "events.jsonl"}, "did you mean JsonlSink(path)?"),
        (
            {"sink": object()},
            "sink must be an object with the methods deliver and close, got object",
        ),
        ({"storage": "state.json"}, "did you mean JsonStorage(path)?"),
        ({"definitions": {"flags": []}}, "did you mean MemoryDefinitions(document)?"),
        ({"definitions": Path("flags.json")}, "did you mean FileDefinitions(path)?"),
        ({"transport": "https://host"}, "did you mean host?"),
        (
            {"flag_cache": "redis://host"},
            "flag_cache cannot be used: flag cache URL must start with",
        ),
        (
            {"flag_cache": 7},
            "flag_cache must be an object with the methods get, put and clear, got 7",
        ),
        (
            {"super_properties": [1]},
            "super_properties must be a mapping of names to values, got list",
        ),
        ({"super_properties": {1: 2}}, "a name in super_properties must be text, got 1"),
        ({"super_properties": {"a": math}}, "super_properties must have JSON values"),
        ({"extra_headers": "X: 1"}, "extra_headers must be a mapping of names to values, got str"),
        ({"extra_headers": {"X": "1\r\nY: 2"}}, "extra_headers['X'] must be one line"),
        (
            {"extra_headers": {"content-length": "5"}},
            "extra_headers must not have 'content-length'",
        ),
        ({"staleness": 90}, "staleness must be a StalenessBudget, got 90"),
        (
            {"project_timezone": "Berlin"},
            "project_timezone must be an IANA time zone such as Europe/Berlin",
        ),
        ({"evaluation_contexts": [7]}, "evaluation_contexts[0] must be text, got 7"),
        ({"lib_name": "a\r\nX: 1"}, "lib_name must be a text on one line"),
        ({"project_root": ""}, "project_root must be a path that is not blank, got ''"),
        ({"overflow": "spill"}, "needs a spool_directory"),
    ],
)
def test_what_is_wrong_is_said(given: dict[str, Any], said: str) -> None:
    with pytest.raises((TypeError, ValueError)) as caught:
        Client(API_KEY, **{"transport": MemoryTransport(), **given})
    assert said in str(caught.value)


@pytest.mark.parametrize(
    "host",
    [
        "not a url", "eu", "ftp://host.test", "https://", "https:///path", "https//host.test", "https:host.test",
        "http:/host.test", "https://host.test:99999", "https://host.test:0", "https://host.test:x",
        "https://host..test", "https://-host.test", "https://host.test/?a=1", "https://host.test/#a",
        "https://[::1", "host.test\\path", "https://ho\nst.test", "https://host .test", 7, b"https://host.test",
    ],
)  # fmt: skip
def test_a_host_that_is_no_url_is_refused(host: Any) -> None:
    with pytest.raises((TypeError, ValueError), match=r"^host must be"):
        Client(API_KEY, host=host)


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"api_key": "phs_0123456789"}, "which goes to secret_key"),
        ({"api_key": "phx_0123456789"}, "which goes to secret_key"),
        ({"secret_key": "phc_0123456789"}, "secret_key must be a secret key (phs_...)"),
        ({"personal_api_key": "phc_0123456789"}, "personal_api_key must be a secret key"),
        ({"api_key": "phc_01234 56789"}, "api_key must be a key, got a text with blanks"),
        ({"api_key": "phc_01234\n56789"}, "api_key must be a key, got a text with blanks"),
        ({"secret_key": "phs_01234\u00e956789"}, "secret_key must be a key"),
        ({"api_key": "https://eu.i.posthog.com"}, "a URL goes to host"),
        ({"api_key": b"phc_0123456789"}, "api_key must be text, got bytes"),
        ({"host": "phc_0123456789"}, "host must be a URL"),
        ({"host": "https://user:0123456789@host.test:x"}, "host must be a URL"),
        ({"flush_at": "phc_0123456789"}, "flush_at must be an integer"),
        ({"extra_headers": {"X": "0123456789\n"+"0123456789"}}, "extra_headers['X']"),
    ],
)  # fmt: skip
def test_wrong_keys_are_refused_without_being_shown(given: dict[str, Any], said: str) -> None:
    with pytest.raises((TypeError, ValueError)) as caught:
        Options(**given)
    assert said in str(caught.value)
    assert "56789" not in str(caught.value)


def test_the_environment_is_read_as_options_are(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("POSTHOG_CAPTURE_MODE", "v3")
    with pytest.raises(ValueError, match=r"environment variable POSTHOG_CAPTURE_MODE must be 'v0'"):
        Client(API_KEY, transport=MemoryTransport())
    monkeypatch.setenv("POSTHOG_CAPTURE_MODE", " ")
    monkeypatch.setenv("POSTHOG_CAPTURE_COMPRESSION", "zip")
    with pytest.raises(ValueError, match=r"POSTHOG_CAPTURE_COMPRESSION must be 'none', 'gzip'"):
        Client(API_KEY, transport=MemoryTransport())


@pytest.mark.parametrize(
    ("program", "environment", "sent"),
    [
        ({}, "deflate", "deflate"),
        ({}, "none", None),
        ({}, None, "gzip"),
        ({"gzip": None}, " Deflate ", "deflate"),
        ({"gzip": False}, "deflate", None),
        ({"gzip": False}, None, None),
        ({"gzip": True}, "deflate", "deflate"),
        ({"gzip": True}, "none", "gzip"),
        ({"capture_compression": "none"}, "deflate", None),
        ({"capture_compression": "gzip"}, "deflate", "gzip"),
        ({"capture_compression": "gzip", "gzip": False}, None, "gzip"),
    ],
)
def test_the_program_beats_the_environment(
    program: dict[str, Any],
    environment: str | None,
    sent: str | None,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    if environment is not None:
        monkeypatch.setenv("POSTHOG_CAPTURE_COMPRESSION", environment)
    server = FakeServer()
    client = Client(API_KEY, transport=server, **program)
    client.capture("e", distinct_id="u")
    assert client.flush()
    client.shutdown()
    assert [request.headers.get("Content-Encoding") for request in server.requests] == [sent]


def test_the_longest_times_work_on_threads_and_sockets() -> None:
    with MockServer() as server:
        client = Client(
            API_KEY,
            secret_key=SECRET,
            host=server.url,
            flush_at=1,
            flush_interval=1e9,
            poll_interval=1e9,
            request_timeout=2e6,
            feature_flags_request_timeout=2e6,
        )
        client.reload_feature_flags(5)
        assert client.capture("e", distinct_id="u")
        client.get_feature_flag("far", "u")
        assert client.flush(5)
        assert client.shutdown(5)


@pytest.mark.parametrize("given", [{"flush_interval": 0}, {"flush_at": 1}])
def test_an_interval_of_zero_and_a_batch_of_one_send_at_once(given: dict[str, Any]) -> None:
    with Bench(**given) as bench:
        bench.client.capture("e", distinct_id="u")
        assert bench.client.tick() == 1
        assert bench.client.pending_count() == 0


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"spool_directory": "spool"}, 'spool_directory has no effect without overflow="spill"'),
        (
            {"definitions": MemoryDefinitions(), "enable_local_evaluation": False},
            "definitions has no effect with enable_local_evaluation=False",
        ),
        (
            {"strict_local_evaluation": True, "enable_local_evaluation": False},
            "leaves every flag without an answer",
        ),
        ({}, None),
    ],
)
def test_an_option_without_effect_is_said(
    given: dict[str, Any], said: str | None, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.WARNING), Bench(**given):
        pass
    assert [record.getMessage() for record in caplog.records if said is None] == []
    assert said is None or said in caplog.text
