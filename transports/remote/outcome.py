"""How a remote evaluation ended, and the words that say so in ``$feature_flag_error``."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from ..errors import InvalidResponseError, RequestError, RequestTimeoutError, StatusError
from .response import FlagsResponse

__all__ = [
    "ERRORS_WHILE_COMPUTING",
    "FLAG_MISSING",
    "QUOTA_LIMITED",
    "RemoteOutcome",
    "error_text",
    "error_word",
]

ERRORS_WHILE_COMPUTING: Final = "errors_while_computing_flags"
FLAG_MISSING: Final = "flag_missing"
QUOTA_LIMITED: Final = "quota_limited"
TIMEOUT: Final = "timeout"
CONNECTION_ERROR: Final = "connection_error"
UNKNOWN_ERROR: Final = "unknown_error"

# As the contract lists them; joined in this order whatever happened when.
_ORDER: Final = (ERRORS_WHILE_COMPUTING, FLAG_MISSING, QUOTA_LIMITED, TIMEOUT, CONNECTION_ERROR)


@dataclass(frozen=True, slots=True)
class RemoteOutcome:
    """The answer, or why there is none; exactly one of the two.

    ``attempts`` counts the requests made.
    """

    response: FlagsResponse | None = None
    error: RequestError | StatusError | None = None
    attempts: int = 1

    @property
    def words(self) -> tuple[str, ...]:
        """What went wrong with the request as a whole."""
        if self.response is None:
            return (error_word(self.error),)
        found = []
        if self.response.errors_while_computing:
            found.append(ERRORS_WHILE_COMPUTING)
        if self.response.quota_limited:
            found.append(QUOTA_LIMITED)
        return tuple(found)


def error_word(error: Exception | None) -> str:
    """Return the contract's word for a failed request.

    >>> error_word(StatusError(503))
    'api_error_503'
    """
    if isinstance(error, RequestTimeoutError):
        return TIMEOUT
    if isinstance(error, StatusError):
        return f"api_error_{error.status}"
    if isinstance(error, RequestError) and not isinstance(error, InvalidResponseError):
        return CONNECTION_ERROR
    return UNKNOWN_ERROR


def error_text(words: Iterable[str]) -> str | None:
    """Join words for ``$feature_flag_error``, each once; None when there are none.

    >>> error_text(["flag_missing", "errors_while_computing_flags", "flag_missing"])
    'errors_while_computing_flags,flag_missing'
    """
    distinct = dict.fromkeys(words)
    known = [word for word in _ORDER if word in distinct]
    return ",".join([*known, *(word for word in distinct if word not in _ORDER)]) or None
