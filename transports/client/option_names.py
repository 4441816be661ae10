"""The names of options: what to say of an unknown one, and posthog-python's names with what replaces them.

``project_api_key`` is accepted, as the first line of most programs has it. The other names are hints,
because their values mean something else here or nothing at all.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Collection, Mapping
from typing import Final

__all__ = ["POSTHOG_NAMES", "PROJECT_API_KEY", "unknown_option"]

PROJECT_API_KEY: Final = "project_api_key"

_MASKED: Final = "leave it out: capture_exception_code_variables masks secrets by rules of its own"
_NOT_HERE: Final = "leave it out: this client has nothing like it"

POSTHOG_NAMES: Final[Mapping[str, str]] = {
    PROJECT_API_KEY: "use api_key",
    "send": "use disabled=True, or sink=NullSink() to evaluate flags without sending events",
    "thread": "leave it out: each queue has one thread",
    "timeout": "use request_timeout",
    "feature_flags_request_timeout_seconds": "use feature_flags_request_timeout",
    "flag_fallback_cache_url": "use flag_cache",
    "log_captured_exceptions": "leave it out: the application logs its own exceptions",
    "code_variables_mask_patterns": _MASKED,
    "code_variables_ignore_patterns": _MASKED,
    "code_variables_mask_url_credentials": _MASKED,
    "code_variables_detect_secrets": _MASKED,
    "enable_exception_autocapture_rate_limiting": "leave it out: the limit is always on",
    "exception_autocapture_bucket_size": "use exception_rate_limit_size",
    "exception_autocapture_refill_rate": "use exception_rate_limit_refill",
    "exception_autocapture_refill_interval_seconds": "use exception_rate_limit_interval",
    "exception_autocapture_integrations": "leave it out: use a middleware or the context",
    "metrics": _NOT_HERE,
    "traces": _NOT_HERE,
    "capture_trace_context": _NOT_HERE,
    "app_host": _NOT_HERE,
    "email_request_timeout_seconds": _NOT_HERE,
    "email_request_max_retries": _NOT_HERE,
    "migrated_from": _NOT_HERE,
    # Other SDKs' names, as snake_case.
    "api_host": "use host",
    "token": "use api_key",
    "request_timeout_seconds": "use request_timeout",
    "feature_flags_polling_interval": "use poll_interval (seconds)",
    "feature_flags_request_timeout_ms": "use feature_flags_request_timeout (seconds)",
}
"""By names of posthog-python's constructor and its relatives: what to do instead."""


def unknown_option(name: str, known: Collection[str]) -> TypeError:
    """Return the error for an unknown option, with what to use instead.

    >>> print(unknown_option("flush_att", ["flush_at"]))
    Client() has no option 'flush_att'; did you mean 'flush_at'?
    >>> print(unknown_option("timeout", ["flush_at"]))
    Client() has no option 'timeout'; use request_timeout
    """
    plain = _snake_case(name)
    if plain in POSTHOG_NAMES:
        return TypeError(f"Client() has no option {name!r}; {POSTHOG_NAMES[plain]}")
    near = difflib.get_close_matches(plain, known, 1)
    hint = f"; did you mean {near[0]!r}?" if near else ""
    return TypeError(f"Client() has no option {name!r}{hint}")


def _snake_case(name: str) -> str:
    return re.sub(r"(?<=[a-z0-9])([A-Z])", r"_\1", name).lower()
