"""Flags beyond the acceptance scenarios: precedence, overrides, events, and errors."""

from __future__ import annotations

import json
from typing import Any

import pytest

from flagengine import Overrides, evaluate
from flagengine.transports import FileDefinitions, NullSink, Response
from flagengine.transports.errors import ConnectError, RequestTimeoutError

from .bench import FLAGS, SECRET, Bench, flag, local, needs, variant_flag

USER = "user-123"


class TestPlaces:
    @pytest.mark.contract("local-feature-flag-evaluator")
    def test_local_values_are_the_engines(self) -> None:
        flags = [flag(f"f{i}", {"rollout_percentage": 10 * i}) for i in range(11)]
        definitions = local(*flags, variant_flag("v", "blue"), flag("n", needs("plan")))
        with Bench(definitions=definitions) as bench:
            snapshot = bench.client.components.published.snapshot
            assert snapshot is not None
            for user in map(str, range(50)):
                expected = {
                    key: each.value
                    for key, each in evaluate(snapshot, user, {}).items()
                    if each.value is not None
                }
                assert bench.client.get_all_flags(user, only_evaluate_locally=True) == expected

    @pytest.mark.contract("get-feature-flags")
    def test_in_bulk_the_server_adds_and_never_replaces(self) -> None:
        with Bench(definitions=local(flag("on"), flag("open", needs("plan")))) as bench:
            bench.server.flags = {"on": False, "open": "remote", "more": True}
            assert bench.client.get_all_flags(USER) == {"on": True, "open": "remote", "more": True}
            (request,) = bench.flag_requests
        assert "flag_keys_to_evaluate" not in request

    def test_one_unresolved_flag_asks_for_itself_alone(self) -> None:
        with Bench(definitions=local(flag("open", needs("plan")))) as bench:
            bench.client.get_feature_flag("open", USER)
            assert bench.flag_requests[0]["flag_keys_to_evaluate"] == ["open"]

    def test_strict_clients_ask_only_when_a_call_says_so(self) -> None:
        with Bench(strict_local_evaluation=True) as bench:
            bench.server.flags = {"a": True}
            assert bench.client.get_feature_flag("a", USER) is None
            assert bench.client.get_all_flags(USER) == {}
            assert bench.client.get_feature_flag("a", USER, only_evaluate_locally=False) is True

    def test_after_a_shutdown_only_what_is_loaded_answers(self) -> None:
        with Bench(definitions=local(flag("on"))) as bench:
            bench.client.shutdown()
            assert bench.client.get_feature_flag("on", USER) is True
            assert bench.client.get_feature_flag("other", USER) is None
            assert bench.flag_requests == []

    def test_what_neither_side_knows_is_asked_once_a_refresh(self) -> None:
        with Bench(definitions=local(flag("on"))) as bench:
            bench.server.flags = {"on": True}
            for _ in range(3):
                assert bench.client.get_feature_flag("ghost", USER) is None
            assert len(bench.flag_requests) == 1
            bench.client.reload_feature_flags()
            bench.client.get_feature_flag("ghost", USER)
            assert len(bench.flag_requests) == 2

    def test_without_definitions_it_is_asked_every_time(self) -> None:
        with Bench() as bench:
            for _ in range(2):
                bench.client.get_feature_flag("ghost", USER)
            assert len(bench.flag_requests) == 2

    @pytest.mark.parametrize("missing_group", ["as_server", "false", "unresolved"])
    def test_a_group_flag_without_its_group(self, missing_group: str) -> None:
        grouped = flag("g", filters={"aggregation_group_type_index": 0})
        definitions = local(grouped, group_type_mapping={"0": "company"})
        with Bench(definitions=definitions, missing_group=missing_group) as bench:
            bench.server.flags = {"g": "remote"}
            expected = "remote" if missing_group == "unresolved" else False
            assert bench.client.get_feature_flag("g", USER) == expected

    def test_a_file_has_flags_from_the_first_call_on(self, tmp_path: Any) -> None:
        path = tmp_path / "flags.json"
        path.write_text(json.dumps({"flags": [flag("on")]}))
        with Bench(
            None, definitions=FileDefinitions(path), sink=NullSink(), transport=None
        ) as bench:
            assert bench.client.get_feature_flag("on", USER) is True
            path.write_text("{half written")
            bench.clock.advance(60)
            bench.client.tick()
            assert bench.client.get_feature_flag("on", USER) is True

    def test_a_contexts_person_and_device_are_asked_about(self) -> None:
        with Bench() as bench:
            with bench.client.context(distinct_id="ctx", device_id="dev"):
                bench.client.set_person_properties_for_flags({"plan": "pro"})
                bench.client.get_feature_flag("a")
                bench.client.get_feature_flag("a", "other", person_properties={"plan": "own"})
            bench.client.get_feature_flag("a", "third")
            first, second, third = bench.flag_requests
        assert (first["distinct_id"], first["device_id"]) == ("ctx", "dev")
        assert first["person_properties"] == {"plan": "pro"}
        assert (second["distinct_id"], second["person_properties"]) == ("other", {"plan": "own"})
        assert (third["person_properties"], third.get("device_id")) == ({}, None)


