"""Check a built site: ``python docs/site/check.py build/site``.

Every link inside of the site leads to a file, and to an anchor that is there; every link into the repository
leads to a file of this checkout; and no page fetches anything from another host. Nothing is requested, so
links to other hosts are not followed. Exit with 1 if there is a finding.
"""

import re
import sys
from collections.abc import Iterator
from functools import cache
from html.parser import HTMLParser
from pathlib import Path
from typing import NamedTuple
from urllib.parse import unquote, urlsplit

ROOT = Path(__file__).parents[2]
INTO_REPOSITORY = re.compile(
    r"https://github\.com/flagengine/flagengine/(?:blob|tree)/main/([^#]*)"
)
ELSEWHERE = re.compile(r"(?:https?:)?//")
IN_STYLE = re.compile(r"url\(\s*['\"]?((?:https?:)?//[^)'\"]*)")
# The theme's own, which open the search and the menu.
OPENED = {"__search", "__drawer"}
LINKS = {("a", "href")}
# Addresses that a browser fetches to show the page. A canonical address, for example, is none.
FETCHED = {("script", "src"), ("img", "src"), ("iframe", "src"), ("source", "src"), ("use", "href")}
FETCHED_RELATIONS = {"stylesheet", "icon", "preload", "preconnect", "dns-prefetch"}


class Page(NamedTuple):
    """What a page has: anchors, links, and what a browser fetches to show the page."""

    anchors: frozenset[str]
    links: frozenset[str]
    fetched: frozenset[str]


class _Reader(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.anchors: set[str] = set()
        self.links: set[str] = set()
        self.fetched: set[str] = set()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        found = {name: value or "" for name, value in attrs}
        self.anchors |= {found[name] for name in ("id", "name") if name in found}
        relations = {*found.get("rel", "").split()}
        for name, value in found.items():
            if (tag, name) in LINKS:
                self.links.add(value)
            elif (tag, name) in FETCHED or (name == "href" and relations & FETCHED_RELATIONS):
                self.fetched.add(value)


@cache
def read_page(path: Path) -> Page:
    """Return what a page has."""
    reader = _Reader()
    reader.feed(path.read_text(encoding="utf-8"))
    return Page(*map(frozenset, (reader.anchors, reader.links, reader.fetched)))


def findings(site: Path) -> Iterator[str]:
    """Yield what is wrong, each as a sentence."""
    for path in sorted(site.rglob("*.html")):
        page, name = read_page(path), path.relative_to(site)
        for link in sorted(page.links | page.fetched):
            if wrong := _wrong(link, path, site):
                yield f"{name}: {link} {wrong}"
        for address in sorted(page.fetched):
            if ELSEWHERE.match(address):
                yield f"{name}: {address} is fetched from another host"
    for path in sorted(site.rglob("*.css")):
        for address in IN_STYLE.findall(path.read_text(encoding="utf-8")):
            yield f"{path.relative_to(site)}: {address} is fetched from another host"


def _wrong(link: str, page: Path, site: Path) -> str | None:
    """Return what is wrong with a link, None if nothing is."""
    if into := INTO_REPOSITORY.match(link):
        return None if (ROOT / unquote(into[1])).exists() else "is not in the repository"
    parts = urlsplit(link)
    if parts.scheme or parts.netloc:
        return None
    target = page
    if parts.path.startswith("/"):  # the page of errors, which is served at any address
        target = site / unquote(parts.path).lstrip("/")
    elif parts.path:
        target = page.parent / unquote(parts.path)
    if target.is_dir():
        target /= "index.html"
    if not target.exists():
        return "leads nowhere"
    is_anchor = parts.fragment and target.suffix == ".html" and parts.fragment not in OPENED
    if is_anchor and unquote(parts.fragment) not in read_page(target).anchors:
        return "leads to no anchor"
    return None


if __name__ == "__main__":
    site = Path(sys.argv[1]).resolve()
    found = list(findings(site))
    print(*found, f"{len(list(site.rglob('*.html')))} pages, {len(found)} findings", sep="\n")
    sys.exit(bool(found))
