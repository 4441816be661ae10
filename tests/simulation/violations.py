"""The two exceptions that end a run or a process."""

from typing import ClassVar, Self


class Violation(BaseException):
    """An invariant does not hold.

    On its own threads the client ends every exception of a callback, a transport or a log handler, and
    this one too. So the first violation of a run is kept, and ends the run after the turn.
    """

    first: ClassVar[Self | None] = None

    def __init__(self, rule: str, message: str) -> None:
        super().__init__(f"{rule}: {message}")
        self.rule = rule
        Violation.first = Violation.first or self


class Killed(BaseException):
    """Raised inside a thread of a killed process, so that its stack is unwound without effects."""