class TestOverrides:
    def test_they_beat_everything_and_are_silent(self) -> None:
        with Bench(definitions=local(flag("on"))) as bench:
            bench.server.flags = {"remote": True}
            bench.client.override_feature_flags({"on": False, "remote": "x", "made up": True})
            assert bench.client.get_feature_flag("on", USER) is False
            assert bench.client.get_feature_flag("remote", USER) == "x"
            assert bench.client.is_feature_enabled("made up", USER) is True
            assert bench.client.evaluate_flags(USER).get_flag("on") is False
            assert bench.called() == []
            bench.client.override_feature_flags(False)
            assert bench.client.get_feature_flag("on", USER) is True

    @pytest.mark.parametrize("loaded", [True, False])
    def test_none_is_as_if_there_were_no_such_flag(self, loaded: bool) -> None:
        options = {"definitions": local(flag("on"))} if loaded else {}
        with Bench(**options) as bench:
            bench.server.flags = {"on": True, "other": True}
            bench.client.override_feature_flags({"on": None})
            assert bench.client.get_feature_flag("on", USER) is None
            assert bench.client.is_feature_enabled("on", USER, default_value=True) is True
            assert "on" not in bench.client.get_all_flags(USER)
            assert bench.called("on") == []

    def test_payloads_alone_hold_for_what_is_really_evaluated(self) -> None:
        with Bench(definitions=local(flag("on"))) as bench:
            bench.server.flags, bench.server.payloads = {"remote": True}, {"remote": 1}
            bench.client.override_feature_flags({"payloads": {"on": {"x": 1}, "remote": [2]}})
            assert bench.client.get_feature_flag_payload("on", USER) == {"x": 1}
            assert bench.client.get_feature_flag_payload("remote", USER) == [2]
            assert bench.client.get_feature_flag("on", USER) is True

    def test_each_part_is_replaced_only_where_it_is_named(self) -> None:
        with Bench() as bench:
            replace = bench.client.override_feature_flags

            def in_force() -> dict[str, Any]:
                return bench.client.components.evaluator.layers.current.to_dict()

            replace({"flags": {"a": True}, "payloads": {"a": 1}})
            replace(["b", "c"])
            both = {"b": True, "c": True}
            assert in_force() == {"flags": both, "payloads": {"a": "1"}}
            replace({"payloads": {"b": 2}})
            assert in_force() == {"flags": both, "payloads": {"b": "2"}}
            replace({"flags": False})
            assert in_force() == {"flags": {}, "payloads": {"b": "2"}}
            replace({"payloads": False})
            assert in_force() == {"flags": {}, "payloads": {}}

    @pytest.mark.parametrize(
        "value",
        [
            {"flags": True},
            {"payloads": "blue"},
            {"flags": ["a"]},
            {"flags": {"a": "x"}, "payloads": {"a": 1}},
            {"payloads": {"a": 1}},
            {"flags": None, "payloads": True},
            {},
            ["flags"],
        ],
    )
    def test_what_is_which_is_as_the_engine_reads_it(self, value: Any) -> None:
        with Bench() as bench:
            bench.client.override_feature_flags(value)
            in_force = bench.client.components.evaluator.layers.current
        assert in_force.to_dict() == Overrides.parse(value).to_dict()

    def test_for_a_while(self) -> None:
        with Bench(definitions=local(flag("on"))) as bench:
            bench.client.override_feature_flags({"kept": True})
            with bench.client.overridden_flags({"on": "x"}):
                assert bench.client.get_feature_flag("on", USER) == "x"
                assert bench.client.get_feature_flag("kept", USER) is True
            assert bench.client.get_feature_flag("on", USER) is True
            with pytest.raises(ZeroDivisionError), bench.client.overridden_flags(["on"]):
                raise ZeroDivisionError
            assert dict(bench.client.components.evaluator.layers.current.flags) == {"kept": True}

    def test_nonsense_changes_nothing(self, caplog: pytest.LogCaptureFixture) -> None:
        with Bench() as bench:
            bench.client.override_feature_flags({"a": True})
            bench.client.override_feature_flags(7)
            bench.client.override_feature_flags({"a": [1]})
            assert dict(bench.client.components.evaluator.layers.current.flags) == {"a": True}
        assert "override_feature_flags(): overrides must be a mapping, a list" in caplog.text
        assert "the override of 'a' must be True, False, a variant key" in caplog.text
        assert "Traceback" not in caplog.text

    def test_later_changes_by_the_caller_do_not_count(self) -> None:
        given = {"a": True}
        with Bench() as bench:
            bench.client.override_feature_flags(given)
            given["a"] = False
            assert bench.client.get_feature_flag("a", USER) is True


