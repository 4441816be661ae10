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


def test_the_shares_of_the_scoreboard_are_those_of_its_page():
    page = (ROOT / "docs" / "scoreboard.md").read_text(encoding="utf-8")
    for sdk in ("posthog-python", "posthog-node"):
        claimed = re.search(rf"{sdk} (?:gives )?(\d+) %", README)[1]
        counted = re.search(rf"^\| {sdk} .*\((\d+)(?:\.\d)? %\)", page, re.MULTILINE)[1]
        assert claimed == counted, sdk
    assert re.search(r"^\| flagengine .*\(100 %\)", page, re.MULTILINE)


def test_the_guide_for_migrating_counts_what_the_scoreboard_counts():
    page = (ROOT / "docs" / "scoreboard.md").read_text(encoding="utf-8")
    guide = (ROOT / "docs" / "migrating-from-posthog.md").read_text(encoding="utf-8")
    cases, right = re.search(
        r"^\| posthog-python [\d.]+ \| (\d+) \| (\d+) ", page, re.MULTILINE
    ).groups()
    assert f"Of {int(cases):,} published cases" in guide
    assert f"in {right} (" in " ".join(guide.split())
