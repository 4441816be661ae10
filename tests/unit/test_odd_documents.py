"""Documents and options that are odd, and mean the same however they are given (SPEC R1, R2, R14, R15)."""

import json
from collections import OrderedDict
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta, timezone, tzinfo
from decimal import Decimal
from typing import Any

import pandas as pd
import pytest

from flagengine import Snapshot, SnapshotError, evaluate, evaluate_flag, explain
from flagengine.analysis.lint.validation import validate
from flagengine.columnar.errors import no_column
from flagengine.definitions import owned
from flagengine.plan.render import render_flag
from flagengine.snapshot import evaluators_of

Json = dict[str, Any]
FORMS: Mapping[str, Callable[[Json], Any]] = {
    "mapping": lambda document: document,
    "other mapping": OrderedDict,
    "text": json.dumps,
    "text beside something deep": lambda document: (
        json.dumps(document)[:-1] + ',"x":' + "[" * 100_000 + "]" * 100_000 + "}"
    ),
}


def _flag(**filters: Any) -> Json:
    return {"key": "f", "active": True, "filters": {"groups": [{}], **filters}}


def _test(**parts: Any) -> Json:
    return {"type": "person", "key": "p", "operator": "exact", "value": "a", **parts}


# Depth.


@pytest.mark.rule("R15.11")
@pytest.mark.parametrize("form", FORMS)
def test_the_deepest_operand_of_the_deepest_cohort_counts_in_every_form(form: str) -> None:
    operand: Any = "a"
    for _ in range(128):
        operand = [operand]
    group: Json = {"type": "OR", "values": [_test(value=operand)]}
    for _ in range(49):
        group = {"type": "OR", "values": [group]}
    condition = {"properties": [{"type": "cohort", "key": "id", "value": "1"}]}
    snapshot = Snapshot.parse(
        FORMS[form]({"flags": [_flag(groups=[condition])], "cohorts": {"1": group}})
    )
    assert snapshot.issues == ()
    given = {"p": operand[0]}
    assert [evaluate_flag(snapshot, "f", "u", given).value for _ in range(3)] == [True] * 3


# Size.


@pytest.mark.rule("R1.1")
@pytest.mark.parametrize("odd", [[], OrderedDict(), Decimal(1)])
def test_a_mapping_may_have_as_many_values_in_every_form(
    monkeypatch: pytest.MonkeyPatch, odd: object
) -> None:
    monkeypatch.setattr(owned, "_MAX_PARTS", 1_000)
    fitting = {"flags": [], "x": [0] * 996, "y": odd}
    Snapshot.parse(fitting)
    with pytest.raises(SnapshotError, match="at most 1,000 values, got more"):
        Snapshot.parse({**fitting, "z": 1})


# Keys and texts.


@pytest.mark.rule("R7.7")
@pytest.mark.parametrize(
    ("key", "written"),
    [(1e-5, "0.00001"), (2**70, "1.1805916207174113e+21"), (float("nan"), "null"), (1, "1")],
)
def test_a_key_that_is_a_number_is_written_as_json_writes_it(key: object, written: str) -> None:
    for form in (dict, OrderedDict):
        document = Snapshot.parse(form({"flags": [], "cohorts": {key: {}}})).to_document()
        assert list(document["cohorts"]) == [written]


@pytest.mark.rule("R1.1")
@pytest.mark.parametrize("form", [dict, OrderedDict])
def test_two_surrogates_of_a_mapping_are_no_character(form: Callable[[Json], Any]) -> None:
    snapshot = Snapshot.parse(form({"flags": [{**_flag(), "key": "\ud83d\ude00"}]}))
    assert not snapshot.keys
    assert [issue.pointer for issue in snapshot.issues] == ["/flags/0/key"]
    escaped = r'{"flags": [{"key": "\ud83d\ude00", "active": true}]}'
    assert list(Snapshot.parse(escaped).keys) == ["😀"]


@pytest.mark.rule("R2.20")
@pytest.mark.parametrize(
    ("filters", "place"),
    [
        (
            {"multivariate": {"variants": [{"key": "\ud800", "rollout_percentage": 100}]}},
            "multivariate/variants/0/key",
        ),
        ({"payloads": {"true": "\ud800"}}, "payloads/true"),
        ({"payloads": {"true": {"a": ["\ud800"]}}}, "payloads/true"),
    ],
)
def test_what_may_be_an_answer_has_a_utf_8_form(filters: Json, place: str) -> None:
    snapshot = Snapshot.parse({"flags": [_flag(**filters), {**_flag(), "key": "other"}]})
    assert [(issue.code, issue.pointer) for issue in snapshot.issues] == [
        ("wrong_type", f"/flags/0/filters/{place}")
    ]
    found = evaluate(snapshot, "u")
    assert found["f"].unresolved_reason == "unsupported_definition"
    assert found["other"].value is True


