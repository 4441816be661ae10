"""The content of AI events that is sent with the two options, of which privacy wins."""

from __future__ import annotations

from typing import Any

import pytest

from flagengine.transports import prepare_ai_properties

from .bench import AI_BATCH, Bench

pytestmark = pytest.mark.contract("capture-ai")

IMAGE = {"type": "image_url", "image_url": {"url": "data:image/png;base64,AAAA"}}
AUDIO = {"type": "input_audio", "input_audio": {"data": "AAAA", "format": "wav"}}
SOURCE = {"type": "image", "source": {"type": "base64", "data": "AAAA"}}
TEXT = {"type": "text", "text": "x" * 5000}
PROPERTIES: dict[str, Any] = {
    "$ai_model": "m",
    "$ai_input": [
        {"role": "user", "content": [TEXT, IMAGE, AUDIO, SOURCE, "data:image/png;base64,B"]}
    ],
    "$ai_output_choices": ["short"],
    "untouched": "y" * 5000,
}


def content(properties: dict[str, Any]) -> list[Any]:
    found: list[Any] = properties["$ai_input"][0]["content"]
    return found


def test_unless_asked_for_media_are_named_and_texts_are_cut() -> None:
    prepared = prepare_ai_properties(PROPERTIES)
    text, image, audio, source, inline = content(prepared)
    assert len(text["text"]) < 1100
    assert image == {"type": "image_url", "placeholder": "[image left out]"}
    assert audio == {"type": "input_audio", "placeholder": "[audio left out]"}
    assert source == {"type": "image", "placeholder": "[image left out]"}
    assert inline == "[image left out]"
    assert prepared["untouched"] == PROPERTIES["untouched"]
    assert prepared["$ai_output_choices"] == ["short"]
    assert "AAAA" not in str(prepared)


def test_asked_for_everything_stays() -> None:
    assert prepare_ai_properties(PROPERTIES, full=True) == PROPERTIES


@pytest.mark.parametrize("full", [False, True])
def test_privacy_leaves_no_content(full: bool) -> None:
    prepared = prepare_ai_properties(PROPERTIES, full=full, privacy=True)
    assert prepared == {"$ai_model": "m", "untouched": PROPERTIES["untouched"]}


def test_the_given_properties_stay_as_they_are() -> None:
    before = repr(PROPERTIES)
    prepare_ai_properties(PROPERTIES)
    assert repr(PROPERTIES) == before


def test_nesting_without_end_ends() -> None:
    nested: list[Any] = []
    nested.append(nested)
    assert "$ai_input" in prepare_ai_properties({"$ai_input": nested})


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        ({"privacy_mode": True, "enable_full_ai_capture": True}, {"$ai_model": "m"}),
        ({"enable_full_ai_capture": True}, {"$ai_model": "m", "$ai_input": "x" * 2000}),
    ],
)
def test_a_client_follows_its_options(options: dict[str, Any], expected: dict[str, Any]) -> None:
    with Bench(**options) as bench:
        given = {"$ai_model": "m", "$ai_input": "x" * 2000}
        assert bench.client.prepare_ai_properties(given) == expected


def test_capture_ai_itself_changes_nothing_and_takes_large_events() -> None:
    large = "x" * 2_000_000
    with Bench(privacy_mode=True) as bench:
        given = {"$ai_input": large}
        uuid = bench.client.capture_ai("$ai_generation", distinct_id="u", properties=given)
        assert uuid is not None
        assert bench.client.capture("large", distinct_id="u", properties=given) is None
        (event,) = bench.events(path=AI_BATCH)
        assert bench.client.capture_ai_immediate("$ai_span", distinct_id="u") is not None
    assert event["properties"]["$ai_input"] == large


def test_an_event_over_the_cap_is_named_by_size_only(caplog: pytest.LogCaptureFixture) -> None:
    with Bench() as bench:
        secret = "s3cret" * 2_000_000
        assert bench.client.capture_ai("$ai_x", distinct_id="u", properties={"a": secret}) is None
    assert "bytes" in caplog.text
    assert "s3cret" not in caplog.text
