"""The options of posthog-python's constructor: their names here, and what differs.

The only table of them: ``options`` translates by it, and docs/posthog-names.md is written from it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

__all__ = ["ASYNC_POSITIONS", "OPTIONS", "POSITIONS", "OptionName"]


@dataclass(frozen=True, slots=True)
class OptionName:
    """An option of posthog-python.

    Attributes:
        old: its name there.
        new: its name here; None: it has no effect here, and a warning says so.
        note: what differs, or what to use instead, as the end of a sentence.
        default: the default there, for an option without effect: this value needs no warning.
    """

    old: str
    new: str | None
    note: str = ""
    default: Any = None

    @property
    def warning(self) -> str:
        """The warning for an option without effect."""
        return f"{self.old} has no effect: {self.note}"


def _same(name: str, note: str = "") -> OptionName:
    return OptionName(name, name, note)


_OPENTELEMETRY: Final = "this client records none; use OpenTelemetry"
_NO_EMAIL: Final = "this client sends no e-mail"
_PATTERNS: Final = "capture_exception_code_variables"

OPTIONS: Final = (
    OptionName("project_api_key", "api_key"),
    _same("host"),
    _same("debug", "debug logging; errors are logged, never raised into the application"),
    _same("max_queue_size"),
    OptionName(
        "send", "sink", "send=False is sink=NullSink(): flags are evaluated, no event is sent"
    ),
    _same("on_error", "also hears of every event that a full queue refused"),
    _same("flush_at"),
    _same("flush_interval"),
    _same("gzip", "bodies are compressed unless it is False"),
    _same("max_retries", "of one batch, with growing pauses"),
    _same("sync_mode"),
    OptionName("timeout", "request_timeout", "by default 10 s, there 15 s"),
    OptionName("thread", None, "each queue has one thread", default=1),
    _same("poll_interval"),
    _same("personal_api_key"),
    _same("disabled", "may be set and reset at any time"),
    _same("disable_geoip"),
    _same("is_server"),
    _same("historical_migration"),
    OptionName("feature_flags_request_timeout_seconds", "feature_flags_request_timeout"),
    _same("feature_flags_request_max_retries"),
    _same("super_properties"),
    _same("enable_exception_autocapture"),
    OptionName(
        "log_captured_exceptions", None, "the application logs its own exceptions", default=False
    ),
    _same("project_root"),
    _same("privacy_mode"),
    _same("before_send", "also a list of hooks; a hook that raises drops the event"),
    OptionName(
        "flag_fallback_cache_url",
        "flag_cache",
        "memory:// with mode=fallback; for Redis, pass an object as flag_cache",
    ),
    _same("enable_local_evaluation"),
    _same("flag_definition_cache_provider"),
    _same(_PATTERNS, "secrets are masked by more rules"),
    OptionName(
        "code_variables_mask_patterns", _PATTERNS, "masked besides all that is masked anyway"
    ),
    OptionName("code_variables_ignore_patterns", _PATTERNS, "left out besides names with __"),
    OptionName(
        "code_variables_mask_url_credentials",
        None,
        "credentials in URLs are always masked",
        default=True,
    ),
    OptionName(
        "code_variables_detect_secrets",
        None,
        "values that look like secrets are always masked",
        default=True,
    ),
    _same("in_app_modules"),
    OptionName(
        "enable_exception_autocapture_rate_limiting",
        None,
        "the limit is always on; exception_rate_limit_size=100 is the widest",
        default=True,
    ),
    OptionName("exception_autocapture_bucket_size", "exception_rate_limit_size", "by default 10"),
    OptionName("exception_autocapture_refill_rate", "exception_rate_limit_refill", "by default 1"),
    OptionName("exception_autocapture_refill_interval_seconds", "exception_rate_limit_interval"),
    _same("capture_mode"),
    _same("capture_compression"),
    _same("secret_key"),
    OptionName("metrics", None, _OPENTELEMETRY),
    _same("enable_full_ai_capture"),
    OptionName(
        "capture_trace_context",
        None,
        "add $trace_id and $span_id to the properties, or in before_send",
        default=False,
    ),
    OptionName("_use_ai_lane", "enable_full_ai_capture"),
    OptionName("_enable_multimodal_capture", "enable_full_ai_capture"),
    OptionName("traces", None, _OPENTELEMETRY),
    OptionName("app_host", None, _NO_EMAIL),
    OptionName("email_request_timeout_seconds", None, _NO_EMAIL, default=15),
    OptionName("email_request_max_retries", None, _NO_EMAIL, default=2),
    OptionName("migrated_from", None, _NO_EMAIL),
)
"""All options of posthog-python 7.91.1, in the order of its constructor."""

POSITIONS: Final = tuple(each.old for each in OPTIONS)
"""The positional order of ``Posthog(...)``."""

ASYNC_POSITIONS: Final = (
    *POSITIONS[:10],
    *("timeout", "thread", "disabled", "disable_geoip", "is_server", "historical_migration"),
    *("super_properties", "before_send", "log_captured_exceptions", "project_root"),
    *("capture_exception_code_variables", "code_variables_mask_patterns"),
    *("code_variables_ignore_patterns", "code_variables_mask_url_credentials"),
    *("code_variables_detect_secrets", "in_app_modules", "capture_mode", "capture_compression"),
    *("capture_trace_context", "secret_key", "personal_api_key"),
    *("feature_flags_request_timeout_seconds", "feature_flags_request_max_retries"),
    *("app_host", "email_request_timeout_seconds", "email_request_max_retries", "migrated_from"),
)
"""The positional order of ``AsyncPosthog(...)``."""
