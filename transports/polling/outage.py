"""The episodes of failed loads, and which of them are worth a line in the log.

Each outage is logged once, when it begins and when it ends. One that begins soon after another is the
same episode, so a source that fails now and then does not fill the log: it is logged again only if it
lasts. Soon is five minutes, and seconds for a new mistake in content that somebody edits. Pure: `now` is an
argument, in monotonic seconds.
"""

from __future__ import annotations

from typing import Final

__all__ = ["Outage"]


class Outage:
    """The current outage and the end of the last one. Not thread-safe.

    >>> outage = Outage()
    >>> outage.failed(0), outage.failed(30), outage.ended(60)
    (True, False, 60)
    >>> outage.failed(90), outage.ended(120)
    (False, None)
    """

    SETTLED_AFTER: Final = 300.0
    EDITED_AFTER: Final = 5.0

    def __init__(self) -> None:
        self._since: float | None = None
        self._failures = 0
        self._ended_at: float | None = None
        self._is_logged = False
        self._has_cleared = False

    @property
    def failures(self) -> int:
        """How many loads failed in the current or the last outage."""
        return self._failures

    def failed(self, now: float, *, clears: bool = False, is_new_mistake: bool = False) -> bool:
        """Note a failed load; return whether to log it.

        Whoever edits the content makes the next mistake soon after the last, and is to hear of it
        (``is_new_mistake``). A load that takes definitions out of use (``clears``) is logged once in an episode
        of its own.
        """
        settled_after = self.EDITED_AFTER if is_new_mistake else self.SETTLED_AFTER
        if self._since is None:
            self._since, self._failures = now, 0
            self._is_logged = False
            is_settled = self._ended_at is None or now - self._ended_at >= settled_after
            if is_settled:
                self._has_cleared = False
        else:
            is_settled = now - self._since >= settled_after
        self._failures += 1
        is_new = is_settled and not self._is_logged
        is_worse = clears and not self._has_cleared
        self._has_cleared = self._has_cleared or clears
        self._is_logged = self._is_logged or is_new or is_worse
        return is_new or is_worse

    def ended(self, now: float) -> float | None:
        """Note a successful load; return how long the outage lasted if its end is to be logged."""
        if self._since is None:
            return None
        since, self._since, self._ended_at = self._since, None, now
        return now - since if self._is_logged else None
