"""An installed uvicorn or httptools that lacks something is named when the server is started, in one sentence."""

from __future__ import annotations

import socket
import sys
import tomllib
from pathlib import Path
from typing import Any

import httptools
import pytest
import uvicorn
from click.testing import CliRunner
from uvicorn.protocols.http import flow_control, httptools_impl

from flagengine.transports.cli.serve import command
from flagengine.transports.server.connections.installed import LEAST, check_installed

ROOT = Path(__file__).parents[3]
SMALL = str(ROOT / "fixtures/snapshots/small.json")
RUN = "flagengine.transports.server.run"


def test_what_is_installed_here_will_do():
    check_installed()


def test_the_oldest_releases_are_those_of_the_package():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    needs = [each.split(";")[0] for each in project["optional-dependencies"]["server"]]
    for name, numbers in LEAST.items():
        assert f"{name}>={'.'.join(map(str, numbers))}" in needs


@pytest.mark.parametrize(
    ("package", "version", "least"),
    [
        (uvicorn, "0.45.0", "0.46"),
        (uvicorn, "0.30", "0.46"),
        (uvicorn, "0.46.dev1", None),
        (uvicorn, "0.46.0", None),
        (uvicorn, "1.0.0", None),
        (httptools, "0.6.2", "0.6.3"),
        (httptools, "0.6", "0.6.3"),
        (httptools, "0.6.3", None),
        (httptools, "0.10.0", None),
    ],
)
def test_a_release_that_is_too_old_is_named_with_what_to_do(
    monkeypatch: pytest.MonkeyPatch, package: Any, version: str, least: str | None
):
    monkeypatch.setattr(package, "__version__", version)
    if least is None:
        check_installed()
        return
    name = package.__name__
    with pytest.raises(ImportError) as raised:
        check_installed()
    assert str(raised.value) == (
        f"flagengine serve needs {name} {least} or newer, got {version}: "
        "pip install --upgrade 'flagengine[server]'"
    )


def _without(attribute: str) -> type:
    """Return the class of connections with an attribute of its instances missing."""

    class Other(httptools_impl.HttpToolsProtocol):
        def __init__(self, *arguments: Any, **named: Any) -> None:
            super().__init__(*arguments, **named)
            delattr(self, attribute)

    return Other


class _Requests(httptools_impl.RequestResponseCycle):
    """As before 0.46."""

    body = property(lambda _self: b"", lambda _self, _value: None)  # type: ignore[assignment]


class _Strict(httptools_impl.HttpToolsProtocol):
    def __init__(self, *, config: Any) -> None:
        """Be made in another way."""


@pytest.mark.parametrize(
    ("where", "name", "other", "words"),
    [
        (httptools_impl, "HttpToolsProtocol", _without("pipeline"), "HttpToolsProtocol.pipeline"),
        (httptools_impl, "HttpToolsProtocol", None, "has no attribute 'HttpToolsProtocol'"),
        (httptools_impl, "HttpToolsProtocol", _Strict, "HttpToolsProtocol as it was ("),
        (httptools_impl, "RequestResponseCycle", _Requests, "body as a bytearray"),
        (httptools_impl, "RequestResponseCycle", object, "RequestResponseCycle.body"),
        (flow_control, "HIGH_WATER_LIMIT", None, "flow_control.HIGH_WATER_LIMIT"),
        (flow_control, "FlowControl", object, "FlowControl.pause_reading"),
        (uvicorn, "Server", object, "Server.capture_signals"),
        (httptools, "HttpRequestParser", object, "HttpRequestParser.feed_data"),
        (httptools, "HttpParserUpgrade", None, "httptools.HttpParserUpgrade"),
    ],
)
def test_a_release_that_lacks_something_is_named_with_it(
    monkeypatch: pytest.MonkeyPatch, where: Any, name: str, other: Any, words: str
):
    if other is None:
        monkeypatch.delattr(where, name)
    else:
        monkeypatch.setattr(where, name, other)
    package = "httptools" if where is httptools else "uvicorn"
    with pytest.raises(ImportError) as raised:
        check_installed()
    said = str(raised.value)
    assert words in said
    assert f"install a newer flagengine, or an older {package}" in said
    assert "\n" not in said


def test_the_command_says_it_in_one_line(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(uvicorn, "__version__", "0.30.0")
    monkeypatch.delitem(sys.modules, RUN, raising=False)
    with socket.create_server(("127.0.0.1", 0)) as taken:  # so that it ends even if it does start
        port = str(taken.getsockname()[1])
        found = CliRunner().invoke(command, [SMALL, "--port", port])
    assert found.exit_code == 2
    assert found.output == (
        "Error: flagengine serve needs uvicorn 0.46 or newer, got 0.30.0: "
        "pip install --upgrade 'flagengine[server]'\n"
    )
