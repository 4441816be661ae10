"""The instructions of seven calls, counted by callgrind and compared with the committed baseline.

`python -m benchmarks.instructions` exits with 1 if a count is more than 3 % away from the baseline, in
either direction; `--update` writes the baseline; `--only w1,capture` counts a few. A count does not
depend on how busy the machine is, and repeats within 0.5 %.

Each call is counted in a process of its own, which runs it N and then 2 N times and reports the
difference, so that whatever is not the call cancels out. Under valgrind the processor has no SHA
instructions, so the accelerator uses its hash in portable C, which is a large part of the counts of W1
and W3: they say whether the code around the hash grew, not how fast the hash is.

The baseline has an entry for each version of Python, because each executes other instructions for the
same code. Without an entry for the running Python, or without valgrind, the gate says so and passes.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import shutil
import subprocess
import sys
import sysconfig
import tempfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING

from benchmarks.instruction_counts import CASES
from benchmarks.tables import table
from flagengine.native import accelerator

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

__all__ = ["CountError", "UnavailableError", "compare", "count", "environment", "main"]

_ROOT = Path(__file__).parent.parent
_BASELINE = Path(__file__).parent / "instructions.json"
_TOLERATED = 0.03
_COMMAND = (
    *("valgrind", "--quiet", "--tool=callgrind", "--instr-atstart=no"),
    *("--dump-line=no", "--dump-instr=no", "--separate-threads=yes"),
)
_UPDATE = "python -m benchmarks.instructions --update"


class UnavailableError(Exception):
    """What counts instructions is not here; the message says what is missing."""


class CountError(Exception):
    """A call that is counted failed; the message is the reason."""


def environment() -> str:
    """Return what the counts depend on, the key of the baseline."""
    build = "-free-threaded" if sysconfig.get_config_var("Py_GIL_DISABLED") else ""
    version = f"{sys.version_info.major}.{sys.version_info.minor}{build}"
    return f"{sys.implementation.name}-{version}-portable-c-{platform.machine()}"


def main(arguments: Sequence[str] | None = None) -> int:
    """Count, and compare with the baseline or write it; return the exit code."""
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.instructions",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--update", action="store_true", help="write the counts as the baseline")
    parser.add_argument("--only", default=",".join(CASES), help="calls, comma-separated")
    options = parser.parse_args(arguments)
    names = [name for name in options.only.split(",") if name in CASES]
    entries = _entries()
    known = entries.get(environment())
    if accelerator is None:
        print("instructions: skipped, the accelerator is not built")
        return 0
    if known is None and not options.update:
        print(f"instructions: skipped, the baseline has no entry for {environment()}: {_UPDATE}")
        return 0
    try:
        found = count(names)
    except UnavailableError as error:
        print(f"instructions: skipped, {error}")
        return 1 if options.update else 0
    except CountError as error:
        print(f"instructions: failed, {error}")
        return 1
    if options.update:
        _save(entries, found)
        print(f"{_BASELINE.name}: {environment()} is now {found}")
        return 0
    text, beyond = compare(found, known["instructions"])
    print(text)
    if beyond and known["python"] != sys.version:
        print(f"The baseline was counted with another build of Python: {known['python']}")
    return 1 if beyond else 0


def count(names: Iterable[str]) -> dict[str, int]:
    """Return the instructions per call; raise UnavailableError or CountError."""
    names = list(names)
    if shutil.which("valgrind") is None:
        message = "there is no valgrind"
        raise UnavailableError(message)
    with tempfile.TemporaryDirectory() as folder:
        library = _library(Path(folder))
        # Counts do not depend on what else runs, so the processors share the work.
        with ThreadPoolExecutor(os.cpu_count()) as pool:
            counts = pool.map(lambda name: _count(name, library, Path(folder)), names)
            return dict(zip(names, counts, strict=True))


def compare(found: Mapping[str, int], known: Mapping[str, int]) -> tuple[str, bool]:
    """Return the table with what to do, and whether a count is beyond what is tolerated."""
    rows, beyond = [], False
    for name, instructions in found.items():
        if (before := known.get(name)) is None:
            change, verdict = "", f"new: {_UPDATE}"
        else:
            change = f"{instructions / before - 1:+.1%}"
            verdict = _verdict(instructions, before)
        beyond |= verdict != "within"
        rows.append([CASES[name].title, f"{before or 0:,}", f"{instructions:,}", change, verdict])
    head = ["instructions per call", "baseline", "found", "change", "what to do"]
    inside = sum(row[-1] == "within" for row in rows)
    closing = f"{inside} of {len(rows)} calls within {_TOLERATED:.0%} of the baseline"
    return table(head, rows) + "\n" + closing, beyond


def _verdict(instructions: int, before: int) -> str:
    if instructions > before * (1 + _TOLERATED):
        return f"slower: find out why, or accept it: {_UPDATE}"
    if instructions < before * (1 - _TOLERATED):
        return f"faster: keep it, so that nobody loses it: {_UPDATE}"
    return "within"


def _entries() -> dict[str, dict[str, object]]:
    if not _BASELINE.exists():
        return {}
    entries: dict[str, dict[str, object]] = json.loads(_BASELINE.read_text(encoding="utf-8"))
    return entries


def _save(entries: dict[str, dict[str, object]], found: dict[str, int]) -> None:
    earlier = entries.get(environment(), {}).get("instructions")
    counts = {**(earlier if isinstance(earlier, dict) else {}), **found}
    entries[environment()] = {"python": sys.version, "instructions": counts}
    text = json.dumps(dict(sorted(entries.items())), indent=2)
    _BASELINE.write_text(text + "\n", encoding="utf-8")


def _library(folder: Path) -> Path:
    """Compile the functions that switch counting on and off."""
    target = folder / "counting.so"
    compiler = (sysconfig.get_config_var("CC") or "cc").split()
    source = Path(__file__).with_name("counting.c")
    command = [*compiler, "-O1", "-fPIC", "-shared", str(source), "-o", str(target)]
    try:
        done = subprocess.run(command, capture_output=True, text=True, check=False)
    except OSError as error:
        message = f"there is no C compiler: {error}"
        raise UnavailableError(message) from error
    if done.returncode:
        message = f"{source.name} does not compile: {(done.stderr.splitlines() or ['?'])[0]}"
        raise UnavailableError(message)
    return target


def _count(name: str, library: Path, folder: Path) -> int:
    """Return the instructions of one call, counted in a process of its own."""
    prefix = folder / f"{name}.out"
    counting = [sys.executable, "-m", "benchmarks.instruction_counts", name, str(library)]
    done = subprocess.run(
        [*_COMMAND, f"--callgrind-out-file={prefix}", *counting],
        cwd=_ROOT,
        env={**os.environ, "PYTHONHASHSEED": "0", "PYTHONMALLOC": "pymalloc"},
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        last = (done.stderr.strip().splitlines() or ["no message"])[-1]
        message = f"{name} ended with {done.returncode}: {last}"
        raise CountError(message)
    # A dump of the first thread per loop: .1-01 after N calls, .2-01 after 2 N more.
    once, twice = (_total(Path(f"{prefix}.{dump}-01")) for dump in (1, 2))
    return round((twice - once) / int(done.stdout.split()[-1]))


def _total(path: Path) -> int:
    for line in path.read_text(encoding="utf-8").splitlines():
        if line.startswith(("totals:", "summary:")):
            return int(line.split()[1])
    message = f"{path.name} has no total"
    raise CountError(message)


if __name__ == "__main__":
    sys.exit(main())
