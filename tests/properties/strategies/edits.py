"""Strategies for the next document of a project: parts that come and go, and members that change."""

import copy
from collections.abc import Iterable, Iterator

from hypothesis import strategies as st

from tests.properties.strategies.documents import Doc, documents

__all__ = ["edited", "objects_in", "retouched"]

_SHARED = ("group_type_mapping", "property_matching_version", "flagengine")


@st.composite
def edited(draw: st.DrawFn, document: Doc) -> Doc:
    """Draw a changed ``document``, with parts of another document."""
    other = draw(documents())
    flags = {flag["key"]: flag for flag in other["flags"]}
    kept = []
    for flag in draw(st.permutations(document["flags"])):
        become = draw(st.sampled_from(["kept"] * 6 + ["gone", "deleted", "another", "twice"]))
        if become != "gone":
            kept.append(flag if become == "kept" else {**flag, "deleted": become == "deleted"})
        if become == "another":
            kept[-1] = flags.get(flag["key"], flag)
        if become == "twice":
            kept.append(flag)
    cohorts = document["cohorts"]
    if draw(st.booleans()):
        cohorts = {**cohorts, **draw(st.sampled_from([other["cohorts"], {"1": {}}]))}
    shared = draw(st.sampled_from([document] * 4 + [other]))
    top = {name: shared[name] for name in _SHARED if name in shared}
    return {"flags": kept, "cohorts": cohorts, **top}


_MEMBERS = [
    ("active", [True, False, None, "yes"]),
    ("rollout_percentage", [0, 50, 50.0, 100, 100.0, 150, None]),
    ("variant", ["control", "test", "gone", None]),
    ("operator", ["exact", "is_not", "is_set", "gte", "min", "in", "not_in", "resembles", None]),
    ("type", ["person", "group", "cohort", "flag", "AND", "OR", "astrological", None]),
    ("value", ["pro", 1, 1.0, True, "1", 2, "control", ["pro"], None]),
    ("key", ["plan", "a", 7, "control"]),
    ("aggregation_group_type_index", [0, 1, 7, None]),
    ("group_type_index", [0, 1, 7, None]),
    ("negation", [True, False, None]),
    ("early_exit", [True, False, None]),
    ("feature_enrollment", [True, False]),
    ("holdout", [{"id": 7, "exclusion_percentage": 50}, {"id": 7, "exclusion_percentage": 100}]),
    ("payloads", [{"true": "1"}, {"true": 1}, {}, None]),
    ("id", [1, 9, 9.0, None]),
    ("has_experiment", [True, False, None]),
    ("version", [1, 1.0, 2, 3, None]),
    ("bucketing_identifier", ["device_id", "distinct_id"]),
    ("ensure_experience_continuity", [True, False]),
    ("evaluation_tags", [["web"], [], None]),
    ("evaluation_runtime", ["client", "all"]),
    ("dependency_chain", [["a"], ["b", "a"], [], None]),
    ("flagengine", [{"hash": "sha1"}, {"hash": "murmur3"}, {"hash": "md5"}]),
    ("description", ["for people"]),
    ("paused", [True, False]),
    ("default_value", [True, None, "blue"]),
    ("seed", ["s", "u"]),
]


@st.composite
def retouched(draw: st.DrawFn, document: Doc) -> Doc:
    """Draw a copy of ``document`` in which one member somewhere has another value, or none."""
    found = copy.deepcopy(document)
    place = draw(st.sampled_from([*objects_in([*found["flags"], *found["cohorts"].values()])]))
    name, values = draw(st.sampled_from(_MEMBERS))
    if draw(st.integers(0, 9)):
        # Most objects have few of the members.
        known = [pair for pair in _MEMBERS if pair[0] in place]
        name, values = draw(st.sampled_from(known or [(name, values)]))
    place[name] = draw(st.sampled_from(values))
    return found


def objects_in(values: Iterable[object]) -> Iterator[Doc]:
    for value in values:
        if isinstance(value, dict):
            yield value
        if isinstance(value, dict | list):
            yield from objects_in(value.values() if isinstance(value, dict) else value)
