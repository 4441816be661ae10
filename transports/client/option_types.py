"""The constructor's keywords as types, for editors and type checkers.

The names and types are those of ``Options``, where they are documented; a test compares them. The
parameters ``api_key`` and ``host`` are not here, because they may be positional.
"""

from __future__ import annotations

import os
from collections.abc import Collection, Mapping, MutableMapping, Sequence
from datetime import tzinfo
from typing import Any, Literal, TypedDict

from ..batching.drivers import Driver
from ..batching.limits import Exhausted, Overflow
from ..batching.sinks.base import Sink
from ..clock import Clock
from ..flags.cache import FlagCache
from ..flags.query import Complete
from ..http.base import Transport
from ..http.options import Certificate, PathText
from ..polling.health import StalenessBudget
from ..polling.sources.base import DefinitionSource
from ..polling.sources.cache import FlagDefinitionCacheProvider
from .options import BeforeSend, OnError

__all__ = ["ClientOptions"]


class ClientOptions(TypedDict, total=False):
    """The keywords of ``Client`` and ``AsyncClient``; see ``Options``."""

    project_api_key: str | None
    """posthog-python's name for ``api_key``."""

    secret_key: str | None
    personal_api_key: str | None
    proxy: str | None
    ca_file: PathText | None
    client_certificate: Certificate | None
    pool_size: int
    reuse_connections: bool
    idle_connection_timeout: float | None
    tcp_keep_alive: bool
    trust_env: bool
    transport: Transport | None
    extra_headers: Mapping[str, str]
    lib_name: str
    is_server: bool
    debug: bool
    disabled: bool
    clock: Clock | None
    flush_at: int
    flush_interval: float
    max_batch_size: int | None
    max_queue_size: int
    overflow: Overflow | str
    spool_directory: str | os.PathLike[str] | None
    max_retries: int
    on_exhausted: Exhausted | str
    request_timeout: float
    sync_mode: bool
    historical_migration: bool
    gzip: bool | None
    capture_compression: str | None
    capture_mode: str | None
    before_send: BeforeSend | Sequence[BeforeSend] | None
    on_error: OnError | None
    super_properties: Mapping[str, Any]
    disable_geoip: bool
    default_opt_in: bool
    privacy_mode: bool
    enable_full_ai_capture: bool
    storage: MutableMapping[str, Any] | None
    sink: Sink | None
    driver: Driver | None
    definitions: DefinitionSource | None
    enable_local_evaluation: bool
    strict_local_evaluation: bool
    never_evaluate_locally: Collection[str] | str
    complete: Complete
    wait_on_first_read: float
    poll_interval: float
    staleness: StalenessBudget
    flag_definition_cache_provider: FlagDefinitionCacheProvider | None
    flag_cache: str | FlagCache | None
    feature_flags_request_timeout: float
    feature_flags_request_max_retries: int
    feature_flags_request_pause: float | None
    flags_api_version: int
    send_feature_flag_event: bool
    max_cache_size: int
    missing_group: Literal["as_server", "unresolved", "false"]
    evaluation_contexts: Collection[str] | str
    project_timezone: str | tzinfo
    development_overrides: str | os.PathLike[str] | Literal[False] | None
    disable_surveys: bool
    enable_exception_autocapture: bool
    in_app_modules: Collection[str] | str
    in_app_exclude: Collection[str] | str
    project_root: str | os.PathLike[str] | None
    capture_exception_code_variables: bool
    ignored_exceptions: Collection[type[BaseException] | str]
    reported_exceptions: Collection[type[BaseException] | str]
    exception_rate_limit_size: int
    exception_rate_limit_refill: int
    exception_rate_limit_interval: float
