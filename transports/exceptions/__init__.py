"""Exceptions as events: safely described, captured once, and limited in rate."""

from .capture_sites import (
    HANDLED_REQUEST,
    LOGGING,
    MANUAL,
    PROCESS,
    REQUEST,
    TASK,
    THREAD,
    UNKNOWN,
    Boundary,
    HookKind,
    normalise_level,
)
from .captured_marker import is_already_captured, mark_captured
from .control_flow import DEFAULT_POLICY, Place, ReportingPolicy
from .hooks import ExceptionHooks
from .log_handler import ExceptionLogHandler
from .metadata import exception_properties
from .rate_limit import ExceptionRateLimiter
from .reserved import without_reserved
from .safe_attributes import type_name
from .settings import CodeVariables, ExceptionSettings

__all__ = [
    "DEFAULT_POLICY",
    "HANDLED_REQUEST",
    "LOGGING",
    "MANUAL",
    "PROCESS",
    "REQUEST",
    "TASK",
    "THREAD",
    "UNKNOWN",
    "Boundary",
    "CodeVariables",
    "ExceptionHooks",
    "ExceptionLogHandler",
    "ExceptionRateLimiter",
    "ExceptionSettings",
    "HookKind",
    "Place",
    "ReportingPolicy",
    "exception_properties",
    "is_already_captured",
    "mark_captured",
    "normalise_level",
    "type_name",
    "without_reserved",
]
