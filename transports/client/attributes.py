"""The attributes of a client that a program may set: no assignment is accepted and ignored.

- ``client.disabled = True`` and ``client.debug = True``, as in posthog-python, take effect.
- A method may be replaced, as tests do.
- The name of an option, or an unknown name, raises AttributeError. A subclass may have attributes of its
  own, but none with the name of an option unless it declares it.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import fields
from typing import TYPE_CHECKING, Any, Final

from ..option_values.quantities import read_boolean
from ..spelling import did_you_mean
from .components import Components, HasComponents
from .option_names import POSTHOG_NAMES, PROJECT_API_KEY
from .options import Options

__all__ = ["CheckedAttributes", "SettableDebug", "refused"]

_OPTIONS: Final = frozenset(each.name for each in fields(Options))
_OF_THIS_PACKAGE: Final = f"{__package__.rpartition('.')[0]}."
_OTHER_NAMES: Final = {PROJECT_API_KEY: "api_key", "send": "disabled"}


class CheckedAttributes:
    """A base class whose instances refuse attributes that would have no effect."""

    components: Components

    @property
    def disabled(self) -> bool:
        """Whether the client does nothing: no events, no flags, no requests.

        Events that are already queued are still sent, and definitions that are already being polled go on
        being polled. A client that was made with ``disabled=True`` stays disabled.
        """
        return self.components.options.disabled or self.components.status.is_disabled

    @disabled.setter
    def disabled(self, value: bool) -> None:
        wanted = read_boolean("disabled", value)
        if self.components.options.disabled and not wanted:
            message = (
                "disabled must stay True, because the client was made with disabled=True;"
                " make another client"
            )
            raise ValueError(message)
        self.components.status.disable(wanted)

    if not TYPE_CHECKING:
        # Hidden from type checkers, which would no longer find misspelt attributes.

        def __setattr__(self, name: str, value: Any) -> None:
            """Set an attribute that has an effect."""
            if not _is_settable(type(self), name):
                raise refused(type(self), name)
            super().__setattr__(name, value)


def _is_settable(kind: type, name: str) -> bool:
    if name.startswith("_") or any(_declares(base, name) for base in kind.__mro__):
        return True
    is_of_application = not kind.__module__.startswith(_OF_THIS_PACKAGE)
    return is_of_application and name not in _OPTIONS | _OTHER_NAMES.keys()


def _declares(kind: type, name: str) -> bool:
    return name in vars(kind) or name in vars(kind).get("__annotations__", ())


def refused(kind: type, name: str) -> AttributeError:
    """Return the error for an attribute that has no effect, with what to do instead."""
    option = _OTHER_NAMES.get(name, name)
    if option in _OPTIONS:
        message = (
            f"{name} cannot be changed after the client is made:"
            f" pass it, {kind.__name__}({option}=...)"
        )
    elif name in POSTHOG_NAMES:
        message = f"{kind.__name__} has no attribute {name!r}; {POSTHOG_NAMES[name]}"
    else:
        known = {public for public in dir(kind) if not public.startswith("_")} | _OPTIONS
        message = f"{kind.__name__} has no attribute {name!r}{did_you_mean(name, known)}"
    return AttributeError(message, name=name)


class SettableDebug:
    """The method ``debug``, to which a program may also assign: ``client.debug = True``."""

    def __init__(self, verb: Callable[[HasComponents, bool], None]) -> None:
        self._verb = verb
        self.__doc__ = verb.__doc__

    def __get__(self, client: object, kind: type) -> Callable[..., None]:
        return self._verb.__get__(client, kind)  # type: ignore[no-any-return] # of a function

    def __set__(self, client: HasComponents, value: bool) -> None:
        self._verb(client, read_boolean("debug", value))
