"""Every page of the documentation is correct: its code, its commands and its links."""

import ast
import inspect
import re
from dataclasses import fields
from pathlib import Path

import pytest

from flagengine.transports.client.client import Client
from flagengine.transports.client.options import Options
from tests.docs.blocks import ROOT, blocks_of, run_page

PAGES = ["README.md", *sorted(f"docs/{path.name}" for path in (ROOT / "docs").glob("*.md"))]
RUN = [page for page in PAGES if blocks_of(ROOT / page)]

LINKED = [
    *PAGES,
    "CONTRIBUTING.md",
    "CHANGELOG.md",
    *sorted(f"docs/decisions/{path.name}" for path in (ROOT / "docs/decisions").glob("*.md")),
]
LINK = re.compile(r"\]\((?!https?:)([^)#\s]*)(#[^)\s]*)?\)")
# README.md is shown in other places, too, so its links are absolute.
ABSOLUTE = re.compile(r"https://github\.com/flagengine/flagengine/(?:blob|tree)/main/([^)#\s]*)")
CODE = re.compile(r"^```.*?^```$|`[^`\n]+`", re.MULTILINE | re.DOTALL)


@pytest.mark.parametrize("page", RUN)
def test_the_code_of_a_page_does_what_the_page_says(monkeypatch, tmp_path, page):
    (tmp_path / "fixtures").symlink_to(ROOT / "fixtures")
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(tmp_path)
    run_page(ROOT / page, tmp_path)


@pytest.mark.parametrize("page", PAGES)
def test_blocks_that_are_not_run_call_what_is_there(page):
    for block in blocks_of(ROOT / page):
        if "no-run" in block.words and block.language == "python":
            for call in ast.walk(ast.parse(block.text)):
                if isinstance(call, ast.Call) and isinstance(call.func, ast.Name | ast.Attribute):
                    _assert_that_it_fits(call)


def _assert_that_it_fits(call):
    keywords = {keyword.arg: None for keyword in call.keywords}
    if isinstance(call.func, ast.Attribute):
        if getattr(call.func.value, "id", None) == "client":
            signature = inspect.signature(getattr(Client, call.func.attr))
            signature.bind("client", *call.args, **keywords)
    elif call.func.id == "Client":
        assert keywords.keys() <= {each.name for each in fields(Options)}


@pytest.mark.parametrize("name", LINKED)
def test_links_lead_to_files_and_headings_that_are_there(name):
    page = ROOT / name
    text = ABSOLUTE.sub(lambda link: f"/{link[1]}", CODE.sub("", page.read_text(encoding="utf-8")))
    for path, anchor in LINK.findall(text):
        parent = ROOT if path.startswith("/") else page.parent
        target = parent / path.lstrip("/") if path else page
        assert target.exists(), path
        if anchor:
            assert anchor in _anchors(target), anchor


def _anchors(page: Path):
    text = re.sub(
        r"^```.*?^```$", "", page.read_text(encoding="utf-8"), flags=re.MULTILINE | re.DOTALL
    )
    slugs = (
        re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-")
        for heading in re.findall(r"^#+ (.*)$", text, re.MULTILINE)
    )
    return {f"#{slug}" for slug in slugs}