@pytest.mark.contract("get-feature-flag-payload")
class TestMatchValue:
    def test_the_payload_of_another_value(self) -> None:
        payloads = {"blue": '{"c": 1}', "red": '"text"', "true": "7"}
        variants = [
            {"key": "blue", "rollout_percentage": 100},
            {"key": "red", "rollout_percentage": 0},
        ]
        many = flag("f", filters={"multivariate": {"variants": variants}, "payloads": payloads})
        with Bench(definitions=local(many)) as bench:
            payload = bench.client.get_feature_flag_payload
            assert payload("f", USER) == {"c": 1}
            assert payload("f", USER, match_value="red") == "text"
            assert payload("f", USER, match_value=True) == 7
            assert payload("f", USER, match_value="green") is None
            assert bench.flag_requests == []

    def test_of_a_remote_flag_only_that_of_its_value(self) -> None:
        with Bench() as bench:
            bench.server.flags, bench.server.payloads = {"f": "blue"}, {"f": 1}
            assert bench.client.get_feature_flag_payload("f", USER, match_value="blue") == 1
            assert bench.client.get_feature_flag_payload("f", USER, match_value="red") is None


@pytest.mark.contract("feature-flag-called-tracker")
class TestEvents:
    def test_a_local_read_says_so(self) -> None:
        definitions = local(variant_flag("f", "blue", {"a": 1}) | {"id": 5, "version": 3})
        with Bench(definitions=definitions) as bench:
            bench.client.get_feature_flag("f", USER, groups={"company": "a"})
            (called,) = bench.called()
        assert called["$feature_flag"] == "f"
        assert called["$feature_flag_response"] == called["$feature/f"] == "blue"
        assert called["locally_evaluated"] is True
        assert called["$feature_flag_payload"] == {"a": 1}
        assert called["$feature_flag_id"] == 5
        assert called["$feature_flag_reason"] == "Evaluated locally"
        assert called["$groups"] == {"company": "a"}

    @pytest.mark.parametrize(
        ("answer", "words"),
        [
            (Response(500), "flag_missing,api_error_500"),
            (RequestTimeoutError("late"), "flag_missing,timeout"),
            (ConnectError("refused"), "flag_missing,connection_error"),
            (Response(200, body=b'{"featureFlags": {}}'), "flag_missing"),
            (
                Response(200, body=b'{"quotaLimited": ["feature_flags"]}'),
                "flag_missing,quota_limited",
            ),
        ],
    )
    def test_what_went_wrong_is_in_the_event(self, answer: Any, words: str) -> None:
        with Bench(feature_flags_request_max_retries=0) as bench:
            bench.server.play(FLAGS, answer)
            assert bench.client.get_feature_flag("f", USER) is None
            (called,) = bench.called()
        assert called["$feature_flag_error"] == words
        assert called["$feature_flag_response"] is None

    def test_a_short_event_holds_what_is_allowed_alone(self) -> None:
        definitions = local(flag("f") | {"has_experiment": False}, minimal_flag_called_events=True)
        with Bench(definitions=definitions, super_properties={"super": 1}) as bench:
            with bench.client.context(properties={"tag": 1, "utm_source": "x"}):
                bench.client.get_feature_flag("f", USER)
            (called,) = bench.called()
        assert {"super", "tag", "$context_tags", "$feature/f"}.isdisjoint(called)
        assert called["utm_source"] == "x"
        assert called["$feature_flag_response"] is True
        assert called["$lib"] == "flagengine"
        assert called["$python_version"]

    @pytest.mark.parametrize("fields", [{}, {"has_experiment": True}, {"has_experiment": None}])
    def test_whatever_is_unknown_makes_it_a_full_one(self, fields: dict[str, Any]) -> None:
        definitions = local(flag("f") | fields, minimal_flag_called_events=True)
        with Bench(definitions=definitions, super_properties={"super": 1}) as bench:
            bench.client.get_feature_flag("f", USER)
            (called,) = bench.called()
        assert called["super"] == 1

    def test_no_events_when_the_client_says_so(self) -> None:
        with Bench(definitions=local(flag("f")), send_feature_flag_event=False) as bench:
            bench.client.get_feature_flag("f", USER)
            bench.client.evaluate_flags(USER).is_enabled("f")
            assert bench.called() == []
            bench.client.get_feature_flag("f", USER, send_feature_flag_events=True)
            assert len(bench.called()) == 1

    def test_who_is_remembered_is_bounded(self) -> None:
        with Bench(definitions=local(flag("f")), max_cache_size=3) as bench:
            for user in "abcd":
                bench.client.get_feature_flag("f", user)
            assert len(bench.client.components.tracker) == 3


