"""A program that uses the names of posthog-python, under mypy and pyright in their strict modes."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Final

import pytest

pytestmark = [pytest.mark.contract("setup"), pytest.mark.slow]

ROOT: Final = Path(__file__).parents[3]
USE: Final = """\
from typing import Any

import flagengine.transports.posthog as posthog
from flagengine.transports.posthog import AsyncPosthog, FeatureFlagResult, Posthog, capture

posthog.api_key = "phc_x"
posthog.disabled = True
posthog.debug = False


def before_send(event: dict[str, Any]) -> dict[str, Any] | None:
    return event


def lost(error: Exception, batch: list[dict[str, Any]]) -> None:
    print(error, batch[0]["event"])


client = Posthog("phc_x", "https://eu.i.posthog.com", False, 500, timeout=3, before_send=before_send)
client.disabled, client.debug = True, True
client.feature_flags = []
named = Posthog(project_api_key="phc_x", host="localhost", personal_api_key="phx_x", send=False)
result: FeatureFlagResult | None = client.get_feature_flag_result("beta", "user-1")
enabled: bool | None = posthog.feature_enabled("beta", "user-1", {"company": "acme"})
uuid: str | None = capture("seen", distinct_id="user-1", properties={"a": 1})
both: dict[str, str] = client.get_all_flags_and_payloads("user-1")["featureFlagPayloads"]


@posthog.scoped()
def work(number: int) -> str:
    with client.new_context(fresh=True):
        return str(number)


async def main() -> None:
    other = AsyncPosthog("phc_x")
    flags = await other.evaluate_flags("user-1")
    other.capture("seen", flags=flags)
    await other.flush(timeout_seconds=1)


shown: str = work(3)
posthog.dissabled = True
Posthog("phc_x", flush_att=1)
client.dissabled = True
client.metrics
posthog.capture(distinct_id="user-1")
"""
WRONG: Final = [43, 44, 45, 46, 47]


def _lines(output: str) -> list[int]:
    found = [line for line in output.splitlines() if "error" in line and "app.py:" in line]
    return sorted({int(line.split("app.py:")[1].split(":")[0]) for line in found})


def test_mypy_finds_the_mistakes_and_nothing_else(tmp_path: Path) -> None:
    pytest.importorskip("mypy")
    (tmp_path / "app.py").write_text(USE)
    options = ["--strict", "--no-error-summary", "--cache-dir", str(tmp_path / "cache")]
    done = subprocess.run(
        [sys.executable, "-m", "mypy", *options, "app.py"],
        cwd=tmp_path,
        env={**os.environ, "MYPYPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert _lines(done.stdout) == WRONG, done.stdout + done.stderr


def test_pyright_finds_the_same_mistakes(tmp_path: Path) -> None:
    pytest.importorskip("pyright")
    (tmp_path / "app.py").write_text(USE)
    settings = {"extraPaths": [str(ROOT)], "strict": ["."]}
    (tmp_path / "pyrightconfig.json").write_text(json.dumps(settings))
    done = subprocess.run(
        [sys.executable, "-m", "pyright", "--project", str(tmp_path)],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )
    assert _lines(done.stdout) == WRONG, done.stdout + done.stderr
