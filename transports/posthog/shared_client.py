"""The default client of the module-level functions, made of the module's settings at the first use.

The settings are the variables of the package itself (``posthog.api_key = "phc_..."``), which
``settings`` watches. Importing makes no client.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import MutableMapping
from typing import Any, Final

from .. import fork_and_exit
from ..client.callback_options import refuse_what_nobody_awaits
from ..client.options import Options
from .client import Client
from .names import OPTIONS

__all__ = ["DEFAULT", "DefaultClient"]

logger: logging.Logger = logging.getLogger("flagengine.client")

CLIENT: Final = "default_client"
KEYS: Final = ("project_api_key", "api_key")
_FULL_AI: Final = ("enable_full_ai_capture", "_use_ai_lane", "_enable_multimodal_capture")
_SWITCHES: Final = ("disabled", "debug", "privacy_mode")
LIVE: Final = (*_SWITCHES, *_FULL_AI, "before_send")
"""The settings that take effect at any time, as in posthog-python."""


class DefaultClient:
    """The one default client of the process; thread-safe."""

    def __init__(self) -> None:
        self._settings: MutableMapping[str, Any] = {CLIENT: None}
        self._names: tuple[str, ...] = ()
        self._lock = threading.Lock()

    def bind(self, settings: MutableMapping[str, Any]) -> None:
        """Read the settings from this namespace, and keep the client there as ``default_client``."""
        self._settings = settings
        self._names = tuple(each.old for each in OPTIONS if each.old in settings)

    def get(self) -> Client:
        """Return the client; make it of the settings at the first call."""
        found: Client | None = self._settings.get(CLIENT)
        if found is not None:
            return found
        fork_and_exit.watch(self)
        with self._lock:
            found = self._settings.get(CLIENT)
            if found is None:
                found = self._settings[CLIENT] = self._made()
        return found

    def captures_exceptions(self, client: object | None = None) -> bool:
        """Return whether `client`, by default the default client, captures exceptions by itself."""
        asked = self._settings.get(CLIENT) if client is None else client
        name = "enable_exception_autocapture"
        found = getattr(asked, name, None)
        if isinstance(found, bool):
            return found
        components = getattr(asked, "components", None)
        if client is not None:
            return bool(getattr(getattr(components, "options", None), name, False))
        return bool(self._settings.get(name))

    def capture_exception(self, error: BaseException) -> object:
        """Capture an exception with the default client."""
        return self.get().capture_exception(error)

    def changed(self, name: str, value: object) -> None:
        """Give a setting that was assigned its effect on the client, if there is one already.

        Raises:
            TypeError: the value makes no sense for the setting.
        """
        client = self._settings.get(CLIENT)
        if client is None:
            return
        if name in _SWITCHES:
            setattr(client, name, bool(value))
        elif name in _FULL_AI:
            client.enable_full_ai_capture = any(self._settings.get(each) for each in _FULL_AI)
        elif name == "before_send":
            options = Options(before_send=value)  # type: ignore[arg-type] # which checks it
            refuse_what_nobody_awaits(options)
            client.components.preparation.use_hooks(options.hooks)
        elif name in KEYS and not client.api_key:
            # A client without a key has done nothing, so the next call makes another one.
            self._settings[CLIENT] = None
        else:
            logger.warning(
                "%s has no effect any more: the default client is already made; set it before the"
                " first call",
                name,
            )

    def after_fork(self) -> None:
        """Renew the lock, which another thread of the parent may have held; the client is kept."""
        self._lock = threading.Lock()

    def at_exit(self, timeout: float) -> None:
        """Do nothing: the client's parts have exit hooks of their own."""

    def _made(self) -> Client:
        settings = self._settings
        key = next((key for key in map(self._key, KEYS) if key), "")
        # A test may have deleted a variable: None is the default of each option.
        given: dict[str, Any] = {name: settings.get(name) for name in self._names}
        return Client(key, **{name: value for name, value in given.items() if name not in KEYS})

    def _key(self, name: str) -> str:
        given = self._settings.get(name)
        # What is no text is refused by the client, in its own words.
        return given.strip() if isinstance(given, str) else given or ""


DEFAULT: Final = DefaultClient()
