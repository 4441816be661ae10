"""Regular expressions of the server's dialect, searched in linear time."""

from flagengine.operators.patterns.compilation import compile_pattern
from flagengine.operators.patterns.outcome import (
    INVALID,
    CompiledPattern,
    InvalidType,
    Search,
    Unsupported,
)

__all__ = [
    "INVALID",
    "CompiledPattern",
    "InvalidType",
    "Search",
    "Unsupported",
    "compile_pattern",
]
