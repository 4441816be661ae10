"""The parsing of flags and cohorts; only this module knows the words of the wire (SPEC R1, R2).

Parsing is total: a flag or cohort that cannot be read keeps its slot and has an issue that says why.
"""

from collections.abc import Mapping
from sys import intern
from types import MappingProxyType
from typing import Any, Final, Literal

from flagengine.definitions.issues import Issue, IssueCode
from flagengine.definitions.model import (
    INHERIT,
    Cohort,
    Condition,
    Filter,
    Flag,
    Holdout,
    PropertyGroup,
    Variant,
)
from flagengine.definitions.reading import (
    Reader,
    is_integer,
    is_number,
    json_type,
    pointer_to,
    shown,
)
from flagengine.operators import is_operator
from flagengine.values.conversion import converted
from flagengine.values.json_values import NOT_GIVEN, has_utf8, text

__all__ = [
    "ALGORITHMS",
    "EXTENSION",
    "MAX_COHORT_DEPTH",
    "NOTHING_LOST",
    "ROW_MEMBERS",
    "config_version_of",
    "configuration_of",
    "may_restrict",
    "parse_cohort",
    "parse_flag",
    "parse_row",
]

MAX_COHORT_DEPTH: Final = 50
"""The depth to which a cohort's groups and references may nest (SPEC R15)."""

EXTENSION: Final = "flagengine"
"""The member that holds this engine's own fields (SPEC R16)."""

ALGORITHMS: Final = ("sha1", "murmur3")
"""The hashes that the extension field may name (SPEC R16)."""

NOTHING_LOST: Final[Mapping[str, str | None]] = MappingProxyType({})
"""What the decoding of most documents loses."""

ROW_MEMBERS: Final = (
    "key",
    "filters",
    "active",
    "id",
    "name",
    "version",
    "has_experiment",
    "ensure_experience_continuity",
    "bucketing_identifier",
    EXTENSION,
    "evaluation_runtime",
    "evaluation_contexts",
    "evaluation_tags",
)
"""The members of a flag that are read here; ``deleted`` is read by the index."""

_SHARED: Final = ("key", "type", "operator")
_LONGEST_SHARED: Final = 64
_RUNTIMES: Final = ("all", "client", "server")
_FILTER_TYPES: Final = ("person", "group", "cohort", "flag", "person_metadata")
_LOCAL: Final = (IssueCode.UNKNOWN_OPERATOR, IssueCode.UNKNOWN_FILTER_TYPE)
"""Issues that make one filter undecidable; any other issue is a flag's defect (R2.2, R2.10)."""


def parse_flag(
    key: str,
    source: Mapping[str, Any],
    pointer: str,
    lost: Mapping[str, str | None] = NOTHING_LOST,
) -> Flag:
    """Read one flag and its ``issues``; ``defect`` is the issue that makes it undecidable.

    ``lost`` says what the decoding of JSON text lost of a format 2 configuration (SPEC R20.2).
    """
    issues: list[Issue] = []
    reader = Reader(source, pointer, issues)
    filters = reader.mapping("filters") or {}
    configuration = Reader(filters, pointer_to(pointer, "filters"), issues)
    identity = _identity(reader, key, pointer)
    config_version = config_version_of(filters)
    if config_version is None:
        _refuse_format(configuration)
        return Flag(**identity, config_version=None, defect=issues[-1], issues=tuple(issues))
    if config_version == 2:
        return _flag_of_rules(identity, reader, configuration, lost)
    fields = identity | _switches(reader) | _audience(reader) | _configuration(configuration)
    defect = next((issue for issue in issues if issue.code not in _LOCAL), None)
    return Flag(**fields, defect=defect, issues=tuple(issues))


def _identity(reader: Reader, key: str, pointer: str) -> dict[str, Any]:
    """Read the metadata, which never keeps a flag from being evaluated."""
    source = reader.source
    name, has_experiment = source.get("name"), source.get("has_experiment")
    return {
        "key": key,
        "pointer": pointer,
        "id": source.get("id") if is_integer(source.get("id")) else None,
        "name": name if isinstance(name, str) else None,
        "version": source.get("version") if is_integer(source.get("version")) else None,
        "has_experiment": has_experiment if isinstance(has_experiment, bool) else None,
    }


def configuration_of(source: Mapping[str, Any]) -> object:
    """Return a flag's configuration as the document has it, whatever it is."""
    return source.get("filters")


def parse_row(key: str, source: Mapping[str, Any]) -> Flag:
    """Read a flag without its configuration."""
    return parse_flag(key, {**source, "filters": None}, "")


