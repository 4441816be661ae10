"""Making a client: options, keys, invalid arguments, threads, and secrets that must not leak."""

from __future__ import annotations

import dataclasses
import logging
import subprocess
import sys
import threading
from pathlib import Path
from typing import Any

import pytest

from flagengine import transports
from flagengine.transports import (
    AsyncClient,
    Client,
    ManualDriver,
    MemoryTransport,
    NullSink,
    Options,
)
from flagengine.transports.client.options import read_options

from .bench import API_KEY, SECRET, Bench

pytestmark = pytest.mark.contract("setup")


def test_an_unknown_option_names_the_nearest() -> None:
    with pytest.raises(TypeError, match=r"'flush_att'.*'flush_at'"):
        Client(API_KEY, flush_att=1)
    with pytest.raises(TypeError, match="'bootstrap'"):
        AsyncClient(API_KEY, bootstrap={})


@pytest.mark.parametrize("name", ["secret_key", "personal_api_key"])
def test_a_project_key_is_no_secret_key(name: str) -> None:
    with pytest.raises(ValueError, match=name) as caught:
        Client(API_KEY, **{name: API_KEY})
    assert API_KEY not in str(caught.value)


@pytest.mark.parametrize(
    "wrong",
    [
        {"flush_at": 0},
        {"flush_interval": -1},
        {"max_retries": -1},
        {"capture_mode": "v2"},
        {"capture_compression": "rar"},
        {"overflow": "explode"},
        {"overflow": "spill"},
        {"on_exhausted": "cry"},
        {"flag_cache": "redis://host"},
    ],
)
def test_values_that_make_no_sense_are_refused(wrong: dict[str, Any]) -> None:
    with pytest.raises(ValueError):  # noqa: PT011 - each has its own words
        Client(API_KEY, transport=MemoryTransport(), **wrong)


def test_a_key_that_is_no_text_is_refused() -> None:
    with pytest.raises(TypeError, match="api_key"):
        Client(7)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("version", "error", "words"),
    [
        (None, TypeError, "must be an integer such as 4, got None"),
        (True, TypeError, "must be an integer such as 4, got True"),
        (4.0, TypeError, "must be an integer such as 4, got 4.0"),
        (0, ValueError, "must be at least 1, got 0"),
    ],
)
def test_a_response_version_that_is_none_is_refused(
    version: Any, error: type[Exception], words: str
) -> None:
    with pytest.raises(error, match=f"flags_api_version {words}"):
        Client(API_KEY, transport=MemoryTransport(), flags_api_version=version)


@pytest.mark.parametrize("key", [None, "", "  "])
def test_without_a_key_nothing_happens_and_it_is_said(
    key: str | None, caplog: pytest.LogCaptureFixture
) -> None:
    transport = MemoryTransport()
    with Client(key, transport=transport, secret_key=SECRET, driver=ManualDriver()) as client:
        assert client.capture("e", distinct_id="u") is None
        assert client.get_feature_flag("a", "u") is None
        assert client.get_all_flags("u") == {}
        assert len(client.evaluate_flags("u")) == 0
        assert client.get_surveys() == []
        assert client.get_remote_config_payload("a") is None
        assert not client.wait_for_local_evaluation_ready()
        assert client.flush()
    assert transport.requests == []
    (record,) = [each for each in caplog.records if each.levelno == logging.ERROR]
    assert "api_key" in record.message


def test_a_disabled_client_may_have_a_spool_which_it_does_not_touch(tmp_path: Path) -> None:
    spool = tmp_path / "spool"
    with Client(API_KEY, disabled=True, overflow="spill", spool_directory=spool) as client:
        assert client.capture("e", distinct_id="u") is None
    assert not spool.exists()


def test_a_disabled_client_is_silent(caplog: pytest.LogCaptureFixture) -> None:
    with Bench(disabled=True) as bench:
        assert bench.client.capture("e", distinct_id="u") is None
        assert bench.client.capture_exception(ValueError()) is None
        assert bench.client.evaluate_flags("u").is_enabled("a") is False
        bench.client.shutdown()
        assert bench.client.capture("e", distinct_id="u") is None
        assert bench.server.requests == []
    assert caplog.records == []


def test_options_can_be_given_as_one_value() -> None:
    options = Options(api_key=API_KEY, sink=NullSink(), flush_at=7)
    client = Client(options, flush_at=9)
    assert (client.components.options.flush_at, options.flush_at) == (9, 7)
    client.shutdown()


def test_every_option_is_frozen_and_explained() -> None:
    with pytest.raises(dataclasses.FrozenInstanceError):
        Options().flush_at = 3  # type: ignore[misc]
    names = [each.name for each in dataclasses.fields(Options)]
    assert read_options(None, {}) == Options()
    assert len(names) == len(set(names)) > 50


@pytest.mark.parametrize("show", [repr, str, lambda client: repr(client.components.options)])
def test_no_repr_shows_a_key(show: Any) -> None:
    with Bench(secret_key=SECRET, extra_headers={"X-Key": SECRET}) as bench:
        shown = show(bench.client)
    assert API_KEY not in shown
    assert SECRET not in shown


