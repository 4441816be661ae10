"""Whether this client captures at all, and forgetting.

For this client in this process, not for a person: to leave out one person, do not capture theirs.
What is queued already is still sent.
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
    """Capture nothing from now on; with a ``storage`` also after a restart."""
    client.parts.memory.opt(out=True)


@guarded(nothing)
def opt_in(client: HasParts) -> None:
    """Capture again."""
    client.parts.memory.opt(out=False)


@guarded(nothing)
def disable(client: HasParts) -> None:
    """The same as ``opt_out``."""
    client.parts.memory.opt(out=True)


@guarded(nothing)
def enable(client: HasParts) -> None:
    """The same as ``opt_in``."""
    client.parts.memory.opt(out=False)


@guarded(_no)
def is_opted_out(client: HasParts) -> bool:
    """Whether nothing is captured because someone said so."""
    return client.parts.memory.is_opted_out


@guarded(nothing)
def reset(client: HasParts) -> None:
    """Forget registered properties, those set for flags, cached flags, and which reads were reported.

    Overrides, definitions, the opt-out and queued events stay.
    """
    parts = client.parts
    parts.memory.forget_registered()
    parts.change_flag_properties(lambda _: NO_PROPERTIES)
    parts.evaluator.forget()
    parts.tracker.clear()
