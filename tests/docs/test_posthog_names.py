"""docs/posthog-names.md equals the tables of the names of posthog-python."""

import runpy
from pathlib import Path

ROOT = Path(__file__).parents[2]


def test_the_page_of_names_is_written_from_the_tables():
    script = runpy.run_path(str(ROOT / "docs" / "write_posthog_names.py"))
    written = (ROOT / "docs" / "posthog-names.md").read_text(encoding="utf-8")
    assert script["render"]() == written, "run python docs/write_posthog_names.py"