@pytest.mark.rule("R2.20", "R12.3")
def test_a_payload_whose_json_has_an_escaped_surrogate_is_text() -> None:
    snapshot = Snapshot.parse({"flags": [_flag(payloads={"true": r'"\ud800"'})]})
    assert evaluate_flag(snapshot, "f", "u").raw_payload == r'"\ud800"'


@pytest.mark.rule("R14.8")
@pytest.mark.parametrize(
    "overrides",
    [
        {"f": "\ud800"},
        {"\ud800": True},
        ["\ud800"],
        {"f": {"a": ["\ud800"]}},
        {"payloads": {"f": "\ud800"}},
        {"payloads": {"\ud800": 1}},
    ],
)
def test_an_override_has_a_utf_8_form(overrides: Any) -> None:
    snapshot = Snapshot.parse({"flags": [_flag()]})
    with pytest.raises(TypeError, match="must have a UTF-8 form, got a lone surrogate"):
        evaluate_flag(snapshot, "f", "u", overrides=overrides)
    with pytest.raises(TypeError, match="must have a UTF-8 form, got a lone surrogate"):
        snapshot.with_overrides(overrides)


# Options.


class _Zone(tzinfo):
    """A zone that answers a number of times, and then fails."""

    def __init__(self, answers: int, offset: timedelta | None = timedelta(hours=2)) -> None:
        self._left = answers
        self._offset = offset

    def utcoffset(self, _: datetime | None) -> timedelta | None:
        self._left -= 1
        if self._left < 0:
            raise ZeroDivisionError
        return self._offset

    def dst(self, _: datetime | None) -> timedelta | None:
        return timedelta()


def _dated(operand: str) -> Snapshot:
    test = _test(operator="is_date_before", value=operand)
    return Snapshot.parse({"flags": [_flag(groups=[{"properties": [test]}])]})


@pytest.mark.parametrize("operand", ["2020-01-01", "-1d", "-2m"])
@pytest.mark.parametrize("zone", [_Zone(0), _Zone(99, None)])
def test_a_zone_without_an_offset_is_refused_in_words(operand: str, zone: tzinfo) -> None:
    snapshot = _dated(operand)
    for call in (evaluate_flag, explain):
        with pytest.raises(TypeError, match="project_timezone must be a zone that has an offset"):
            call(snapshot, "f", "u", {"p": "2019-01-01"}, project_timezone=zone)  # type: ignore[operator]
    with pytest.raises(TypeError, match="project_timezone must be a zone that has an offset"):
        evaluate(snapshot, "u", {"p": "2019-01-01"}, project_timezone=zone)


@pytest.mark.rule("R8.82")
@pytest.mark.parametrize("operand", ["2020-01-01", "-1d", "-2m"])
@pytest.mark.parametrize("answers", range(3, 12))
def test_a_zone_that_fails_later_raises_nothing(operand: str, answers: int) -> None:
    snapshot, given = _dated(operand), {"p": "2019-01-01"}
    for _ in range(3):
        found = evaluate_flag(snapshot, "f", "u", given, project_timezone=_Zone(answers))
        assert found.value is True


@pytest.mark.rule("R8.82")
def test_the_offset_of_a_zone_of_any_class_counts() -> None:
    zone, given = _Zone(1_000), {"p": "2019-12-31T22:30:00Z"}
    snapshot = _dated("2020-01-01")
    assert evaluate_flag(snapshot, "f", "u", given, project_timezone=zone).value is False
    assert evaluate_flag(snapshot, "f", "u", given, project_timezone=UTC).value is True


class _Raising(datetime):
    def __sub__(self, _: Any) -> Any:
        raise ZeroDivisionError

    astimezone = replace = timestamp = __sub__  # type: ignore[assignment]


class _RaisingYear(datetime):
    @property
    def year(self) -> int:
        raise ZeroDivisionError


@pytest.mark.parametrize(
    "now",
    [
        datetime(2026, 1, 1, tzinfo=_Zone(1)),
        _Raising(2026, 1, 1, tzinfo=timezone(timedelta(hours=2))),
        pd.Timestamp("2026-01-01", tz="Europe/Berlin"),
    ],
)
def test_a_time_of_any_class_is_read_once(now: datetime) -> None:
    found = evaluate_flag(_dated("-1d"), "f", "u", {"p": "2025-12-30T21:00:00Z"}, now=now)
    assert found.value is True


