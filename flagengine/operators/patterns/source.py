"""The text of a pattern while it is parsed, and the parser's state."""

from dataclasses import dataclass, field

__all__ = ["PatternReader"]

_VERBOSE_BLANKS = " \t\r\n"


@dataclass(slots=True)
class PatternReader:
    """A position in a pattern, and the inline flags in force there."""

    text: str
    position: int = 0
    flags: frozenset[str] = frozenset()
    # The server's front end accepts the pattern, but the engine behind it does not.
    is_rejected: bool = False
    group_names: set[str] = field(default_factory=set)

    @property
    def char(self) -> str:
        """The next character; empty at the end."""
        return self.text[self.position : self.position + 1]

    def ahead(self, count: int) -> str:
        """Return the next characters; fewer at the end."""
        return self.text[self.position : self.position + count]

    def take(self) -> str:
        """Return the next character and pass it."""
        char = self.char
        self.position += 1
        return char

    def skips(self, prefix: str) -> bool:
        """Pass the prefix if it comes next; tell whether it did."""
        if not self.text.startswith(prefix, self.position):
            return False
        self.position += len(prefix)
        return True

    @property
    def folds(self) -> bool:
        """Whether letters match both of their cases."""
        return "i" in self.flags

    @property
    def is_at_verbose_blank(self) -> bool:
        """Whether verbose mode ignores the next character."""
        return "x" in self.flags and self.char != "" and self.char in _VERBOSE_BLANKS + "#"

    def skip_verbose_blanks(self) -> None:
        """Pass blanks and comments in verbose mode."""
        while self.is_at_verbose_blank:
            if self.take() == "#":
                comment, newline, _ = self.text[self.position :].partition("\n")
                self.position += len(comment + newline)
