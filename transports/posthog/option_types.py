"""The keywords of ``Posthog`` and ``AsyncPosthog`` as types: posthog-python's names and this client's.

``names`` says what each of posthog-python's means here; a test compares both.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypeAlias

from ..client.option_types import ClientOptions

__all__ = ["OnLostEvents", "PosthogOptions"]

OnLostEvents: TypeAlias = Callable[[Exception, list[dict[str, Any]]], object]
"""``on_error`` as posthog-python calls it: with the error and the lost events as dicts."""


class PosthogOptions(ClientOptions, total=False):
    """The keywords of ``Posthog``: those of ``Client``, and these of posthog-python."""

    send: bool
    timeout: float
    thread: int
    feature_flags_request_timeout_seconds: float
    log_captured_exceptions: bool
    flag_fallback_cache_url: str | None
    code_variables_mask_patterns: Sequence[str] | None
    code_variables_ignore_patterns: Sequence[str] | None
    code_variables_mask_url_credentials: bool | None
    code_variables_detect_secrets: bool | None
    enable_exception_autocapture_rate_limiting: bool
    exception_autocapture_bucket_size: int
    exception_autocapture_refill_rate: int
    exception_autocapture_refill_interval_seconds: float
    metrics: Mapping[str, Any] | None
    capture_trace_context: bool
    _use_ai_lane: bool
    _enable_multimodal_capture: bool
    traces: Mapping[str, Any] | None
    app_host: str | None
    email_request_timeout_seconds: float
    email_request_max_retries: int
    migrated_from: str | None
