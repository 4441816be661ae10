"""Redaction of keys and credentials, and the cleaning of header values.

Pure text functions. All text of requests in logs, in a ``repr`` and in error messages passes
through them.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

from .secret_names import OAUTH_COMPANION, is_code, is_secret_parameter

__all__ = ["clean_header_value", "redact_headers", "redact_text", "redact_url"]

_HIDDEN = "***"
_SECRET_HEADERS = frozenset({"authorization", "proxy-authorization", "cookie", "set-cookie"})
# Up to the last @, because a password may have one, or a slash, that is not escaped; digits up to a
# slash are a port. Neither quotes nor more characters, so that JSON stays and the search is linear.
_USER_INFO = re.compile(
    r"""(?<=://)(?:[^/?#\s"'<>]{0,300}|[^/?#\s:"'<>]{1,100}:(?!\d+[/?#])[^\s"'<>]{0,300})@"""
)
# Without a scheme, as in a proxy's URL: user, password, and a host.
_BARE_USER_INFO = re.compile(r"""(?<![\w./:%+~-])[\w.%+~-]{1,100}:[^\s/@"'<>]{1,200}@(?=[\w\[])""")
# The same in a URL that is the value of another's parameter.
_USER_INFO_INSIDE = re.compile(r"(?i)(?<=%3a%2f%2f)(?:(?!%2f|%3f|%23)[^&#\s]){1,300}?%40")
# What separates parameters, and their names from values: as it is, and encoded in another URL's parameter.
_BEGIN = r"(?:[?&#;]|%(?:25){0,3}(?:3[Ff]|26|23|3[Bb]))"
_EQUALS = r"(?:=|%(?:25){0,3}3[Dd])"
_PARAMETER = re.compile(
    rf"(?P<begin>{_BEGIN})(?P<name>(?:(?!{_BEGIN}|{_EQUALS})\S){{1,128}}){_EQUALS}"
)
_COMPANION = re.compile(rf"{_BEGIN}(?:{OAUTH_COMPANION}){_EQUALS}")
# The value of a parameter may have an encoded "&" in it, unless it is inside of another's value.
_VALUE = re.compile(r"[^&#\s]*")
_VALUE_INSIDE = re.compile(r"(?:(?!%(?:25){0,3}(?:26|23))[^&#\s])*")
_VALUE_OF_A_PATH = re.compile(r"[^&#;/?\s]*")
_WORD = re.compile(r"\S+")
# Project, personal, secret and OAuth keys of PostHog start with ph and one or two letters.
_KEY = re.compile(r"\bph[a-z]{1,2}_[A-Za-z0-9_\-]{4,}")
# A token that names its bearer, as in links for a forgotten password.
_JSON_WEB_TOKEN = re.compile(r"\beyJ[\w-]{8,}\.[\w-]+(?:\.[\w-]*){0,3}")
_BEARER = re.compile(r"(?i)\b(bearer|basic)\s+[^\s\"',]+")
# RFC 9110 section 5.5: CR, LF and NUL end or split a header; other controls are not needed.
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f]")


def redact_url(url: str) -> str:
    """Return the URL without user name, password, tokens or keys: ``secret_names`` has their names.

    A parameter may be in the query, in the fragment, after a semicolon, or in a URL that is the value
    of another parameter.

    >>> redact_url("https://me:pw@host/flags?token=phc_abcdef&v=2")
    'https://host/flags?token=***&v=2'
    """
    # An application may pass anything to `fetch`.
    shown = _BARE_USER_INFO.sub("", _USER_INFO.sub("", str(url)))
    if "=" in shown or "%" in shown:
        shown = _WORD.sub(_without_parameters, _USER_INFO_INSIDE.sub("", shown))
    return _JSON_WEB_TOKEN.sub(_HIDDEN, _KEY.sub(_HIDDEN, shown))


def _without_parameters(word: re.Match[str]) -> str:
    return "".join(_pieces(word[0]))


def _pieces(text: str) -> Iterator[str]:
    """Yield the text in pieces, with a mask in place of each secret parameter's value."""
    start = position = 0
    is_oauth: bool | None = None
    while (found := _PARAMETER.search(text, position)) is not None:
        position = found.end()
        name = found["name"]
        if is_oauth is None and is_code(name):
            is_oauth = _COMPANION.search(text) is not None
        if is_secret_parameter(name) or (is_oauth and is_code(name)):
            yield text[start:position]
            yield _HIDDEN
            start = position = _value_of(found).end()
    yield text[start:]


def _value_of(parameter: re.Match[str]) -> re.Match[str]:
    begin, text = parameter["begin"], parameter.string
    is_inside = begin[0] == "%" or text[parameter.end() - 1] != "="
    pattern = _VALUE_INSIDE if is_inside else _VALUE_OF_A_PATH if begin == ";" else _VALUE
    found = pattern.match(text, parameter.end())
    assert found is not None  # a value may be empty
    return found


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


def clean_header_value(value: str) -> str:
    r"""Return the value without characters that could split a header or break its encoding (Latin-1).

    >>> clean_header_value("flagengine/1\r\nX-Evil: 1")
    'flagengine/1X-Evil: 1'
    """
    cleaned = _CONTROL.sub("", value).strip()
    return cleaned.encode("latin-1", "replace").decode("latin-1")
