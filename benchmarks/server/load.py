"""Load from the second core: wrk, with requests in turn from a Lua script that is written here."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from benchmarks.server.contender import Asked

__all__ = ["Load", "NoGeneratorError", "loaded"]

_CONNECTIONS = 32
_UNITS = {"us": 0.001, "ms": 1.0, "s": 1_000.0, "m": 60_000.0}
_SCRIPT = """\
local requests, place = {}, 0
function init()
  for _, each in ipairs({%(requests)s}) do
    requests[#requests + 1] = wrk.format(each[1], each[2], %(headers)s, each[3])
  end
end
function request()
  place = place %% #requests + 1
  return requests[place]
end
%(delay)s
"""


class NoGeneratorError(Exception):
    """What makes the load is not installed; the message says what to install."""


@dataclass(frozen=True, slots=True)
class Load:
    """What a server did: requests, of which some failed, and how long they took in milliseconds."""

    requests: int
    failed: int
    per_second: float
    p50: float
    p99: float


def loaded(
    port: int, asked: Sequence[Asked], *, seconds: float, folder: Path, rate: float | None = None
) -> Load:
    """Return what the server does under requests in turn; ``rate`` is a limit per second.

    Raises:
        NoGeneratorError: there is no wrk.
    """
    if shutil.which("wrk") is None:
        message = "there is no wrk: apt install wrk, or build it from github.com/wg/wrk"
        raise NoGeneratorError(message)
    script = folder / "requests.lua"
    script.write_text(_script(asked, rate), encoding="utf-8")
    command = [
        "taskset",
        "-c",
        "1",
        "wrk",
        "-t1",
        f"-c{_CONNECTIONS}",
        f"-d{max(1, round(seconds))}s",
    ]
    # wrk waits two seconds by default, which is too little for the slowest server under 32 connections.
    command += ["--timeout", "10s"]
    command += ["--latency", "-s", str(script), f"http://127.0.0.1:{port}/"]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    return _read(done.stdout)


def _script(asked: Sequence[Asked], rate: float | None) -> str:
    def lua(text: str) -> str:
        return json.dumps(text)  # of ASCII, whose escapes are the same in Lua

    rows = [f"{{{lua(a.method)},{lua(a.path)},{lua(a.body) if a.body else 'nil'}}}" for a in asked]
    headers = ",".join(f"[{lua(name)}]={lua(value)}" for name, value in asked[0].headers.items())
    # Each connection waits so long after an answer.
    pause = 0 if rate is None else 1_000 * _CONNECTIONS / rate
    delay = f"function delay() return {pause:.0f} end" if pause else ""
    parts = {"requests": ",\n".join(rows), "headers": f"{{{headers}}}", "delay": delay}
    return _SCRIPT % parts


def _read(text: str) -> Load:
    failed = re.search(r"Non-2xx or 3xx responses: (\d+)", text)
    errors = re.search(
        r"Socket errors: connect (\d+), read (\d+), write (\d+), timeout (\d+)", text
    )
    return Load(
        requests=int(_group(r"(\d+) requests in", text)),
        failed=(int(failed[1]) if failed else 0)
        + (sum(map(int, errors.groups())) if errors else 0),
        per_second=float(_group(r"Requests/sec:\s+([\d.]+)", text)),
        p50=_milliseconds(_group(r"\s50%\s+(\S+)", text)),
        p99=_milliseconds(_group(r"\s99%\s+(\S+)", text)),
    )


def _group(pattern: str, text: str) -> str:
    found = re.search(pattern, text)
    if found is None:
        message = f"wrk printed no {pattern}: {text[-300:]}"
        raise ValueError(message)
    return found[1]


def _milliseconds(text: str) -> float:
    number, unit = re.fullmatch(r"([\d.]+)(\D+)", text).groups()  # type: ignore[union-attr]
    return float(number) * _UNITS[unit]
