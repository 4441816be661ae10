"""The floor: W1, and hashing a column, in C, compiled when the benchmarks run. No engine."""

from __future__ import annotations

import importlib.util
import platform
import shlex
import shutil
import subprocess
import sysconfig
import tempfile
from array import array
from importlib.machinery import ExtensionFileLoader
from pathlib import Path
from typing import TYPE_CHECKING, Any

from benchmarks.rivals.base import Bucketing, Question, UnsupportedError, only_one, plain_context

if TYPE_CHECKING:
    from collections.abc import Callable

    from benchmarks.specs import Person
    from benchmarks.workload import Workload

__all__ = ["Floor"]

_SOURCE = Path(__file__).parent.parent / "floor.c"
_SCALE = 0xFFFFFFFFFFFFFFF


class Floor:
    """The C function, called from Python with an id and a dict."""

    bucketing: Bucketing = "posthog"

    def __init__(self) -> None:
        self._module: Any = _built()

    def document(self, workload: Workload) -> str:
        """Return an empty document: `question` takes the flag."""
        if workload.name != "w1":
            message = "hard-wired to W1"
            raise UnsupportedError(message)
        return ""

    def load(self, document: str) -> Floor:
        """Load nothing."""
        del document
        return self

    def subject(self, person: Person) -> object:
        """Return the caller's dict."""
        return person.properties

    def question(self, workload: Workload) -> Question:
        """Return the call, with the flag's operands bound before the loop."""
        plain_context(workload)
        (condition,) = workload.flags[0].conditions
        country, email = condition.filters
        bound = int(condition.rollout / 100 * _SCALE)
        self._module.configure(
            only_one(workload),
            country.property,
            country.operand,
            email.property,
            email.operand,
            bound,
        )
        return Question("evaluate(person_id, subject)", {"evaluate": self._module.evaluate})

    def column(self, prefix: str, offsets: array[int], data: bytes) -> Callable[[], array[int]]:
        """Return the hashing of a column of texts in a single stream."""
        numbers = array("Q", bytes(8 * (len(offsets) - 1)))
        start = prefix.encode()

        def run() -> array[int]:
            self._module.hash_column(start, offsets, data, numbers)
            return numbers

        return run


def _built() -> Any:
    """Compile and load the function in a temporary folder; raise ImportError if that fails."""
    if platform.machine() not in {"x86_64", "AMD64"}:
        message = f"SHA-NI is x86-64 only, this is {platform.machine()}"
        raise ImportError(message)
    compiler = shlex.split(sysconfig.get_config_var("CC") or "cc")
    if shutil.which(compiler[0]) is None:
        message = f"no C compiler: {compiler[0]} not found"
        raise ImportError(message)
    with tempfile.TemporaryDirectory() as folder:
        target = Path(folder, "_floor.so")
        _compile(compiler, target)
        loader = ExtensionFileLoader("_floor", str(target))
        spec = importlib.util.spec_from_loader("_floor", loader)
        if spec is None:
            message = "the compiled floor cannot be loaded"
            raise ImportError(message)
        module = importlib.util.module_from_spec(spec)
        loader.exec_module(module)
        return module


def _compile(compiler: list[str], target: Path) -> None:
    include = sysconfig.get_path("include")
    flags = ["-O2", "-fPIC", "-shared", "-msha", "-msse4.1", "-mssse3", f"-I{include}"]
    command = [*compiler, *flags, str(_SOURCE), "-o", str(target)]
    # The compiler of the interpreter, with a file of this repository.
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        message = f"the floor does not compile: {done.stderr.strip().splitlines()[-1:]}"
        raise ImportError(message)
