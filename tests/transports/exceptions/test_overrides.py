"""Overrides, levels and boundaries: each value is checked, and unknown values are left out."""

from __future__ import annotations

import pytest

from flagengine.transports.exceptions import (
    HANDLED_REQUEST,
    PROCESS,
    REQUEST,
    TASK,
    THREAD,
    UNKNOWN,
    normalise_level,
)
from flagengine.transports.exceptions.mechanism import make_mechanism

from .raising import mechanisms, properties, raised

pytestmark = pytest.mark.contract("exception-event-metadata", "exception-event-mechanism")


def test_valid_overrides_of_an_integration_beat_the_boundary():
    found = properties(
        raised(ValueError()),
        boundary=REQUEST,
        level="critical",
        mechanism_type="custom",
        handled=True,
        source="fastapi.exception_handler",
        synthetic=True,
        thread_id=7,
        fingerprint="checkout",
    )
    entry = found["$exception_list"][0]
    assert found["$exception_level"] == "fatal"
    assert found["$exception_source"] == "fastapi.exception_handler"
    assert found["$exception_fingerprint"] == "checkout"
    assert entry["thread_id"] == 7
    assert entry["mechanism"] == {
        "type": "custom",
        "handled": True,
        "synthetic": True,
        "exception_id": 0,
    }


@pytest.mark.parametrize("bad", ["", "  ", 7, None, [], b"x", object()])
def test_an_invalid_override_is_as_good_as_none_and_its_neighbours_stay(bad):
    found = properties(
        raised(ValueError()),
        mechanism_type=bad,
        level=bad,
        source=bad,
        fingerprint=bad,
        handled=bad,
        synthetic=True,
    )
    mechanism = found["$exception_list"][0]["mechanism"]
    assert found["$exception_level"] == "error"
    assert not {"$exception_source", "$exception_fingerprint"} & found.keys()
    assert mechanism == {"type": "generic", "handled": True, "synthetic": True, "exception_id": 0}


def test_an_invalid_value_without_a_default_stays_absent():
    assert "handled" not in mechanisms(raised(ValueError()), boundary=UNKNOWN, handled="no")[0]


def test_without_a_boundary_nothing_is_invented():
    found = properties(raised(ValueError("boom"), cause=KeyError()), boundary=UNKNOWN)
    unknown = {"level", "source", "fingerprint"}
    assert not {f"$exception_{name}" for name in unknown} & found.keys()
    assert "$debug_images" not in found
    outer, nested = (entry["mechanism"] for entry in found["$exception_list"])
    assert outer == {"exception_id": 0}
    assert nested == {"type": "chained", "source": "cause", "exception_id": 1, "parent_id": 0}
    assert mechanisms("text", boundary=UNKNOWN) == [{"exception_id": 0}]


def test_every_mechanism_field_is_checked_for_itself():
    whole = {
        "type": "chained",
        "handled": True,
        "source": "cause",
        "synthetic": False,
        "exception_id": 3,
        "parent_id": 1,
        "meta": {"signal": 11},
    }
    assert make_mechanism(whole) == whole
    for name in ("type", "handled", "source", "synthetic", "exception_id", "parent_id"):
        for bad in (None, "", -1, [], "yes" if name in {"handled", "synthetic"} else True):
            if name in {"handled", "synthetic"} and bad is True:
                continue
            rest = {key: value for key, value in whole.items() if key != name}
            assert make_mechanism({**whole, name: bad}) == rest


@pytest.mark.parametrize(
    ("given", "level"),
    [
        *[(name, "fatal") for name in ("fatal", "critical", "CRITICAL", "alert", "emergency")],
        *[("error", "error"), ("warning", "warning"), (" Warn ", "warning"), ("log", "log")],
        *[("notice", "info"), ("info", "info"), ("trace", "debug"), ("debug", "debug")],
        *[("loud", None), (40, None), (None, None), (b"error", None)],
    ],
)
def test_levels_of_any_logging_system_are_normalised(given, level):
    assert normalise_level(given) == level


@pytest.mark.parametrize(
    ("boundary", "expected"),
    [
        (HANDLED_REQUEST, ("error", "middleware", True, None)),
        (REQUEST, ("error", "middleware", False, None)),
        (TASK, ("error", "task", False, None)),
        (THREAD, ("error", "onuncaughtexception", False, "python.threading_excepthook")),
        (PROCESS, ("fatal", "onuncaughtexception", False, "python.sys_excepthook")),
    ],
)
def test_each_boundary_has_its_defaults(boundary, expected):
    assert tuple(boundary.options().values()) == expected
    found = properties(raised(ValueError()), boundary=boundary)
    mechanism = found["$exception_list"][0]["mechanism"]
    assert expected == (
        found["$exception_level"],
        mechanism["type"],
        mechanism["handled"],
        found.get("$exception_source"),
    )
