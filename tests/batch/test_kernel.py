"""Tables at the kernel's limits: many variants and bounds, distinct values, full caches."""

import json
import math
from datetime import UTC, datetime
from typing import Any

import pyarrow as pa
import pytest

from flagengine import Snapshot, evaluate_flag
from flagengine.batch import evaluate_table
from flagengine.columnar.answer_columns import missing_text, value_text
from flagengine.columnar.engine import Engine
from flagengine.columnar.layout import Layout
from flagengine.columnar.rows import Rows

IDS = [f"user-{number}" for number in range(600)]
NOW = datetime(2026, 1, 1, tzinfo=UTC)
TEXTS = [f"text {number}" for number in range(600)]


def snapshot(conditions: list[dict[str, Any]], variants: int = 0) -> Snapshot:
    share = 100 / max(variants, 1)
    drawn = [{"key": f"v{place}", "rollout_percentage": share} for place in range(variants)]
    filters = {"groups": conditions, "multivariate": {"variants": drawn}}
    flag = {"key": "f", "active": True, "filters": filters}
    return Snapshot.parse({"flags": [flag], "cohorts": COHORTS})


def person(key: str, operator: str, value: Any) -> dict[str, Any]:
    return {"key": key, "type": "person", "operator": operator, "value": value}


def assert_rows_have_the_scalar_answers(
    flags: Snapshot, table: pa.Table, **reading: Any
) -> dict[str, int]:
    """Compare every row with its own call; a null is a property that was not passed."""
    evaluation = evaluate_table(flags, table, flag_keys=["f"], output="long", threads=1, **reading)
    found = evaluation.read_all().column("value").to_pylist()
    for row, value in zip(table.to_pylist(), found, strict=True):
        distinct_id, props, options = call_of(row, **reading)
        expected = evaluate_flag(flags, "f", distinct_id, props, **options).value
        written = {True: "true", False: "false", None: None}.get(expected, expected)  # type: ignore[arg-type]
        assert value == written, row
    return evaluation.stats.fallback_rows


def call_of(
    row: dict[str, Any], groups: Any = (), device_id: str = "", batch_rows: int = 0, **options: Any
) -> tuple[Any, dict[str, Any], dict[str, Any]]:
    """Return a row's id, properties and options; groups have no properties."""
    props = {key: value for key, value in row.items() if value is not None}
    named = {name: props.pop(column) for name, column in dict(groups).items() if column in props}
    about = {"groups": named, "device_id": props.pop(device_id, None), **options}
    return props.pop("distinct_id", None), props, about


@pytest.mark.parametrize(("bounds", "variants"), [(1, 20), (20, 1), (1, 300), (300, 2), (260, 260)])
def test_many_bounds_and_many_variants_are_told_apart(bounds: int, variants: int) -> None:
    conditions = [{"rollout_percentage": 30 * (place + 1) / bounds} for place in range(bounds)]
    table = pa.table({"distinct_id": IDS})
    assert_rows_have_the_scalar_answers(snapshot(conditions, variants), table)


@pytest.mark.parametrize("gaps", [0, 3])
@pytest.mark.parametrize("operator", ["icontains", "is_not", "regex"])
def test_a_column_in_which_nearly_every_row_differs(gaps: int, operator: str) -> None:
    texts = [None if gaps and place % gaps == 0 else text for place, text in enumerate(TEXTS)]
    flags = snapshot([{"properties": [person("p", operator, "7")]}])
    assert_rows_have_the_scalar_answers(flags, pa.table({"distinct_id": IDS, "p": texts}))


