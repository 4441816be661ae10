"""The names of options: as types, as posthog-python has them, misspelt."""

from __future__ import annotations

import dataclasses
import inspect
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from flagengine.transports import AsyncClient, Client, MemoryTransport, NullSink, Options
from flagengine.transports.client.option_names import POSTHOG_NAMES
from flagengine.transports.client.option_types import ClientOptions

from .bench import API_KEY

pytestmark = pytest.mark.contract("setup")

# The parameters of posthog-python 7.91.1's constructor.
POSTHOG_PYTHON = [
    "project_api_key",
    "host",
    "debug",
    "max_queue_size",
    "send",
    "on_error",
    "flush_at",
    "flush_interval",
    "gzip",
    "max_retries",
    "sync_mode",
    "timeout",
    "thread",
    "poll_interval",
    "personal_api_key",
    "disabled",
    "disable_geoip",
    "is_server",
    "historical_migration",
    "feature_flags_request_timeout_seconds",
    "feature_flags_request_max_retries",
    "super_properties",
    "enable_exception_autocapture",
    "log_captured_exceptions",
    "project_root",
    "privacy_mode",
    "before_send",
    "flag_fallback_cache_url",
    "enable_local_evaluation",
    "flag_definition_cache_provider",
    "capture_exception_code_variables",
    "code_variables_mask_patterns",
    "code_variables_ignore_patterns",
    "code_variables_mask_url_credentials",
    "code_variables_detect_secrets",
    "in_app_modules",
    "enable_exception_autocapture_rate_limiting",
    "exception_autocapture_bucket_size",
    "exception_autocapture_refill_rate",
    "exception_autocapture_refill_interval_seconds",
    "capture_mode",
    "capture_compression",
    "secret_key",
    "metrics",
    "enable_full_ai_capture",
    "capture_trace_context",
    "traces",
    "app_host",
    "email_request_timeout_seconds",
    "email_request_max_retries",
    "migrated_from",
]


@pytest.mark.parametrize("name", POSTHOG_PYTHON)
def test_every_name_of_posthog_python_is_an_option_or_has_a_hint(name: str) -> None:
    if name in inspect.signature(Options).parameters:
        assert name not in POSTHOG_NAMES
    elif name != "project_api_key":
        with pytest.raises(TypeError) as caught:
            Client(API_KEY, **{name: None})  # type: ignore[misc]
        assert str(caught.value) == f"Client() has no option {name!r}; {POSTHOG_NAMES[name]}"


def test_hints_name_options_that_exist() -> None:
    options = inspect.signature(Options).parameters
    used = [hint.split()[1] for hint in POSTHOG_NAMES.values() if hint.startswith("use ")]
    assert used
    assert {name.partition("=")[0].rstrip(",") for name in used} - {"a"} <= set(options)


@pytest.mark.parametrize(
    ("name", "hint"),
    [
        ("flush_att", "did you mean 'flush_at'?"),
        ("flushInterval", "did you mean 'flush_interval'?"),
        ("apiHost", "use host"),
        ("featureFlagsPollingInterval", "use poll_interval (seconds)"),
    ],
)
def test_a_misspelt_name_leads_to_the_right_one(name: str, hint: str) -> None:
    for kind in (Client, AsyncClient):
        with pytest.raises(TypeError) as caught:
            kind(API_KEY, **{name: 1})  # type: ignore[misc]
        assert str(caught.value) == f"Client() has no option {name!r}; {hint}"


def test_the_key_has_the_name_of_posthog_python_too() -> None:
    client = Client(project_api_key="phc_x", transport=MemoryTransport())
    assert client.components.options.api_key == "phc_x"
    with pytest.raises(TypeError, match="project_api_key is another name for api_key"):
        Client("phc_x", project_api_key="phc_y")


def test_the_host_may_be_positional_as_in_posthog_python() -> None:
    client = AsyncClient("phc_x", "eu.i.posthog.com", sink=NullSink())
    assert client.components.options.host == "https://eu.i.posthog.com"
    options = Options(api_key="phc_x", host="https://a.test", sink=NullSink())
    assert Client(options).components.options.host == "https://a.test"
    assert Client(options, "https://b.test").components.options.host == "https://b.test"


