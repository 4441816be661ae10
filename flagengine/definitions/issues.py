"""The problems of a definitions document: issues as data, and one exception.

Evaluation never raises. Parsing raises only if the input is not a definitions document.
"""

from enum import StrEnum

from flagengine.values.printable import printable
from flagengine.values.record import Record

__all__ = ["Issue", "IssueCode", "SnapshotError"]


class IssueCode(StrEnum):
    """The codes of all issues inside a document (SPEC R2)."""

    NOT_AN_OBJECT = "not_an_object"
    MISSING_KEY = "missing_key"
    WRONG_TYPE = "wrong_type"
    DUPLICATE_KEY = "duplicate_key"
    UNKNOWN_OPERATOR = "unknown_operator"
    UNKNOWN_FILTER_TYPE = "unknown_filter_type"
    UNSUPPORTED_VERSION = "unsupported_version"
    TOO_DEEP = "too_deep"
    DEPENDENCY_CYCLE = "dependency_cycle"
    COHORT_CYCLE = "cohort_cycle"
    MISSING_COHORT = "missing_cohort"
    MISSING_DEPENDENCY = "missing_dependency"
    UNSUPPORTED_RULE = "unsupported_rule"
    UNKNOWN_MEMBER = "unknown_member"
    INVALID_VALUE = "invalid_value"
    OUT_OF_RANGE = "out_of_range"
    NOT_UNIQUE = "not_unique"
    TOO_LARGE = "too_large"
    UNKNOWN_HASH = "unknown_hash"
    NOT_JSON = "not_json"


class Issue(Record):
    """One problem of a definitions document.

    ``pointer`` is an RFC 6901 JSON pointer into the document, cut if it is very long; ``message``
    says what must be, what was, and the likely mistake.
    """

    code: IssueCode
    pointer: str
    message: str

    def __post_init__(self) -> None:
        """Escape what is not printable: a message quotes the document."""
        object.__setattr__(self, "message", printable(self.message))

    def __lt__(self, other: "Issue") -> bool:
        return (self.pointer, self.code) < (other.pointer, other.code)

    def __str__(self) -> str:
        return f"{printable(self.pointer) or '/'}: {self.message} [{self.code}]"


class SnapshotError(ValueError):
    """An input that is not a definitions document; the message says what the input was.

    ``code`` and ``pointer`` have the same meaning as in an :class:`Issue`.
    """

    def __init__(self, code: IssueCode, pointer: str, message: str) -> None:
        """Build an error whose text is the message."""
        super().__init__(printable(message))
        self.code = code
        self.pointer = pointer

    def __reduce__(self) -> tuple[type["SnapshotError"], tuple[IssueCode, str, str]]:
        """Pickle all three parts, so that another process can receive the error."""
        return SnapshotError, (self.code, self.pointer, str(self))