class TestDocuments:
    @pytest.mark.contract("http-client")
    def test_remote_config(self) -> None:
        path = "/api/projects/@current/feature_flags/a%2Fb/remote_config"
        with Bench(secret_key=SECRET, enable_local_evaluation=False) as bench:
            bench.server.play(path, Response(200, body=b'"{\\"x\\": 1}"'), Response(404))
            assert bench.client.get_remote_config_payload("a/b") == {"x": 1}
            (request,) = bench.server.requests
            assert request.headers["Authorization"] == f"Bearer {SECRET}"
            assert request.url.endswith("?token=phc_projectkey")
            assert bench.client.get_remote_config_payload("a/b") is None
            assert len(bench.errors) == 1

    def test_without_a_secret_key_nothing_is_asked(self, caplog: pytest.LogCaptureFixture) -> None:
        with Bench() as bench:
            assert bench.client.get_remote_config_payload("a") is None
            assert bench.server.requests == []
        assert "secret_key" in caplog.text

    def test_surveys(self) -> None:
        body = b'{"surveys": [{"id": 1}, 7]}'
        with Bench() as bench:
            bench.server.play("/api/surveys/", Response(200, body=body), Response(500))
            assert bench.client.get_surveys() == [{"id": 1}]
            assert bench.client.get_surveys_stateless() == []
            assert len(bench.errors) == 1
        with Bench(disable_surveys=True) as bench:
            assert bench.client.get_surveys() == []
            assert bench.server.requests == []

    def test_fetch_is_the_transports(self) -> None:
        with Bench() as bench:
            bench.server.play("/x", Response(418), ConnectError("refused"))
            answer = bench.client.fetch("http://host/x", method="PUT", body=b"b", timeout=1)
            assert answer is not None
            assert answer.status == 418
            assert bench.client.fetch("http://host/x") is None
            request = bench.server.requests[0]
        assert (request.method, request.body, request.timeout) == ("PUT", b"b", 1)
        assert request.headers["User-Agent"].startswith("flagengine/")


