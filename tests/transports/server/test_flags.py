"""``/flags`` and ``/decide``: bodies in, shapes out, and the words of errors."""

from __future__ import annotations

import base64
import gzip
import json
from typing import Any
from urllib.parse import quote

import pytest

from tests.transports.server.support import BETA, KEY, Answer, Bench, definitions

PLAN = {
    "key": "paid",
    "id": 8,
    "active": True,
    "filters": {
        "groups": [{"properties": [{"key": "plan", "type": "person", "value": "pro"}]}],
        "payloads": {"true": '{"a": 1}'},
    },
}
OFF = {"key": "off", "id": 9, "active": False, "filters": {"groups": [{}]}}
SEATS = {
    "key": "seats",
    "active": True,
    "filters": {
        "aggregation_group_type_index": 0,
        "groups": [
            {
                "properties": [
                    {
                        "key": "n",
                        "type": "group",
                        "group_type_index": 0,
                        "operator": "gt",
                        "value": 5,
                    }
                ]
            }
        ],
    },
}
BODY = {"token": KEY, "distinct_id": "u", "person_properties": {"plan": "pro"}}


@pytest.fixture
def bench() -> Bench:
    return Bench(document=definitions(BETA, PLAN, OFF, SEATS), project={"complete": True})


@pytest.mark.parametrize(
    ("path", "shape"),
    [
        ("/flags?v=1", "values"),
        ("/flags/?v=2", "details"),
        ("/flags?v=3", "details"),
        ("/flags/?v=4", "typed"),
        ("/flags/?v=99", "typed"),
        ("/flags", "details"),
        ("/flags?v=", "details"),
        ("/flags?v=two", "values"),
        ("/flags?config=true", "values"),
        ("/decide/?v=3", "values"),
        ("/decide?v=4", "details"),
        ("/decide?v=2", "enabled"),
        ("/decide", "listed"),
        ("//decide/", "listed"),
    ],
)
def test_the_query_says_which_shape_the_answer_has(bench: Bench, path: str, shape: str):
    found = bench("POST", path, BODY).json
    if shape == "values":
        assert found["featureFlags"] == {"beta": True, "paid": True, "seats": False}
        assert found["featureFlagPayloads"] == {"paid": '{"a": 1}'}
    elif shape == "enabled":
        assert found["featureFlags"] == {"beta": True, "paid": True}
    elif shape == "listed":
        assert found["featureFlags"] == ["beta", "paid"]
    else:
        assert list(found["flags"]) == ["beta", "paid", "seats"]
        assert ("value" in found["flags"]["beta"]) == (shape == "typed")
    assert found.get("errorsWhileComputingFlags") == (
        None if shape in ("enabled", "listed") else False
    )
    assert isinstance(found["evaluatedAt"], int)
    assert len(found["requestId"]) == 36


@pytest.mark.parametrize(
    ("path", "has_config"),
    [
        ("/flags?v=2", False),
        ("/flags?v=2&config=true", True),
        ("/flags?v=2&config=0", False),
        ("/flags", True),
        ("/decide?v=3", True),
    ],
)
def test_the_configuration_comes_along_where_it_is_wanted(
    bench: Bench, path: str, has_config: bool
):
    found = bench("POST", path, BODY).json
    assert ("supportedCompression" in found) == has_config
    if has_config:
        assert found["hasFeatureFlags"] is True
        assert found["sessionRecording"] is False


def _form(text: bytes) -> bytes:
    return b"data=" + quote(base64.b64encode(text)).encode()


SENT = json.dumps({**BODY, "groups": {"company": "a+b/c?d>"}}).encode()
BASE64 = base64.b64encode(SENT)
FORM = {"content-type": "application/x-www-form-urlencoded"}


