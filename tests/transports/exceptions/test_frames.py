"""Frames: whether they belong to the application, their names, and their variables."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from flagengine.transports.exceptions import ExceptionSettings
from flagengine.transports.exceptions.frames import _short_path
from flagengine.transports.exceptions.in_app import OWN_FOLDER, is_in_app

from .raising import frames

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
        ("flagengine.transports.client", OWN_FOLDER + "client/client.py", False),
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
    with pytest.raises(ValueError) as caught:  # noqa: PT011 it has no message
        exec(compile("raise ValueError", "cart.py", "exec"), {})
    assert frames(caught.value)[-1]["abs_path"] == "cart.py"
