"""Exceptions and objects that are broken in every way lead to an event and raise nothing."""

from __future__ import annotations

import pytest

from flagengine.transports.exceptions import (
    PROCESS,
    CodeVariables,
    ExceptionSettings,
)

from .broken import (
    BrokenAttributesError,
    BrokenChainError,
    BrokenClassError,
    BrokenDict,
    BrokenObject,
    BrokenTextError,
    Liar,
    LyingText,
    OddTextError,
    refuse,
)
from .raising import entries, properties, raised

pytestmark = pytest.mark.contract("exception-event-metadata")


@pytest.mark.parametrize(
    ("make", "kind"),
    [
        (lambda: BrokenTextError("secret"), "BrokenTextError"),
        (lambda: BrokenAttributesError("x"), "BrokenAttributesError"),
        (lambda: BrokenChainError("x"), "BrokenChainError"),
        (lambda: BrokenClassError("x"), "BrokenClassError"),
        (OddTextError, "OddTextError"),
        (lambda: ValueError(BrokenObject()), "ValueError"),
        (lambda: ValueError(LyingText("boom")), "ValueError"),
    ],
)
def test_a_broken_exception_is_reported_with_its_stack(make, kind):
    error = make()
    entry = entries(raised(ValueError("outer"), cause=raised(error)))[1]
    assert entry["type"] == kind
    assert isinstance(entry["value"], str)
    entry = entries(raised(error))[0]
    assert entry["stacktrace"]["frames"][-1]["function"] == "raised"


@pytest.mark.parametrize(
    ("make", "kind"),
    [
        (BrokenObject, "BrokenObject"),
        (Liar, "Liar"),
        (lambda: BrokenDict(message="x"), "BrokenDict"),
        (lambda: LyingText("boom"), "Error"),
        (lambda: BrokenClassError, "BrokenClassError"),
        (lambda: (ValueError, BrokenObject(), None), "BrokenObject"),
    ],
)
def test_a_broken_object_is_described(make, kind):
    assert entries(make())[0]["type"] == kind


def test_text_that_raises_gets_a_placeholder():
    value = properties(raised(BrokenTextError("secret")))["$exception_message"]
    assert value == "<BrokenTextError without readable text>"


def test_broken_overrides_are_none():
    found = properties(
        raised(ValueError("boom")),
        level=LyingText("fatal"),
        source=BrokenObject(),
        handled=BrokenObject(),
        fingerprint=BrokenObject(),
        thread_id=BrokenObject(),
        mechanism_type=BrokenObject(),
    )
    assert found["$exception_list"][0]["mechanism"]["type"] == "generic"


def test_variables_of_any_kind_do_no_harm():
    def crash():
        broken, liar = BrokenObject(), Liar()  # noqa: F841
        table, text = BrokenDict(a=1), LyingText("x")  # noqa: F841
        raise ValueError

    settings = ExceptionSettings(code_variables=CodeVariables(enabled=True))
    try:
        crash()
    except ValueError as error:
        shown = entries(error, settings=settings)[0]["stacktrace"]["frames"][-1]["code_variables"]
    assert shown["broken"].endswith(".BrokenObject>")
    assert shown["table"].endswith(".BrokenDict>")
    assert shown["text"].endswith(".LyingText>")


def test_a_broken_loader_costs_the_source_lines_alone():
    class Loader:
        get_source = refuse

    namespace = {"__name__": "made_up", "__loader__": Loader()}
    try:
        exec(compile("raise ValueError", "made_up.py", "exec"), namespace)
    except ValueError as error:
        frame = entries(error)[0]["stacktrace"]["frames"][-1]
    assert frame["module"] == "made_up"
    assert "context_line" not in frame


def test_odd_module_names_are_left_out():
    with pytest.raises(ValueError) as caught:  # noqa: PT011 it has no message
        exec(compile("raise ValueError", "x.py", "exec"), {"__name__": 7})
    assert "module" not in entries(caught.value)[0]["stacktrace"]["frames"][-1]


def test_a_class_without_a_module_has_none():
    namespace = {}
    exec("MadeError = type('MadeError', (Exception,), {})", namespace)
    entry = entries(namespace["MadeError"]())[0]
    assert entry["type"] == "MadeError"
    assert "module" not in entry


def test_what_cannot_be_finished_costs_only_that(monkeypatch):
    monkeypatch.setattr("flagengine.transports.exceptions.entries.add_source", refuse)
    entry = entries(raised(ValueError("boom")))[0]
    assert entry["value"] == "boom"
    assert entry["stacktrace"]["frames"]


def test_what_cannot_be_described_at_all_is_named(monkeypatch):
    monkeypatch.setattr("flagengine.transports.exceptions.entries.flatten", refuse)
    found = properties(ValueError("boom"), boundary=PROCESS)
    assert found["$exception_type"] == "ValueError"
    assert found["$exception_level"] == "fatal"
    assert found["$exception_list"] == [
        {
            "type": "ValueError",
            "value": "",
            "mechanism": {"type": "onuncaughtexception", "handled": False, "exception_id": 0},
        }
    ]


def test_capturing_at_the_recursion_limit_does_not_raise():
    seen = []

    def deeper():
        try:
            deeper()
        except RecursionError as error:
            if len(seen) < 20:
                seen.append(properties(error))
            raise

    with pytest.raises(RecursionError):
        deeper()
    assert {found["$exception_type"] for found in seen} == {"RecursionError"}
