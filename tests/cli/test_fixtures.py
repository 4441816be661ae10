"""The shipped snapshots through the command line."""

import json
from pathlib import Path

import pytest

SNAPSHOTS = Path(__file__).parents[2] / "fixtures" / "snapshots"


@pytest.mark.parametrize("name", ["small.json", "product-40.json", "thousand.json"])
def test_the_shipped_snapshots_have_no_errors_and_evaluate(run, name):
    path = str(SNAPSHOTS / name)
    counts = json.loads(run("validate", path, "--json").stdout)["counts"]
    assert counts["error"] == 0
    flags = json.loads(run("evaluate", path, "--distinct-id", "u", "--json").stdout)["flags"]
    assert len(flags) == len(json.loads(Path(path).read_text(encoding="utf-8"))["flags"])