@pytest.mark.parametrize("batch_rows", [7, 100])
def test_answers_stay_right_when_what_is_remembered_is_forgotten(
    monkeypatch: pytest.MonkeyPatch, batch_rows: int
) -> None:
    for module in ("flag_kernel", "verdicts"):
        monkeypatch.setattr(f"flagengine.columnar.{module}._REMEMBERED", 2)
    tests = [person("v", "semver_gt", "1.3.0"), person("p", "regex", "[1-4]$")]
    conditions = [
        {"properties": tests, "rollout_percentage": 40},
        {"properties": tests[:1], "rollout_percentage": 60, "variant": "v1"},
    ]
    versions = [f"1.{number % 9}.{number % 4}" for number in range(600)]
    table = pa.table({"distinct_id": IDS, "v": versions, "p": TEXTS})
    forgetful = assert_rows_have_the_scalar_answers(
        snapshot(conditions, 3), table, batch_rows=batch_rows
    )
    assert forgetful["f"] > 20


def test_a_rows_properties_are_read_by_name_only() -> None:
    batch = pa.table({"distinct_id": ["a"], "p": [1]}).to_batches()[0]
    layout = Layout.of(batch.schema, distinct_id="distinct_id")
    _, properties, _ = Rows(batch, layout, 0).inputs(0)
    assert properties["p"] == 1
    assert properties
    with pytest.raises(TypeError, match="by name"):
        list(properties)


ALIKE = {"properties": [person("p", "exact", "x")]}
MEMBER = {"key": "id", "type": "cohort", "operator": "in", "value": 1}
COHORTS = {"1": {"type": "AND", "values": [person("q", "exact", "y")]}}


@pytest.mark.parametrize(
    ("conditions", "variants", "asked"),
    [
        ([ALIKE], 0, 2),
        ([ALIKE, {"rollout_percentage": 50}], 0, 3),
        ([{"rollout_percentage": 0}, {"rollout_percentage": 50}], 0, 2),
        ([{"rollout_percentage": 50}], 2, 3),
        ([{"rollout_percentage": 50, "variant": "v0"}], 2, 2),
        ([{**ALIKE, "rollout_percentage": 50}], 2, 4),
        ([{"properties": [MEMBER, person("p", "exact", "x")]}], 0, 2),
    ],
)
def test_the_scalar_engine_is_asked_once_for_each_case_that_matters(
    conditions: list[dict[str, Any]], variants: int, asked: int
) -> None:
    properties = {"p": ["x", "z", "z"] * 200, "q": ["y", "y", "z", "z"] * 150}
    table = pa.table({"distinct_id": IDS, **properties})
    flags = snapshot(conditions, variants)
    for batch_rows in (7, 600):
        found = assert_rows_have_the_scalar_answers(flags, table, batch_rows=batch_rows)
        assert found == {"f": asked}


@pytest.mark.parametrize("missing_group", ["as_server", "unresolved"])
def test_a_group_that_every_row_has_is_asked_for_its_property(missing_group: str) -> None:
    gold = {**person("tier", "exact", "gold"), "type": "group", "group_type_index": 0}
    groups = [{"properties": [gold]}]
    flag = {"key": "f", "active": True, "filters": {"groups": groups}}
    flags = Snapshot.parse({"flags": [flag], "group_type_mapping": {"0": "company"}})
    table = pa.table({"distinct_id": ["a", "b"], "org": ["o1", "o2"], "tier": ["gold", "tin"]})
    evaluation = evaluate_table(
        flags,
        table,
        groups={"company": "org"},
        group_properties={"company": ["tier"]},
        missing_group=missing_group,
    )
    assert evaluation.read_all().column("f").to_pylist() == [True, False]


HALF = {"rollout_percentage": 50}
BY_GROUP = {"aggregation_group_type_index": 0}
BY_DEVICE = {"bucketing_identifier": "device_id"}
HELD_OUT = {"holdout": {"id": 1, "exclusion_percentage": 50}}
UNNAMED = {"aggregation_group_type_index": 5}
TWO = [{"key": key, "rollout_percentage": 50} for key in ("v0", "v1")]
EVERYTHING = {"overrides": {"f": "blue"}}