def config_version_of(filters: Mapping[str, Any]) -> Literal[1, 2] | None:
    """Return the format of a flag's configuration; None for an unknown format (R2.5, R20.1)."""
    version = filters.get("version")
    if "version" not in filters or (is_number(version) and version == 1):
        return 1
    return 2 if is_number(version) and version == 2 else None


def _refuse_format(configuration: Reader) -> None:
    version = configuration.source["version"]
    got = repr(shown(version)) if isinstance(version, str) else shown(version)
    configuration.note(
        IssueCode.UNSUPPORTED_VERSION,
        f"configuration format must be 1 or 2, got {got}; only the server can evaluate this flag",
        "version",
    )


def _flag_of_rules(
    identity: dict[str, Any], reader: Reader, filters: Reader, lost: Mapping[str, str | None]
) -> Flag:
    """Read a flag of format 2, of which the row has the members of format 1 (R20)."""
    from flagengine.definitions.rules.parsing import parse_rules  # noqa: PLC0415 few flags need it

    row = _switches(reader) | _audience(reader)
    rules, issues, defect = parse_rules(filters.source, filters.pointer, lost)
    faults = tuple(reader.issues)
    return Flag(
        **identity,
        **row,
        config_version=2,
        rules=None if faults else rules,
        defect=faults[0] if faults else defect,
        issues=faults + issues,
    )


def _switches(reader: Reader) -> dict[str, Any]:
    device = reader.source.get("bucketing_identifier") == "device_id"
    extension = reader.mapping(EXTENSION) or {}
    algorithm = Reader(extension, pointer_to(reader.pointer, EXTENSION), reader.issues)
    return {
        "active": reader.boolean("active"),
        "ensure_experience_continuity": reader.boolean("ensure_experience_continuity"),
        "bucketing_identifier": "device_id" if device else "distinct_id",
        "hash_algorithm": algorithm.text("hash"),
    }


def _audience(reader: Reader) -> dict[str, Any]:
    """Read the requests that may see the flag (R17)."""
    runtime = reader.text("evaluation_runtime")
    name = "evaluation_contexts"
    if reader.source.get(name) is None:
        name = "evaluation_tags"  # the member's older name
    return {
        "evaluation_runtime": runtime if runtime in _RUNTIMES else "all",
        "evaluation_contexts": frozenset(reader.texts(name) or ()),
    }


def may_restrict(source: Mapping[str, Any]) -> bool:
    """Tell whether a flag may name a runtime or contexts, without reading the flag."""
    if source.get("evaluation_runtime") not in (None, "all"):
        return True
    return bool(source.get("evaluation_contexts") or source.get("evaluation_tags"))


def _configuration(reader: Reader) -> dict[str, Any]:
    multivariate = reader.mapping("multivariate") or {}
    variants = Reader(multivariate, pointer_to(reader.pointer, "multivariate"), reader.issues)
    return {
        "conditions": tuple(map(_condition, reader.objects("groups"))),
        "variants": tuple(map(_variant, variants.objects("variants"))),
        "aggregation": reader.index("aggregation_group_type_index"),
        "payloads": _payloads(reader),
        "early_exit": reader.boolean("early_exit"),
        "holdout": _holdout(reader),
        "feature_enrollment": reader.boolean("feature_enrollment"),
    }


def _variant(reader: Reader) -> Variant:
    key = reader.required(
        "key", lambda value: isinstance(value, str) and has_utf8(value), "text with a UTF-8 form"
    )
    weight = reader.required("rollout_percentage", is_number, "a number")
    if weight is not None:
        weight = reader.number("rollout_percentage")
    return Variant(key or "", weight or 0.0)


def _payloads(reader: Reader) -> dict[str, str] | None:
    """Return payloads as JSON text; older flags have JSON values. Null means no payload."""
    payloads = reader.mapping("payloads") or {}
    written = {
        key: value if isinstance(value, str) else text(converted(value))
        for key, value in payloads.items()
        if value is not None and converted(value) is not NOT_GIVEN
    }
    for key, payload in written.items():
        if not has_utf8(payload):
            message = "a payload must have a UTF-8 form, got a lone surrogate"
            reader.note(IssueCode.WRONG_TYPE, message, "payloads", key)
    return written or None


def _holdout(reader: Reader) -> Holdout | None:
    source = reader.mapping("holdout")
    if source is None:
        return None
    holdout = Reader(source, pointer_to(reader.pointer, "holdout"), reader.issues)
    identity = holdout.required("id", is_integer, "an integer")
    share = holdout.required("exclusion_percentage", is_number, "a number")
    if share is not None:
        share = holdout.number("exclusion_percentage")
    return Holdout(text(identity), share or 0.0)


