"""The published scoreboard has posthog-python's answers; posthog-node's are counted by `make scoreboard`."""

import runpy
from pathlib import Path

import pytest

pytest.importorskip(
    "posthog", reason="posthog-python is not installed: pip install --group differential"
)

KIT = Path(__file__).parents[2] / "fixtures" / "kit"


def test_the_page_has_the_row_that_is_counted_now():
    scoreboard = runpy.run_path(str(KIT / "scoreboard.py"))
    # More than the kit's limit, because other tests may take the processors.
    report = scoreboard["run"](KIT / "adapters" / "posthog_python.py", time_limit=15)
    published = scoreboard["PAGE"].read_text(encoding="utf-8")
    row = next(line for line in scoreboard["_overview"]([report]) if "posthog-python" in line)
    assert row in published, "run: make scoreboard"
    assert scoreboard["_failing"](report) in published
    assert f"fixtures/README.md) {report['kit']} on" in published
