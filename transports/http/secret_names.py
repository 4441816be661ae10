"""The names of secrets: in URLs and forms, and of variables, headers and keys of JSON.

A name counts by its words, however it is written: ``reset_token``, ``resetToken``, ``reset%54oken``,
``user[reset-token]``. Ordinary words are no secrets, so ``code`` and ``token_type`` are not in the
table: a ``code`` is one only beside another parameter of OAuth, because it is mostly a coupon or a country.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Final
from urllib.parse import unquote

__all__ = ["OAUTH_COMPANION", "SECRET_NAMES", "is_code", "is_secret_parameter", "words_of"]

_KINDS_OF_KEYS: Final = (
    r"api|access|private|encryption|signing|service|account|license"
    r"|session|master|subscription|project"
)
SECRET_NAMES: Final = (
    r"passw|passphrase|passcode|pwd|secret|credential|jwt|csrf|xsrf|signature",
    rf"(?:{_KINDS_OF_KEYS})_?key",
    r"token\d*$|(?:^|_)(?:pass|pw|sig|hmac|otp|cvv|cvc|ssn|auth|authorization)\d*$",
    r"sess(?:ion)?_?id$|^session$|^connect_sid$",
    r"(?:auth|authorization|device)_?code$|code_verifier|assertion$|saml_?response$",
)
"""Regular expressions that are searched in a name and in its words, whatever their case is."""

OAUTH_COMPANION: Final = (
    r"state|session_state|client_id|redirect_uri|grant_type|code_challenge|scope|iss"
)
"""The parameters beside which ``code`` is OAuth's, with which anybody may log in."""

_SECRET: Final = re.compile("|".join(SECRET_NAMES), re.IGNORECASE)
_HUMP: Final = re.compile(r"(?<=[a-z0-9])(?=[A-Z])")
_OTHERS: Final = re.compile(r"[\W_]+")


@lru_cache(maxsize=1024)
def words_of(name: str) -> str:
    """Return the words of a name, joined by underscores.

    >>> words_of("user[resetToken]"), words_of("X-Amz-Signature"), words_of("%74oken")
    ('user_reset_token', 'x_amz_signature', 'token')
    """
    plain = unquote(unquote(name))
    return _OTHERS.sub("_", _HUMP.sub("_", plain)).strip("_").lower()


@lru_cache(maxsize=1024)
def is_secret_parameter(name: str) -> bool:
    """Return whether a parameter of a URL or a form has a secret as its value.

    >>> [is_secret_parameter(name) for name in ("sig", "Password2", "key", "token_type", "code")]
    [True, True, True, False, False]
    """
    words = words_of(name)
    return words == "key" or any(map(_SECRET.search, (words, name)))


def is_code(name: str) -> bool:
    """Return whether a parameter is a secret beside ``OAUTH_COMPANION`` only."""
    return words_of(name) == "code"
