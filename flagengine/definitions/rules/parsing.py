"""A configuration of format 2, read strictly: any fault refuses the whole flag (SPEC R20).

Only this folder knows the words of format 2. Reading is total and bounded.
"""

from collections.abc import Mapping
from typing import Any, Final

from flagengine.definitions.issues import Issue, IssueCode
from flagengine.definitions.rules.material import check_material
from flagengine.definitions.rules.model import RuleSet
from flagengine.definitions.rules.notes import Members, Notes
from flagengine.definitions.rules.numbers import is_whole
from flagengine.definitions.rules.rule import RuleReader
from flagengine.definitions.rules.served import TYPES, served

__all__ = ["MAX_RULES", "parse_rules"]

MAX_RULES: Final = 100
_GROUP: Final = "aggregation_group_type_index"
_REQUIRED: Final = {
    "version": "",
    "return_type": f"; it is one of {', '.join(TYPES)}",
    "default_value": "; write null to leave the default to the caller",
    "rules": "; write [] for none",
}
_OF_FORMAT_1: Final = dict.fromkeys(
    (
        "groups",
        "multivariate",
        "payloads",
        "holdout",
        "early_exit",
        "feature_enrollment",
        "bucketing_identifier",
        "holdout_groups",
        "super_groups",
    ),
    "; it belongs to format 1, and format 2 has rules instead",
)


def parse_rules(
    filters: Mapping[str, Any], pointer: str, lost: Mapping[str, str | None]
) -> tuple[RuleSet | None, tuple[Issue, ...], Issue | None]:
    """Return the rules, every issue, and the issue that refuses the flag; with one, no rules.

    ``lost`` says what the decoding of JSON text lost, by pointers below ``filters``.
    """
    notes = Notes([], {pointer + place: written for place, written in lost.items()})
    found = _rule_set(filters, pointer, notes) if check_material(filters, pointer, notes) else None
    defect = notes.defect
    return None if defect else found, tuple(notes.issues), defect


def _rule_set(filters: Mapping[str, Any], pointer: str, notes: Notes) -> RuleSet:
    members = Members(filters, pointer, notes)
    members.check_names("a configuration of format 2", _REQUIRED, (_GROUP,), _OF_FORMAT_1)
    return_type: Any = members.choice("return_type", TYPES)
    default = served(members, "default_value", return_type, nullable=True)
    is_for_groups = _GROUP in filters
    if members.read(_GROUP, is_whole, "an integer") is not None:
        message = "must be absent; flags that assign by group are not evaluated here"
        members.refuse(IssueCode.UNSUPPORTED_RULE, _GROUP, message)
    reader = RuleReader(return_type, is_for_groups=is_for_groups, notes=notes)
    rules = [
        reader.read(source, members.at("rules", index))
        for index, source in enumerate(members.items("rules", 0, MAX_RULES))
    ]
    return RuleSet(return_type, default, tuple(rule for rule in rules if rule is not None))