def _condition(reader: Reader) -> Condition:
    rollout = reader.number("rollout_percentage")
    inherits = "aggregation_group_type_index" not in reader.source
    return Condition(
        filters=tuple(map(_condition_filter, reader.objects("properties"))),
        rollout_percentage=100.0 if rollout is None else rollout,
        variant=reader.text("variant"),
        aggregation=INHERIT if inherits else reader.index("aggregation_group_type_index"),
    )


def _share_words(source: Any) -> None:
    """Replace the words that filters have in common by one equal object, so the document gets smaller."""
    for name in _SHARED:
        word = source.get(name)
        if type(word) is str and len(word) <= _LONGEST_SHARED and type(source) is dict:
            source[name] = intern(word)


def _filter(reader: Reader) -> Filter:
    _share_words(reader.source)
    kind = reader.text("type")
    operator = reader.text("operator")
    if operator is not None and not is_operator(operator):
        message = f"unknown operator {shown(operator)!r}; only the server can decide this filter"
        reader.note(IssueCode.UNKNOWN_OPERATOR, message, "operator")
    return Filter(
        key=_filter_key(reader, kind),
        type=kind,
        operator=operator,
        value=_filter_value(reader),
        group_type_index=reader.index("group_type_index"),
        negation=reader.source.get("negation") is True,
        dependency_chain=reader.texts("dependency_chain"),
    )


def _condition_filter(reader: Reader) -> Filter:
    """Read a filter of a condition; filters of a cohort may have other types (R2.11, R10.6)."""
    found = _filter(reader)
    if found.type is not None and found.type not in _FILTER_TYPES:
        message = (
            f"unknown filter type {shown(found.type)!r}; only the server can decide this filter"
        )
        reader.note(IssueCode.UNKNOWN_FILTER_TYPE, message, "type")
    return found


def _filter_key(reader: Reader, kind: str | None) -> str:
    """Return the key as text; cohort and flag filters may lack a key."""
    key = reader.source.get("key")
    if is_number(key):
        return text(converted(key))
    if isinstance(key, str):
        return key
    if key is not None or "key" in reader.source:
        reader.wrong_type("key", "text")
    elif kind in (None, "person", "group"):
        reader.note(IssueCode.MISSING_KEY, "key is missing; it must be the property's name", "key")
    return ""


def _filter_value(reader: Reader) -> Any:
    value = converted(reader.source.get("value"))
    if value is NOT_GIVEN:
        reader.note(IssueCode.TOO_DEEP, "value is nested more than 128 levels deep", "value")
        return None
    return value


def parse_cohort(cohort_id: str, source: Any, pointer: str) -> Cohort:
    """Read one cohort; ``definition`` is None for an empty or unreadable cohort."""
    issues: list[Issue] = []
    if source == {}:
        return Cohort(cohort_id, None)
    definition = _property_group(source, pointer, issues, 1)
    broken = any(issue.code not in _LOCAL for issue in issues)
    return Cohort(cohort_id, None if broken else definition, tuple(issues))


def _property_group(
    source: Any, pointer: str, issues: list[Issue], depth: int
) -> PropertyGroup | None:
    if not isinstance(source, dict):
        message = f"must be an object, got {json_type(source)}"
        issues.append(Issue(IssueCode.NOT_AN_OBJECT, pointer, message))
        return None
    reader = Reader(source, pointer, issues)
    if depth > MAX_COHORT_DEPTH:
        reader.note(IssueCode.TOO_DEEP, f"groups nest more than {MAX_COHORT_DEPTH} levels deep")
        return None
    kind = _group_type(reader, is_inner=depth > 1)
    if kind is None:
        return None
    members = (_member(value, issues, depth) for value in reader.objects("values"))
    return PropertyGroup(kind, tuple(member for member in members if member is not None))


def _group_type(reader: Reader, *, is_inner: bool) -> Literal["AND", "OR"] | None:
    """Read the type of a group; inner groups may have the older name of AND (R10.3)."""
    kind = reader.source.get("type")
    if kind == "AND" or (is_inner and kind == "property"):
        return "AND"
    if kind == "OR":
        return "OR"
    message = f'the type of a group must be "AND" or "OR", got {shown(kind)}'
    reader.note(IssueCode.WRONG_TYPE, message, "type")
    return None


def _member(reader: Reader, issues: list[Issue], depth: int) -> PropertyGroup | Filter | None:
    if reader.source == {}:
        return PropertyGroup("AND")
    if "values" in reader.source or reader.source.get("type") in ("AND", "OR"):
        return _property_group(reader.source, reader.pointer, issues, depth + 1)
    return _filter(reader)
