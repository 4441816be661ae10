"""The hook of the site: pages from outside of docs/, and links that work on the site as in the repository.

A page is written for the repository: its links are relative to its file and may name any file. On the
site, a link to a page leads to the page, and a link to another file leads to the repository. A link to
what is not there is a warning, and so a failure of the strict build.
"""

import logging
import posixpath
import re
from pathlib import Path
from typing import TYPE_CHECKING

from mkdocs.structure.files import File, Files

if TYPE_CHECKING:
    from mkdocs.config.defaults import MkDocsConfig
    from mkdocs.structure.pages import Page

logger = logging.getLogger("mkdocs.hooks.pages")

ROOT = Path(__file__).parents[2]
REPOSITORY = "https://github.com/flagengine/flagengine"
OUTSIDE = {
    "SPEC.md": "SPEC.md",
    "CHANGELOG.md": "CHANGELOG.md",
    "CONTRIBUTING.md": "CONTRIBUTING.md",
    "fixtures/README.md": "kit.md",
    "benchmarks/README.md": "benchmarks.md",
}
"""The pages outside of docs/: their paths in the repository, and on the site."""
OF_THE_PROJECT = ("CHANGELOG.md", "CONTRIBUTING.md", "docs/decisions/")

FENCED = re.compile(r"^(```.*?^```$)", re.MULTILINE | re.DOTALL)
MARKS = re.compile(r" (?:append|quiet|no-run|needs-\w+)(?= |$)")
# Code comes first: what looks like a link inside of it is none.
LINK = re.compile(
    r"(?P<code>(`+)(?!`).+?(?<!`)\2(?!`))|\]\((?P<path>[^)\s#]*)(?P<anchor>#[^)\s]*)?\)"
)


def on_files(files: Files, config: "MkDocsConfig") -> Files:
    """Add the pages from outside of docs/."""
    for path, name in OUTSIDE.items():
        files.append(File.generated(config, name, abs_src_path=str(ROOT / path)))
    return files


def on_page_markdown(markdown: str, page: "Page", config: "MkDocsConfig", files: Files) -> str:
    """Return the page with links for the site, and with code whose marks only tests read taken out."""
    del config
    here = _path_of(page.file)
    if here.startswith(OF_THE_PROJECT):
        page.meta["search"] = {"boost": 0.2}  # found after the pages for users
    parts = FENCED.split(markdown)
    parts[::2] = [_linked(text, here, page.file.src_uri, files) for text in parts[::2]]
    parts[1::2] = [_unmarked(code) for code in parts[1::2]]
    return "".join(parts)


def _unmarked(code: str) -> str:
    first, rest = code.split("\n", 1)
    return f"{MARKS.sub('', first)}\n{rest}"


def _path_of(file: File) -> str:
    """Return the path of a page in the repository."""
    return next(
        (path for path, name in OUTSIDE.items() if name == file.src_uri), f"docs/{file.src_uri}"
    )


def _linked(text: str, here: str, page: str, files: Files) -> str:
    def target(link: re.Match[str]) -> str:
        path, anchor = link["path"], link["anchor"] or ""
        if link["code"] or not path or ":" in path:
            return link[0]
        wanted = posixpath.normpath(posixpath.join(posixpath.dirname(here), path))
        return f"]({_address(wanted, page, files)}{anchor})"

    return LINK.sub(target, text)


def _address(wanted: str, page: str, files: Files) -> str:
    """Return the address of a file of the repository, for a link on a page."""
    name = OUTSIDE.get(wanted, wanted.removeprefix("docs/"))
    if (wanted in OUTSIDE or wanted.startswith("docs/")) and name in files.src_uris:
        return posixpath.relpath(name, posixpath.dirname(page))
    found = ROOT / wanted
    if not found.exists():
        logger.warning("%s links to %s, which is not there", page, wanted)
    return f"{REPOSITORY}/{'tree' if found.is_dir() else 'blob'}/main/{wanted}"
