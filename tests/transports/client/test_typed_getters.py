"""The typed getters: a value of the default's type, or the default."""

from __future__ import annotations

import asyncio
import logging
from types import MappingProxyType
from typing import Any

import pytest

from flagengine.transports import AsyncClient, FlagError, MemorySink

from .bench import Bench, flag, local, needs, variant_flag

pytestmark = pytest.mark.contract("typed-flag-values")

USER = "user-1"


def typed(key: str, kind: str, value: Any) -> dict[str, Any]:
    """Return a flag of format 2 that gives everybody a value."""
    rule = {
        "id": "10000000-0000-4000-8000-000000000001",
        "rule_type": "targeted_release",
        "targeting": {"properties": []},
        "value": value,
    }
    filters = {"version": 2, "return_type": kind, "default_value": None, "rules": [rule]}
    return {"id": 1, "key": key, "active": True, "filters": filters}


def definitions() -> Any:
    return local(
        flag("on"),
        flag("off", active=False),
        flag("unresolved", needs("plan")),
        variant_flag("blue", "blue"),
        variant_flag("twelve", "12"),
        variant_flag("half", "0.5"),
        variant_flag("size", "large", 25),
        variant_flag("true", "large", payload=True),
        variant_flag("text", "large", "a text"),
        variant_flag("object", "large", {"a": [1]}),
        variant_flag("empty", "large", {}),
        variant_flag("list", "large", [1, 2]),
        typed("v2 number", "number", 12),
        typed("v2 object", "object", {"b": 2}),
        typed("v2 text", "string", "42"),
        typed("v2 off", "boolean", value=False),
    )


def local_bench(**options: Any) -> Bench:
    return Bench(definitions=definitions(), strict_local_evaluation=True, **options)


READS = [
    ("get_boolean", "on", False, True),
    ("get_boolean", "off", True, False),
    ("get_boolean", "blue", False, True),
    ("get_boolean", "v2 off", True, False),
    ("get_string", "blue", "x", "blue"),
    ("get_string", "text", "x", "large"),
    ("get_string", "v2 text", "x", "42"),
    ("get_number", "twelve", 1, 12),
    ("get_number", "twelve", 1.0, 12.0),
    ("get_number", "half", 1.0, 0.5),
    ("get_number", "size", 1, 25),
    ("get_number", "size", 1.0, 25.0),
    ("get_number", "v2 number", 1, 12),
    ("get_number", "v2 number", 1.0, 12.0),
    ("get_object", "object", {}, {"a": [1]}),
    ("get_object", "empty", {"c": 3}, {}),
    ("get_object", "object", MappingProxyType({}), {"a": [1]}),
    ("get_object", "v2 object", {}, {"b": 2}),
    ("get_object", "list", [0], [1, 2]),
]


@pytest.mark.parametrize(("getter", "key", "default", "value"), READS)
def test_a_value_has_the_type_of_the_default(
    getter: str, key: str, default: Any, value: Any
) -> None:
    with local_bench() as bench:
        for _ in range(2):  # the second read may go the quick way
            found = getattr(bench.client, getter)(key, default, USER)
            assert (found, type(found)) == (value, type(value))
        details = bench.client.get_feature_flag_details(key, default, USER)
        assert (details.value, details.error_code) == (value, None)
        assert len(bench.called(key)) == 1


OTHERS = [
    ("get_string", "on", "x", "TYPE_MISMATCH"),
    ("get_number", "on", 1, "TYPE_MISMATCH"),
    ("get_number", "half", 1, "TYPE_MISMATCH"),
    ("get_number", "blue", 1.5, "TYPE_MISMATCH"),
    ("get_number", "true", 1, "TYPE_MISMATCH"),
    ("get_number", "v2 text", 1, "TYPE_MISMATCH"),
    ("get_boolean", "v2 text", True, "TYPE_MISMATCH"),
    ("get_string", "v2 number", "x", "TYPE_MISMATCH"),
    ("get_object", "list", {"c": 3}, "TYPE_MISMATCH"),
    ("get_object", "object", [0], "TYPE_MISMATCH"),
    ("get_object", "v2 object", [0], "TYPE_MISMATCH"),
    ("get_object", "size", {"c": 3}, "TYPE_MISMATCH"),
    ("get_boolean", "unresolved", True, "INVALID_CONTEXT"),
    ("get_string", "misspelt", "x", "FLAG_NOT_FOUND"),
    ("get_string", "off", "x", None),
    ("get_number", "off", 7, None),
    ("get_object", "off", {"c": 3}, None),
]


