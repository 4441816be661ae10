"""The old names of arguments are accepted for another release."""

from importlib import import_module
from typing import Any

import pytest

from flagengine import Snapshot, requirements

DOCUMENT: dict[str, Any] = {"flags": [{"key": key, "active": True, "filters": {}} for key in "ab"]}
SNAPSHOT = Snapshot.parse(DOCUMENT)


def test_requirements_takes_the_old_name():
    assert requirements(snapshot=SNAPSHOT, key="a") == requirements(flag_defs=SNAPSHOT, key="a")


def test_a_table_is_evaluated_by_the_old_names():
    pa = pytest.importorskip("pyarrow")
    evaluate_table = import_module("flagengine.batch").evaluate_table
    people = pa.table({"distinct_id": ["user-1"]})
    new = evaluate_table(flag_defs=SNAPSHOT, table=people, flag_keys=["b"])
    old = evaluate_table(snapshot=SNAPSHOT, table=people, flags=["b"])
    assert old.keys == new.keys == ("b",)
    assert old.read_all() == new.read_all()


def test_an_adapter_takes_the_old_names():
    pl = pytest.importorskip("polars")
    pytest.importorskip("pyarrow")
    with_flags = import_module("flagengine.batch.adapters.polars").with_flags
    people = pl.DataFrame({"distinct_id": ["user-1"]})
    found = with_flags(people, snapshot=DOCUMENT, flags=["b"])
    assert found.columns == ["distinct_id", "b"]
    assert found.equals(with_flags(people, flag_defs=DOCUMENT, flag_keys=["b"]))


def test_both_names_at_once_are_refused():
    with pytest.raises(TypeError, match="got 'flag_defs' and its old name 'snapshot'"):
        requirements(flag_defs=SNAPSHOT, snapshot=SNAPSHOT)
