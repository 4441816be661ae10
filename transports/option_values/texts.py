"""Readers of words from a list, of names, paths and time zones."""

from __future__ import annotations

import difflib
import os
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import tzinfo
from enum import Enum
from typing import Any

from .messages import items_of, wrong_type, wrong_value

__all__ = ["Word", "read_name", "read_names", "read_optional_path", "read_path", "read_time_zone"]


@dataclass(frozen=True, slots=True)
class Word:
    """A reader of one of a few words, in any case; ``others`` are other names for them.

    >>> Word(("drop", "retain"))("on_exhausted", " Drop ")
    'drop'
    >>> Word(("drop", "retain"))("on_exhausted", "retian")
    Traceback (most recent call last):
        ...
    ValueError: on_exhausted must be 'drop' or 'retain', got 'retian'; did you mean 'retain'?
    """

    words: Iterable[str]
    others: Mapping[str, str] = field(default_factory=dict)
    is_optional: bool = False

    def __call__(self, name: str, given: Any) -> Any:
        """Return the member of ``words``; None if it is optional and not given."""
        if given is None and self.is_optional:
            return None
        # The enumerations of other SDKs have the words as values.
        text = given.value if isinstance(given, Enum) else given
        if not isinstance(text, str):
            raise wrong_type(name, self._must, given)
        plain = text.strip().lower().replace("-", "_")
        plain = self.others.get(plain, plain)
        known = {str(word): word for word in self.words}
        if plain not in known:
            near = difflib.get_close_matches(plain, known, 1)
            hint = f"; did you mean {near[0]!r}?" if near else ""
            raise ValueError(f"{wrong_value(name, self._must, text)}{hint}")
        return known[plain]

    @property
    def _must(self) -> str:
        names = [repr(str(word)) for word in self.words] + ["None"] * self.is_optional
        return f"{', '.join(names[:-1])} or {names[-1]}"


def read_name(name: str, given: Any) -> str:
    """Return a printable text that is not blank."""
    if not isinstance(given, str):
        raise wrong_type(name, "text", given)
    text = given.strip()
    if not text or not text.isprintable():
        raise wrong_value(name, "a text on one line that is not blank", given)
    return text


def read_names(name: str, given: Any) -> tuple[str, ...]:
    """Return texts as a tuple: a single text, a collection of texts, or None for no text.

    >>> read_names("in_app_modules", "shop"), read_names("in_app_modules", None)
    (('shop',), ())
    """
    if given is None:
        return ()
    if isinstance(given, str):
        return (read_name(name, given),)
    texts = items_of(name, "a text or a list of texts", given)
    return tuple(read_name(f"{name}[{at}]", text) for at, text in enumerate(texts))


def read_path(name: str, given: Any) -> str:
    """Return a path as text; ``~`` is the home directory."""
    if not isinstance(given, str | bytes | os.PathLike):
        raise wrong_type(name, "a path", given)
    path = os.fsdecode(given)
    if not path.strip() or "\0" in path:
        raise wrong_value(name, "a path that is not blank", given)
    return os.path.expanduser(path)  # noqa: PTH111 - a path of the application stays text


def read_optional_path(name: str, given: Any) -> str | None:
    """Do as ``read_path``; None stays None."""
    return None if given is None else read_path(name, given)


def read_time_zone(name: str, given: Any) -> str | tzinfo:
    """Return an IANA time zone, by its name or as an object."""
    if isinstance(given, tzinfo):
        return given
    zone = read_name(name, given)
    if zone == "UTC":
        return zone
    from zoneinfo import ZoneInfo  # noqa: PLC0415 - 3 ms, for other zones than UTC

    try:
        ZoneInfo(zone)
    except (KeyError, ValueError, OSError):
        must = "an IANA time zone such as Europe/Berlin"
        raise wrong_value(name, must, given) from None
    return zone