def test_defaults_from_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("POSTHOG_CAPTURE_MODE", "v1")
    monkeypatch.setenv("POSTHOG_CAPTURE_COMPRESSION", "deflate")
    with Bench(gzip=True) as bench:
        bench.client.capture("e", distinct_id="u")
        bench.client.flush()
        (request,) = bench.server.requests
    assert request.url.endswith("/i/v1/analytics/events")
    assert request.headers["Content-Encoding"] == "deflate"


def test_making_a_client_starts_no_thread_and_sends_nothing() -> None:
    before = set(threading.enumerate())
    transport = MemoryTransport()
    client = Client(API_KEY, transport=transport, secret_key=SECRET)
    assert set(threading.enumerate()) == before
    assert transport.requests == []
    assert client.shutdown()
    assert set(threading.enumerate()) == before


def test_names_of_other_sdks() -> None:
    assert transports.PostHog is transports.Posthog is Client
    assert all(hasattr(Client, name) for name in ("new_context", "scoped", "feature_enabled"))


def test_every_public_name_is_there_and_unknown_ones_are_not() -> None:
    for name in transports.__all__:
        assert getattr(transports, name) is not None
    assert set(dir(transports)) == set(transports.__all__)
    with pytest.raises(AttributeError, match="Cleint"):
        transports.Cleint  # noqa: B018


def test_importing_costs_neither_requests_nor_cachetools_nor_threads() -> None:
    code = (
        "import sys, threading, flagengine.transports\n"
        "heavy = {'requests', 'cachetools', 'asyncio', 'flagengine.transports.client'} & set(sys.modules)\n"
        "assert not heavy, heavy\n"
        "from flagengine.transports import Client, MemoryDefinitions, NullSink\n"
        "client = Client(definitions=MemoryDefinitions(), sink=NullSink())\n"
        "client.get_feature_flag('a', 'u'); client.shutdown()\n"
        "assert 'requests' not in sys.modules\n"
        "assert 'asyncio' not in sys.modules\n"
    )
    subprocess.run([sys.executable, "-W", "error", "-c", code], check=True)


@pytest.mark.contract("debug")
def test_debug_changes_what_is_logged_and_nothing_else() -> None:
    logger = logging.getLogger("flagengine")
    with Bench() as bench:
        bench.client.debug()
        assert logger.level == logging.DEBUG
        bench.client.debug(False)
        assert logger.level == logging.NOTSET
        assert bench.events() == []
    with Bench(debug=True) as bench:
        assert logger.level == logging.DEBUG
        bench.client.debug(False)


@pytest.mark.contract("debug")
def test_debug_without_logging_set_up_prints(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(logging.getLogger(), "handlers", [])
    logger = logging.getLogger("flagengine")
    with Bench() as bench:
        bench.client.debug()
        bench.client.debug()
        assert len(logger.handlers) == 1
        bench.client.debug(False)
        assert logger.handlers == []


def test_no_key_is_logged_at_any_level(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.DEBUG), Bench(secret_key=SECRET) as bench:
        bench.client.capture("e", distinct_id="u")
        bench.client.reload_feature_flags()
        bench.client.get_all_flags("u")
        bench.client.get_remote_config_payload("a")
        bench.client.get_surveys()
        bench.client.flush()
    assert API_KEY not in caplog.text
    assert SECRET not in caplog.text


def test_a_made_client_imports_nothing_more_in_its_threads() -> None:
    # A module that a thread imports while another thread forks stays half-imported in the child.
    code = (
        "import sys, threading\n"
        "from decimal import Decimal\n"
        "from flagengine.transports import Client, MemoryDefinitions, MemoryTransport\n"
        "def flag(operator, value):\n"
        "    condition = {'key': 'p', 'type': 'person', 'operator': operator, 'value': value}\n"
        "    groups = [{'properties': [condition], 'rollout_percentage': 50}]\n"
        "    return {'key': operator, 'active': True, 'filters': {'groups': groups}}\n"
        "flags = [flag(*each) for each in [('exact', 'a'), ('regex', '^[a-c]+$'), ('gt', 1),\n"
        "    ('is_date_after', '-3d'), ('semver_eq', '1.2.3'), ('icontains', 'B'), ('in', ['x'])]]\n"
        "client = Client('phc_x', definitions=MemoryDefinitions({'flags': flags}))\n"
        "before = set(sys.modules)\n"
        "def work():\n"
        "    for value in ('abc', 7, Decimal(3), None, [1], '2025-01-01', '1.2.3'):\n"
        "        for user in map(str, range(20)):\n"
        "            client.get_all_flags(user, person_properties={'p': value},\n"
        "                only_evaluate_locally=True)\n"
        "            for key in ('exact', 'regex', 'gt'):\n"
        "                client.get_feature_flag(key, user, person_properties={'p': value},\n"
        "                    only_evaluate_locally=True)\n"
        "thread = threading.Thread(target=work)\n"
        "thread.start(); thread.join()\n"
        "print(sorted(set(sys.modules) - before))\n"
        "client.shutdown(0, discard=True)\n"
    )
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", code], check=True, capture_output=True, text=True
    )
    assert done.stdout.strip() == "[]"
