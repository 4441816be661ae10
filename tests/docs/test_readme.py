"""Every block of README.md and of some pages of docs/ is correct.

A block of Python is followed by its output; the blocks share a namespace. A block that is marked
``python needs-celery`` is left out where there is no Celery. A block that is marked ``python no-run``
needs a server, so only its calls are checked. A console block has commands, each with what it prints, and
the blocks of a page share a folder; in one that is marked ``console fails`` the last command exits with 1.
The targets of links exist.
"""

import ast
import inspect
import json
import os
import re
import shlex
import subprocess
import sys
from contextlib import redirect_stdout
from dataclasses import fields
from importlib.util import find_spec
from io import StringIO
from itertools import pairwise
from pathlib import Path

import pytest

from flagengine.transports.client.client import Client
from flagengine.transports.client.options import Options

ROOT = Path(__file__).parents[2]
README = (ROOT / "README.md").read_text(encoding="utf-8")
BLOCK = re.compile(r"^```(\w+(?: needs-\w+| fails)?)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
BLOCKS = BLOCK.findall(README)
NOT_RUN = re.findall(r"^```python no-run\n(.*?)^```$", README, re.MULTILINE | re.DOTALL)
LINK = re.compile(r"\]\((?!https?:)([^)#]*)(#[^)]*)?\)")


PAGES = ["README.md", "docs/frameworks.md", "docs/network.md", "docs/typed-flags.md"]
PAGES += ["docs/command-line.md"]


@pytest.mark.parametrize("page", PAGES)
def test_every_block_of_python_prints_what_follows_it(monkeypatch, tmp_path, page):
    # Blocks may write files, and they read the fixtures.
    (tmp_path / "fixtures").symlink_to(ROOT / "fixtures")
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(tmp_path)
    namespace = {}
    blocks = BLOCK.findall((ROOT / page).read_text(encoding="utf-8"))
    for (kind, source), (following, expected) in pairwise([*blocks, ("text", "")]):
        if kind.startswith("console"):
            _run_console(source, tmp_path, exits=1 if kind.endswith(" fails") else 0)
        language, _, needed = kind.partition(" needs-")
        if language == "python" and (not needed or find_spec(needed)):
            assert following == "text", source
            printed = StringIO()
            with redirect_stdout(printed):
                exec(source, namespace)
            assert printed.getvalue() == expected
    assert namespace


def test_blocks_that_are_not_run_call_what_is_there():
    assert NOT_RUN
    for source in NOT_RUN:
        for call in ast.walk(ast.parse(source)):
            if isinstance(call, ast.Call) and isinstance(call.func, ast.Name | ast.Attribute):
                _assert_that_it_fits(call)


def _assert_that_it_fits(call):
    keywords = {keyword.arg: None for keyword in call.keywords}
    if isinstance(call.func, ast.Attribute):
        signature = inspect.signature(getattr(Client, call.func.attr))
        signature.bind("client", *call.args, **keywords)
    elif call.func.id == "Client":
        assert keywords.keys() <= {each.name for each in fields(Options)}


def _run_console(block, folder, *, exits):
    """Run the commands of a block, each of which must print what follows it."""
    first, *commands = re.split(r"^\$ flagengine ", block, flags=re.MULTILINE)
    assert (first, bool(commands)) == ("", True), block
    for number, text in enumerate(commands, 1):
        command, _, expected = text.partition("\n")
        result = subprocess.run(
            [sys.executable, "-m", "flagengine", *shlex.split(command)],
            cwd=folder,
            env=os.environ | {"PYTHONIOENCODING": "utf-8", "PYTHONPATH": str(ROOT)},
            capture_output=True,
            encoding="utf-8",
            check=False,
        )
        assert result.returncode == (exits if number == len(commands) else 0), result.stderr
        assert result.stdout == expected


@pytest.mark.parametrize(
    "name", ["README.md", "CONTRIBUTING.md", "CHANGELOG.md", "docs/command-line.md"]
)
def test_links_lead_to_files_and_headings_that_are_there(name):
    text = (ROOT / name).read_text(encoding="utf-8")
    folder = (ROOT / name).parent
    for path, anchor in LINK.findall(text):
        assert (folder / path).exists(), path
        if anchor:
            assert anchor in _anchors(folder / path if path else ROOT / name), anchor


def _anchors(page):
    headings = re.findall(r"^#+ (.*)$", page.read_text(encoding="utf-8"), re.MULTILINE)
    slugs = (re.sub(r"[^\w\- ]", "", text.lower()).replace(" ", "-") for text in headings)
    return {f"#{slug}" for slug in slugs}


def test_the_example_stands_in_the_first_screen():
    lines = README.splitlines()
    assert lines.index("```text") < 26


def test_the_number_of_cases_is_true():
    claimed = re.search(r"of over ([\d,]+)", README).group(1)
    files = (ROOT / "fixtures" / "cases").glob("*.json")
    cases = sum(len(json.loads(path.read_text(encoding="utf-8"))["cases"]) for path in files)
    assert cases > int(claimed.replace(",", ""))
