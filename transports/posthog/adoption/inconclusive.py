"""What a posthog client calls inconclusive: the engine's resolutions without a value, and format 2."""

from __future__ import annotations

from typing import Final

from posthog.types import UnresolvedFlagReason

from flagengine import Resolution, UnresolvedReason

__all__ = ["UNSUPPORTED", "in_words", "why_inconclusive"]

UNSUPPORTED: Final = UnresolvedFlagReason.UNSUPPORTED_DEFINITION
_REASONS: Final = {
    reason: UNSUPPORTED if reason.is_error else UnresolvedFlagReason(reason.value)
    for reason in UnresolvedReason
}


def why_inconclusive(resolution: Resolution) -> UnresolvedFlagReason | None:
    """Return why the client must ask the server; None if it need not.

    Flags of other configuration formats than 1 are left to the server, decided or not: the client reports
    their rules and experiments from the server's answer alone.
    """
    if resolution.config_version != 1:
        return UNSUPPORTED
    if resolution.value is not None:
        return None
    reason = resolution.unresolved_reason
    return UNSUPPORTED if reason is None else _REASONS[reason]


def in_words(resolution: Resolution) -> str:
    """Return why a flag is inconclusive as text, with the names of what is missing."""
    if resolution.config_version == 2:
        return "flags of configuration format 2 are left to the server"
    missing = resolution.missing.to_dict()
    return f"{resolution.description}: {missing}" if missing else resolution.description
