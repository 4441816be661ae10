"""The definitions endpoint, at both addresses, and the payload of one flag."""

from __future__ import annotations

import gzip
from typing import Any

import pytest

from flagengine import Snapshot
from tests.transports.server.support import BETA, KEY, SECRET, Bench, definitions

NEW, OLD = "/flags/definitions", "/api/feature_flag/local_evaluation"
AUTH = {"authorization": f"Bearer {SECRET}"}


@pytest.mark.parametrize(
    "path", [NEW, f"{NEW}/?token={KEY}&send_cohorts", f"{OLD}/?send_cohorts", OLD, f"/{NEW}"]
)
def test_the_definitions_are_served_whole(path: str):
    document = definitions(
        BETA, {**BETA, "key": "off", "active": False}, cohorts={"1": {"type": "AND", "values": []}}
    )
    found = Bench(document=document)("GET", path, headers=AUTH)
    assert found.status == 200
    assert found.json == document
    assert list(Snapshot.parse(found.body).keys) == ["beta", "off"]


def test_what_sdks_expect_is_there_even_if_the_file_has_only_flags():
    found = Bench(document={"flags": [BETA]})("GET", NEW, headers=AUTH).json
    assert (found["group_type_mapping"], found["cohorts"]) == ({}, {})


def test_flags_with_encrypted_payloads_are_left_out():
    document = definitions(BETA, {**BETA, "key": "hidden", "has_encrypted_payloads": True})
    found = Bench(document=document)("GET", NEW, headers=AUTH).json
    assert [flag["key"] for flag in found["flags"]] == ["beta"]


@pytest.mark.parametrize("form", ['W/"{}"', '"{}"', "{}", '"other", W/"{}"'])
def test_a_caller_that_has_them_gets_no_body(form: str):
    bench = Bench()
    etag = bench("GET", NEW, headers=AUTH).header("etag")
    assert etag is not None
    bare = etag.removeprefix("W/").strip('"')
    found = bench("GET", NEW, headers={**AUTH, "if-none-match": form.format(bare)})
    assert (found.status, found.body, found.header("etag")) == (304, b"", etag)
    assert found.header("content-length") is None


def test_an_etag_changes_with_whatever_is_in_the_document():
    bench = Bench()
    etags = {bench("GET", NEW, headers=AUTH).header("etag")}
    for document in (
        definitions({**BETA, "active": False}),
        definitions(BETA, cohorts={"1": {"type": "AND", "values": []}}),
        definitions(BETA, group_type_mapping={}),
        definitions(BETA, minimal_flag_called_events=True),
    ):
        bench.source.replace(document)
        bench.projects[0].loader.publish(document)
        etags.add(bench("GET", NEW, headers=AUTH).header("etag"))
    assert len(etags) == 5


def test_a_caller_may_ask_for_them_packed():
    found = Bench()("GET", NEW, headers={**AUTH, "accept-encoding": "gzip, br"})
    assert found.header("content-encoding") == "gzip"
    assert b"beta" in gzip.decompress(found.body)


@pytest.mark.parametrize(
    ("path", "headers", "code", "words"),
    [
        (NEW, {}, "not_authenticated", "credentials were not provided"),
        (NEW, {"authorization": "Basic abc"}, "not_authenticated", "credentials were not provided"),
        (NEW, {"authorization": "Bearer phs_other"}, "authentication_failed", "Secret API token"),
        (NEW, {"authorization": f"Bearer {KEY}"}, "authentication_failed", "Secret API token"),
        (f"{NEW}?token=phc_other", AUTH, "authentication_failed", "invalid or has expired"),
    ],
)
def test_a_caller_without_the_key_is_refused(
    path: str, headers: dict[str, str], code: str, words: str
):
    found = Bench()("GET", path, headers=headers)
    assert found.status == 401
    assert found.json["code"] == code
    assert words in found.json["detail"]
    assert SECRET not in found.text


def test_a_keyless_server_for_development_takes_any_key():
    bench = Bench(project={"project_key": None, "secret_keys": ()})
    for headers in (AUTH, {"authorization": "Bearer phx_whatever"}):
        assert bench("GET", NEW, headers=headers).status == 200
    assert bench("GET", NEW).status == 401


def test_each_of_several_keys_may_read():
    bench = Bench(project={"secret_keys": ("phs_one_111111", "phx_two_222222")})
    for key in ("phs_one_111111", "phx_two_222222"):
        assert bench("GET", NEW, headers={"authorization": f"Bearer {key}"}).status == 200


# The payload of one flag.


CONFIG = {**BETA, "key": "limits", "id": 12, "is_remote_configuration": True, "active": False}


def _config(**filters: Any) -> Bench:
    return Bench(document=definitions({**CONFIG, "filters": {"groups": [], **filters}}, BETA))


@pytest.mark.parametrize(
    "path",
    [
        f"/api/projects/@current/feature_flags/limits/remote_config?token={KEY}",
        "/api/projects/@current/feature_flags/limits/remote_config/",
        "/api/projects/3/feature_flags/12/remote_config",
    ],
)
def test_the_payload_of_a_flag_is_json_text_in_json(path: str):
    found = _config(payloads={"true": '{"max": 5}'})("GET", path, headers=AUTH)
    assert (found.status, found.json) == (200, '{"max": 5}')


@pytest.mark.parametrize(
    ("filters", "expected"), [({}, None), ({"payloads": {"true": {"max": 5}}}, {"max": 5})]
)
def test_a_payload_that_is_no_text_is_given_as_it_is(filters: Any, expected: Any):
    path = "/api/projects/@current/feature_flags/limits/remote_config"
    assert _config(**filters)("GET", path, headers=AUTH).json == expected


def test_an_encrypted_payload_is_not_shown():
    flag = {**CONFIG, "has_encrypted_payloads": True, "filters": {"payloads": {"true": "gAAAA"}}}
    path = "/api/projects/@current/feature_flags/limits/remote_config"
    found = Bench(document=definitions(flag))("GET", path, headers=AUTH)
    assert "gAAAA" not in found.text
    assert "encrypted" in found.json


@pytest.mark.parametrize(
    ("key", "headers", "status"),
    [("limits", {}, 401), ("limits", {"authorization": "Bearer no"}, 401), ("nope", AUTH, 404)],
)
def test_errors_have_no_body_that_could_be_taken_for_a_payload(
    key: str, headers: dict[str, str], status: int
):
    path = f"/api/projects/@current/feature_flags/{key}/remote_config"
    found = _config()("GET", path, headers=headers)
    assert (found.status, found.body) == (status, b"")


def test_a_flag_that_is_no_remote_configuration_has_none():
    flag = {**BETA, "is_remote_configuration": False}
    path = "/api/projects/@current/feature_flags/beta/remote_config"
    assert Bench(document=definitions(flag))("GET", path, headers=AUTH).status == 404