@pytest.mark.parametrize(
    ("about", "conditions", "options", "asked"),
    [
        # Where nothing about a row matters, nothing is asked of it.
        ({"active": False}, [ALIKE, HALF], {}, 1),
        ({}, [ALIKE, HALF], EVERYTHING, 1),
        ({"evaluation_runtime": "server"}, [HALF], {"evaluation_runtime": "client"}, 1),
        ({"ensure_experience_continuity": True}, [HALF, {}], {}, 1),
        ({**HELD_OUT, **UNNAMED}, [{}], {}, 1),
        # Those who are held out, enrolled or matched already are not asked for another hash.
        (HELD_OUT, [HALF], {}, 3),
        ({"feature_enrollment": True}, [HALF], {}, 3),
        ({"feature_enrollment": True}, [HALF], {"complete": True}, 4),
        ({"drawn": TWO}, [{**HALF, "variant": "v0"}, {}], {}, 3),
        ({"drawn": TWO}, [{**HALF, "variant": "v0"}, HALF], {}, 2),
        ({"drawn": TWO}, [{**ALIKE, "variant": "v0"}, {}], {}, 3),
        # A test in doubt does not end the walk.
        ({}, [{"properties": [person("e", "exact", "true")]}, HALF], {}, 5),
        (
            {"drawn": TWO},
            [{"properties": [person("e", "is_set", "x")], "variant": "v0"}, {}],
            {},
            3,
        ),
        # Each subject has a hash of its own, if it is there.
        ({}, [{**HALF, **BY_GROUP}, HALF], {}, 6),
        ({"drawn": TWO}, [{**HALF, "variant": "v0"}, BY_GROUP], {}, 5),
        ({}, [BY_GROUP, HALF], {}, 3),
        ({**HELD_OUT, **BY_DEVICE}, [{**HALF, **BY_GROUP}], {}, 5),
        ({"early_exit": True}, [{**HALF, **BY_GROUP}, HALF], {}, 6),
        (BY_DEVICE, [HALF], {}, 3),
        ({**HELD_OUT, **BY_DEVICE}, [HALF], {}, 5),
        ({}, [{"rollout_percentage": 1e300}, {"rollout_percentage": 0}, HALF], {}, 1),
    ],
)
def test_no_hash_is_computed_that_cannot_matter(
    about: dict[str, Any], conditions: list[dict[str, Any]], options: dict[str, Any], asked: int
) -> None:
    of_filters = ("holdout", "feature_enrollment", "aggregation_group_type_index", "early_exit")
    filters = {name: about[name] for name in of_filters if name in about}
    variants = {"variants": about.get("drawn", [])}
    flag = {name: value for name, value in about.items() if name not in (*of_filters, "drawn")}
    flag["filters"] = {"groups": conditions, "multivariate": variants, **filters}
    flags = Snapshot.parse(
        {"flags": [{"key": "f", "active": True, **flag}], "group_type_mapping": {"0": "company"}}
    )
    table = pa.table(
        {
            "distinct_id": IDS[:240],
            "p": ["x", "z"] * 120,
            "e": ["true", "false", None] * 80,
            "$feature_enrollment/f": ["true", "false", None] * 80,
            "d": [f"device-{place}" if place % 5 else None for place in range(240)],
            "g": [f"group-{place}" if place % 7 else None for place in range(240)],
        }
    )
    reading = {"groups": {"company": "g"}, "device_id": "d", **options}
    assert assert_rows_have_the_scalar_answers(flags, table, **reading) == {"f": asked}


@pytest.mark.parametrize("operator", ["regex", "icontains", "semver_gt", "is_date_before", "exact"])
def test_values_that_only_python_holds_for_equal_are_decided_apart(operator: str) -> None:
    values = [1, True, 1.0, "1", 0, False, "true", [1], [True], {"a": 1}, None]
    documents = [{"p": value} for value in values]
    table = pa.table(
        {"distinct_id": [f"u{row}" for row in range(11)], "all": list(map(json.dumps, documents))}
    )
    for operand in ("1", "true", "0.5.0", "2024-01-01"):
        flags = snapshot([{"properties": [person("p", operator, operand)]}])
        evaluation = evaluate_table(flags, table, person_json="all", now=NOW, batch_rows=3)
        found = evaluation.read_all().column("f").to_pylist()
        expected = [
            evaluate_flag(flags, "f", "u", document, now=NOW).value for document in documents
        ]
        assert found == expected


