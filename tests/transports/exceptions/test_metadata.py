"""The metadata contract: the known facts of an exception are reported, unknown facts left out."""

from __future__ import annotations

import pytest

from flagengine.transports.exceptions import LOGGING, PROCESS, HookKind, without_reserved

from .raising import entries, mechanisms, properties, raised

pytestmark = pytest.mark.contract("exception-event-metadata", "exception-event-mechanism")
DJANGO = {"mechanism_type": "middleware", "handled": False, "source": "django.middleware"}


def test_a_caught_exception_has_the_defaults_of_manual_capture():
    found = properties(raised(ValueError("boom")))
    assert found["$exception_level"] == "error"
    assert "$exception_source" not in found
    assert "$exception_fingerprint" not in found
    assert found["$exception_list"][0]["mechanism"] == {
        "type": "generic",
        "handled": True,
        "synthetic": False,
        "exception_id": 0,
    }


def test_a_middleware_says_its_category_and_its_name():
    found = properties(raised(ValueError()), **DJANGO)
    assert found["$exception_source"] == "django.middleware"
    assert found["$exception_list"][0]["mechanism"]["type"] == "middleware"
    assert found["$exception_list"][0]["mechanism"]["handled"] is False


def test_a_cause_names_its_parent_and_relationship():
    outer, nested = mechanisms(raised(ValueError("outer"), cause=KeyError("inner")))
    assert outer["exception_id"] == 0
    assert not {"parent_id", "source"} & outer.keys()
    assert nested == {
        "type": "chained",
        "source": "cause",
        "synthetic": False,
        "exception_id": 1,
        "parent_id": 0,
    }


def test_an_implicit_context_is_no_cause():
    with pytest.raises(ValueError, match="invalid literal") as caught:  # noqa: PT012 raised on purpose
        try:
            {}["key"]
        except KeyError:
            int("x")
    assert mechanisms(caught.value)[1]["source"] == "context"


def test_a_suppressed_context_is_not_reported():
    with pytest.raises(ValueError) as caught:  # noqa: PT011, PT012 raised on purpose
        try:
            {}["key"]
        except KeyError:
            raise ValueError from None
    assert len(entries(caught.value)) == 1


def test_a_group_is_flattened_parents_first_members_in_order():
    second = raised(KeyError("second"), cause=OSError("root"))
    found = entries(raised(ExceptionGroup("both", [ValueError("first"), second])))
    assert [entry["type"] for entry in found] == [
        "ExceptionGroup",
        "ValueError",
        "KeyError",
        "OSError",
    ]
    linked = [entry["mechanism"] for entry in found]
    assert [link["exception_id"] for link in linked] == [0, 1, 2, 3]
    assert [link.get("parent_id") for link in linked] == [None, 0, 0, 2]
    assert [link.get("source") for link in linked] == [None, "member", "member", "cause"]
    assert {link["type"] for link in linked[1:]} == {"chained"}


def test_nested_entries_say_nothing_of_being_handled():
    for boundary in ({}, DJANGO):
        assert "handled" not in mechanisms(raised(ValueError(), cause=KeyError()), **boundary)[1]


def test_a_cycle_ends():
    first, second = ValueError("first"), KeyError("second")
    first.__cause__, second.__cause__ = second, first
    assert [entry["type"] for entry in entries(first)] == ["ValueError", "KeyError"]


def test_a_group_that_shares_an_exception_lists_it_once():
    shared = OSError("shared")
    members = [raised(ValueError(), cause=shared), raised(KeyError(), cause=shared), shared]
    found = entries(ExceptionGroup("g", members))
    assert [entry["type"] for entry in found] == [
        "ExceptionGroup",
        "ValueError",
        "OSError",
        "KeyError",
    ]


def test_at_most_fifty_entries_the_earliest_are_kept():
    chain = ValueError("0")
    for number in range(1, 80):
        chain = raised(ValueError(str(number)), cause=chain)
    found = entries(chain)
    assert [entry["value"] for entry in found] == [str(n) for n in range(79, 29, -1)]
    members = [raised(ValueError(str(n)), cause=KeyError(n)) for n in range(60)]
    found = entries(ExceptionGroup("wide", members))
    assert len(found) == 50
    assert [entry["mechanism"].get("parent_id") for entry in found[:5]] == [None, 0, 1, 0, 3]


def test_a_recorded_stack_is_not_synthetic():
    entry = entries(raised(ValueError()))[0]
    assert entry["mechanism"]["synthetic"] is False
    assert entry["stacktrace"]["frames"][-1]["function"] == "raised"


def test_a_stack_made_for_what_has_none_is_synthetic():
    for given in (ValueError("never raised"), "only text", {"message": "m"}):
        entry = entries(given)[0]
        assert entry["mechanism"]["synthetic"] is True
        assert any(frame["function"] == "entries" for frame in entry["stacktrace"]["frames"])


def test_an_exception_that_keeps_its_lack_of_a_stack_is_not_synthetic():
    nested = entries(raised(ValueError(), cause=KeyError("never raised")))[1]
    assert "stacktrace" not in nested
    assert nested["mechanism"]["synthetic"] is False
    hooked = entries(ValueError("from C"), boundary=PROCESS)[0]
    assert "stacktrace" not in hooked
    assert hooked["mechanism"]["synthetic"] is False


def test_a_logged_warning_is_a_handled_warning():
    found = properties(raised(ValueError()), boundary=LOGGING, level="warn")
    assert found["$exception_level"] == "warning"
    assert found["$exception_source"] == "python.logging"
    mechanism = found["$exception_list"][0]["mechanism"]
    assert (mechanism["type"], mechanism["handled"]) == ("logger", True)


def test_a_fatal_log_record_is_still_handled():
    found = properties(raised(ValueError()), boundary=LOGGING, level="FATAL")
    assert found["$exception_level"] == "fatal"
    assert found["$exception_list"][0]["mechanism"]["handled"] is True


def test_what_ends_the_process_is_fatal_and_unhandled():
    found = properties(raised(ValueError()), boundary=HookKind.PROCESS.boundary)
    assert found["$exception_level"] == "fatal"
    assert found["$exception_source"] == "python.sys_excepthook"
    mechanism = found["$exception_list"][0]["mechanism"]
    assert (mechanism["type"], mechanism["handled"]) == ("onuncaughtexception", False)


def test_a_crash_reported_later_keeps_the_boundary_it_crossed():
    crash = raised(ValueError("earlier"))
    later = properties(crash, boundary=PROCESS)
    assert later["$exception_level"] == "fatal"
    assert later["$exception_list"][0]["mechanism"]["handled"] is False
    assert later["$exception_list"][0]["stacktrace"]["frames"][-1]["function"] == "raised"


def test_the_capture_source_is_no_list_of_files():
    found = properties(raised(ValueError()), **DJANGO)
    assert found["$exception_source"] == "django.middleware"
    assert "$exception_sources" not in found


def test_a_callers_reserved_properties_never_win():
    claimed = {
        "$exception_list": [],
        "$exception_level": "debug",
        "$exception_source": "django.middleware",
        "$exception_types": ["X"],
        "$cymbal_errors": [],
        "$debug_images": [],
        "area": "checkout",
    }
    merged = {**without_reserved(claimed), **properties(raised(ValueError("boom")))}
    assert merged["$exception_level"] == "error"
    assert merged["$exception_list"][0]["value"] == "boom"
    assert merged["area"] == "checkout"
    assert not {"$exception_source", "$exception_types", "$cymbal_errors", "$debug_images"} & (
        merged.keys()
    )
