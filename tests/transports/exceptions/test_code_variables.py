"""Local variables in events: on request, without secrets, within a budget."""

from __future__ import annotations

import json
import sys

import pytest

from flagengine.transports.exceptions import CodeVariables, ExceptionSettings
from flagengine.transports.exceptions.code_variables import shown

from .raising import frames, raised

pytestmark = pytest.mark.contract("exception-event-metadata")


def crash_with_variables():
    password = "hunter2"  # noqa: F841
    order = {"id": 7, "card_number": "4111", "items": ["a", ("b", 2.5)]}  # noqa: F841
    header = "Bearer abcdef"  # noqa: F841
    url = "postgres://me:pw@host/db"  # noqa: F841
    web_token_in_text = "see eyJhbGciOiJI.eyJzdWIiOiI.x-y"  # noqa: F841
    note = "see eyJhbGciOiJI.eyJzdWIiOiI.x-y"  # noqa: F841
    __hidden = 1
    raise ValueError


def variables(**options):
    settings = ExceptionSettings(code_variables=CodeVariables(enabled=True, **options))
    try:
        crash_with_variables()
    except ValueError as error:
        return frames(error, settings=settings)[-1].get("code_variables")


def test_variables_are_left_out_unless_asked_for():
    assert "code_variables" not in frames(raised(ValueError()))[-1]


def test_variables_are_shown_without_secrets():
    assert variables() == {
        "password": "***",
        "order": "{'id': 7, 'card_number': ***, 'items': ['a', ('b', 2.5)]}",
        "header": "'Bearer ***'",
        "url": "'postgres://host/db'",
        "web_token_in_text": "***",
        "note": "'see ***'",
    }


def test_names_and_values_to_hide_and_to_ignore_are_the_callers():
    found = variables(
        masked_names=("^ord", "(broken"),
        masked_values=("hunter",),
        ignored_names=("^__", "^note$", "token"),
    )
    assert found["order"] == found["password"].strip("'") == "***"
    assert found.keys() == {"password", "order", "header", "url"}


def test_values_and_the_whole_are_bounded():
    assert variables(max_value_length=10)["order"] == "{'id': 7, "
    assert variables(budget=20) == {"password": "***"}
    assert variables(budget=0) is None


def test_variables_of_an_odd_class_body_are_left_out():
    class Odd(dict):
        def items(self):
            raise RuntimeError

    class Meta(type):
        def __prepare__(*_):
            return Odd()

    settings = ExceptionSettings(code_variables=CodeVariables(enabled=True))
    try:

        class Made(metaclass=Meta):
            raise ValueError  # noqa: TRY301 - in the class itself
    except ValueError as error:
        found = frames(error, settings=settings)
    assert found[-1]["function"] == "Made"
    assert "code_variables" not in found[-1]
    assert "code_variables" in found[0]


def test_only_the_applications_frames_have_variables():
    settings = ExceptionSettings(code_variables=CodeVariables(enabled=True))
    try:
        json.loads("{")
    except ValueError as error:
        found = frames(error, settings=settings)
    assert "code_variables" in found[0]
    assert all("code_variables" not in frame for frame in found[1:])


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (b"abc", "<3 bytes>"),
        (None, "None"),
        pytest.param(10**5000, "<int>", id="very-long-integer"),
        ([[[[[1]]]]], "[[[[...]]]]"),
        (list(range(60)), "[" + ", ".join(map(str, range(50))) + ", ...]"),
        ({1}, "{1}"),
        ({}, "{}"),
        (sys, "<builtins.module>"),
        (ExceptionSettings(), "<flagengine.transports.exceptions.settings.ExceptionSettings>"),
    ],
)
def test_values_are_shown_by_their_built_in_type(value, text):
    assert shown(value, CodeVariables()) == text


def test_a_container_that_holds_itself_ends():
    loop = []
    loop.append(loop)
    assert shown(loop, CodeVariables()) == "[[[[...]]]]"


@pytest.mark.parametrize(
    ("name", "is_masked"),
    [
        ("password", True),
        ("db_passwd", True),
        ("API_KEY", True),
        ("apiKey", True),
        ("access_token", True),
        ("authorization", True),
        ("session_id", True),
        ("author", False),
        ("option", False),
        ("spin", False),
        ("primary_key", False),
        ("user_id", False),
    ],
)
def test_secret_names_are_known(name, is_masked):
    assert (shown("x", CodeVariables(), name) == "***") is is_masked
