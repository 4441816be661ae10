"""The two exceptions that end a run or a process."""


class Violation(BaseException):
    """An invariant does not hold. No ``except Exception`` of the client may swallow it."""

    def __init__(self, rule: str, message: str) -> None:
        super().__init__(f"{rule}: {message}")
        self.rule = rule


class Killed(BaseException):
    """Raised inside a thread of a killed process, so that its stack is unwound without effects."""