@pytest.mark.parametrize(
    ("query", "headers", "body"),
    [
        ("", {}, SENT),
        ("", {"content-type": "text/plain"}, SENT),
        ("", {"content-type": "application/json; charset=utf-8"}, SENT),
        ("", {"content-type": "text/plain"}, gzip.compress(SENT, mtime=0)),
        ("&compression=gzip-js", {"content-type": "text/plain"}, gzip.compress(SENT, mtime=0)),
        ("&compression=gzip", {"content-encoding": "gzip"}, gzip.compress(SENT, mtime=0)),
        ("", {"content-encoding": "gzip"}, SENT),
        ("&compression=base64", FORM, _form(SENT)),
        ("&compression=base64", FORM, b"data=" + BASE64),
        ("&compression=base64", FORM, b"data=" + BASE64.rstrip(b"=")),
        ("", FORM, quote(BASE64).encode()),
        ("", FORM, b"data=" + quote(SENT).encode()),
        ("", {}, BASE64),
        ("", {}, BASE64.replace(b"+", b" ")),
    ],
)
def test_a_body_is_read_however_it_is_packed(
    bench: Bench, query: str, headers: dict[str, str], body: bytes
):
    found = bench("POST", f"/flags/?v=1{query}", body, headers)
    assert found.status == 200, found
    assert found.json["featureFlags"]["paid"] is True


def test_a_character_may_be_written_as_both_halves_of_its_utf_16():
    # posthog-js 1.297 and older write emojis so in their base64.
    halves = "\ud83d\ude80".encode("utf-8", "surrogatepass")
    sent = json.dumps({"token": KEY, "distinct_id": "u", "person_properties": {"plan": "?"}})
    on = {"properties": [{"key": "plan", "type": "person", "value": "\N{ROCKET}"}]}
    rocket = {"key": "rocket", "active": True, "filters": {"groups": [on]}}
    body = _form(sent.encode().replace(b"?", halves))
    found = Bench(document=definitions(rocket))("POST", "/flags/?v=1", body, FORM)
    assert found.json["featureFlags"] == {"rocket": True}


@pytest.mark.parametrize(
    ("query", "headers", "body", "status", "words"),
    [
        ("", {}, b"", 400, "invalid JSON"),
        ("", {}, b"[]", 400, "invalid JSON"),
        ("", {}, b"\x1f\x8bnot gzip", 400, "damaged"),
        ("", {"content-encoding": "br"}, b"x", 415, "plain, gzip or deflate"),
        ("&compression=lz64", {}, SENT, 400, "unsupported compression"),
        ("", {"content-type": "image/png"}, SENT, 400, "unsupported content type"),
        ("", {}, b'{"distinct_id": "u"}', 401, "No API token provided"),
        ("", {}, b'{"token": "phc_other", "distinct_id": "u"}', 401, "invalid or has expired"),
        ("", {}, b'{"token": "%b"}' % KEY.encode(), 400, "distinct_id field is missing"),
        ("", {}, gzip.compress(b" " * 2_000_000, mtime=0), 413, "at most"),
        ("", {"content-length": "2000000"}, SENT, 413, "at most"),
        ("", {"content-length": "-1"}, SENT, 413, "at most"),
    ],
)
def test_what_cannot_be_read_is_refused_in_posthogs_words(
    bench: Bench, query: str, headers: dict[str, str], body: bytes, status: int, words: str
):
    found = bench(
        "POST", f"/flags/?v=2{query}", body, {**headers, "origin": "https://shop.example"}
    )
    assert (found.status, words in found.text) == (status, True), found
    assert found.header("access-control-allow-origin") == "https://shop.example"
    if status == 401:
        assert found.json["detail"]


def test_flags_that_need_an_unknown_property_have_failed():
    bench = Bench(document=definitions(BETA, PLAN))
    found = bench.flags()
    assert found["errorsWhileComputingFlags"] is True
    assert found["flags"]["paid"]["failed"] is True
    assert found["flags"]["paid"]["reason"]["code"] == "missing_context"
    assert "failed" not in found["flags"]["beta"]
    assert bench.flags(person_properties={"plan": "x"})["errorsWhileComputingFlags"] is False


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ({"flag_keys": ["paid", "nope", 3]}, ["paid"]),
        ({"flag_keys_to_evaluate": ["seats"]}, ["seats"]),
        ({"flag_keys": []}, []),
        ({"flag_keys": None}, ["beta", "paid", "seats"]),
        ({"disable_flags": True, "distinct_id": None}, []),
    ],
)
def test_the_body_may_restrict_the_flags(bench: Bench, body: dict[str, Any], expected: list[str]):
    assert list(bench.flags(**body)["flags"]) == expected


