"""docs/findings.md equals the catalogue."""

import runpy
from pathlib import Path

ROOT = Path(__file__).parents[2]


def test_the_page_of_findings_is_the_catalogue():
    script = runpy.run_path(str(ROOT / "docs" / "write_findings.py"))
    written = (ROOT / "docs" / "findings.md").read_text(encoding="utf-8")
    assert written == script["render"](), "run python docs/write_findings.py"
