"""The code blocks of a page, and running them in their order, as a reader would.

What stands behind the language of a block says what becomes of it:

- ``python``: run, in the namespace of the page; the next block, ``text``, is what it prints.
- ``python quiet``: run, and prints nothing.
- ``python no-run``: needs a server, so only its calls are checked (``test_pages.py``).
- ``python title="shop/flags.py"``: a file, also in other languages. It is written to the page's folder.
  With ``append`` it is put behind the file that is there.
- ``console``: commands of Python, pytest or flagengine after ``$``, each with its output, in which
  ``...`` stands for anything. They run in the page's folder and exit with 0; in a block ``console fails``
  the last one exits with 1.
- ``needs-celery`` besides: left out where there is no Celery.

All other blocks are only shown.
"""

import doctest
import os
import re
import shlex
import subprocess
import sys
from contextlib import redirect_stdout
from dataclasses import dataclass
from importlib.util import find_spec
from io import StringIO
from itertools import zip_longest
from pathlib import Path
from typing import Any

from click.testing import CliRunner

from flagengine.cli.app import cli

__all__ = ["ROOT", "Block", "blocks_of", "run_page"]

ROOT = Path(__file__).parents[2]
FENCED = re.compile(r"^```(\w+)([^\n`]*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
COMMAND = re.compile(r"^\$ ([^\n]*)\n((?:(?!\$ )[^\n]*\n)*)", re.MULTILINE)
PROGRAMS = {"python": [], "pytest": ["-m", "pytest", "-p", "no:cacheprovider"]}


@dataclass(frozen=True)
class Block:
    """A code block: its language, the words behind the language, and the text."""

    language: str
    words: tuple[str, ...]
    text: str

    @property
    def title(self) -> str | None:
        """The file that the block is."""
        titles = (word.removeprefix("title=") for word in self.words if word.startswith("title="))
        return next(titles, None)

    @property
    def can_run(self) -> bool:
        """Whether it is to be run, and all that it needs is installed."""
        needed = [word.removeprefix("needs-") for word in self.words if word.startswith("needs-")]
        return "no-run" not in self.words and all(map(find_spec, needed))


def blocks_of(page: Path) -> list[Block]:
    """Return the blocks of a page."""
    found = FENCED.findall(page.read_text(encoding="utf-8"))
    return [Block(language, tuple(shlex.split(words)), text) for language, words, text in found]


def run_page(page: Path, folder: Path) -> None:
    """Run the blocks of a page in ``folder``, the working directory; see the module's docstring."""
    namespace: dict[str, Any] = {}
    blocks = blocks_of(page)
    for block, following in zip_longest(blocks, blocks[1:]):
        if block.title is not None:
            _write(block, folder)
        elif not block.can_run:
            continue
        elif block.language == "console":
            _run_commands(block, folder)
        elif block.language == "python":
            printed = _printed(block, namespace)
            if "quiet" in block.words:
                assert printed == "", block.text
            else:
                assert following is not None, block.text
                assert following.language == "text", block.text
                assert printed == following.text, block.text


def _write(block: Block, folder: Path) -> None:
    path = folder / str(block.title)
    assert path.resolve().is_relative_to(folder), block.title
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("a" if "append" in block.words else "w", encoding="utf-8") as file:
        file.write(block.text)


def _printed(block: Block, namespace: dict[str, Any]) -> str:
    printed = StringIO()
    with redirect_stdout(printed):
        exec(compile(block.text, "<block>", "exec"), namespace)
    return printed.getvalue()


def _run_commands(block: Block, folder: Path) -> None:
    commands = COMMAND.findall(block.text)
    assert "".join(f"$ {line}\n{printed}" for line, printed in commands) == block.text
    for number, (line, expected) in enumerate(commands, 1):
        code, printed = _run_command(shlex.split(line), folder)
        fails = "fails" in block.words and number == len(commands)
        assert code == int(fails), f"$ {line}\n{printed}"
        is_as_shown = doctest.OutputChecker().check_output(expected, printed, doctest.ELLIPSIS)
        assert is_as_shown, f"$ {line}\n{printed}"


def _run_command(command: list[str], folder: Path) -> tuple[int, str]:
    """Run a command; return its exit code and what it prints."""
    program, *arguments = command
    if program == "flagengine":  # here, because a process takes a second
        done = CliRunner().invoke(cli, arguments, prog_name="flagengine")
        return done.exit_code, done.output
    process = subprocess.run(
        [sys.executable, *PROGRAMS[program], *arguments],
        cwd=folder,
        env=os.environ | {"PYTHONIOENCODING": "utf-8", "PYTHONPATH": str(ROOT)},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        encoding="utf-8",
        check=False,
    )
    return process.returncode, process.stdout
