"""The methods to opt out, to opt in, and to reset.

They affect this client in this process, not a single person. To leave out a person, do not capture
their events. Events that are already queued are still sent.
"""

from __future__ import annotations

from ..context.properties_for_flags import NO_PROPERTIES
from .components import HasComponents
from .verbs import guarded, nothing

__all__ = ["disable", "enable", "is_opted_out", "opt_in", "opt_out", "reset"]


def _no() -> bool:
    return False


@guarded(nothing)
def opt_out(client: HasComponents) -> None:
    """Capture nothing from now on; with a ``storage``, also after a restart."""
    client.components.memory.opt(out=True)


@guarded(nothing)
def opt_in(client: HasComponents) -> None:
    """Capture again."""
    client.components.memory.opt(out=False)


@guarded(nothing)
def disable(client: HasComponents) -> None:
    """Do the same as ``opt_out``."""
    client.components.memory.opt(out=True)


@guarded(nothing)
def enable(client: HasComponents) -> None:
    """Do the same as ``opt_in``."""
    client.components.memory.opt(out=False)


@guarded(_no)
def is_opted_out(client: HasComponents) -> bool:
    """Return whether the client is opted out."""
    return client.components.memory.is_opted_out


@guarded(nothing)
def reset(client: HasComponents) -> None:
    """Forget registered properties, properties for flags, cached answers and sent flag events.

    Keep overrides, definitions, the opt-out and queued events.
    """
    components = client.components
    components.memory.forget_registered()
    components.change_flag_properties(lambda _: NO_PROPERTIES)
    components.evaluator.forget()
    components.forget_reads()
