"""Redaction of keys and credentials, and the cleaning of header values.

Pure text functions. All text of requests in logs, in a ``repr`` and in error messages passes
through them.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

__all__ = ["clean_header_value", "printable", "redact_headers", "redact_text", "redact_url"]

_HIDDEN = "***"
_SECRET_HEADERS = frozenset({"authorization", "proxy-authorization", "cookie", "set-cookie"})
# Up to the last @, because a password may have one, or a slash, that is not escaped; digits up to a
# slash are a port. Neither quotes nor more characters, so that JSON stays and the search is linear.
_USER_INFO = re.compile(
    r"""(?<=://)(?:[^/?#\s"'<>]{0,300}|[^/?#\s:"'<>]{1,100}:(?!\d+[/?#])[^\s"'<>]{0,300})@"""
)
# Without a scheme, as in a proxy's URL: user, password, and a host.
_BARE_USER_INFO = re.compile(r"""(?<![\w./:%+~-])[\w.%+~-]{1,100}:[^\s/@"'<>]{1,200}@(?=[\w\[])""")
_SECRET_PARAMETER = re.compile(
    r"(?i)(?<=[?&])((?:project_?)?(?:api_?key|token|secret(?:_key)?|key))=[^&#\s]*"
)
# Project, personal, secret and OAuth keys of PostHog start with ph and one or two letters.
_KEY = re.compile(r"\bph[a-z]{1,2}_[A-Za-z0-9_\-]{4,}")
_BEARER = re.compile(r"(?i)\b(bearer|basic)\s+[^\s\"',]+")
# RFC 9110 section 5.5: CR, LF and NUL end or split a header; other controls are not needed.
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f]")


def redact_url(url: str) -> str:
    """Return the URL without user name, password, tokens or keys.

    >>> redact_url("https://me:pw@host/flags?token=phc_abcdef&v=2")
    'https://host/flags?token=***&v=2'
    """
    # An application may pass anything to `fetch`.
    shown = _BARE_USER_INFO.sub("", _USER_INFO.sub("", str(url)))
    shown = _SECRET_PARAMETER.sub(rf"\1={_HIDDEN}", shown)
    return _KEY.sub(_HIDDEN, shown)


def redact_text(text: str) -> str:
    """Return any text, such as an exception's message, without keys or credentials.

    >>> redact_text("Authorization: Bearer phx_123456")
    'Authorization: Bearer ***'
    """
    return _BEARER.sub(rf"\1 {_HIDDEN}", redact_url(text))


def redact_headers(headers: Mapping[str, str]) -> dict[str, str]:
    """Return the headers with secret values redacted."""
    return {
        name: _HIDDEN if name.lower() in _SECRET_HEADERS else redact_text(value)
        for name, value in headers.items()
    }


def printable(text: str) -> str:
    r"""Return the text on one line: white space is a space, other control characters are left out.

    >>> printable("a\r\nb \x1b[31m")
    'a b [31m'
    """
    return _CONTROL.sub("", " ".join(text.split()))


def clean_header_value(value: str) -> str:
    r"""Return the value without characters that could split a header or break its encoding (Latin-1).

    >>> clean_header_value("flagengine/1\r\nX-Evil: 1")
    'flagengine/1X-Evil: 1'
    """
    cleaned = _CONTROL.sub("", value).strip()
    return cleaned.encode("latin-1", "replace").decode("latin-1")