@pytest.mark.parametrize("name", ["groups", "$groups"])
def test_groups_and_their_properties_are_passed_on(bench: Bench, name: str):
    given = {name: {"company": "acme"}, "group_properties": {"company": {"n": 6}, "other": 3}}
    assert bench.flags(**given)["flags"]["seats"]["enabled"] is True


@pytest.mark.parametrize("id_", [5, "", "x" * 300, 1.5])
def test_any_scalar_is_a_distinct_id(bench: Bench, id_: Any):
    assert bench.flags(distinct_id=id_)["flags"]["beta"]["enabled"] is True


RUNTIMES = [
    {**BETA, "key": "both"},
    {**BETA, "key": "browser", "evaluation_runtime": "client"},
    {**BETA, "key": "backend", "evaluation_runtime": "server"},
]


@pytest.mark.parametrize(
    ("headers", "said", "absent"),
    [
        ({"user-agent": "posthog-python/7.0"}, None, "browser"),
        ({"user-agent": "posthog-node/5.0"}, None, "browser"),
        ({"user-agent": "Mozilla/5.0 (X11) posthog-node/5.0"}, None, "backend"),
        ({"user-agent": "posthog-ios/3.0"}, None, "backend"),
        ({"origin": "https://a.example"}, None, "backend"),
        ({"origin": "https://a.example"}, "SERVER", "browser"),
        ({"user-agent": "posthog-python/7.0"}, "all", None),
        ({}, "elsewhere", None),
        ({}, None, None),
    ],
)
def test_flags_for_the_other_runtime_are_left_out(
    headers: dict[str, str], said: str | None, absent: str | None
):
    bench = Bench(document=definitions(*RUNTIMES))
    given = {} if said is None else {"evaluation_runtime": said}
    found = bench.flags(headers=headers, **given)["flags"]
    assert {"both", "browser", "backend"} - set(found) == ({absent} if absent else set())


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ({"evaluation_contexts": ["app"]}, ["anywhere", "app"]),
        ({"evaluation_environments": ["docs"]}, ["anywhere"]),
        ({"evaluation_contexts": []}, ["anywhere", "app"]),
        ({}, ["anywhere", "app"]),
    ],
)
def test_flags_for_other_contexts_are_left_out(body: dict[str, Any], expected: list[str]):
    of_app = {**BETA, "key": "app", "evaluation_contexts": ["app"]}
    bench = Bench(document=definitions({**BETA, "key": "anywhere"}, of_app))
    assert list(bench.flags(**body)["flags"]) == expected


def test_the_flags_of_surveys_can_be_asked_for_alone():
    bench = Bench(document=definitions(BETA, {**BETA, "key": "survey-targeting-1"}))
    path = "/flags/?v=2&only_evaluate_survey_feature_flags=true"
    assert list(bench.flags(path)["flags"]) == ["survey-targeting-1"]


def test_a_flag_with_encrypted_payloads_is_in_no_answer():
    hidden = {**BETA, "key": "hidden", "has_encrypted_payloads": True}
    bench = Bench(document=definitions(BETA, hidden))
    assert list(bench.flags()["flags"]) == ["beta"]


@pytest.mark.parametrize(("method", "status"), [("GET", 200), ("HEAD", 200), ("PUT", 405)])
def test_other_methods_evaluate_nothing(bench: Bench, method: str, status: int):
    found = bench(method, "/flags?v=1")
    assert found.status == status
    if method == "GET":
        assert found.json["featureFlags"] == {}
    if method == "HEAD":
        assert found.body == b""
    if method == "PUT":
        assert found.header("allow") == "POST, GET, HEAD, OPTIONS"