def test_a_time_that_cannot_be_read_is_refused_in_words() -> None:
    for now, why in (
        (_RaisingYear(2026, 1, 1, tzinfo=UTC), "its code raised ZeroDivisionError"),
        (datetime(2026, 1, 1, tzinfo=_Zone(0)), "its code raised ZeroDivisionError"),
        (pd.NaT, "its code raised ValueError"),
        (datetime(2026, 1, 1), "got datetime"),
    ):
        with pytest.raises(TypeError, match=f"now must be an aware datetime[,;] {why}"):
            evaluate_flag(_dated("-1d"), "f", "u", now=now)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        ("prod", "got the text 'prod'"),
        (b"prod", "got the bytes b'prod'"),
        (bytearray(b"a"), "got the bytes"),
        (5, "not iterable"),
        ([["x"]], "unhashable"),
    ],
)
def test_names_must_be_a_collection(wrong: Any, words: str) -> None:
    snapshot = Snapshot.parse({"flags": [_flag()]})
    with pytest.raises(TypeError, match=f"evaluation_contexts must be a collection .*{words}"):
        evaluate_flag(snapshot, "f", "u", evaluation_contexts=wrong)
    with pytest.raises(TypeError, match=f"flag_keys must be a collection of keys.*{words}"):
        evaluate(snapshot, "u", flag_keys=wrong)


# What is printed.


def test_what_quotes_the_document_is_printable() -> None:
    name = "k\x1b[2J\u202e\x9b"
    tests = [
        _test(key=name, value=name),
        {"type": "cohort", "key": "id", "value": "1"},
        _test(operator="regex", value="(" + name),
        _test(operator=name),
    ]
    cohort = {"type": "AND", "values": [_test(operator=name), {"type": name, "key": name}]}
    document = {
        "flags": [
            {**_flag(groups=[{"properties": tests, "variant": name}]), "key": name, name: 1},
            {**_flag(), "key": name},
        ],
        "cohorts": {name: cohort, "1": cohort},
        "group_type_mapping": {name: name},
    }
    snapshot = Snapshot.parse(document)
    printed = [str(explain(snapshot, name, "u", {name: name}))]
    for issue in snapshot.issues:
        printed += [str(issue), issue.message]
    for finding in validate(document):
        printed += [str(finding), finding.message, finding.hint]
    printed.append(str(no_column("distinct_id", "ids", [name])))
    for wrong in ({name: 1}, {"flags": [], name: object()}, '{"flags":[],' + name):
        with pytest.raises(SnapshotError) as caught:
            Snapshot.parse(wrong)
        printed.append(str(caught.value))
    assert len(printed) > 20
    assert [text for text in printed if not text.replace("\n", "").isprintable()] == []


@pytest.mark.rule("R15.10")
def test_a_long_name_is_cut_in_text_for_people_and_in_pointers() -> None:
    name = "n" * 50_000
    test = _test(type="group", group_type_index=0)
    groups = [{"properties": [test], "aggregation_group_type_index": 0}] * 3
    cohort = {"type": "AND", "values": [_test(operator="exactly"), 5]}
    document = {
        "flags": [_flag(groups=groups)],
        "cohorts": {name: cohort},
        "group_type_mapping": {"0": name},
    }
    snapshot = Snapshot.parse(document)
    texts = [
        render_flag(evaluators_of(snapshot).plans.plan("f")),  # type: ignore[arg-type]
        str(explain(snapshot, "f", "u", groups={name: "acme"}).to_line().children[0]),
        *(issue.pointer for issue in snapshot.issues),
        *(finding.pointer for finding in validate(document)),
    ]
    assert all("…" in text for text in texts if "nnn" in text)
    assert max(map(len, texts)) < 3_000
    pointers = [issue.pointer for issue in snapshot.issues]
    assert {len(pointer) for pointer in pointers} == {600}
    assert {pointer[-9:] for pointer in pointers} >= {"/values/1"}


@pytest.mark.rule("R15.7", "R15.10")
@pytest.mark.parametrize("key", ["f", "k" * 2_000])
def test_long_names_are_compiled_as_short_ones_are(key: str) -> None:
    group, name = "g" * 300, "p" * 300
    of_group = _test(type="group", group_type_index=0, key=name)
    groups = [
        {"properties": [_test(key=name), of_group], "rollout_percentage": 50},
        {"properties": [_test(key=name, value=["b", 1])]},
        {"properties": [of_group], "aggregation_group_type_index": 0, "variant": "v"},
    ]
    variants = {"variants": [{"key": "v", "rollout_percentage": 50}]}
    flag = {**_flag(groups=groups, multivariate=variants), "key": key}
    snapshot = Snapshot.parse({"flags": [flag], "group_type_mapping": {"0": group}})
    for number in range(20):
        for given in ({}, {name: "a"}, {name: "b"}, {name: 1}, {name: [1]}):
            options: Any = {
                "groups": {group: f"acme-{number}"},
                "group_properties": {group: {name: "a"} if number % 2 else {}},
            }
            person = f"user-{number}"
            expected = explain(snapshot, key, person, given, **options).resolution
            assert evaluate_flag(snapshot, key, person, given, **options) == expected
            expected = explain(snapshot, key, person, given).resolution
            assert evaluate_flag(snapshot, key, person, given) == expected
