"""Forced values: by the control API and by a file that is read again."""

from __future__ import annotations

import json
import logging
from pathlib import Path
from typing import Any

import pytest

from flagengine.transports.server import ProjectSettings
from tests.transports.server.support import Bench

CONTROL = "a-control-key-of-some-length"
AUTH = {"authorization": f"Bearer {CONTROL}"}
PATH = "/_control/overrides"


@pytest.fixture
def bench() -> Bench:
    return Bench(control_key=CONTROL)


def test_values_are_forced_for_everybody_until_they_are_deleted(bench: Bench):
    found = bench("PUT", PATH, {"beta": "x", "new": True}, AUTH)
    assert found.json["in_force"]["flags"] == {"beta": "x", "new": True}
    flags = bench.flags()["flags"]
    assert (flags["beta"]["variant"], flags["new"]["enabled"]) == ("x", True)
    bench("PUT", PATH, {"flags": {"beta": False}, "payloads": {"beta": {"a": 1}}}, AUTH)
    assert list(bench.flags()["flags"]) == ["beta"]
    assert bench("GET", PATH, headers=AUTH).json["controlled"]["flags"] == {"beta": False}
    assert bench("DELETE", PATH, headers=AUTH).json["in_force"] == {"flags": {}, "payloads": {}}
    assert bench.flags()["flags"]["beta"]["enabled"] is True


@pytest.mark.parametrize("headers", [{}, {"authorization": "Bearer wrong"}])
def test_nobody_else_may_force_values(bench: Bench, headers: dict[str, str]):
    for method in ("GET", "PUT", "DELETE"):
        found = bench(method, PATH, {"beta": False}, headers)
        assert (found.status, CONTROL in found.text) == (401, False)
    assert bench.flags()["flags"]["beta"]["enabled"] is True


def test_a_key_that_is_not_ascii_opens_by_its_bytes():
    key = "schlüssel-für-die-flaggen"
    bench = Bench(control_key=key)
    sent = key.encode().decode("latin-1")  # as headers are written
    assert bench("GET", PATH, headers={"authorization": f"Bearer {sent}"}).status == 200
    assert bench("GET", PATH, headers={"authorization": f"Bearer {key}"}).status == 401


def test_without_a_control_key_there_is_no_control():
    assert Bench(is_development=True)("GET", PATH, headers=AUTH).status == 404


@pytest.mark.parametrize("body", [b"{", b"5", b'{"beta": [1]}', b'{"flags": {"beta": [1]}}'])
def test_what_forces_nothing_is_refused_with_the_reason(bench: Bench, body: bytes):
    found = bench("PUT", PATH, body, AUTH)
    assert found.status == 400
    assert "the body must be forced values such as" in found.text


def test_each_of_several_projects_has_values_of_its_own():
    source = Bench().source
    projects = [
        ProjectSettings(name=name, project_key=f"phc_{name}", source=source) for name in "ab"
    ]
    bench = Bench(*projects, control_key=CONTROL)
    assert bench("PUT", f"{PATH}/a", {"new": True}, AUTH).status == 200
    assert bench("GET", f"{PATH}/b", headers=AUTH).json["in_force"]["flags"] == {}
    assert bench("GET", PATH, headers=AUTH).text.endswith("a, b")
    assert bench("GET", f"{PATH}/c", headers=AUTH).status == 404


def _written(file: Path, values: Any) -> None:
    text = values if isinstance(values, str) else json.dumps(values)
    # Another inode each time, as editors and ConfigMaps make, so that no clock matters.
    new = file.with_suffix(".new")
    new.write_text(text)
    new.replace(file)


def test_a_file_is_read_again_and_the_control_api_wins(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
):
    file = tmp_path / "forced.json"
    _written(file, {"beta": "from file", "new": "from file"})
    with caplog.at_level(logging.WARNING):
        bench = Bench(project={"overrides": file}, control_key=CONTROL)
    assert "FLAGS ARE FORCED" in caplog.text
    forced = bench.projects[0].forced
    assert bench.flags()["flags"]["new"]["variant"] == "from file"
    bench("PUT", PATH, {"beta": "from control"}, AUTH)
    _written(file, {"beta": "later"})
    assert bench.flags()["flags"]["new"]["variant"] == "from file"
    assert forced.refresh() is True
    assert [*bench.flags()["flags"]] == ["beta"]
    assert bench.flags()["flags"]["beta"]["variant"] == "from control"
    assert forced.refresh() is False


def test_a_broken_file_leaves_the_values_as_they_are(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
):
    file = tmp_path / "forced.json"
    _written(file, {"beta": "x"})
    bench = Bench(project={"overrides": file})
    forced = bench.projects[0].forced
    with caplog.at_level(logging.WARNING):
        for text in ("{", None):
            if text is None:
                file.unlink()
            else:
                _written(file, text)
            caplog.clear()
            assert forced.refresh() is False
            assert "the forced values stay as they are" in caplog.text
            caplog.clear()
            assert forced.refresh() is False
            assert caplog.text == ""
    assert bench.flags()["flags"]["beta"]["variant"] == "x"


def test_a_file_that_is_broken_from_the_beginning_is_an_error(tmp_path: Path):
    with pytest.raises(ValueError, match=r"nope\.json must be a file that can be read"):
        Bench(project={"overrides": tmp_path / "nope.json"})
