"""Every block of README.md is correct, and every block of Python in some pages of docs/.

A block of Python is followed by its output; the blocks share a namespace. A block that is marked
``python needs-celery`` is left out where there is no Celery. A block that is marked ``python no-run``
needs a server, so only its calls are checked. A console block has a command and its output. The targets
of links exist.
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
BLOCK = re.compile(r"^```(\w+(?: needs-\w+)?)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
BLOCKS = BLOCK.findall(README)
NOT_RUN = re.findall(r"^```python no-run\n(.*?)^```$", README, re.MULTILINE | re.DOTALL)
CONSOLE = [text for kind, text in BLOCKS if kind == "console"]
LINK = re.compile(r"\]\((?!https?:)([^)#]*)(#[^)]*)?\)")


PAGES = ["README.md", "docs/frameworks.md", "docs/network.md", "docs/posthog-names.md"]
PAGES += ["docs/typed-flags.md"]


@pytest.mark.parametrize("page", PAGES)
def test_every_block_of_python_prints_what_follows_it(monkeypatch, tmp_path, page):
    # Blocks may write files, and they read the fixtures.
    (tmp_path / "fixtures").symlink_to(ROOT / "fixtures")
    monkeypatch.chdir(tmp_path)
    namespace = {}
    blocks = BLOCK.findall((ROOT / page).read_text(encoding="utf-8"))
    for (kind, source), (following, expected) in pairwise(blocks):
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


@pytest.mark.parametrize("block", CONSOLE)
def test_every_command_prints_what_follows_it(block):
    command, expected = block.removeprefix("$ flagengine ").split("\n", 1)
    result = subprocess.run(
        [sys.executable, "-m", "flagengine", *shlex.split(command)],
        cwd=ROOT,
        env=os.environ | {"PYTHONIOENCODING": "utf-8"},
        capture_output=True,
        encoding="utf-8",
        check=True,
    )
    assert result.stdout == expected


@pytest.mark.parametrize("name", ["README.md", "CONTRIBUTING.md", "CHANGELOG.md"])
def test_links_lead_to_files_and_headings_that_are_there(name):
    text = (ROOT / name).read_text(encoding="utf-8")
    for path, anchor in LINK.findall(text):
        assert (ROOT / path).exists(), path
        if anchor:
            assert anchor in _anchors(ROOT / (path or name)), anchor


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
