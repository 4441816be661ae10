"""The site's builder: links work on the site as in the repository, and the check finds those that don't."""

import importlib.util
import logging
from types import SimpleNamespace

import pytest

from tests.docs.blocks import ROOT


def loaded(name):
    spec = importlib.util.spec_from_file_location(f"site_{name}", ROOT / f"docs/site/{name}.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


check = loaded("check")


@pytest.fixture
def site(tmp_path):
    def write(**pages):
        for name, text in pages.items():
            (tmp_path / f"{name}.html").write_text(text)
        return tmp_path

    return write


@pytest.mark.parametrize(
    "text",
    [
        '<a href="other.html">',
        '<a href="other.html#there">',
        '<a href="#here"><h1 id="here">',
        '<a href="https://example.org/nothing/of/this/is/requested">',
        '<a href="https://github.com/flagengine/flagengine/blob/main/SPEC.md#r5">',
        '<a href="mailto:ada@example.org">',
        '<link rel="canonical" href="https://example.org/">',
    ],
)
def test_a_good_link_is_no_finding(site, text):
    assert list(check.findings(site(page=text, other='<p id="there">'))) == []


@pytest.mark.parametrize(
    ("text", "finding"),
    [
        ('<a href="gone.html">', "page.html: gone.html leads nowhere"),
        ('<a href="other.html#gone">', "page.html: other.html#gone leads to no anchor"),
        ('<a href="#gone">', "page.html: #gone leads to no anchor"),
        (
            '<a href="https://github.com/flagengine/flagengine/blob/main/gone.py">',
            "page.html: https://github.com/flagengine/flagengine/blob/main/gone.py is not in the repository",
        ),
        ('<script src="https://cdn.example/a.js">', "https://cdn.example/a.js is fetched from"),
        ('<img src="//cdn.example/a.png">', "//cdn.example/a.png is fetched from another host"),
        ('<link rel="stylesheet" href="https://fonts.example/a.css">', "is fetched from another"),
        ('<img src="gone.png">', "page.html: gone.png leads nowhere"),
    ],
)
def test_a_bad_link_is_a_finding(site, text, finding):
    (found,) = check.findings(site(page=text, other='<p id="there">'))
    assert finding in found


def test_a_style_that_fetches_something_is_a_finding(site):
    folder = site(page="")
    (folder / "style.css").write_text("a {background: url('https://cdn.example/a.png')}")
    assert len(list(check.findings(folder))) == 1


FILES = SimpleNamespace(
    src_uris=dict.fromkeys(["batch.md", "SPEC.md", "kit.md", "decisions/0003-records.md"])
)


def shown(text, page="decisions/0003-records.md"):
    pytest.importorskip("mkdocs")
    pages = loaded("pages")
    return pages._linked(text, f"docs/{page}", page, FILES)


@pytest.mark.parametrize(
    ("link", "address"),
    [
        ("../batch.md#what-it-costs", "../batch.md#what-it-costs"),
        ("../../SPEC.md#r5", "../SPEC.md#r5"),
        ("../../fixtures/README.md", "../kit.md"),
        (
            "../../flagengine/snapshot.py",
            "https://github.com/flagengine/flagengine/blob/main/flagengine/snapshot.py",
        ),
        ("../../tests/faults", "https://github.com/flagengine/flagengine/tree/main/tests/faults"),
        ("https://example.org/a", "https://example.org/a"),
        ("#here", "#here"),
    ],
)
def test_a_link_of_the_repository_leads_to_the_same_on_the_site(link, address):
    assert shown(f"see [this]({link}) and `[that]({link})`") == (
        f"see [this]({address}) and `[that]({link})`"
    )


def test_a_link_to_nothing_is_a_warning_which_fails_the_build(caplog):
    pytest.importorskip("mkdocs")
    with caplog.at_level(logging.WARNING):
        shown("[gone](../gone.md)")
    assert "decisions/0003-records.md links to docs/gone.md, which is not there" in caplog.text


def test_marks_for_tests_are_not_on_the_site():
    pytest.importorskip("mkdocs")
    unmarked = loaded("pages")._unmarked
    assert unmarked("```python needs-django\nx\n```") == "```python\nx\n```"
    assert (
        unmarked('```python title="a.py" append needs-a\nx\n```')
        == '```python title="a.py"\nx\n```'
    )