@pytest.mark.parametrize("missing_group", ["as_server", "unresolved"])
@pytest.mark.parametrize("complete", [True, False])
@pytest.mark.parametrize("key", ["tier", "$group_key"])
def test_what_is_not_sent_is_unknown_with_the_group_and_without(
    missing_group: Any, complete: bool, key: str
) -> None:
    tier = {**person(key, "is_not", "o1"), "type": "group", "group_type_index": 0}
    conditions = [{"properties": [tier, person("n", "is_not", "x")]}]
    filters = {"groups": conditions, "feature_enrollment": True}
    flag = {"key": "f", "active": True, "filters": filters}
    flags = Snapshot.parse({"flags": [flag], "group_type_mapping": {"0": "company"}})
    numbers = [7.0, math.nan, None]
    rows = [
        {"org": org, "t": number, "n": other, "$feature_enrollment/f": enrolled}
        for org in ("o1", None)
        for number in numbers
        for other in numbers
        for enrolled in (None, math.nan)
    ]
    table = pa.Table.from_pylist([{"distinct_id": "a", **row} for row in rows])
    options: dict[str, Any] = {"complete": complete, "missing_group": missing_group}
    evaluation = evaluate_table(
        flags,
        table,
        person_properties=["n", "$feature_enrollment/f"],
        groups={"company": "org"},
        group_properties={"company": {key: "t"}},
        output="long",
        **options,
    )
    found = [(row["value"], row["missing"]) for row in evaluation.read_all().to_pylist()]
    expected = []
    for row in rows:
        given = {name: value for name, value in row.items() if value is not None}
        resolution = evaluate_flag(
            flags,
            "f",
            "a",
            {name: value for name, value in given.items() if name not in ("org", "t")},
            groups={"company": given["org"]} if "org" in given else {},
            group_properties={"company": {key: given["t"]} if "t" in given else {}},
            **options,
        )
        expected.append((value_text(resolution.value), missing_text(resolution)))
    assert found == expected


def test_a_batch_may_have_one_row_or_none() -> None:
    flags = snapshot([ALIKE, {"rollout_percentage": 50}])
    batches = pa.table({"distinct_id": IDS[:3], "p": ["x", "y", "x"]}).to_batches(max_chunksize=1)
    some = [batches[0].slice(0, 0), *batches, batches[0].slice(0, 0)]
    found = evaluate_table(flags, some, flags=["f"], threads=1).read_all()
    expected = [evaluate_flag(flags, "f", "user-1", {"p": "y"}).value]
    assert found.column("f").to_pylist() == [True, *expected, True]


def test_an_engine_has_no_answers_before_it_has_seen_a_row() -> None:
    schema = pa.schema({"distinct_id": pa.string()})
    engine = Engine(snapshot([{}]), Layout.of(schema, distinct_id="distinct_id"))
    assert engine.keys == ("f",)
    assert engine.answers("f").resolutions == []
    assert engine.answers("f").cases == 0


