"""The tables of the mutation tests name files and lines that exist."""

import json

from tests.mutation.areas import AREAS, ROOT, files


def test_every_area_has_its_files_and_tests() -> None:
    for area in AREAS.values():
        assert files(area)
        for stage in area.stages:
            tests = [word.partition("::")[0] for word in stage.split() if word[0] != "-"]
            assert [name for name in tests if not (ROOT / name).exists()] == []


def test_every_equivalent_change_is_of_a_line_that_exists() -> None:
    changes = json.loads((ROOT / "tests/mutation/equivalents.json").read_text(encoding="utf-8"))
    stale = [
        change["before"]
        for change in changes
        if change["before"]
        not in map(str.strip, (ROOT / change["path"]).read_text(encoding="utf-8").splitlines())
    ]
    assert stale == []
