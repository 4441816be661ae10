"""Every code a finding can have: one registry, from which docs/findings.md is checked.

An error is something that cannot be read as it is written. A warning can be read, but is rarely
what was meant, or leaves people to the server. An info is worth knowing.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

__all__ = ["CATALOGUE", "Entry", "Severity"]


class Severity(StrEnum):
    """How bad a finding is, worst first."""

    ERROR = "error"
    WARNING = "warning"
    INFO = "info"


@dataclass(frozen=True, slots=True)
class Entry:
    """What a code means and the way out that fits most of its cases."""

    severity: Severity
    meaning: str
    way_out: str


_E, _W, _I = Severity.ERROR, Severity.WARNING, Severity.INFO

CATALOGUE: Final[Mapping[str, Entry]] = {
    # The engine's own issues (errors.IssueCode).
    "not_json": Entry(
        _E,
        "The text is not JSON.",
        "Save the server's answer as it is; an HTML error page is a frequent stand-in.",
    ),
    "not_an_object": Entry(
        _E,
        "An object was expected and something else found; the flag or cohort around it cannot "
        "be evaluated.",
        "Write an object there, or leave the member out.",
    ),
    "missing_key": Entry(
        _E,
        "A required member is absent; the flag or cohort around it cannot be evaluated.",
        "Add the member.",
    ),
    "wrong_type": Entry(
        _E,
        "A member has another type than the format gives it; the flag or cohort around it cannot "
        "be evaluated.",
        "Write the value in the type that the message names; null stands for an absent member.",
    ),
    "duplicate_key": Entry(
        _E,
        "Two flags have the same key; neither can be evaluated.",
        "Rename or remove one of them.",
    ),
    "unknown_operator": Entry(
        _E,
        "No such operator; only the server could decide this filter.",
        "Correct the operator; if the server knows it, upgrade this package.",
    ),
    "unknown_filter_type": Entry(
        _E,
        "No such filter type; only the server could decide this filter.",
        "Use person, group, cohort or flag.",
    ),
    "unsupported_version": Entry(
        _W,
        "The flag is in another configuration format than 1 and is not interpreted at all.",
        "Evaluate this flag on the server; remove filters.version if the flag is in format 1.",
    ),
    "too_deep": Entry(
        _E,
        "A value, a cohort or a chain of dependencies is nested deeper than is evaluated.",
        "Flatten it: values nest up to 128 levels, cohorts and dependencies up to 50.",
    ),
    "dependency_cycle": Entry(
        _E,
        "A flag depends on itself, directly or through others; the server fails it.",
        "Remove one of the dependencies on the cycle.",
    ),
    "cohort_cycle": Entry(
        _E,
        "A cohort refers to itself, directly or through others; nobody can decide it.",
        "Remove one of the references on the cycle.",
    ),
    "missing_cohort": Entry(
        _W,
        "A filter names a cohort that the document lacks: static, deleted or another project's. "
        "Only the server knows whom it holds.",
        "Make the cohort dynamic, test the property itself, or leave the flag to the server.",
    ),
    "missing_dependency": Entry(
        _W,
        "A flag filter has no usable dependency chain: it is empty, or a flag in it is not "
        "defined. The server fails such a flag if the chain is circular.",
        "Fetch the definitions from the server, which writes the chain; check the flags' keys.",
    ),
    "unknown_hash": Entry(
        _E,
        "No such hash algorithm; the flags it applies to cannot be evaluated.",
        "Use sha1, which is PostHog's, or murmur3.",
    ),
    # The JSON Schema.
    "schema": Entry(
        _W,
        "The document departs from the JSON Schema where it changes no answer.",
        "Follow the schema: flagengine/lint/schemas/definitions.v1.json.",
    ),
    # Fields.
    "misspelt_field": Entry(
        _W,
        "A member that the format does not have, with a name close to one it has. It is ignored.",
        "Rename it.",
    ),
    "unknown_field": Entry(
        _I,
        "A member that the format, as known here, does not have. It is ignored.",
        "Remove it, or ignore this if the server sent it.",
    ),
    "legacy_field": Entry(
        _I,
        "A member or operator of an older format.",
        "Save the flag again on the server, or use the present name.",
    ),
    "empty_key": Entry(
        _W,
        "The key of a flag, a variant, a property or a group type is the empty text.",
        "Give it a name.",
    ),
    # Conditions.
    "no_conditions": Entry(
        _I,
        "An active flag without conditions is false for everybody.",
        "Add a condition, or deactivate the flag.",
    ),
    "unreachable_condition": Entry(
        _W,
        "An earlier condition decides for everybody whom this one could match.",
        "Move the condition up, or remove it.",
    ),
    "zero_rollout": Entry(
        _I,
        "A condition with a rollout of 0 % matches nobody.",
        "Raise the rollout, or remove the condition.",
    ),
    "percentage_out_of_range": Entry(
        _W,
        "A percentage or weight outside 0 to 100; it is compared as it stands.",
        "Write a number from 0 to 100.",
    ),
    # Variants and payloads.
    "duplicate_variant": Entry(
        _W,
        "Two variants have the same key; their shares add up.",
        "Rename or remove one of them.",
    ),
    "weights_not_100": Entry(
        _W,
        "The weights of the variants do not add to 100: what is left over gets plain true, what "
        "is beyond is never drawn.",
        "Make the weights add to 100.",
    ),
    "unreachable_variant": Entry(
        _W,
        "The variants before this one have used up 100 %; it is never drawn.",
        "Make the weights add to 100.",
    ),
    "unknown_pin": Entry(
        _W,
        "A condition pins a variant that the flag does not have; the pin is ignored and a "
        "variant drawn.",
        "Name an existing variant, or remove the pin.",
    ),
    "payload_not_json": Entry(
        _W,
        "A payload is text that is not JSON; it is handed out as that text.",
        'Write it as JSON; plain text needs quotes of its own: "\\"hello\\"".',
    ),
    "raw_payload": Entry(
        _I,
        "A payload is a JSON value rather than JSON text, as in older rows.",
        "Save the flag again on the server.",
    ),
    "unused_payload": Entry(
        _W,
        "A payload under a key that is no possible value of the flag; nobody gets it.",
        "Use a variant's key, or true for a flag without variants.",
    ),
    # Operands.
    "null_operand": Entry(
        _W,
        "The filter has no value, so that it is false for everybody, negated or not.",
        "Give it a value, or use is_set or is_not_set.",
    ),
    "malformed_operand": Entry(
        _W,
        "The operator cannot read its operand, so that the filter is false for everybody, "
        "negated or not.",
        "Correct the operand.",
    ),
    "invalid_pattern": Entry(
        _W,
        "The pattern is no regular expression of the server's dialect, so that the filter is "
        "false for everybody, negated or not.",
        "Correct the pattern; the dialect is that of Rust's regex.",
    ),
    "untranslatable_pattern": Entry(
        _W,
        "The pattern cannot be run here in linear time with the same meaning; only the server "
        "decides this filter.",
        "Write it without look-around and back-references, or use icontains or starts_with.",
    ),
    "undecidable_date": Entry(
        _W,
        "The date is in a shape that only the server's lenient parser may know; only the server "
        "decides this filter.",
        "Write it as YYYY-MM-DD, as RFC 3339, or relative like -30d.",
    ),
    "misplaced_operator": Entry(
        _W,
        "The operator does not belong to this type of filter, or cannot compare with this value.",
        "Properties: the operators of SPEC R8; cohorts: in, not_in; flags: flag_evaluates_to with "
        "true, false or a variant.",
    ),
    # References.
    "unnamed_group": Entry(
        _W,
        "A group type index is missing or has no name in group_type_mapping; what uses it cannot "
        "be decided.",
        "Fetch the definitions again, with the mapping.",
    ),
    "empty_group": Entry(
        _W,
        "A cohort, or a group within one, without members: engines disagree on whom it holds.",
        "Remove it, or give it members.",
    ),
    # Locality.
    "never_local": Entry(
        _W,
        "Whatever inputs are given, the flag cannot be decided locally.",
        "Leave the flag to the server, or remove what the message names.",
    ),
    "sometimes_local": Entry(
        _I,
        "For some subjects the flag cannot be decided locally, whatever inputs are given.",
        "Expect unresolved answers, or remove what the message names.",
    ),
}
"""Code to its entry, by topic."""
