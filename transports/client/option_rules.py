"""The reader of every option, by the option's name."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any, Final

from ..batching.encodings import Encoding
from ..batching.lanes import CaptureMode
from ..batching.limits import Exhausted, Overflow
from ..exceptions.control_flow import names_of
from ..exceptions.rate_limit import MOST_EXCEPTIONS
from ..flags.cache import open_flag_cache
from ..http.header_checks import extra_headers as check_headers
from ..option_values.addresses import read_host
from ..option_values.keys import read_project_key, read_secret_key
from ..option_values.messages import items_of, wrong_type
from ..option_values.objects import (
    Callback,
    Hooks,
    Instance,
    read_clock,
    read_complete,
    read_properties,
    read_sink,
    read_transport,
)
from ..option_values.quantities import LONGEST_REQUEST, Count, Seconds, read_boolean
from ..option_values.texts import Word, read_name, read_names, read_optional_path, read_time_zone
from ..polling.health import StalenessBudget
from ..polling.policy import MINIMUM_INTERVAL

__all__ = ["RULES", "read_compression", "read_mode"]

Reader = Callable[[str, Any], Any]

# With posthog-python's other names.
read_mode: Word = Word(tuple(CaptureMode), {"legacy": "v0", "analytics_v1": "v1"}, is_optional=True)
read_compression: Word = Word(
    tuple(Encoding), {"identity": "none", "brotli": "br"}, is_optional=True
)


def _read_staleness(name: str, given: Any) -> StalenessBudget:
    if not isinstance(given, StalenessBudget):
        raise wrong_type(name, "a StalenessBudget", given)
    return given


_read_cache_object = Instance(("get", "put", "clear"))


def _read_flag_cache(name: str, given: Any) -> Any:
    if given is None:
        return None
    if not isinstance(given, str):
        given = _read_cache_object(name, given)
    try:
        open_flag_cache(given)
    except ValueError as error:
        message = f"{name} cannot be used: {error}"
        raise ValueError(message) from None
    return given


_PATHS = (str, os.PathLike)
_BOOLEANS = (
    "is_server",
    "debug",
    "disabled",
    "sync_mode",
    "historical_migration",
    "disable_geoip",
    "default_opt_in",
    "privacy_mode",
    "enable_full_ai_capture",
    "enable_local_evaluation",
    "strict_local_evaluation",
    "send_feature_flag_event",
    "disable_surveys",
    "enable_exception_autocapture",
    "capture_exception_code_variables",
)


def _read_extra_headers(name: str, given: Any) -> dict[str, str]:
    check_headers(name, given)
    return dict(given)


def _read_as_it_is(_name: str, given: Any) -> Any:
    return given


def _read_exceptions(name: str, given: Any) -> tuple[str, ...]:
    listed = (given,) if isinstance(given, str | type) else given
    return names_of(name, items_of(name, "a list of exception classes or their names", listed))


def _read_development_overrides(name: str, given: Any) -> str | bool | None:
    if given is True:
        raise wrong_type(name, "the path of a file, False or None", given)
    return given if given is False else read_optional_path(name, given)


def _read_gzip(name: str, given: Any) -> bool | None:
    return None if given is None else read_boolean(name, given)


RULES: Final[Mapping[str, Reader]] = MappingProxyType(
    {
        # The server and the client itself.
        "api_key": read_project_key,
        "host": read_host,
        "secret_key": read_secret_key,
        "personal_api_key": read_secret_key,
        "transport": read_transport,
        "extra_headers": _read_extra_headers,
        "lib_name": read_name,
        # HTTP. ``HttpOptions`` checks what they name.
        "proxy": _read_as_it_is,
        "ca_file": _read_as_it_is,
        "client_certificate": _read_as_it_is,
        "pool_size": Count(64),
        "idle_connection_timeout": Seconds(60, least=0, most=LONGEST_REQUEST, is_optional=True),
        **dict.fromkeys(("reuse_connections", "tcp_keep_alive", "trust_env"), read_boolean),
        "clock": read_clock,
        # Events.
        "flush_at": Count(100),
        "flush_interval": Seconds(5, least=0),
        "max_batch_size": Count(100, is_optional=True),
        "max_queue_size": Count(10_000),
        "overflow": Word(tuple(Overflow)),
        "spool_directory": read_optional_path,
        "max_retries": Count(3, least=0),
        "on_exhausted": Word(tuple(Exhausted)),
        "request_timeout": Seconds(10, most=LONGEST_REQUEST),
        "gzip": _read_gzip,
        "capture_compression": read_compression,
        "capture_mode": read_mode,
        "before_send": Hooks("event"),
        "on_error": Callback(("error", "events")),
        "super_properties": read_properties,
        "storage": Instance(("get", "pop", "__setitem__"), hints=((_PATHS, "JsonStorage(path)"),)),
        "sink": read_sink,
        "driver": Instance(("attach", "wake", "drives", "is_worker", "pause", "stop", "forget")),
        # Flags.
        "definitions": Instance(
            ("fetch",),
            hints=((_PATHS, "FileDefinitions(path)"), (Mapping, "MemoryDefinitions(document)")),
        ),
        "never_evaluate_locally": read_names,
        "complete": read_complete,
        "wait_on_first_read": Seconds(5, least=0),
        "poll_interval": Seconds(30, least=MINIMUM_INTERVAL),
        "staleness": _read_staleness,
        "flag_definition_cache_provider": Instance(
            (
                "should_fetch_flag_definitions",
                "get_flag_definitions",
                "on_flag_definitions_received",
                "shutdown",
            ),
        ),
        "flag_cache": _read_flag_cache,
        "feature_flags_request_timeout": Seconds(3, most=LONGEST_REQUEST),
        "feature_flags_request_max_retries": Count(1, least=0),
        "feature_flags_request_pause": Seconds(5, least=0, is_optional=True),
        "flags_api_version": Count(4),
        "max_cache_size": Count(50_000),
        "missing_group": Word(("as_server", "unresolved", "false")),
        "evaluation_contexts": read_names,
        "project_timezone": read_time_zone,
        "development_overrides": _read_development_overrides,
        # Exceptions.
        "ignored_exceptions": _read_exceptions,
        "reported_exceptions": _read_exceptions,
        "in_app_modules": read_names,
        "in_app_exclude": read_names,
        "project_root": read_optional_path,
        "exception_rate_limit_size": Count(10, least=0, most=MOST_EXCEPTIONS),
        "exception_rate_limit_refill": Count(1, least=0, most=MOST_EXCEPTIONS),
        "exception_rate_limit_interval": Seconds(10),
        **dict.fromkeys(_BOOLEANS, read_boolean),
    }
)
