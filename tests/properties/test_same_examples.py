"""The gate's examples are the same in every run, whatever the process has loaded before."""

import importlib
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st


def _examples() -> list[tuple[list[int], str]]:
    found = []

    @given(st.lists(st.integers(0, 10_000), max_size=5), st.text())
    def collect(numbers: list[int], text: str) -> None:
        found.append((numbers, text))

    collect()
    return found


@pytest.mark.skipif(not settings.default.derandomize, reason="new examples are asked for")
def test_a_module_more_changes_no_example(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    before = _examples()
    (tmp_path / "constants_of_many_kinds.py").write_text(
        f"A = {[*range(1_001, 1_051)]}\nB = 'seldom'\n"
    )
    monkeypatch.syspath_prepend(tmp_path)
    importlib.import_module("constants_of_many_kinds")
    assert _examples() == before
