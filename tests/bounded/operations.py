"""Everything that can be done with a definitions document, each prepared outside of what is counted.

An operation takes a document and returns a function of no arguments: the work that is counted.
"""

import copy
import json
import pickle
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pyarrow as pa

from flagengine import Snapshot, evaluate, evaluate_flag, explain, requirements
from flagengine.analysis.lint.validation import validate
from flagengine.batch.table import evaluate_table
from flagengine.plan.render import render_flag

__all__ = ["OPERATIONS"]

Json = dict[str, Any]
Work = Callable[[], object]

NOW = datetime(2026, 1, 1, tzinfo=UTC)


class _AnyProperty(dict[str, Any]):
    """Properties that a document of any size may ask for."""


def _person(document: Json) -> Json:
    """Return a person with the properties that the shapes read."""
    size = len(document["flags"]) + len(json.dumps(document)) // 40
    return {"a": "x", "list": ["a", 1], **{f"p{at}": "x" for at in range(min(size, 5_000))}}


def _last(snapshot: Snapshot) -> str:
    return list(snapshot.keys)[-1]


def parse(document: Json) -> Work:
    source = json.dumps(document)
    return lambda: Snapshot.parse(source)


def issues(document: Json) -> Work:
    snapshot = Snapshot.parse(document)
    return lambda: snapshot.issues


def _used(document: Json, times: int, props: Json | None, **options: Any) -> Work:
    snapshot = Snapshot.parse(document)

    def run() -> object:
        return dict(evaluate(snapshot, "user-1", props or {}, **options).items())

    for _ in range(times):
        run()
    return run


def first_use(document: Json) -> Work:
    return _used(document, 0, None)


def second_use(document: Json) -> Work:
    return _used(document, 1, None)


def third_use(document: Json) -> Work:
    return _used(document, 2, None)


def first_use_with_properties(document: Json) -> Work:
    return _used(document, 0, _person(document))


def second_use_with_properties(document: Json) -> Work:
    return _used(document, 1, _person(document))


def third_use_with_properties(document: Json) -> Work:
    return _used(document, 2, _person(document))


def use_without_id(document: Json) -> Work:
    snapshot = Snapshot.parse(document)

    def run() -> object:
        return dict(evaluate(snapshot, None, {}).items())

    run()
    run()
    return run


def use_with_overrides(document: Json) -> Work:
    return _used(document, 2, None, overrides={next(iter(_keys(document))): True})


def use_of_unresolved_groups(document: Json) -> Work:
    return _used(document, 2, None, missing_group="unresolved")


def use_with_complete_properties(document: Json) -> Work:
    return _used(document, 2, None, complete=True, groups={"company": "acme"})


def use_one_by_one(document: Json) -> Work:
    """Evaluate the last flag alone for the third time."""
    snapshot = Snapshot.parse(document)
    key = _last(snapshot)
    for _ in range(2):
        evaluate_flag(snapshot, key, "user-1", {})
    return lambda: evaluate_flag(snapshot, key, "user-1", {})


def compiling_alone(document: Json) -> Work:
    snapshot = Snapshot.parse(document)
    return lambda: snapshot.evaluator(_last(snapshot))("user-1", {})


def explained_as_text(document: Json) -> Work:
    snapshot = Snapshot.parse(document)
    return lambda: str(explain(snapshot, _last(snapshot), "user-1", {}))


def explained_as_data(document: Json) -> Work:
    snapshot = Snapshot.parse(document)
    person = _person(document)
    return lambda: json.dumps(explain(snapshot, _last(snapshot), "user-1", person).to_dict())


def required(document: Json) -> Work:
    snapshot = Snapshot.parse(document)
    return lambda: [str(requirements(snapshot, key)) for key in list(snapshot.keys)[-1:]]


def required_by_all(document: Json) -> Work:
    snapshot = Snapshot.parse(document)
    return lambda: requirements(snapshot)


def validated(document: Json) -> Work:
    return lambda: validate(document)


def validated_for_replacing(document: Json) -> Work:
    current = Snapshot.parse(_changed(document))
    return lambda: validate(document, current)


def changed(document: Json) -> Work:
    old, new = Snapshot.parse(document), Snapshot.parse(_changed(document))
    return lambda: new.changed_keys(old)


def compared(document: Json) -> Work:
    old, new = Snapshot.parse(document), Snapshot.parse(copy.deepcopy(document))
    return lambda: (old == new, hash(old), repr(old))


def rendered(document: Json) -> Work:
    snapshot = Snapshot.parse(document)
    plans = snapshot._evaluators.plans
    return lambda: [render_flag(plans.plan(key)) for key in snapshot.keys]


def copied(document: Json) -> Work:
    snapshot = Snapshot.parse(document)
    dict(evaluate(snapshot, "user-1", {}).items())
    return lambda: (
        pickle.loads(pickle.dumps(snapshot)),
        copy.deepcopy(snapshot),
        snapshot.to_document(),
    )


def _traced(document: Json) -> Any:
    snapshot = Snapshot.parse(document)
    return explain(snapshot, _last(snapshot), "user-1", {})


def compared_explanations(document: Json) -> Work:
    left, right = _traced(document), _traced(document)
    return lambda: (left == right, hash(left))


def copied_explanations(document: Json) -> Work:
    explanation = _traced(document)
    return lambda: (pickle.loads(pickle.dumps(explanation)), copy.deepcopy(explanation))


def printed_explanations(document: Json) -> Work:
    explanation = _traced(document)
    return lambda: repr(explanation)


def _table(document: Json, rows: int) -> pa.Table:
    person = _person(document)
    columns = {
        key: [value if isinstance(value, str) else None] * rows for key, value in person.items()
    }
    return pa.table({"distinct_id": [f"user-{at}" for at in range(rows)], **columns})


def wide_table(document: Json) -> Work:
    snapshot, table = Snapshot.parse(document), _table(document, 5)
    return lambda: evaluate_table(snapshot, table, now=NOW, threads=1).read_all()


def long_table_of_ids(document: Json) -> Work:
    snapshot = Snapshot.parse(document)
    table = pa.table({"distinct_id": ["user-1", "user-2"]})
    return lambda: evaluate_table(snapshot, table, now=NOW, output="long", threads=1).read_all()


def _keys(document: Json) -> list[str]:
    return [flag["key"] for flag in document["flags"]]


def _changed(document: Json) -> Json:
    """Return a document whose first leaf, which much may depend on, has another operand."""
    text = json.dumps(document)
    return json.loads(text.replace('"value": "x', '"value": "y', 1))


OPERATIONS: dict[str, Callable[[Json], Work]] = {
    operation.__name__: operation
    for operation in (
        parse,
        issues,
        first_use,
        second_use,
        third_use,
        first_use_with_properties,
        second_use_with_properties,
        third_use_with_properties,
        use_without_id,
        use_with_overrides,
        use_of_unresolved_groups,
        use_with_complete_properties,
        use_one_by_one,
        compiling_alone,
        explained_as_text,
        explained_as_data,
        required,
        required_by_all,
        validated,
        validated_for_replacing,
        changed,
        compared,
        rendered,
        copied,
        compared_explanations,
        copied_explanations,
        printed_explanations,
        wide_table,
        long_table_of_ids,
    )
}
"""Every operation by its name."""