@pytest.mark.contract("flag-definition-loader", "reload-feature-flags")
class TestDefinitions:
    def test_without_a_source_nothing_is_loaded_and_nobody_waits(self) -> None:
        with Bench() as bench:
            bench.client.reload_feature_flags()
            assert bench.client.wait_for_local_evaluation_ready(timeout=1000) is False
            assert not bench.client.is_local_evaluation_ready()
            assert bench.client.definitions_health().flag_count == 0
            assert bench.server.requests == []

    def test_an_empty_project_is_not_ready(self) -> None:
        with Bench(secret_key=SECRET) as bench:
            assert not bench.client.wait_for_local_evaluation_ready()

    @pytest.mark.parametrize("status", [401, 402])
    def test_a_refused_key_or_an_empty_quota_clears(self, status: int) -> None:
        with Bench(secret_key=SECRET, flag_cache="memory://local/") as bench:
            bench.server.definitions = {"flags": [flag("on")]}
            bench.client.reload_feature_flags()
            bench.server.play("/flags/definitions", Response(status))
            bench.client.reload_feature_flags()
            assert not bench.client.is_local_evaluation_ready()
            assert str(status) in str(bench.errors[0])


def test_an_on_error_that_raises_costs_no_flag(caplog: pytest.LogCaptureFixture) -> None:
    def fail(*_: object) -> None:
        raise ZeroDivisionError

    with Bench(on_error=fail, definitions=local(flag("on"), flag("open", needs("plan")))) as bench:
        bench.server.play(FLAGS, Response(500))
        assert bench.client.get_all_flags(USER) == {"on": True}
    assert "the on_error callback raised" in caplog.text


@pytest.mark.parametrize("contexts", ["web", ["web", "api"]])
def test_evaluation_contexts_go_to_the_engine_and_to_the_server(contexts: Any) -> None:
    tagged = flag("tagged") | {"evaluation_tags": ["mobile"], "evaluation_contexts": ["mobile"]}
    with Bench(evaluation_contexts=contexts, definitions=local(tagged, flag("any"))) as bench:
        assert bench.client.get_all_flags(USER) == {"any": True}
        bench.client.get_feature_flag("ghost", USER)
        sent = bench.flag_requests[0]["evaluation_contexts"]
    assert sent == (["web"] if contexts == "web" else contexts)


def test_one_key_may_be_given_as_text() -> None:
    with Bench() as bench:
        bench.client.get_all_flags(USER, flag_keys="beta")
        assert bench.flag_requests[0]["flag_keys_to_evaluate"] == ["beta"]


@pytest.mark.contract("feature-flag-cache")
def test_a_broken_cache_costs_no_flag(caplog: pytest.LogCaptureFixture) -> None:
    class Broken:
        def get(self, *_: object) -> None:
            raise OSError

        put = clear = get

    with Bench(flag_cache=Broken()) as bench:
        bench.server.flags = {"a": True}
        assert bench.client.get_feature_flag("a", USER) is True
        bench.client.reset()
    assert "cannot read the flag cache" in caplog.text


@pytest.mark.contract("feature-flag-cache")
def test_other_properties_groups_or_devices_are_other_answers() -> None:
    with Bench(flag_cache="memory://local/") as bench:
        bench.server.flags = {"a": True}
        for options in (
            {},
            {"person_properties": {"p": 1}},
            {"groups": {"g": "1"}},
            {"device_id": "d"},
        ):
            for _ in range(2):
                bench.client.get_feature_flag("a", USER, **options)  # type: ignore[arg-type]
        assert len(bench.flag_requests) == 4
