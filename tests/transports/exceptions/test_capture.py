"""The description of an exception: type, message, stack, source lines."""

from __future__ import annotations

import linecache
from functools import partial
from pathlib import Path

import pytest

from flagengine.transports.exceptions import ExceptionSettings, without_reserved

from .raising import entries, frames, properties, raised

pytestmark = pytest.mark.contract("capture-exception")


def test_type_and_message_of_the_outermost_are_flat_properties_too():
    found = properties(raised(TypeError("boom"), cause=KeyError("inner")))
    assert found["$exception_type"] == "TypeError"
    assert found["$exception_message"] == "boom"
    assert found["$exception_list"][0]["stacktrace"]["type"] == "raw"


def test_a_callers_properties_are_kept_beside_it():
    merged = {**without_reserved({"handled": True, "area": "checkout"}), **properties("boom")}
    assert (merged["handled"], merged["area"]) == (True, "checkout")


class Domain:
    def __str__(self):
        return "out of stock"


@pytest.mark.parametrize(
    ("given", "kind", "value"),
    [
        ("boom", "Error", "boom"),
        (b"boom", "Error", "boom"),
        ("", "Error", ""),
        ({"message": "boom", "name": "Failure"}, "Failure", "boom"),
        ({"error": "boom"}, "Error", "boom"),
        ({"code": 7, "password": "x"}, "Error", "{'code': 7, 'password': ***}"),
        (["a", 1], "list", "['a', 1]"),
        (42, "int", "42"),
        ((1, 2, 3), "tuple", "(1, 2, 3)"),
        ((ValueError, None, "no traceback"), "tuple", None),
        (False, "bool", "False"),
        (ValueError, "ValueError", ""),
        (Domain(), "Domain", "out of stock"),
        (partial(int), "partial", None),
        (object(), "object", "<builtins.object>"),
    ],
)
def test_anything_that_is_no_exception_is_described(given, kind, value):
    entry = entries(given)[0]
    assert entry["type"] == kind
    assert isinstance(entry["value"], str)
    assert value is None or entry["value"] == value
    assert entry["mechanism"]["synthetic"] is True


def test_nothing_is_said_of_nothing():
    assert properties(None) == {}


def test_an_exc_info_triple_is_its_exception():
    error = raised(ValueError("boom"))
    entry = entries((ValueError, error.with_traceback(None), raised(KeyError()).__traceback__))[0]
    assert (entry["type"], entry["value"]) == ("ValueError", "boom")
    assert entry["mechanism"]["synthetic"] is False
    assert entry["stacktrace"]["frames"][-1]["function"] == "raised"
    assert entries((ValueError, None, None))[0]["type"] == "ValueError"


def test_frames_go_from_the_entry_point_to_the_crash():
    def main():
        handler()

    def handler():
        boom()

    def boom():
        raise ValueError

    with pytest.raises(ValueError) as caught:  # noqa: PT011 it has no message
        main()
    found = [frame["function"] for frame in frames(caught.value)]
    assert found[-3:] == ["main", "handler", "boom"]


def test_the_interpreters_crash_first_stack_is_turned_round():
    def main():
        return handler()

    def handler():
        return frames("no exception, so the stack is made of the calling frames")

    assert [frame["function"] for frame in main()][-5:-2] == ["main", "handler", "frames"]


def test_a_chain_is_listed_from_the_caught_one_to_the_root():
    class WrapperError(Exception):
        pass

    class RootError(Exception):
        pass

    found = entries(raised(WrapperError(), cause=raised(RootError())))
    assert [entry["type"] for entry in found] == ["WrapperError", "RootError"]
    assert found[0]["module"] == __name__
    assert "module" not in entries(raised(ValueError()))[0]


def test_an_exception_that_leads_to_none_is_alone():
    assert len(entries(raised(ValueError()))) == 1


def run_at(path: Path, line: int, *, lines: int = 60) -> BaseException:
    """Raise from the given line of a file."""
    text = [f"# line {number}\n" for number in range(1, lines + 1)]
    text[line - 1] = f"raise ValueError  # line {line}\n"
    path.write_text("".join(text))
    try:
        exec(compile(path.read_text(), str(path), "exec"), {"__name__": "shop.cart"})
    except ValueError as error:
        return error
    raise AssertionError


def test_source_lines_are_in_file_order_around_the_crash(tmp_path):
    frame = frames(run_at(tmp_path / "cart.py", 40))[-1]
    assert frame["lineno"] == 40
    assert frame["context_line"] == "raise ValueError  # line 40"
    assert frame["pre_context"] == [f"# line {n}" for n in range(35, 40)]
    assert frame["post_context"] == [f"# line {n}" for n in range(41, 46)]


@pytest.mark.parametrize(("line", "before", "after"), [(1, [], 5), (59, 5, 1), (60, 5, 0)])
def test_source_lines_end_where_the_file_does(tmp_path, line, before, after):
    frame = frames(run_at(tmp_path / "edge.py", line))[-1]
    assert len(frame["pre_context"]) == (before or 0)
    assert len(frame["post_context"]) == after


def test_source_lines_are_left_out_when_not_wanted_or_not_there(tmp_path):
    source = {"pre_context", "context_line", "post_context"}
    error = run_at(tmp_path / "unwanted.py", 40)
    without = ExceptionSettings(source_context_lines=0)
    assert all(not source & frame.keys() for frame in frames(error, settings=without))
    error = run_at(tmp_path / "gone.py", 40)
    (tmp_path / "gone.py").unlink()
    assert not source & frames(error)[-1].keys()


def test_a_long_line_is_cut_and_a_key_in_it_hidden(tmp_path):
    path = tmp_path / "keys.py"
    path.write_text("key = 'phc_abcdefgh12345'\nlong = '" + "x" * 3000 + "'\nraise ValueError\n")
    with pytest.raises(ValueError) as caught:  # noqa: PT011 it has no message
        exec(compile(path.read_text(), str(path), "exec"), {})
    key, long = frames(caught.value)[-1]["pre_context"]
    assert key == "key = '***'"
    assert len(long) == 1024


def test_a_deep_recursion_keeps_its_beginning_and_its_end():
    def deeper(depth):
        return deeper(depth + 1)

    with pytest.raises(RecursionError) as caught:
        deeper(0)
    found = frames(caught.value)
    assert len(found) == 128
    assert found[0]["function"] == "test_a_deep_recursion_keeps_its_beginning_and_its_end"
    assert found[-1]["function"] == "deeper"


def test_a_large_tree_of_deep_stacks_stays_within_what_the_server_takes():
    def deeper(depth):
        if depth:
            deeper(depth - 1)
        raise ValueError("x" * 100_000)

    members = []
    for _ in range(60):
        try:
            deeper(200)
        except ValueError as error:
            members.append(error)
    found = properties(ExceptionGroup("large", members))
    assert len(repr(found)) < 900 * 1024


@pytest.fixture(autouse=True)
def _fresh_line_cache():
    yield
    linecache.clearcache()
