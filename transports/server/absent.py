"""Why an address has no endpoint here: it is there only with a setting. Nothing else is said of a server."""

from __future__ import annotations

from typing import Final

from .settings import ServerSettings

__all__ = ["why_absent"]

_CONTROL: Final = "/_control"
_FOR_DEVELOPMENT: Final = ("/_events", "/_explorer")
_WITH_CONTROL_KEY: Final = (
    "the control API is only there with a control key: name the variable that has the key with "
    "--control-key-env, or control_key_env in a configuration file"
)
_IN_DEVELOPMENT: Final = (
    "this address is only there on a server for development: start it with --development, "
    "or development = true in a configuration file"
)


def why_absent(settings: ServerSettings, path: str) -> str | None:
    """Return the setting that a clean path without an endpoint asks for, in a sentence; None if none does."""
    if settings.control_key is None and _is_below(_CONTROL, path):
        return _WITH_CONTROL_KEY
    is_of_page = path == "/" or any(_is_below(each, path) for each in _FOR_DEVELOPMENT)
    return _IN_DEVELOPMENT if is_of_page and not settings.is_development else None


def _is_below(address: str, path: str) -> bool:
    return path == address or path.startswith(f"{address}/")
