"""The pages of the reference show every public name once, and no name that is not there."""

import re
from importlib import import_module

import pytest

from tests.docs.blocks import ROOT

SHOWN = re.compile(r"^::: (\S+)$", re.MULTILINE)
# Said in a sentence, because they are other names of a class that is shown.
OTHER_NAMES = {"PostHog", "Posthog"}

PAGES = {
    "flagengine": "docs/reference/flagengine.md",
    "flagengine.batch": "docs/reference/batch.md",
    "flagengine.transports": "docs/reference/transports.md",
    "flagengine.transports.server": "docs/reference/server.md",
}


@pytest.mark.parametrize("package", PAGES)
def test_the_reference_shows_every_public_name_once(package):
    shown = SHOWN.findall((ROOT / PAGES[package]).read_text(encoding="utf-8"))
    own = [path.removeprefix(f"{package}.") for path in shown]
    public = {*import_module(package).__all__} - OTHER_NAMES
    assert sorted(name for name in own if "." not in name) == sorted(public)
