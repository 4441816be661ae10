"""Asking the server: flags evaluated remotely, remote config payloads, surveys."""

from .documents import fetch_remote_config, fetch_surveys
from .flag_record import RemoteFlag
from .flags_api import RemoteFlags
from .outcome import RemoteOutcome, error_text, error_word
from .query import FlagsQuery, flags_body
from .response import FlagsResponse, parse_flags_response

__all__ = [
    "FlagsQuery",
    "FlagsResponse",
    "RemoteFlag",
    "RemoteFlags",
    "RemoteOutcome",
    "error_text",
    "error_word",
    "fetch_remote_config",
    "fetch_surveys",
    "flags_body",
    "parse_flags_response",
]
