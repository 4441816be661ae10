"""Readers of the project key and of secret keys. No message has a key."""

from __future__ import annotations

from typing import Any, Final

from .addresses import QUOTES

__all__ = ["read_key", "read_project_key", "read_secret_key"]

# The prefixes of PostHog's keys, by which swapped keys are recognised.
_PROJECT: Final = "phc_"
_SECRET: Final = ("phs_", "phx_")


def read_project_key(name: str, given: Any) -> str | None:
    """Return the project key without surrounding blanks and quotes."""
    key = _key(name, given)
    if key and key.startswith(_SECRET):
        message = (
            f"{name} must be a project key (phc_...), got a secret or personal API key"
            f" ({key[:4]}...), which goes to secret_key"
        )
        raise ValueError(message)
    return key


def read_secret_key(name: str, given: Any) -> str | None:
    """Return the secret or personal API key without surrounding blanks and quotes."""
    key = _key(name, given)
    if key and _PROJECT in key:
        message = (
            f"{name} must be a secret key (phs_...) or a personal API key (phx_...),"
            f" got a project key ({_PROJECT}...)"
        )
        raise ValueError(message)
    return key


def read_key(name: str, given: Any) -> str:
    """Return any key as it is."""
    if not isinstance(given, str):
        message = f"{name} must be text, got {type(given).__name__}"
        raise TypeError(message)
    return given


def _key(name: str, given: Any) -> str | None:
    if given is None:
        return None
    key = read_key(name, given).strip().strip(QUOTES).strip()
    if "://" in key:
        message = f"{name} must be a key, got a URL; a URL goes to host"
        raise ValueError(message)
    if not key.isascii() or not key.isprintable() or " " in key:
        message = f"{name} must be a key, got a text with blanks, line breaks or other characters"
        raise ValueError(message)
    return key
