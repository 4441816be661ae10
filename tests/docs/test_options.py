"""docs/options.md equals the options, and describes all of them."""

import dataclasses
import runpy
from pathlib import Path

from flagengine.transports import Options

ROOT = Path(__file__).parents[2]
WRITTEN = (ROOT / "docs" / "options.md").read_text(encoding="utf-8")


def test_the_page_of_options_is_their_documentation():
    script = runpy.run_path(str(ROOT / "docs" / "write_options.py"))
    assert script["render"]() == WRITTEN, "run python docs/write_options.py"


def test_every_option_is_described_once():
    for option in dataclasses.fields(Options):
        assert WRITTEN.count(f"- **`{option.name}`** (") == 1, option.name
