"""EDGE: all findings about a definitions document, for people and continuous integration.

The findings come from the JSON Schema, the engine's own issues and the lint. Only one function
imports jsonschema, and evaluation never calls this function.
"""

from collections.abc import Iterator, Mapping
from functools import cache
from importlib.resources import files
from json import loads
from typing import Any, Final

from flagengine.analysis.lint import Fields, Finding, Inspection, Severity, finding, lint, rank
from flagengine.definitions.definitions import Definitions
from flagengine.definitions.document import Document, read_with_losses
from flagengine.definitions.issues import Issue, IssueCode, SnapshotError
from flagengine.definitions.parsing import EXTENSION
from flagengine.definitions.reading import pointer_to, shown
from flagengine.extras import extra_for
from flagengine.operators import ALIASES, DIALECTS, ELSEWHERE
from flagengine.plan.plans import Plans
from flagengine.snapshot import Snapshot
from flagengine.values.spelling import nearest

__all__ = ["Finding", "Severity", "schema", "validate"]

_UNTYPED: Final = (IssueCode.NOT_AN_OBJECT, IssueCode.WRONG_TYPE)
"""Issues that make every finding inside the same value redundant."""

_FILTER_TYPES: Final = ("person", "group", "cohort", "flag")


def validate(document: Document, current: Snapshot | None = None) -> tuple[Finding, ...]:
    """Return all findings about a document, in the document's order.

    With ``current``, which the document is to replace, they include rules of format 2 whose new order
    changes answers. An input that is not a definitions document gives a single finding. Raise ModuleNotFoundError if
    jsonschema, part of the extra ``cli``, is not installed.
    """
    try:
        own, lost = read_with_losses(document)
    except SnapshotError as error:
        return (finding(error.code, error.pointer, str(error)),)
    plans = Plans(Definitions(own, lost))
    found = [_from_issue(issue, own) for issue in _issues(plans, own)]
    found += lint(Inspection(own, plans, _fields(), current.flags if current else {}))
    found += _schema_findings(_without_refused_rules(own, plans), found)
    return tuple(sorted(dict.fromkeys(found), key=rank))


@cache
def schema(name: str = "definitions.v1.json") -> Mapping[str, Any]:
    """Return the JSON Schema of a definitions document, or with ``rules.v2.json`` of format 2."""
    source = files("flagengine.analysis.lint.schemas").joinpath(name)
    return loads(source.read_text(encoding="utf-8"))  # type: ignore[no-any-return]


@cache
def _fields() -> Mapping[str, Fields]:
    """Return the members of each kind of object, as the schema lists them."""
    definitions = {**schema()["$defs"], "document": schema()}
    return {
        name: Fields(
            frozenset(definition["properties"]),
            tuple(pattern.removeprefix("^") for pattern in definition.get("patternProperties", ())),
        )
        for name, definition in definitions.items()
        if "properties" in definition
    }


def _issues(plans: Plans, document: Mapping[str, Any]) -> Iterator[Issue]:
    yield from plans.issues
    extension = document.get(EXTENSION)
    if isinstance(extension, Mapping) and plans.definitions.hash_algorithm not in (
        "sha1",
        "murmur3",
    ):
        pointer = pointer_to("", EXTENSION, "hash")
        message = f"hash must be sha1 or murmur3, got {shown(extension.get('hash'))!r}"
        yield Issue(IssueCode.UNKNOWN_HASH, pointer, message)


def _from_issue(issue: Issue, document: Mapping[str, Any]) -> Finding:
    hint = None
    if issue.code is IssueCode.UNKNOWN_OPERATOR:
        hint = _near(_value_at(document, issue.pointer), {*DIALECTS[2], *ALIASES, *ELSEWHERE})
    elif issue.code is IssueCode.UNKNOWN_FILTER_TYPE:
        hint = _near(_value_at(document, issue.pointer), set(_FILTER_TYPES))
    return finding(issue.code, issue.pointer, issue.message, hint)


def _near(word: Any, known: set[str]) -> str | None:
    near = nearest(str(word).lower(), sorted(known))
    return None if near is None else f"Did you mean {near}?"


def _value_at(document: Any, pointer: str) -> Any:
    """Return the value at a pointer; "" for a pointer that is cut (SPEC R15.10)."""
    for step in pointer.split("/")[1:]:
        name = step.replace("~1", "/").replace("~0", "~")
        try:
            document = document[int(name)] if isinstance(document, list) else document[name]
        except (LookupError, ValueError):
            return ""
    return document


def _without_refused_rules(document: Mapping[str, Any], plans: Plans) -> Mapping[str, Any]:
    """Leave out configurations of format 2 that the engine refused, because it named each fault."""
    flags = list(document["flags"])
    for key, pointer in plans.definitions.index.pointers.items():
        flag = plans.definitions.flags[key]
        if flag.config_version == 2 and flag.defect is not None:
            position = int(pointer.rpartition("/")[2])
            flags[position] = {**flags[position], "filters": None}
    return {**document, "flags": flags}


def _schema_findings(document: Mapping[str, Any], known: list[Finding]) -> Iterator[Finding]:
    """Yield the schema's errors at places without another finding."""
    places = {found.pointer for found in known}
    untyped = {found.pointer for found in known if found.code in _UNTYPED}
    if any(map(_is_bottomless, known)):
        return  # jsonschema would recurse as deep as the document
    try:
        for pointer, message in _schema_errors(document):
            if pointer not in places and untyped.isdisjoint(_above(pointer)):
                yield finding("schema", pointer, message)
    except RecursionError:
        return  # the engine has an issue for every kind of deep nesting


def _above(pointer: str) -> Iterator[str]:
    """Yield the pointers of everything that contains a value, from the inside out."""
    while pointer:
        pointer = pointer.rpartition("/")[0]
        yield pointer


def _is_bottomless(found: Finding) -> bool:
    return found.code == IssueCode.TOO_DEEP and found.pointer.startswith("/cohorts")


def _schema_errors(document: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    with extra_for("validate"):
        from jsonschema import Draft202012Validator  # noqa: PLC0415 (70 ms, and only for people)
        from referencing import Registry, Resource  # noqa: PLC0415 a part of jsonschema
    rules: Resource[Any] = Resource.from_contents(schema("rules.v2.json"))
    registry: Registry[Any] = rules @ Registry()
    for error in Draft202012Validator(schema(), registry=registry).iter_errors(document):
        pointer = pointer_to("", *error.absolute_path)
        if error.validator == "required":
            for name in error.validator_value:
                if name not in error.instance:
                    yield pointer_to(pointer, name), f"{name} is missing"
        else:
            yield pointer, _schema_message(error)


def _schema_message(error: Any) -> str:
    """Describe a schema error; jsonschema's own message prints the whole instance."""
    steps = list(error.absolute_path)
    name = steps[-1] if steps and isinstance(steps[-1], str) else error.schema.get("title", "this")
    expected = error.validator_value
    if error.validator == "type":
        names = [expected] if isinstance(expected, str) else expected
        expected = " or ".join(names)
    return f"{name} must be {expected}, got {shown(error.instance)}"
