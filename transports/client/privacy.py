"""Opt out, opt in, and reset.

These apply to this client in this process, not to a person: to leave out a person, do not capture
their events. Events that are already queued are still sent.
"""

from __future__ import annotations

from ..context.properties_for_flags import NO_PROPERTIES
from .parts import HasParts
from .verbs import guarded, nothing

__all__ = ["disable", "enable", "is_opted_out", "opt_in", "opt_out", "reset"]


def _no() -> bool:
    return False


@guarded(nothing)
def opt_out(client: HasParts) -> None:
    """Capture nothing from now on; with a ``storage``, also after a restart."""
    client.parts.memory.opt(out=True)


@guarded(nothing)
def opt_in(client: HasParts) -> None:
    """Capture again."""
    client.parts.memory.opt(out=False)


@guarded(nothing)
def disable(client: HasParts) -> None:
    """Do the same as ``opt_out``."""
    client.parts.memory.opt(out=True)


@guarded(nothing)
def enable(client: HasParts) -> None:
    """Do the same as ``opt_in``."""
    client.parts.memory.opt(out=False)


@guarded(_no)
def is_opted_out(client: HasParts) -> bool:
    """Return whether the client is opted out."""
    return client.parts.memory.is_opted_out


@guarded(nothing)
def reset(client: HasParts) -> None:
    """Forget registered properties, properties for flags, cached flags and sent flag events.

    Overrides, definitions, the opt-out and queued events stay.
    """
    parts = client.parts
    parts.memory.forget_registered()
    parts.change_flag_properties(lambda _: NO_PROPERTIES)
    parts.evaluator.forget()
    parts.tracker.clear()