def test_the_keywords_of_the_constructor_are_the_options() -> None:
    keywords = dict(ClientOptions.__annotations__)
    assert keywords.pop("project_api_key").__forward_arg__ == "str | None"
    found = {name: kind.__forward_arg__ for name, kind in keywords.items()}
    positional = {"api_key", "host"}
    options = {each.name: each.type for each in dataclasses.fields(Options)}
    assert found == {name: kind for name, kind in options.items() if name not in positional}
    assert ClientOptions.__required_keys__ == frozenset()
    assert positional < set(inspect.signature(Client).parameters)


USE = """\
from typing import assert_type

from flagengine import Explanation, Requirements, Snapshot
from flagengine.transports import AsyncClient, Client, FlagDetails, PostHog, Posthog, TransportError

client: PostHog = PostHog("phc_x", flush_at=1)
other: Posthog = Posthog(project_api_key="phc_x", host="https://host.test", debug=True)
client.debug = True
client.disabled = True
client.debug(False)


def stop(given: Posthog | AsyncClient) -> str | None:
    return given.capture("x", distinct_id="u")


def read(given: PostHog) -> bool:
    assert_type(given.is_feature_enabled("a", "u", default_value=False), bool)
    assert_type(given.is_feature_enabled("a", "u"), bool | None)
    assert_type(given.get_string("a", "x", "u", complete=True, overrides=["a"]), str)
    assert_type(given.get_number("a", 1), int)
    assert_type(given.get_number("a", 1.5), float)
    assert_type(given.get_feature_flag_details("a", True), FlagDetails[bool])
    assert_type(given.snapshot, Snapshot | None)
    given.get_object("a", {}).items()
    return given.get_boolean("a", False, "u")


async def awaited(given: AsyncClient) -> bool:
    assert_type(await given.is_feature_enabled("a", default_value=False), bool)
    assert_type(await given.is_feature_enabled("a"), bool | None)
    assert_type(await given.explain("a", "u", redact=True), Explanation | None)
    assert_type(await given.requirements("a"), Requirements | None)
    return await given.get_boolean("a", False, "u")


def lost(error: TransportError) -> None: ...


client.on("error", lost)
client.on("local_evaluation_flags_loaded", lambda loaded: print(loaded.changed_keys))
client.on("*", lambda name, payload: print(name, payload))
client.on("flush", lost)
client.on("eror", lost)
client.get_boolean("a", "no")
client.get_number("a", "no")
client.explain("a", groups="acme")
Client("phc_x", flush_att=1)
AsyncClient("phc_x", flush_at="ten")
client.disbled = True
client.api_key = "phc_y"
"""
# The lines from the first mistake on are all mistakes.
FIRST = USE.splitlines().index('client.on("flush", lost)') + 1
WRONG = list(range(FIRST, len(USE.splitlines()) + 1))


def _lines(output: str) -> list[int]:
    found = [line for line in output.splitlines() if "error" in line and "app.py:" in line]
    return sorted({int(line.split("app.py:")[1].split(":")[0]) for line in found})


@pytest.mark.slow
def test_mypy_finds_the_mistakes_and_nothing_else(tmp_path: Path) -> None:
    pytest.importorskip("mypy")
    root = Path(__file__).parents[3]
    (tmp_path / "app.py").write_text(USE)
    options = ["--strict", "--no-error-summary", "--cache-dir", str(tmp_path / "cache")]
    done = subprocess.run(
        [sys.executable, "-m", "mypy", *options, "app.py"],
        cwd=tmp_path,
        env={"MYPYPATH": str(root), "PATH": ""},
        capture_output=True,
        text=True,
        check=False,
    )
    assert _lines(done.stdout) == WRONG, done.stdout + done.stderr


@pytest.mark.slow
def test_pyright_finds_the_same_mistakes(tmp_path: Path) -> None:
    pytest.importorskip("pyright")
    root = Path(__file__).parents[3]
    (tmp_path / "app.py").write_text(USE)
    (tmp_path / "pyrightconfig.json").write_text(f'{{"extraPaths": ["{root}"], "strict": ["."]}}')
    done: Any = subprocess.run(
        [sys.executable, "-m", "pyright", "--project", str(tmp_path)],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )
    assert _lines(done.stdout) == WRONG, done.stdout + done.stderr