@pytest.mark.parametrize("complete", [True, False])
@pytest.mark.parametrize("with_json", [True, False])
@pytest.mark.parametrize("key", ["distinct_id", "$os", "$initial_browser", "p"])
def test_a_varied_column_with_gaps_is_filled_as_any_other(
    key: str, with_json: bool, complete: bool
) -> None:
    flags = snapshot([{"properties": [person(key, "icontains", "7")]}])
    varied = [None if row % 3 == 0 else text for row, text in enumerate(TEXTS)]
    other = ["7" if row % 2 else "8" for row in range(600)]
    people = [
        {key: own, "$os_name": more, "$browser": more}
        for own, more in zip(varied, other, strict=True)
    ]
    whole = [{key: more} for more in other] if with_json else [{}] * 600
    columns = {f"own {name}": [given[name] for given in people] for name in people[0]}
    table = pa.table({"id": IDS, "all": list(map(json.dumps, whole)), **columns})
    evaluation = evaluate_table(
        flags,
        table,
        distinct_id="id",
        person_properties={name: f"own {name}" for name in people[0]},
        person_json="all" if with_json else None,
        complete=complete,
    )
    expected = []
    for distinct_id, below, given in zip(IDS, whole, people, strict=True):
        props = {**below, **{name: value for name, value in given.items() if value is not None}}
        expected.append(evaluate_flag(flags, "f", distinct_id, props, complete=complete).value)
    assert evaluation.read_all().column("f").to_pylist() == expected
    assert len(set(expected)) > 1


def test_a_varied_column_and_the_json_of_all_properties_are_read_together() -> None:
    columns = [TEXTS[place] if place % 3 else None for place in range(600)]
    wholes = [{"p": TEXTS[-place]} if place % 2 else {} for place in range(600)]
    table = pa.table({"distinct_id": IDS, "p": columns, "all": list(map(json.dumps, wholes))})
    flags = snapshot([{"properties": [person("p", "icontains", "3")]}])
    found = evaluate_table(flags, table, person_json="all").read_all().column("f").to_pylist()
    merged = [
        whole if own is None else {"p": own} for own, whole in zip(columns, wholes, strict=True)
    ]
    assert found == [evaluate_flag(flags, "f", "user-1", props).value for props in merged]


def test_without_any_device_id_a_share_of_devices_is_unknown() -> None:
    flag = {"key": "f", "active": True, "filters": {"groups": [HALF]}, **BY_DEVICE}
    flags = Snapshot.parse({"flags": [flag]})
    table = pa.table({"distinct_id": IDS[:3]})
    assert_rows_have_the_scalar_answers(flags, table)
    evaluation = evaluate_table(flags, table)
    assert evaluation.read_all().column("f").to_pylist() == [None] * 3


@pytest.mark.parametrize("complete", [{"person_properties": True}, {"group_properties": True}])
def test_persons_and_groups_are_complete_by_themselves(complete: dict[str, bool]) -> None:
    tier = {**person("tier", "is_not", "x"), "type": "group", "group_type_index": 0}
    filters = {"groups": [{"properties": [tier]}]}
    of_group = {"key": "group", "active": True, "filters": filters}
    filters = {"groups": [{"properties": [person("p", "is_not", "x")]}]}
    of_person = {"key": "person", "active": True, "filters": filters}
    flags = Snapshot.parse({"flags": [of_group, of_person], "group_type_mapping": {"0": "company"}})
    columns = {"company": ["acme"] * 2, "tier": ["a", None], "p": ["a", None]}
    evaluation = evaluate_table(
        flags,
        pa.table({"distinct_id": IDS[:2], **columns}),
        person_properties=["p"],
        groups={"company": "company"},
        group_properties={"company": {"tier": "tier"}},
        complete=complete,
    )
    answers = evaluation.read_all()
    assert answers.column("group").to_pylist() == [True, complete.get("group_properties")]
    assert answers.column("person").to_pylist() == [True, complete.get("person_properties")]


def test_an_opt_in_that_cannot_be_sent_is_unknown_beside_an_opt_out() -> None:
    filters = {"feature_enrollment": True, "groups": [{}]}
    flags = Snapshot.parse({"flags": [{"key": "f", "active": True, "filters": filters}]})
    opted = pa.array([b"false", b"\xff", b"true"])
    table = pa.table({"distinct_id": IDS[:3], "$feature_enrollment/f": opted})
    assert evaluate_table(flags, table).read_all().column("f").to_pylist() == [False, None, True]
