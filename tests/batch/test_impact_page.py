"""The page of a diff: one file, with contents and a filter when there are many flags."""

import re
from base64 import b64encode
from hashlib import sha256
from html.parser import HTMLParser
from typing import Any

import pyarrow as pa

from flagengine import Snapshot
from flagengine.batch import diff, impact_page

_PEOPLE = pa.table({"distinct_id": [f"id-{n}" for n in range(500)]})
_EVIL = "<script>alert(1)</script>\x1b"


def _flag(key: str, rollout: float) -> dict[str, Any]:
    groups = [{"rollout_percentage": rollout}]
    return {"key": key, "active": True, "filters": {"groups": groups}}


def _page(shares: dict[str, tuple[float, float]], **more: Any) -> str:
    before, after = ([_flag(key, pair[at]) for key, pair in shares.items()] for at in (0, 1))
    found = diff(Snapshot.parse({"flags": before}), {"flags": after}, _PEOPLE, **more)
    return impact_page(found)


_MANY = {f"flag-{n}": (10.0, 10.0 + n) for n in range(20)}


class _Parts(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.ids: list[str] = []
        self.links: list[str] = []
        self.scripts = 0
        self.handlers: list[str] = []

    def handle_starttag(self, tag: str, attrs: Any) -> None:
        given = dict(attrs)
        self.scripts += tag == "script"
        self.handlers += [name for name in given if name.startswith("on")]
        if "id" in given:
            self.ids.append(given["id"])
        if tag == "a":
            self.links.append(given["href"])
        assert "src" not in given


def _parts(page: str) -> _Parts:
    found = _Parts()
    found.feed(page)
    return found


def test_the_contents_have_every_change_the_largest_first_and_lead_to_it():
    page = _page(_MANY)
    found = _parts(page)
    changed = [name for name in found.ids if name.startswith("flag-")]
    assert [link.removeprefix("#") for link in found.links] == changed
    assert len(changed) == 19
    people = [int(count.replace(",", "")) for count in re.findall(r'"number">([\d,]+)</td>', page)]
    assert people == sorted(people, reverse=True)
    assert page.index("<code>flag-19</code>") < page.index("<code>flag-1</code>")


def test_the_only_script_is_the_filter_and_the_policy_names_it_by_its_hash():
    page = _page(_MANY)
    assert _parts(page).scripts == 1
    (script,) = re.findall(r"<script>(.*?)</script>", page, re.DOTALL)
    digest = b64encode(sha256(script.encode()).digest()).decode()
    assert f"default-src 'none'; script-src 'sha256-{digest}'; style-src 'unsafe-inline'" in page
    assert _parts(page).handlers == []


def test_without_a_script_the_filter_is_hidden_and_everything_else_is_there():
    page = _page(_MANY)
    assert '<div class="filter" hidden>' in page
    assert page.count("<section") == 19


def test_a_page_of_few_flags_has_no_script_and_no_contents():
    page = _page({"a": (10, 90), "b": (10, 20), "c": (5, 5)})
    found = _parts(page)
    assert (found.scripts, found.links) == (0, [])
    assert "<script" not in page
    assert "script-src" not in page
    assert "<h2>Nobody changes</h2>" in page


def test_many_flags_that_do_not_change_are_folded_away():
    page = _page({f"flag-{n}": (10.0, 10.0) for n in range(20)})
    assert "<summary><h2>Nobody changes in 20 flags</h2></summary>" in page
    assert "0 of 20 flags change" in page


def test_keys_are_escaped_and_never_part_of_a_link():
    page = _page({**_MANY, _EVIL: (1, 99)})
    assert "alert(1)&lt;/script&gt;\\x1b" in page
    assert "<script>alert" not in page
    assert all(re.fullmatch(r"#flag-\d+", link) for link in _parts(page).links)


def test_a_sample_says_how_far_off_its_shares_may_be():
    page = _page(_MANY, sample=0.5)
    assert "estimated from a sample of" in page
    assert re.search(r"\d% \([\d.]+% to [\d.]+%\) change", page)
