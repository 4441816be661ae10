"""Whose a frame is, what it is called, and the variables in it."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest

from transports.exceptions import CodeVariables, ExceptionSettings
from transports.exceptions.code_variables import shown
from transports.exceptions.frames import _short_path
from transports.exceptions.in_app import OWN_FOLDER, is_in_app

from .raising import frames, raised

pytestmark = pytest.mark.contract("exception-event-metadata")
LIBRARY = str(Path(json.__file__).parent / "decoder.py")


@pytest.mark.parametrize(
    ("module", "path", "expected"),
    [
        ("shop.cart", "/srv/shop/cart.py", True),
        ("shop.cart", "/elsewhere/cart.py", False),
        ("shop.cart", "/srvx/cart.py", False),
        ("requests.api", "/srv/.venv/lib/python3.11/site-packages/requests/api.py", False),
        ("apt", "/usr/lib/python3/dist-packages/apt.py", False),
        ("json.decoder", LIBRARY, False),
        ("importlib._bootstrap", "<frozen importlib._bootstrap>", False),
        ("shop", "<attrs generated init shop.Cart>", False),
        ("__main__", "<stdin>", True),
        ("lib.inner", "/srv/.venv/lib/site-packages/lib/inner.py", True),
        ("library", "/srv/.venv/lib/site-packages/library.py", False),
        ("shop.vendored.x", "/srv/shop/vendored/x.py", False),
        ("transports.client", OWN_FOLDER + "client/client.py", False),
        (None, "/srv/script.py", True),
    ],
)
def test_a_frame_is_the_applications_by_configuration_then_by_its_place(module, path, expected):
    settings = ExceptionSettings(
        project_root="/srv", in_app_include=("lib", ""), in_app_exclude=("shop.vendored",)
    )
    assert is_in_app(module, path, settings) is expected


def test_without_a_root_everything_is_that_is_not_installed():
    assert is_in_app("shop", "/anywhere/shop.py", ExceptionSettings())
    assert not is_in_app("json.decoder", LIBRARY, ExceptionSettings())


def test_frames_of_the_standard_library_and_of_the_test_differ():
    try:
        json.loads("{")
    except ValueError as error:
        found = frames(error)
    assert found[0]["in_app"] is True
    assert found[0]["function"] == "test_frames_of_the_standard_library_and_of_the_test_differ"
    assert found[0]["module"] == __name__
    assert found[0]["abs_path"] == str(Path(__file__))
    assert found[0]["platform"] == "python"
    assert isinstance(found[0]["lineno"], int)
    assert {frame["in_app"] for frame in found[1:]} == {False}
    assert found[-1]["filename"] == "json/decoder.py"


@pytest.mark.parametrize(
    ("path", "module", "expected"),
    [
        ("/srv/shop/cart/views.py", "shop.cart.views", "shop/cart/views.py"),
        ("/srv/shop/__init__.py", "shop", "shop/__init__.py"),
        ("/srv/manage.py", "__main__", "manage.py"),
        ("C:\\app\\shop\\cart.py", "shop.cart", "shop/cart.py"),
        ("<string>", "shop", "<string>"),
        ("/cart.py", None, "cart.py"),
    ],
)
def test_file_names_begin_at_the_top_package(path, module, expected):
    assert _short_path(path, module) == expected


def test_a_relative_path_in_a_folder_that_is_gone_is_kept(monkeypatch):
    def refuse(_):
        raise FileNotFoundError

    monkeypatch.setattr(Path, "absolute", refuse)
    try:
        exec(compile("raise ValueError", "cart.py", "exec"), {})
    except ValueError as error:
        assert frames(error)[-1]["abs_path"] == "cart.py"


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
        (ExceptionSettings(), "<transports.exceptions.settings.ExceptionSettings>"),
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
