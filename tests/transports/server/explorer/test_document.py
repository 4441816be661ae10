"""The page: one document, and a policy that lets nothing else run."""

from __future__ import annotations

import base64
import hashlib
import re

import pytest

from flagengine.transports.server.explorer import document
from tests.transports.server.explorer.support import Explorer
from tests.transports.server.support import Bench


def test_the_page_is_one_document_that_names_no_other_address():
    page = Explorer()("GET", "/")
    assert (page.status, page.header("content-type")) == (200, "text/html; charset=utf-8")
    addresses = set(re.findall(r"https?://[^\s'\"<)]+", page.text))
    assert addresses == {"http://www.w3.org/2000/svg"}  # a name, not an address
    assert re.findall(r"(?:src|@import|url\()", page.text) == []


def test_the_policy_allows_the_style_and_the_script_of_the_page_alone():
    page = Explorer()("GET", "/")
    policy = dict(
        part.split(" ", 1) for part in (page.header("content-security-policy") or "").split("; ")
    )
    for name in ("style", "script"):
        content = re.search(f"<{name}>(.*?)</{name}>", page.text, re.DOTALL)[1]
        digest = base64.b64encode(hashlib.sha256(content.encode()).digest()).decode()
        assert policy[f"{name}-src"] == f"'sha256-{digest}'"
    assert policy["default-src"] == policy["frame-ancestors"] == policy["base-uri"] == "'none'"
    assert policy["connect-src"] == "'self'"
    assert policy["require-trusted-types-for"] == "'script'"
    assert page.header("x-content-type-options") == "nosniff"


def test_every_part_of_the_page_is_in_it():
    folder = document.files(document.__package__) / "page"
    parts = {path.name for path in folder.iterdir()} - {"page.html"}
    named = {f"{name}.css" for name in document._STYLES}
    assert parts == named | {f"{name}.js" for name in document._SCRIPTS}


@pytest.mark.parametrize(
    ("method", "path"),
    [("GET", "/"), ("GET", "/_explorer/overview"), ("GET", "/_explorer/changes")]
    + [("POST", f"/_explorer/{name}") for name in ("answers", "explanation", "what-if")],
)
def test_a_server_that_is_not_for_development_has_no_page(method: str, path: str):
    assert Bench()(method, path).status == 404


def test_the_page_is_found_below_the_prefix_of_the_server():
    assert Explorer(prefix="/ph")("GET", "/ph").status == 200
