"""The text of a pattern while it is read, with what must be remembered on the way."""

from dataclasses import dataclass, field

__all__ = ["Source"]

_VERBOSE_BLANKS = " \t\r\n"


@dataclass(slots=True)
class Source:
    """A reading position in a pattern, and the inline flags in force there."""

    text: str
    position: int = 0
    flags: frozenset[str] = frozenset()
    # The parser in front accepts the pattern, but the engine it hands it to does not.
    is_rejected: bool = False
    group_names: set[str] = field(default_factory=set)

    @property
    def char(self) -> str:
        """The next character; empty at the end."""
        return self.text[self.position : self.position + 1]

    def ahead(self, count: int) -> str:
        """The next characters, fewer at the end."""
        return self.text[self.position : self.position + count]

    def take(self) -> str:
        """The next character, passing it."""
        char = self.char
        self.position += 1
        return char

    def skips(self, prefix: str) -> bool:
        """Pass the prefix if it is next."""
        if not self.text.startswith(prefix, self.position):
            return False
        self.position += len(prefix)
        return True

    @property
    def folds(self) -> bool:
        """Whether letters stand for both of their cases here."""
        return "i" in self.flags

    @property
    def is_at_verbose_blank(self) -> bool:
        """Whether what is next is ignored in verbose mode."""
        return "x" in self.flags and self.char != "" and self.char in _VERBOSE_BLANKS + "#"

    def skip_verbose_blanks(self) -> None:
        """Pass blanks and comments, in verbose mode only."""
        while self.is_at_verbose_blank:
            if self.take() == "#":
                comment, newline, _ = self.text[self.position :].partition("\n")
                self.position += len(comment + newline)
