"""The codes of all findings; docs/write_findings.py writes docs/findings.md from this registry.

An error cannot be read as written. A warning can be read, but is rarely what was meant, or forces
a decision on the server. An info is worth knowing.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

__all__ = ["CATALOGUE", "Entry", "Severity"]


class Severity(StrEnum):
    """The severities of findings, the worst first."""

    ERROR = "error"
    WARNING = "warning"
    INFO = "info"


@dataclass(frozen=True, slots=True)
class Entry:
    """The meaning of a code, and the remedy for most of its findings."""

    severity: Severity
    meaning: str
    way_out: str


_E, _W, _I = Severity.ERROR, Severity.WARNING, Severity.INFO

CATALOGUE: Final[Mapping[str, Entry]] = {
    # The engine's own issues (definitions.issues.IssueCode).
    "not_json": Entry(
        _E,
        "The text is not JSON.",
        "Save the server's response unchanged; a common mistake is to save an HTML error page.",
    ),
    "not_an_object": Entry(
        _E,
        "A value that must be an object is not an object; the flag or cohort that contains it "
        "cannot be evaluated.",
        "Write an object, or leave the member out.",
    ),
    "missing_key": Entry(
        _E,
        "A required member is missing; the flag or cohort that contains it cannot be evaluated.",
        "Add the member.",
    ),
    "wrong_type": Entry(
        _E,
        "A member has the wrong type; the flag or cohort that contains it cannot be evaluated.",
        "Use the type that the message names; null means that the member is absent.",
    ),
    "duplicate_key": Entry(
        _E,
        "Two flags have the same key; neither can be evaluated.",
        "Rename or remove one of the flags.",
    ),
    "unknown_operator": Entry(
        _E,
        "The operator is unknown; only the server could decide this filter.",
        "Correct the operator, or upgrade this package if the server knows the operator.",
    ),
    "unknown_filter_type": Entry(
        _E,
        "The filter type is unknown; only the server could decide this filter.",
        "Use person, group, cohort or flag.",
    ),
    "unsupported_version": Entry(
        _W,
        "The flag's configuration format is neither 1 nor 2, so the flag is not interpreted at all.",
        "Evaluate this flag on the server; remove filters.version if the flag is in format 1.",
    ),
    "unsupported_rule": Entry(
        _W,
        "A part of a format 2 flag is valid, but is not evaluated here: a linked experiment, assignment "
        "by group, or a predicate about groups, cohorts or flags. It leaves the whole flag to the server.",
        "Evaluate this flag on the server.",
    ),
    "unknown_member": Entry(
        _E,
        "An object of a format 2 flag has a member that its kind must not have, so the flag cannot be "
        "evaluated.",
        "Remove or rename the member; the members depend on the type of the rule.",
    ),
    "invalid_value": Entry(
        _E,
        "A text or value in a format 2 flag is not one of those allowed there, so the flag cannot be "
        "evaluated.",
        "Use one of the values that the message names.",
    ),
    "out_of_range": Entry(
        _E,
        "A number, a length, a count or a sum in a format 2 flag exceeds its limits, so the flag cannot "
        "be evaluated.",
        "Stay within the limits that the message names; percentages have at most two decimals.",
    ),
    "not_unique": Entry(
        _E,
        "A format 2 flag has a rule id, a variant key or a member name twice, so the flag cannot be "
        "evaluated.",
        "Rename or remove one of the two.",
    ),
    "too_large": Entry(
        _E,
        "The configuration of a format 2 flag exceeds the size limit, so the flag cannot be evaluated.",
        "Write fewer or shorter rules.",
    ),
    "too_deep": Entry(
        _E,
        "A value, a cohort or a chain of dependencies exceeds the nesting limit.",
        "Reduce the nesting: the limit is 128 levels for values, 50 for cohorts and dependencies.",
    ),
    "dependency_cycle": Entry(
        _E,
        "A flag depends on itself, directly or through others; on the server, the flag fails.",
        "Remove one of the dependencies on the cycle.",
    ),
    "cohort_cycle": Entry(
        _E,
        "A cohort refers to itself, directly or through others; it cannot be decided.",
        "Remove one of the references on the cycle.",
    ),
    "missing_cohort": Entry(
        _W,
        "A filter names a cohort that is not in the document: static, deleted or another project's. "
        "Only the server knows its members.",
        "Make the cohort dynamic, test the property itself, or leave the flag to the server.",
    ),
    "missing_dependency": Entry(
        _W,
        "A flag filter's dependency chain is empty, or names an undefined flag. On the server, a "
        "circular chain fails the flag.",
        "Fetch the definitions from the server, which writes the chain, and check the flags' keys.",
    ),
    "unknown_hash": Entry(
        _E,
        "The hash algorithm is unknown; flags that use it cannot be evaluated.",
        "Use sha1 (PostHog's) or murmur3.",
    ),
    # The JSON Schema.
    "schema": Entry(
        _W,
        "The document violates the JSON Schema in a place that changes no answer.",
        "Follow the schema: flagengine/analysis/lint/schemas/definitions.v1.json.",
    ),
    # Fields.
    "misspelt_field": Entry(
        _W,
        "A member is unknown and ignored; its name resembles a known member.",
        "Rename the member.",
    ),
    "unknown_field": Entry(
        _I,
        "A member is unknown and ignored.",
        "Remove the member, or ignore the finding if the server sent the member.",
    ),
    "legacy_field": Entry(
        _I,
        "A member or operator belongs to an older format.",
        "Save the flag again on the server, or use the current name.",
    ),
    "empty_key": Entry(
        _W,
        "The key of a flag, variant or property, or the name of a group type, is empty.",
        "Use a non-empty name.",
    ),
    # Conditions.
    "no_conditions": Entry(
        _I,
        "An active flag without conditions is false for everyone.",
        "Add a condition, or deactivate the flag.",
    ),
    "unreachable_condition": Entry(
        _W,
        "An earlier condition already decides for everyone this condition could match.",
        "Move the condition up, or remove it.",
    ),
    "zero_rollout": Entry(
        _I,
        "A condition with a rollout of 0 % matches nobody.",
        "Raise the rollout, or remove the condition.",
    ),
    "percentage_out_of_range": Entry(
        _W,
        "A percentage or weight is outside 0 to 100; it is used unchanged.",
        "Write a number from 0 to 100.",
    ),
    # Variants and payloads.
    "duplicate_variant": Entry(
        _W,
        "Two variants have the same key; their shares add up.",
        "Rename or remove one of the variants.",
    ),
    "weights_not_100": Entry(
        _W,
        "The variants' weights do not add up to 100: people beyond a smaller total get plain true, "
        "and variants beyond 100 are never drawn.",
        "Make the weights add up to 100.",
    ),
    "unreachable_variant": Entry(
        _W,
        "Earlier variants already cover 100 %, so this variant is never drawn.",
        "Make the weights add up to 100.",
    ),
    "unknown_pin": Entry(
        _W,
        "A condition pins a variant that the flag does not have; the pin is ignored and a "
        "variant is drawn.",
        "Name an existing variant, or remove the pin.",
    ),
    "payload_not_json": Entry(
        _W,
        "A payload is text that is not JSON; it is returned as text.",
        'Write JSON; plain text needs its own quotes: "\\"hello\\"".',
    ),
    "raw_payload": Entry(
        _I,
        "A payload is a JSON value in place of JSON text, as older flags have it.",
        "Save the flag again on the server.",
    ),
    "unused_payload": Entry(
        _W,
        "A payload's key matches no value of the flag, so nobody receives the payload.",
        "Use a variant's key, or true for a flag without variants.",
    ),
    # Operands.
    "null_operand": Entry(
        _W,
        "The filter has no value, so it is false for everyone, negated or not.",
        "Add a value, or use is_set or is_not_set.",
    ),
    "malformed_operand": Entry(
        _W,
        "The operator cannot read its operand, so the filter is false for everyone, negated or "
        "not.",
        "Correct the operand.",
    ),
    "invalid_pattern": Entry(
        _W,
        "The pattern is not valid in the server's dialect, so the filter is false for everyone, "
        "negated or not.",
        "Correct the pattern; the dialect is Rust's regex crate.",
    ),
    "untranslatable_pattern": Entry(
        _W,
        "The pattern cannot be run locally in linear time with the same meaning; only the server "
        "can decide this filter.",
        "Avoid look-around and back-references, or use icontains or starts_with.",
    ),
    "undecidable_date": Entry(
        _W,
        "Only the server's lenient parser may be able to read this date, so only the server can "
        "decide this filter.",
        "Write YYYY-MM-DD, RFC 3339, or a relative date such as -30d.",
    ),
    "misplaced_operator": Entry(
        _W,
        "The operator cannot be used on this type of filter, or with this value.",
        "Properties: the operators of SPEC R8; cohorts: in, not_in; flags: flag_evaluates_to with "
        "true, false or a variant.",
    ),
    # References.
    "unnamed_group": Entry(
        _W,
        "A group type index is missing or has no name in group_type_mapping; filters and "
        "conditions that use it cannot be decided.",
        "Fetch the definitions again, including group_type_mapping.",
    ),
    "empty_group": Entry(
        _W,
        "A cohort, or a group in a cohort, has no members; engines disagree on whether it matches.",
        "Add members, or remove the group.",
    ),
    # Locality.
    # Rules of format 2.
    "unreachable_lower_rule": Entry(
        _W,
        "Nobody reaches the rule, because a rule above it decides on everyone whom it targets. PostHog "
        "calls this UNREACHABLE_LOWER_RULE.",
        "Remove the rule, or move it above the rule that the message names.",
    ),
    "rollout_miss_can_enter_lower_rule": Entry(
        _W,
        "A rollout that continues after a miss reaches a lower rule with the same value, so more people get "
        "the value than the rollout says. PostHog calls this ROLLOUT_MISS_CAN_ENTER_LOWER_RULE.",
        'Write "on_rollout_miss": "return_default" if the rollout is meant to be the limit.',
    ),
    "rule_order_changes_traffic": Entry(
        _W,
        "Compared with the current definitions, a rule was moved above another, and some people get another "
        "value for it. PostHog calls this RULE_ORDER_CHANGES_TRAFFIC.",
        "Restore the order, unless the change is meant.",
    ),
    "never_local": Entry(
        _W,
        "The flag cannot be decided locally, even with every input given.",
        "Leave the flag to the server, or remove what the message names.",
    ),
    "sometimes_local": Entry(
        _I,
        "For some subjects the flag cannot be decided locally, even with every input given.",
        "Expect unresolved answers, or remove what the message names.",
    ),
}
"""The entry of each code, by topic."""
