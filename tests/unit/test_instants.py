"""Dates as nanoseconds: zones with gaps and overlaps, far years, calendar steps (SPEC R8.8)."""

from datetime import UTC, datetime, timedelta, timezone, tzinfo
from zoneinfo import ZoneInfo

import pytest

from flagengine.values.instants import LENIENT, Moment, instant_of_filter, instant_of_property

NEW_YORK = ZoneInfo("America/New_York")
LORD_HOWE = ZoneInfo("Australia/Lord_Howe")
NOW = datetime(2024, 3, 31, 12, tzinfo=UTC)


def _at(value: object, zone: tzinfo = UTC, now: datetime = NOW) -> object:
    read = instant_of_filter if isinstance(value, str) else instant_of_property
    return read(value, Moment.of(now, zone))  # type: ignore[arg-type]


def _nanos(written: str) -> int:
    delta = datetime.fromisoformat(written) - datetime(1970, 1, 1, tzinfo=UTC)
    return (delta // timedelta(microseconds=1)) * 1_000


@pytest.mark.rule("R8.81")
@pytest.mark.parametrize(
    ("written", "instant"),
    [
        ("1970-01-01", "1970-01-01T00:00:00Z"),
        ("2024-02-29", "2024-02-29T00:00:00Z"),
        ("2024-02-29T12:30", "2024-02-29T12:30:00Z"),
        ("2024-02-29 12:30:15", "2024-02-29T12:30:15Z"),
        ("2024-02-29T12:30:15.25", "2024-02-29T12:30:15.250000Z"),
        ("2024-02-29T12:30:15Z", "2024-02-29T12:30:15Z"),
        ("2024-02-29t12:30:15z", "2024-02-29T12:30:15Z"),
        ("2024-02-29 12:30:15+05:30", "2024-02-29T07:00:15Z"),
        ("2024-02-29T12:30:15.5-01:00", "2024-02-29T13:30:15.500000Z"),
        ("2024-02-29T12:30:15\u221201:00", "2024-02-29T13:30:15Z"),
        (" 2024- 2- 9T 1: 2", "2024-02-09T01:02:00Z"),
        ("2024-2-0912:30", "2024-02-09T12:30:00Z"),
        ("+0002024-02-29", "2024-02-29T00:00:00Z"),
    ],
)
def test_the_plain_forms_are_read(written: str, instant: str):
    assert _at(written) == _nanos(instant)


@pytest.mark.rule("R8.81")
@pytest.mark.parametrize(
    ("zone", "hours"),
    [
        *[(" GMT", 0), (" UTC", 0), (" utc", 0), ("GMT", 0), (" CET", 0), (" XyZ", 0), (" Z12", 0)],
        *[(" EDT", 4), (" EST", 5), (" CDT", 5), (" CST", 6), (" MDT", 6), (" MST", 7)],
        *[(" PDT", 7), (" PST", 8), (" pst", 8), ("EST5", 5), (" UTC+01", 0)],
        *[(" -0800", 8), (" -08:00", 8), ("-08", 8), ("-0800", 8), ("-08:00", 8), ("  +0000", 0)],
        *[(" -08000", 8), (" -23:00", 23)],
    ],
)
def test_a_time_may_have_a_zone(zone: str, hours: int):
    for clock in ("12:30:00", "12:30"):
        then = _nanos("2024-02-29T12:30:00Z") + hours * 3_600 * 10**9
        assert _at(f"2024-02-29 {clock}{zone}") == then
        assert _at(f"2024-02-29 {clock}{zone}", NEW_YORK) == then


@pytest.mark.rule("R8.81")
def test_what_is_glued_to_the_name_of_a_zone_does_not_count():
    half = _nanos("2024-02-29T12:30:15.500000Z")
    assert _at("2024-02-29 12:30:15.5 GMT") == half
    assert _at("2024-02-29 12:30:15.5+00:00") == half
    assert _at("2024-02-29  12:30:15.5+0000") == half
    assert _at("2024-02-29 12:30:15.5GMT") == _nanos("2024-02-29T12:30:15Z")
    assert _at("2024-02-29 12:30:61GMT") == _nanos("2024-02-29T12:30:00Z")
    assert _at("2024-02-29 12:30.5GMT") == _nanos("2024-02-29T12:30:00Z")


@pytest.mark.rule("R8.81", "R7.9")
@pytest.mark.parametrize(
    "written", ["{}2024-02-29", "2024-02-29{}10:00", "May 8,{}2024", "12:30{}"]
)
def test_a_megabyte_of_blanks_is_read_in_linear_time(written: str):
    _at(written.format(" " * 1_000_000))
    _at(written.format(" " * 1_000_000) + "x")


@pytest.mark.rule("R8.81")
def test_a_fraction_is_read_to_the_nanosecond():
    assert _at("1970-01-01T00:00:00.123456789999Z") == 123_456_789


@pytest.mark.rule("R8.82")
def test_in_a_repeated_hour_the_earlier_instant_counts():
    # 3 November 2024: New York goes from UTC-4 to UTC-5 at 02:00.
    assert _at("2024-11-03T01:30", NEW_YORK) == _nanos("2024-11-03T05:30:00Z")
    assert _at("2024-11-03T02:00", NEW_YORK) == _nanos("2024-11-03T07:00:00Z")


@pytest.mark.rule("R8.82")
def test_a_skipped_time_is_no_date():
    assert _at("2024-03-10T02:30", NEW_YORK) in (None, LENIENT)
    assert not isinstance(_at("2024-03-10T02:30", NEW_YORK), int)
    assert _at("2024-03-10T03:00", NEW_YORK) == _nanos("2024-03-10T07:00:00Z")
    assert _at("2024-03-10T01:59", NEW_YORK) == _nanos("2024-03-10T06:59:00Z")


@pytest.mark.rule("R8.82")
def test_a_zone_may_change_by_half_an_hour():
    # Lord Howe: UTC+11 to UTC+10:30 on 7 April 2024 at 02:00, back on 6 October at 02:00.
    assert _at("2024-04-07T01:45", LORD_HOWE) == _nanos("2024-04-06T14:45:00Z")
    assert _at("2024-04-07T02:00", LORD_HOWE) == _nanos("2024-04-06T15:30:00Z")
    assert not isinstance(_at("2024-10-06T02:15", LORD_HOWE), int)
    assert _at("2024-10-06T02:30", LORD_HOWE) == _nanos("2024-10-05T15:30:00Z")


@pytest.mark.rule("R8.82")
def test_a_form_with_an_offset_does_not_depend_on_the_zone():
    assert _at("2024-03-10T02:30:00Z", NEW_YORK) == _nanos("2024-03-10T02:30:00Z")


@pytest.mark.rule("R8.81")
def test_years_outside_pythons_range_are_read():
    assert _at("0000-01-01") == -719_528 * 86_400 * 10**9
    assert _at("9999-12-31") == _nanos("9999-12-31T00:00:00Z")
    assert isinstance(_at("0000-02-29", NEW_YORK), int)
    assert _at("-0001-12-31") == _at("0000-01-01") - 86_400 * 10**9  # type: ignore[operator]
    assert isinstance(_at("+262142-12-31"), int)
    assert isinstance(_at("-262143-01-01"), int)


@pytest.mark.rule("R8.83")
@pytest.mark.parametrize("sign", ["", "-"])
@pytest.mark.parametrize(
    ("written", "back"),
    [
        ("1h", timedelta(hours=1)),
        ("7d", timedelta(days=7)),
        ("0w", timedelta()),
        ("2w", timedelta(weeks=2)),
        ("007d", timedelta(days=7)),
        ("9999h", timedelta(hours=9999)),
    ],
)
def test_relative_text_is_always_in_the_past(sign: str, written: str, back: timedelta):
    assert _at(sign + written) == _nanos((NOW - back).isoformat())


@pytest.mark.rule("R8.84")
@pytest.mark.parametrize(
    ("now", "written", "then"),
    [
        ("2023-03-31", "1m", "2023-02-28"),
        ("2024-03-31", "2m", "2024-01-29"),
        ("2023-03-31", "2m", "2023-01-28"),
        ("2024-01-15", "1m", "2023-12-15"),
        ("2024-02-29", "1y", "2023-02-28"),
        ("2024-02-29", "4y", "2020-02-28"),
        ("2024-05-31", "12m", "2023-05-29"),
        ("2024-05-31", "0m", "2024-05-31"),
    ],
)
def test_months_and_years_step_and_clamp_one_at_a_time(now: str, written: str, then: str):
    moment = datetime.fromisoformat(f"{now}T10:00:00+00:00")
    assert _at(written, now=moment) == _nanos(f"{then}T10:00:00Z")


@pytest.mark.rule("R8.84")
def test_a_step_is_on_the_calendar_of_the_projects_zone():
    # 1 March in UTC is still 29 February in New York.
    now = datetime(2024, 3, 1, 3, tzinfo=UTC)
    assert _at("1m", NEW_YORK, now) == _nanos("2024-01-30T03:00:00Z")
    assert _at("1m", UTC, now) == _nanos("2024-02-01T03:00:00Z")


@pytest.mark.rule("R8.83", "R8.84")
def test_the_farthest_past_is_read():
    years = _at("-9999y")
    assert isinstance(years, int)
    assert years < _at("9999m") < _at("9999w") < _at("9999d")  # type: ignore[operator]


@pytest.mark.rule("R8.83", "R8.88", "R8.89")
@pytest.mark.parametrize(
    "written", ["10000d", "1.5d", "d", "--1d", "1 d", "1D", "+1d", "1s", "\u0663d"]
)
def test_what_is_not_quite_relative_is_no_instant(written: str):
    assert not isinstance(_at(written), int)


@pytest.mark.rule("R8.88")
@pytest.mark.parametrize(
    "written",
    [
        *["", "soon", "yes", "\ud800", "x" * 10_000, "tomorrow-ish", "--", "[]"],
        *["1.2y", "1.2", "1.2.3", "123344000.134m", "1s", "000bello", "May 8th", "15/8/2024"],
        *["13-05-2024", "2024年", "12 foo 2024", "99999999999", "2024-05-08 25:00", "2024-02-30"],
        *["2024-05-08T10:00:00+24:00", "2024-05-08 10:00 Z", "2024-05-08 10:00 UT"],
        *["2024-05-08 10:00:61 GMT", "2024-05-08 10:00.5 GMT", "2024-05-08 10:00 +0160"],
        *[
            "2024-02-30 10:00 GMT",
            "2024-02-30T10:00:00Z",
            "2024-05-08 10:00 .500",
            "2024-05-08 10:00:00 G:T",
        ],
        *["+999999-01-01", "-262144-01-01", "+" + "9" * 5_000 + "-01-01", "2024-05-08\x1f10:00"],
    ],
)
def test_text_that_no_parser_knows_is_certainly_no_date(written: str):
    assert _at(written) is None


@pytest.mark.rule("R8.89")
@pytest.mark.parametrize(
    "written",
    [
        "May 8, 2024",
        "8 May 2024",
        "5/8/2024",
        "2024/05/08",
        "Mon, 02 Jan 2006 15:04:05 MST",
        "12:30",
        "1717243200",
        "2024-05-08 PST",
        "2024-05-08+08:00",
        "2024-05-08 10:00 pm",
        "2024-05-08 10:00:00 +9900",
        "2024-05-08 10:00:00+01:",
        "2024-05-08 10:00:61+01",
        "2024-05-08 10:00:60 GMT",
        "2024-05-08T10:00:60",
        "05-13-2024",
        "2024-May-08",
        "2024.05",
        "+2024.05.08",
        "4. 05. 2024",
        "171113 14:14:20",
        "May 8 at 10:00 am",
        "May 08, 2024 15:51 UTC",
        "Match 08, 2024 15:51 UTC",
        "2 Jun 2021 06:31 +0100 (a (nested) comment)",
        "2024年04月08日",
        "2024年04月08日11时25分18秒",
    ],
)
def test_shapes_of_the_lenient_parser_are_left_to_the_server(written: str):
    assert _at(written) is LENIENT


@pytest.mark.rule("R8.86")
@pytest.mark.parametrize(
    ("value", "instant"),
    [
        (0, 0),
        (1.5, 1_500_000_000),
        (1.0009765625, 1_000_976_563),
        (-0.5, -1_000_000_000),
        (-1, -1_000_000_000),
        (1_717_243_200, 1_717_243_200 * 10**9),
    ],
)
def test_a_number_is_unix_seconds(value: float, instant: int):
    assert _at(value) == instant


@pytest.mark.rule("R8.86", "R8.87")
def test_a_propertys_text_may_be_seconds_or_relative():
    moment = Moment.of(NOW)
    assert instant_of_property("2024", moment) == 2_024 * 10**9
    assert instant_of_property("1h", moment) == _nanos("2024-03-31T11:00:00Z")


@pytest.mark.rule("R8.88")
@pytest.mark.parametrize("value", [True, None, [], {}, 1e300, 10**400, float("inf"), -1e14])
def test_other_values_are_no_dates(value: object):
    assert instant_of_property(value, Moment.of(NOW)) is None


def test_now_may_be_in_any_zone():
    east = timezone(timedelta(hours=9))
    assert _at("0d", now=datetime(2024, 3, 31, 21, tzinfo=east)) == _nanos("2024-03-31T12:00:00Z")
