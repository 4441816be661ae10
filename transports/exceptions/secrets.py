"""Secrets in text and beside their names: tokens by their shape, values by the name before them.

It is better to hide too much than to show a password, so a word that may be a name hides what
follows it. All patterns take linear time.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import Final

from ..http.redaction import redact_text
from .command_lines import MASK, without_options

__all__ = ["MASK", "is_name", "without_secrets"]

_TOKENS: Final = (
    r"-----BEGIN [A-Z0-9 ]*PRIVATE KEY(?: BLOCK)?-----(?:(?!-----END)[\s\S])*(?:-----END [A-Z0-9 ]*-----|\Z)",
    r"\bsk-[\w-]{16,}",  # Anthropic, OpenAI, OpenRouter
    r"\b[srp]k_(?:live|test|prod)_\w{8,}",  # Stripe, Clerk
    r"\bwhsec_[\w+/=-]{8,}",
    r"\b(?:AKIA|ASIA|ABIA|ACCA)[0-9A-Z]{16}\b",  # AWS
    r"\bgh[pousr]_\w{16,}",  # GitHub
    r"\bgithub_pat_\w{16,}",
    r"\bgl[a-z]{2,5}-[\w-]{16,}",  # GitLab
    r"\bxox[a-z]-[\w-]{8,}",  # Slack
    r"\bxapp-[\w-]{8,}",
    r"(?<=hooks\.slack\.com/services/)[\w/]+",
    r"\bAIza[\w-]{30,}",  # Google
    r"\bya29\.[\w-]{16,}",
    r"\bnpm_\w{30,}",
    r"\bpypi-[\w-]{16,}",
    r"\bSG\.[\w-]{16,}\.[\w-]{16,}",  # SendGrid
    r"\bhf_\w{20,}",  # Hugging Face
    r"\bdckr_pat_[\w-]{16,}",
    r"\bdop_v1_\w{16,}",  # DigitalOcean
    r"\bshp[a-z]{2}_\w{16,}",  # Shopify
    r"\bAGE-SECRET-KEY-1\w{16,}",
    r"\bhv[sb]\.[\w-]{16,}",  # Vault
    r"\blin_api_\w{16,}",
)
_SHAPES: Final = re.compile("|".join(_TOKENS))
# A user's password in a URL may contain "@" and "/".
_USER_INFO: Final = re.compile(r"(?<=://)[^\s/\"'<>:@]*:[^\s\"'<>]*@")
# A header with credentials, whose value goes on to the end of the line.
_HEADER: Final = re.compile(
    r"(?i)\b((?:proxy-)?authorization|(?:set-)?cookie)(\s*[:=]\s*)(?!\s)[^\r\n\"']+"
)
_NAME: Final = r"(?:--?)?[A-Za-z][\w.\-]{0,63}"
# What comes before a value: 'name': or 'name', as in JSON and lists; name= or name:; --flag and a
# blank; name and a tab, as in a table; name behind a login, as in .netrc; <name>.
_BEFORE_VALUE: Final = re.compile(
    rf"\\*[\"'](?P<quoted>{_NAME})\\*[\"']\s*(?:=>|[:=,])\s*"
    rf"|(?<![\w.\-])(?P<bare>{_NAME})\s{{0,4}}(?:=>|:=|[:=])\s{{0,4}}"
    rf"|(?<![\w\-])(?P<flag>--?[A-Za-z][\w\-]{{0,63}})[ \t]+(?!-)"
    rf"|(?<![\w.\-])(?P<cell>{_NAME})\t+"
    rf"|\blogin\s{{1,4}}\S{{1,200}}\s{{1,4}}(?P<netrc>password)\s{{1,4}}"
    rf"|<(?P<tag>{_NAME})>(?=[^<])"
)
# Quoted text, also inside of quoted text; a list or an object to the end; a word.
_VALUE: Final = re.compile(
    r"[bru]{0,2}(?:\"(?:[^\"\\]|\\[\s\S])*(?:\"|\Z)|'(?:[^'\\]|\\[\s\S])*(?:'|\Z))"
    r"|[bru]{0,2}(?P<quote>\\+[\"'])[\s\S]*?(?:(?<!\\)(?P=quote)|\Z)"
    r"|[\[{(][\s\S]*"
    r"|[^\s&;<]+"
)
_WHOLE_NAME: Final = re.compile(rf"\s*{_NAME}\s*[:=]?\s*")


def without_secrets(text: str, is_secret_name: Callable[[str], bool]) -> str:
    """Return the text with secrets masked.

    >>> without_secrets('run --password hunter2 {"token": "abc", "a": 1}', lambda name: name != "a")
    'run --password *** {"token": ***, "a": 1}'
    """
    shown = _SHAPES.sub(MASK, _USER_INFO.sub("", text))
    shown = without_options(_HEADER.sub(rf"\1\2{MASK}", redact_text(shown)))
    return "".join(_pieces(shown, is_secret_name))


def _pieces(text: str, is_secret_name: Callable[[str], bool]) -> Iterator[str]:
    """Yield the text in pieces, with a mask in place of each value behind a secret's name."""
    start = position = 0
    while (found := _BEFORE_VALUE.search(text, position)) is not None:
        position = found.end()
        name = found[found.lastgroup or 0].lstrip("-")
        value = _VALUE.match(text, position) if is_secret_name(name) else None
        if value is not None:
            yield text[start:position]
            yield MASK
            start = position = value.end()
    yield text[start:]


def is_name(text: str) -> bool:
    """Return whether the text may be a name or a flag, such as ``--password``, rather than a value."""
    return _WHOLE_NAME.fullmatch(text) is not None
