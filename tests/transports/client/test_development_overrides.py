"""Values of flags for development: from a file, the environment's file and the environment, and never unawares."""

from __future__ import annotations

import logging
from pathlib import Path
from typing import Any

import pytest

from flagengine.transports import Client, Options
from flagengine.transports.testing import flags_set

from .bench import API_KEY, Bench, flag, local

USER = "user-1"
OFF = {"rollout_percentage": 0}
VALUES = "FLAGENGINE_OVERRIDES"
FILE = "FLAGENGINE_OVERRIDES_FILE"


@pytest.fixture(autouse=True)
def _environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.delenv(VALUES, raising=False)
    monkeypatch.delenv(FILE, raising=False)
    monkeypatch.chdir(tmp_path)


def values_of(**options: Any) -> dict[str, Any]:
    definitions = local(flag("beta", OFF), flag("gamma", OFF))
    with Bench(definitions=definitions, **options) as bench:
        return bench.client.get_all_flags(USER)


def test_the_nearest_place_wins_flag_by_flag(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    Path("option.json").write_text('{"beta": "option", "a": 1, "b": 1, "gamma": true}', "utf-8")
    Path("environment.toml").write_text('beta = "file"\na = 2\n', "utf-8")
    monkeypatch.setenv(FILE, "environment.toml")
    monkeypatch.setenv(VALUES, '{"beta": "text"}')
    found = values_of(development_overrides=Path("option.json"))
    assert found == {"beta": "text", "a": 2, "b": 1, "gamma": True}
    by = "FLAGS ARE FORCED for development, by"
    assert caplog.messages == [
        f'{by} development_overrides (option.json): beta="option", a=1, b=1, gamma=true',
        f'{by} FLAGENGINE_OVERRIDES_FILE (environment.toml): beta="file", a=2',
        f'{by} FLAGENGINE_OVERRIDES: beta="text"',
    ]
    assert {record.levelname for record in caplog.records} == {"WARNING"}


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ('["beta"]', {"beta": True, "gamma": False}),
        ('{"beta": null}', {"gamma": False}),
        ('{"flags": ["beta"], "payloads": {"gamma": [1]}}', {"beta": True, "gamma": False}),
        ('\ufeff{"beta": true}', {"beta": True, "gamma": False}),
        ("{}", {"beta": False, "gamma": False}),
    ],
)
def test_every_form_of_overrides_is_read(text: str, expected: dict[str, Any]) -> None:
    Path("flags.json").write_text(text, "utf-8")
    assert values_of(development_overrides="flags.json") == expected


def test_long_lists_are_shortened_and_payloads_are_named(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    keys = ", ".join(f'"f{number}": true' for number in range(25))
    monkeypatch.setenv(VALUES, f'{{"flags": {{{keys}}}}}')
    values_of()
    assert caplog.messages[0].endswith("f19=true and 5 more")
    caplog.clear()
    monkeypatch.setenv(VALUES, '{"payloads": {"a\\n": 1}}')
    values_of()
    assert caplog.messages[0].endswith(r": a\n (payload)")


def test_without_any_place_nothing_is_forced_or_logged(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setenv(VALUES, "  ")
    monkeypatch.setenv(FILE, "")
    assert values_of() == {"beta": False, "gamma": False}
    assert caplog.messages == []


def test_false_ignores_the_environment_and_says_so(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setenv(VALUES, '{"beta": true}')
    monkeypatch.setenv(FILE, "nowhere.json")
    assert values_of(development_overrides=False) == {"beta": False, "gamma": False}
    assert caplog.messages == [
        "FLAGENGINE_OVERRIDES_FILE (nowhere.json) is ignored, because development_overrides is False",
        "FLAGENGINE_OVERRIDES is ignored, because development_overrides is False",
    ]


def test_reads_send_no_event_and_the_other_overrides_win(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(VALUES, '{"beta": "environment", "gamma": "environment"}')
    with Bench(definitions=local(flag("beta"))) as bench:
        client = bench.client
        for _ in range(3):
            assert client.get_feature_flag("beta", USER) == "environment"
        client.override_feature_flags({"beta": "client"})
        assert client.get_all_flags(USER) == {"beta": "client", "gamma": "environment"}
        client.override_feature_flags(False)
        assert client.get_feature_flag("beta", USER) == "environment"
        with client.overridden_flags({"beta": "block"}):
            assert client.get_feature_flag("beta", USER) == "block"
        with flags_set(beta="test"):
            assert client.get_feature_flag("beta", USER) == "test"
        assert client.get_feature_flag("beta", USER) == "environment"
        assert bench.called() == []


def test_a_client_without_a_key_has_them_alone(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setenv(VALUES, '{"beta": true}')
    with caplog.at_level(logging.ERROR, "flagengine"):
        client = Client()
    assert caplog.messages[-1] == "no api_key: this client has only the development overrides"
    assert client.is_feature_enabled("beta", USER) is True
    assert client.is_feature_enabled("gamma", USER) is None


MUST = 'must be values by flag key such as {"beta": true}, or a list of keys to turn on'


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("{beta: true}", "Expecting property name"),
        ('{"beta": true, "beta": false}', "the key 'beta' is there twice"),
        ('{"beta": NaN}', "NaN is no JSON"),
        ('{"beta": [1]}', "the override of 'beta' must be True, False"),
        ("[7]", "a flag key must be text, got int"),
        ('"beta"', 'got "beta"'),
        ("false", "got false"),
        ("[" * 100_000, "it is nested too deeply"),
    ],
)
def test_wrong_content_is_refused_with_its_place(
    text: str, message: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(VALUES, text)
    with pytest.raises(ValueError, match=f"^{VALUES} ") as caught:
        Client(API_KEY)
    assert MUST in str(caught.value)
    assert message in str(caught.value)
    Path("flags.json").write_text(text, "utf-8")
    monkeypatch.delenv(VALUES)
    monkeypatch.setenv(FILE, "flags.json")
    with pytest.raises(ValueError, match=rf"^{FILE} \(flags.json\) must"):
        Client(API_KEY)


def test_files_that_cannot_be_read_are_refused_with_their_option(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    Path("broken.toml").write_text("beta = maybe", "utf-8")
    Path("latin.json").write_bytes(b'{"\xe9": true}')
    for path in ("nowhere.json", "broken.toml", "latin.json", "."):
        with pytest.raises(ValueError, match=r"^development_overrides \(.*\) must be "):
            Client(API_KEY, development_overrides=path)
    monkeypatch.setenv(FILE, "nowhere.json")
    with pytest.raises(ValueError, match="must be a file that can be read: No such file"):
        Client(API_KEY)
    with pytest.raises(TypeError, match="must be the path of a file, False or None, got True"):
        Options(development_overrides=True)  # type: ignore[arg-type]
