"""A real browser for the page: Chromium, if there is one; nothing is downloaded."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest

from flagengine.transports.polling.sources.file import FileDefinitions
from flagengine.transports.server import ProjectSettings, Server, ServerSettings
from flagengine.transports.server.background import BackgroundServer

CHROMIUM = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    driver = pytest.importorskip("playwright.sync_api", reason="needs the group browser")
    named = os.environ.get("CHROMIUM")
    path = named or next(filter(None, map(shutil.which, CHROMIUM)), None)
    if path is None:
        pytest.skip("needs Chromium, in PATH or named by CHROMIUM")
    is_root = hasattr(os, "geteuid") and os.geteuid() == 0
    arguments = ["--no-sandbox"] if is_root else []  # Chromium has no sandbox for root
    with driver.sync_playwright() as running:
        launched = running.chromium.launch(executable_path=path, args=arguments)
        context = launched.new_context(viewport={"width": 1440, "height": 900})
        context.set_default_timeout(20_000)
        yield context
        launched.close()


class Site:
    """A server with a definitions file of its own, and what its page did that it should not."""

    def __init__(self, folder: Path, document: Mapping[str, Any], **settings: Any) -> None:
        self.file = folder / "flags.json"
        self.write(document)
        source = FileDefinitions(self.file)
        project = ProjectSettings(
            source=source, poll_interval=0.1, complete=True, **settings.pop("project", {})
        )
        self.settings = ServerSettings(
            projects=(project,), is_development=True, shutdown_timeout=1.0, **settings
        )
        self.running = BackgroundServer(Server(self.settings))
        self.trouble: list[str] = []

    def write(self, document: Mapping[str, Any] | str) -> None:
        text = document if isinstance(document, str) else json.dumps(document)
        fresh = self.file.with_suffix(".new")
        fresh.write_text(text, encoding="utf-8")
        fresh.replace(self.file)

    @property
    def url(self) -> str:
        return self.running.url

    def watch(self, page: Any) -> None:
        """Note errors of the page, and whatever it asks of another origin."""
        note = self.trouble.append
        page.on("pageerror", lambda error: note(f"error: {error}"))
        page.on(
            "console", lambda said: note(said.text) if said.type in ("error", "warning") else None
        )
        page.on(
            "request",
            lambda asked: (
                None if asked.url.startswith((self.url, "data:")) else note(f"asked {asked.url}")
            ),
        )


class Visitor:
    """Opens pages. Each site has a port of its own, so browsers keep what they store for each apart."""

    def __init__(self, browser: Any, folder: Path) -> None:
        self._browser = browser
        self._folder = folder
        self.sites: list[Site] = []
        self._pages: list[Any] = []

    def site(self, document: Mapping[str, Any], **settings: Any) -> Site:
        site = Site(self._folder, document, **settings)
        site.running.__enter__()
        self.sites.append(site)
        return site

    def open(self, site: Site, person: Mapping[str, Any] | None = None, **address: str) -> Any:
        page = self._browser.new_page()
        self._pages.append(page)
        site.watch(page)
        if person is not None:
            address["person"] = json.dumps(person)
        parts = "&".join(f"{name}={quote(value)}" for name, value in address.items())
        page.goto(f"{site.url}/#{parts}")
        page.wait_for_selector("#rows .chip", state="attached")
        return page

    def leave(self) -> None:
        for page in self._pages:
            page.close()
        for site in self.sites:
            site.running.__exit__()


@pytest.fixture
def visitor(browser: Any, tmp_path: Path) -> Iterator[Visitor]:
    visitor = Visitor(browser, tmp_path)
    yield visitor
    visitor.leave()
    assert [each for site in visitor.sites for each in site.trouble] == []
