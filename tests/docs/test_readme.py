"""README.md shows code at once and claims nothing that is not so; ``test_pages.py`` runs its code."""

import json
import re

from tests.docs.blocks import ROOT

README = (ROOT / "README.md").read_text(encoding="utf-8")


def test_the_example_stands_in_the_first_screen():
    lines = README.splitlines()
    assert lines.index("```text") < 26


def test_the_number_of_cases_is_true():
    claimed = re.search(r"of over ([\d,]+)", README).group(1)
    files = (ROOT / "fixtures" / "cases").glob("*.json")
    cases = sum(len(json.loads(path.read_text(encoding="utf-8"))["cases"]) for path in files)
    assert cases > int(claimed.replace(",", ""))