@pytest.mark.parametrize(("getter", "key", "default", "error"), OTHERS)
def test_all_else_gives_the_default_and_the_details_say_why(
    getter: str, key: str, default: Any, error: str | None
) -> None:
    with local_bench() as bench:
        assert getattr(bench.client, getter)(key, default, USER) is default
        details = bench.client.get_feature_flag_details(key, default, USER)
        assert details.value is default
        assert details.error_code == error
        if error == "TYPE_MISMATCH":
            assert details.error_message.startswith("value must be ")


def test_the_details_say_what_decided() -> None:
    with local_bench() as bench:
        details = bench.client.get_feature_flag_details("blue", "x", USER)
        assert (details.key, details.reason, details.variant) == ("blue", "TARGETING_MATCH", "blue")
        missing = bench.client.get_feature_flag_details("unresolved", False, USER)
        assert missing.error_message == "unresolved needs the person property plan"


def test_an_object_is_the_callers_own() -> None:
    with local_bench() as bench:
        for key in ("object", "v2 object"):
            bench.client.get_object(key, {}, USER)["new"] = 1
            assert "new" not in bench.client.get_object(key, {}, USER)


@pytest.mark.parametrize(
    ("getter", "default", "said"),
    [
        ("get_boolean", 1, "default must be a boolean, got int"),
        ("get_boolean", None, "default must be a boolean, got NoneType"),
        ("get_string", b"x", "default must be text, got bytes"),
        ("get_number", True, "default must be a number, got bool"),
        ("get_number", "1", "default must be a number, got str"),
        ("get_object", "{}", "default must be a mapping or a list, got str"),
        ("get_feature_flag_details", None, "default must be a boolean, text, a number"),
    ],
)
def test_a_default_of_another_type_is_returned_with_a_line_in_the_log(
    getter: str, default: Any, said: str, caplog: pytest.LogCaptureFixture
) -> None:
    with local_bench() as bench:
        if getter == "get_boolean":  # the quick way is open as well
            assert [bench.client.get_boolean("on", False, USER) for _ in range(2)] == [True] * 2
        sent = len(bench.events())
        found = getattr(bench.client, getter)("on", default, USER)
        assert len(bench.events()) == sent
    if getter == "get_feature_flag_details":
        assert (found.value, found.error_code) == (default, FlagError.GENERAL)
    else:
        assert found is default
    assert said in caplog.text
    assert not [record for record in caplog.records if record.exc_info]


def test_a_failure_gives_the_default(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.CRITICAL)
    with local_bench() as bench:
        bad: dict[str, Any] = {"groups": "acme"}
        client = bench.client
        assert client.get_boolean("on", True, USER, **bad) is True
        assert client.get_string("on", "x", USER, **bad) == "x"
        assert client.is_feature_enabled("on", USER, default_value=True, **bad) is True
        assert client.is_feature_enabled("on", USER, default_value=False, **bad) is False
        assert client.is_feature_enabled("on", USER, **bad) is None
        assert client.get_boolean("on", default=True, distinct_id=USER, **bad) is True


def test_a_client_that_does_nothing_gives_the_default() -> None:
    with Bench(disabled=True) as bench:
        assert bench.client.get_number("size", 3, USER) == 3
        details = bench.client.get_feature_flag_details("size", 3, USER)
        assert details.error_code is FlagError.PROVIDER_NOT_READY


def test_a_server_may_answer() -> None:
    with Bench() as bench:
        bench.server.flags = {"size": "large"}
        bench.server.payloads = {"size": 25}
        assert bench.client.get_number("size", 3, USER) == 25
        assert bench.client.get_string("size", "x", USER) == "large"


def test_the_asynchronous_getters_do_the_same() -> None:
    async def main() -> None:
        async with AsyncClient(
            definitions=definitions(), sink=MemorySink(), strict_local_evaluation=True
        ) as client:
            for getter, key, default, value in READS:
                found = await getattr(client, getter)(key, default, USER)
                assert (found, type(found)) == (value, type(value))
            for getter, key, default, error in OTHERS:
                assert await getattr(client, getter)(key, default, USER) is default
                details = await client.get_feature_flag_details(key, default, USER)
                assert details.error_code == error

    asyncio.run(main())
