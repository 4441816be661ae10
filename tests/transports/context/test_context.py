"""Contexts: inheritance, changes, ends, decorators, and isolation."""

from __future__ import annotations

import asyncio
import contextvars
import threading
from concurrent.futures import ThreadPoolExecutor
from uuid import UUID

import pytest

from flagengine.transports.context import context, current, enter, exit, resumer, update  # noqa: A004
from flagengine.transports.context.properties_for_flags import NO_PROPERTIES


def ids():
    active = current()
    return None if active is None else (active.distinct_id, active.session_id, active.device_id)


def test_outside_of_any_there_is_none():
    assert current() is None
    assert update(distinct_id="u") is False
    assert current() is None


def test_a_nested_context_inherits_and_its_changes_end_with_it():
    with context(distinct_id="u1", session_id="s1", properties={"a": 1, "b": 1}) as outer:
        assert outer.distinct_id == "u1"
        with context(device_id="d1", properties={"b": 2}):
            assert ids() == ("u1", "s1", "d1")
            assert current().properties == {"a": 1, "b": 2}
            update(distinct_id="u2", properties={"c": 3})
            assert current().properties == {"a": 1, "b": 2, "c": 3}
        assert ids() == ("u1", "s1", None)
        assert current().properties == {"a": 1, "b": 1}
    assert current() is None


def test_a_fresh_context_inherits_nothing():
    with (
        context(distinct_id="u1", properties={"a": 1}, capture_exceptions=True),
        context(fresh=True, session_id="s2"),
    ):
        assert ids() == (None, "s2", None)
        assert current().properties == {}
        assert current().capture_exceptions is False


def test_what_was_read_or_given_does_not_change_afterwards():
    given = {"a": 1}
    with context(properties=given):
        before = current()
        given["a"] = 2
        update(properties={"a": 3})
        assert before.properties == {"a": 1}
        assert current().properties == {"a": 3}
        with pytest.raises(TypeError):
            before.properties["a"] = 4


@pytest.mark.parametrize(
    ("given", "kept"),
    [
        (7, "7"),
        (UUID(int=1), "00000000-0000-0000-0000-000000000001"),
        ("", None),
        (" \n", None),
        (None, None),
    ],
)
def test_ids_may_be_anything_with_a_text(given, kept):
    with context(distinct_id=given):
        assert current().distinct_id == kept


def test_an_id_whose_text_cannot_be_had_is_absent():
    class Broken:
        def __str__(self):
            raise RuntimeError

    with context(distinct_id=Broken(), properties="none"):
        assert ids() == (None, None, None)
        assert current().properties == {}


def test_the_session_is_an_event_property_too():
    with context(session_id="s1", properties={"a": 1}):
        assert current().event_properties() == {"a": 1, "$session_id": "s1"}
    with context(properties={"a": 1}):
        assert current().event_properties() == {"a": 1}


@pytest.mark.contract("set-person-properties-for-flags")
def test_properties_for_flags_live_on_the_context():
    with context(distinct_id="u"):
        update(flags=NO_PROPERTIES.with_person({"plan": "pro"}))
        with context():
            assert current().flags.person == {"plan": "pro"}
            update(flags=current().flags.without_person())
            assert current().flags.person == {}
        assert current().flags.person == {"plan": "pro"}


def test_a_context_can_be_entered_and_left_by_token():
    token = enter(distinct_id="u1")
    inner = enter(properties={"a": 1})
    assert ids() == ("u1", None, None)
    exit(inner)
    exit(token)
    assert current() is None
    exit(token)


def test_a_token_of_another_copy_of_the_variables_leaves_the_contexts_of_this_one():
    token = contextvars.copy_context().run(enter, distinct_id="u1")
    with context(distinct_id="u0"):
        exit(token)
        assert ids() == ("u0", None, None)


def test_decorated_functions_get_one_context_a_call():
    @context(distinct_id="u1", properties={"depth": 0})
    def visit(depth):
        assert current().distinct_id == "u1"
        before = current().properties["depth"]
        update(properties={"depth": depth})
        return before if depth == 0 else visit(depth - 1)

    assert visit(2) == 0
    assert visit.__name__ == "visit"
    assert current() is None


def test_an_updated_context_of_a_worker_thread_is_the_requests():
    with ThreadPoolExecutor(1) as pool, context():
        copied = contextvars.copy_context()
        pool.submit(copied.run, update, distinct_id="u1").result()
        assert current().distinct_id == "u1"


def test_a_new_thread_starts_without_a_context():
    seen = []
    with context(distinct_id="u1"):
        thread = threading.Thread(target=lambda: seen.append(current()))
        thread.start()
        thread.join()
    assert seen == [None]


def test_many_threads_may_change_one_context_and_nothing_is_lost():
    with context(), ThreadPoolExecutor(4) as pool:
        copies = [contextvars.copy_context() for _ in range(200)]
        for number, copy in enumerate(copies):
            pool.submit(copy.run, update, properties={f"k{number}": number})
        pool.shutdown()
        assert len(current().properties) == 200


@pytest.mark.contract("tracing-headers")
def test_concurrent_tasks_see_their_own_context_across_awaits():
    async def request(user):
        async with context(distinct_id=user, fresh=True):
            for _ in range(3):
                await asyncio.sleep(0)
                assert current().distinct_id == user
            child = asyncio.create_task(child_of(user))
            await child
        assert current() is None

    async def child_of(user):
        assert current().distinct_id == user
        with context(distinct_id="child"):
            await asyncio.sleep(0)
            assert current().distinct_id == "child"

    async def all_of_them():
        await asyncio.gather(*(request(f"u{n}") for n in range(20)))

    asyncio.run(all_of_them())
    assert current() is None


def test_a_context_can_be_resumed_after_it_was_left():
    with context(distinct_id="u1"):
        resumed = resumer()
    for _ in range(2):
        with resumed():
            assert current().distinct_id == "u1"
        assert current() is None


@pytest.mark.parametrize("value", [object(), True, [7], {"id": 7}, float("nan"), iter(())])
def test_what_is_no_id_is_nobodys_and_not_that_of_the_outer_context(value):
    with context(distinct_id="outer", session_id="s", device_id="d"):
        with context(distinct_id=value, session_id=value, device_id=value):
            active = current()
            assert (active.distinct_id, active.session_id, active.device_id) == (None, None, None)
        update(distinct_id=value)
        assert current().distinct_id is None
        assert current().session_id == "s"
