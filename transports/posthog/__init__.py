"""The way in from posthog-python 7.91.1: its names over this client.

Change the import, and leave the program as it is::

    import flagengine.transports.posthog as posthog

    posthog.api_key = "phc_..."
    posthog.capture("signed up", distinct_id="user-1")

``Posthog`` and ``AsyncPosthog`` are the clients; the functions use a default client, which is made of
the variables below at the first call. A variable that is set later has the effect that it has in
posthog-python, or a warning says that it has none. Importing this module starts nothing.
docs/posthog-names.md has every name, and what differs. Another package for the same program needs no
names but ``flagengine.transports``.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from importlib import import_module
from typing import TYPE_CHECKING, Any

from ..client.assembly import version as _version
from .async_client import AsyncClient, AsyncPosthog
from .client import Client, Posthog
from .connections import (
    SocketOptions,
    disable_connection_reuse,
    enable_keep_alive,
    set_socket_options,
)
from .contexts import (
    get_context_device_id,
    get_context_distinct_id,
    get_context_session_id,
    get_tags,
    identify_context,
    new_context,
    scoped,
    set_capture_exception_code_variables_context,
    set_code_variables_detect_secrets_context,
    set_code_variables_ignore_patterns_context,
    set_code_variables_mask_patterns_context,
    set_code_variables_mask_url_credentials_context,
    set_context_device_id,
    set_context_session,
    tag,
)
from .events import CaptureArguments as OptionalCaptureArgs
from .events import SetArguments as OptionalSetArgs
from .events import (
    alias,
    capture,
    capture_ai,
    capture_exception,
    group_identify,
    set,  # noqa: A004 - posthog-python's name
    set_once,
)
from .feature_flags import InconclusiveMatchError, RequiresServerEvaluation
from .flag_definition_cache import FlagDefinitionCacheData, FlagDefinitionCacheProvider
from .flags import (
    evaluate_flags,
    feature_enabled,
    feature_flag_definitions,
    get_all_flags,
    get_all_flags_and_payloads,
    get_feature_flag,
    get_feature_flag_evaluation_runtime,
    get_feature_flag_keys_by_evaluation_runtime,
    get_feature_flag_payload,
    get_feature_flag_result,
    get_remote_config_payload,
    load_feature_flags,
)
from .lifecycle import flush, join, setup, shutdown
from .missing import OF_THE_MODULE, missing_attribute
from .option_types import OnLostEvents, PosthogOptions
from .settings import watch_settings
from .spans import Span, get_active_span, start_span
from .types import (
    ID_TYPES,
    BeforeSendCallback,
    CaptureCompression,
    CaptureMode,
    ExceptionArg,
    FeatureFlagEvaluationRuntime,
    FeatureFlagEvaluations,
    FeatureFlagResult,
    FlagsAndPayloads,
    FlagValue,
    UnresolvedFlagReason,
)

VERSION = __version__ = _version()

# The settings of the default client. None: the default of ``flagengine.transports.Client``.

api_key: str | None = None
project_api_key: str | None = None
host: str | None = None
secret_key: str | None = None
personal_api_key: str | None = None
on_error: OnLostEvents | None = None
debug: bool = False
send: bool = True
sync_mode: bool = False
disabled: bool = False
poll_interval: float = 30
disable_geoip: bool = True
is_server: bool = True
feature_flags_request_timeout_seconds: float = 3
feature_flags_request_max_retries: int = 1
super_properties: Mapping[str, Any] | None = None
metrics: Mapping[str, Any] | None = None
traces: Mapping[str, Any] | None = None
enable_exception_autocapture: bool = False
log_captured_exceptions: bool = False
project_root: str | None = None
privacy_mode: bool = False
before_send: BeforeSendCallback | Sequence[BeforeSendCallback] | None = None
enable_local_evaluation: bool = True
flag_definition_cache_provider: FlagDefinitionCacheProvider | None = None
capture_mode: CaptureMode | str | None = None
enable_full_ai_capture: bool = False
_use_ai_lane: bool = False
_enable_multimodal_capture: bool = False
capture_trace_context: bool = False
capture_exception_code_variables: bool = False
code_variables_mask_patterns: Sequence[str] | None = None
code_variables_ignore_patterns: Sequence[str] | None = None
code_variables_mask_url_credentials: bool = True
code_variables_detect_secrets: bool = True
in_app_modules: Sequence[str] | None = None
enable_exception_autocapture_rate_limiting: bool | None = None
exception_autocapture_bucket_size: int | None = None
exception_autocapture_refill_rate: int | None = None
exception_autocapture_refill_interval_seconds: float | None = None

if TYPE_CHECKING:
    from .adoption import adopt

default_client: Client | None = None

__all__ = [
    "ID_TYPES",
    "VERSION",
    "AsyncClient",
    "AsyncPosthog",
    "BeforeSendCallback",
    "CaptureCompression",
    "CaptureMode",
    "Client",
    "ExceptionArg",
    "FeatureFlagEvaluationRuntime",
    "FeatureFlagEvaluations",
    "FeatureFlagResult",
    "FlagDefinitionCacheData",
    "FlagDefinitionCacheProvider",
    "FlagValue",
    "FlagsAndPayloads",
    "InconclusiveMatchError",
    "OptionalCaptureArgs",
    "OptionalSetArgs",
    "Posthog",
    "PosthogOptions",
    "RequiresServerEvaluation",
    "SocketOptions",
    "Span",
    "UnresolvedFlagReason",
    "adopt",
    "alias",
    "capture",
    "capture_ai",
    "capture_exception",
    "disable_connection_reuse",
    "enable_keep_alive",
    "evaluate_flags",
    "feature_enabled",
    "feature_flag_definitions",
    "flush",
    "get_active_span",
    "get_all_flags",
    "get_all_flags_and_payloads",
    "get_context_device_id",
    "get_context_distinct_id",
    "get_context_session_id",
    "get_feature_flag",
    "get_feature_flag_evaluation_runtime",
    "get_feature_flag_keys_by_evaluation_runtime",
    "get_feature_flag_payload",
    "get_feature_flag_result",
    "get_remote_config_payload",
    "get_tags",
    "group_identify",
    "identify_context",
    "join",
    "load_feature_flags",
    "new_context",
    "scoped",
    "set",
    "set_capture_exception_code_variables_context",
    "set_code_variables_detect_secrets_context",
    "set_code_variables_ignore_patterns_context",
    "set_code_variables_mask_patterns_context",
    "set_code_variables_mask_url_credentials_context",
    "set_context_device_id",
    "set_context_session",
    "set_once",
    "set_socket_options",
    "setup",
    "shutdown",
    "start_span",
    "tag",
]

if not TYPE_CHECKING:  # else type checkers would take every name for one of the module's

    def __getattr__(name: str) -> Any:
        """Import a name at its first use, or say what to use instead of one that does not exist."""
        if name == "adopt":  # needs posthog-python, which programs with these names may not have
            return import_module(".adoption", __name__).adopt
        raise missing_attribute(f"module {__name__!r}", name, OF_THE_MODULE, __all__)


watch_settings(__name__)
