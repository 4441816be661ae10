"""The event properties of the Python version and the operating system."""

from __future__ import annotations

import platform
import sys

import pytest

from flagengine.transports import runtime_properties as module
from flagengine.transports.runtime_properties import _system, runtime_properties

pytestmark = pytest.mark.contract("capture")


def test_python_and_system_are_named():
    found = runtime_properties()
    assert found["$python_runtime"] == platform.python_implementation()
    assert found["$python_version"] == platform.python_version().rstrip("+")
    assert found["$os"]
    assert found is runtime_properties()
    with pytest.raises(TypeError):
        found["$os"] = "x"


@pytest.mark.parametrize(
    ("name", "shown"),
    [("darwin", "Mac OS X"), ("win32", "Windows"), ("linux", "Linux"), ("linux2", "Linux")],
)
def test_systems_have_their_usual_names(name, shown):
    assert _system(name)["$os"] == shown


def test_a_system_that_does_not_say_its_release_is_named_alone(monkeypatch):
    def refuse():
        raise OSError

    monkeypatch.setattr(platform, "freedesktop_os_release", refuse)
    monkeypatch.setattr(platform, "mac_ver", lambda: 1 / 0)
    assert _system("linux") == {"$os": "Linux"}
    assert _system("darwin") == {"$os": "darwin"}


def test_a_distribution_is_named_with_its_version(monkeypatch):
    release = {"NAME": "Debian GNU/Linux", "VERSION_ID": "12"}
    monkeypatch.setattr(platform, "freedesktop_os_release", lambda: release)
    assert _system("linux") == {
        "$os": "Linux",
        "$os_version": "12",
        "$os_distro": "Debian GNU/Linux",
    }


def test_nothing_is_looked_up_at_import():
    assert "platform" not in vars(module)
    assert sys.platform