def test_a_preflight_is_allowed_what_it_asks_for(bench: Bench):
    asked = {
        "origin": "https://shop.example",
        "access-control-request-method": "POST",
        "access-control-request-headers": "content-type,x-custom",
        "access-control-request-private-network": "true",
    }
    found = bench("OPTIONS", "/flags/", headers=asked)
    assert found.status == 204
    assert found.header("access-control-allow-origin") == "https://shop.example"
    assert found.header("access-control-allow-headers") == "content-type,x-custom"
    assert found.header("access-control-allow-credentials") == "true"
    assert found.header("access-control-allow-private-network") == "true"
    assert "POST" in str(found.header("access-control-allow-methods"))


def test_only_the_given_origins_may_read_answers():
    bench = Bench(origins=("https://shop.example",))

    def allowed(origin: str) -> Any:
        answer = bench("POST", "/flags?v=2", BODY, {"origin": origin})
        return answer.header("access-control-allow-origin")

    assert allowed("https://shop.example") == "https://shop.example"
    assert allowed("https://evil.example") is None


def test_before_definitions_are_loaded_the_answer_is_a_503_and_never_a_401():
    bench = Bench(project={"source": None, "cache": _NoCache()})
    found: Answer = bench("POST", "/flags?v=2", BODY)
    assert (found.status, found.header("retry-after")) == (503, "1")
    secret = {"authorization": "Bearer phs_0123456789abcdef"}
    assert bench("GET", "/flags/definitions", headers=secret).status == 503
    path = "/api/projects/@current/feature_flags/beta/remote_config"
    found = bench("GET", path, headers=secret)
    assert (found.status, found.body, found.header("retry-after")) == (503, b"", "1")


class _NoCache:
    def should_fetch_flag_definitions(self) -> bool:
        return False

    def get_flag_definitions(self) -> None:
        return None

    def on_flag_definitions_received(self, document: Any) -> None:
        pass

    def shutdown(self) -> None:
        pass


def test_an_id_of_the_request_is_given_back_if_it_is_a_uuid(bench: Bench):
    given = "0198c0de-0000-7000-8000-000000000001"
    assert bench.flags(headers={"x-request-id": given})["requestId"] == given
    assert bench.flags(headers={"x-request-id": "mine"})["requestId"] != "mine"


def test_the_project_may_be_named_in_each_of_three_fields(bench: Bench):
    for name in ("token", "api_key", "$token"):
        assert bench("POST", "/flags?v=2", {name: KEY, "distinct_id": "u"}).status == 200


def test_the_switch_for_short_events_is_passed_on():
    bench = Bench(document=definitions(BETA, minimal_flag_called_events=True))
    assert bench.flags()["minimalFlagCalledEvents"] is True
    assert "minimalFlagCalledEvents" not in Bench().flags()


def test_a_server_for_development_takes_forced_values_in_a_header():
    forced = {"X-Flagengine-Overrides": '{"beta": "x", "new": true}'}
    found = Bench(is_development=True).flags(headers=forced)["flags"]
    assert (found["beta"]["variant"], found["new"]["enabled"]) == ("x", True)
    assert "new" not in Bench().flags(headers=forced)["flags"]
    wrong = Bench(is_development=True)(
        "POST", "/flags?v=2", BODY, {"X-Flagengine-Overrides": "[[1]]"}
    )
    assert (wrong.status, "X-Flagengine-Overrides must be JSON" in wrong.text) == (400, True)


def test_a_key_has_a_limit_of_requests():
    bench = Bench(project={"requests_per_second": 1})
    statuses = [bench("POST", "/flags?v=2", BODY).status for _ in range(4)]
    assert statuses[:2] == [200, 200]
    refused = bench("POST", "/flags?v=2", BODY)
    assert refused.status == 429
    assert int(str(refused.header("retry-after"))) >= 1
    assert refused.json["code"] == "rate_limit_exceeded"
