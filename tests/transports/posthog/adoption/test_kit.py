"""The published cases and PostHog's own vectors, asked of an adopted client: the engine's answers."""

import copy
import json
from collections import Counter

import pytest

pytest.importorskip("posthog", reason="posthog is not installed: pip install --group differential")

from posthog.types import _parse_flag_payload

from flagengine import Snapshot, evaluate_flag
from flagengine.transports.posthog import adopt
from tests.conformance.published import FIXTURES, all_cases

PARTS = ("flags", "group_type_mapping", "cohorts", "property_matching_version")
CALLS = {"groups", "group_properties", "device_id"}
"""What a call of the client can bring, besides the person."""

OFFICIAL = json.loads((FIXTURES / "official" / "v1_evaluation.json").read_bytes())["cases"]
LEAST_CASES = 1_150


@pytest.fixture
def adopted(client):
    with adopt(client):
        yield client


def load(client, document):
    """Let the client load the parts of a document that its server sends."""
    client.feature_flags = copy.deepcopy(document["flags"])
    client.group_type_mapping = document.get("group_type_mapping") or {}
    client.cohorts = document.get("cohorts") or {}
    client._property_matching_version = document.get("property_matching_version", 1)


def read(client, key, distinct_id, properties, options):
    """Return a flag's value and payload by each way to read it, without the server."""
    call = {"person_properties": properties, "only_evaluate_locally": True, **options}
    flags = client.evaluate_flags(distinct_id, **call)
    one = client.get_feature_flag_result(key, distinct_id, send_feature_flag_events=False, **call)
    assert (one and one.get_value()) == flags.get_flag(key, send_feature_flag_events=False)
    assert (one and one.payload) == flags.get_flag_payload(key)
    return one and one.get_value(), one and one.payload, flags.unresolved_flags.get(key)


def as_the_client_asks(document, key, distinct_id, properties, options):
    """Return the engine's answer for what reaches it: the client drops properties of groups not passed."""
    groups = options.get("groups") or {}
    given = options.get("group_properties") or {}
    options = {**options, "group_properties": {n: given[n] for n in groups if n in given}}
    parts = {name: document[name] for name in PARTS if name in document}
    found = evaluate_flag(Snapshot.parse(parts), key, distinct_id, properties, **options)
    value = found.value if found.config_version == 1 else None
    # The client decodes: it makes None of text that is no JSON.
    return value, _parse_flag_payload(found.raw_payload) if value else None


def is_askable(case):
    document, context = case.source["definitions"], case.source["context"]
    keys = [flag.get("key") for flag in document["flags"] if isinstance(flag, dict)]
    return (
        # The client refuses to load such definitions.
        len(keys) == len(document["flags"])
        and all(isinstance(key, str) for key in keys)
        # It keeps no extension, and has none of these options.
        and "flagengine" not in document
        and set(context) <= {"distinct_id", "person_properties", *CALLS}
        and context["distinct_id"] not in ("", None)
    )


def test_the_published_cases_have_the_engines_answers(adopted):
    counts = Counter()
    for case in filter(is_askable, all_cases()):
        document, call = case.source["definitions"], case.call
        load(adopted, document)
        asked = case.key, call.distinct_id, call.props, call.options
        *found, why = read(adopted, *asked)
        assert tuple(found) == as_the_client_asks(document, *asked), case.id
        assert type(found[0]) in (bool, str, type(None)), case.id
        counts["unresolved" if why else "decided"] += 1
    assert counts.total() >= LEAST_CASES
    assert counts["unresolved"] > 100


def test_posthogs_vectors_have_the_answers_that_posthog_published(adopted):
    compared = 0
    for vector in OFFICIAL:
        context = dict(vector["context"])
        distinct_id = context.pop("distinct_id")
        if distinct_id == "":  # evaluate_flags takes it for nobody
            continue
        properties = context.pop("person_properties", None)
        load(adopted, vector["definitions"])
        for key, expected in vector["expected"]["flags"].items():
            value, _, _ = read(adopted, key, distinct_id, properties, context)
            is_unknown = expected["local_evaluation"] == "inconclusive"
            assert value == (None if is_unknown else expected["value"]), (vector["id"], key)
            compared += 1
    assert compared >= 30
