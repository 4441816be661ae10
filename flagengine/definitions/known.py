"""The documents that were seen last, each with what was made of it (SPEC R1.9).

A document is recognised by its content; its identity only says which copy to compare first. What a
thread reads here is replaced whole, so there is no lock: of two entries that are added at the same
time one may be lost.
"""

from typing import Any, Final, Generic, NamedTuple, TypeVar

from flagengine.values.known_json import KnownJson, json_same, json_size

__all__ = ["KnownDocuments"]

T = TypeVar("T")

_MAX_DOCUMENTS: Final = 8
"""The maximum number of mappings that are remembered; so many texts, and so many bytes objects, too."""
_MAX_SIZE: Final = 1 << 18
"""The maximum number of values in all these mappings; 64 characters of text count as a value."""
_MAX_TEXT: Final = 1 << 23
"""The maximum length of all these texts together, and of all these bytes objects."""


class _Seen(NamedTuple, Generic[T]):
    """A mapping: where it was, the engine's copy of it, and the number of its values."""

    identity: int
    known: Any
    size: int
    value: T


class KnownDocuments(Generic[T]):
    """A bounded memory: of mappings those used last, of text and bytes those added last."""

    __slots__ = ("_bytes", "_mappings", "_texts")

    def __init__(self) -> None:
        """Start empty."""
        self.cache_clear()

    def cache_clear(self) -> None:
        """Forget everything."""
        self._mappings: tuple[_Seen[T], ...] = ()
        # Text and bytes may have the same hash, and with ``python -bb`` they cannot be compared.
        self._texts: dict[str, T] = {}
        self._bytes: dict[bytes, T] = {}

    def get(self, document: object) -> T | None:
        """Return what was made of a document; None if the document is unknown.

        Only exactly a dict, str or bytes is recognised.
        """
        kind = type(document)
        if kind is str:
            return self._texts.get(document)  # type: ignore[call-overload, no-any-return]
        if kind is bytes:
            return self._bytes.get(document)  # type: ignore[call-overload, no-any-return]
        return self._of_mapping(document) if kind is dict else None

    def _of_mapping(self, document: object) -> T | None:
        entries, identity = self._mappings, id(document)
        for is_likely in (True, False):
            for entry in entries:
                if (entry.identity == identity) is is_likely and entry.known.same(document):
                    if not is_likely or entry is not entries[0]:
                        others = (other for other in entries if other is not entry)
                        self._mappings = (entry._replace(identity=identity), *others)
                    return entry.value
        return None

    def add(self, document: Any, copy: dict[str, Any], value: T) -> None:
        """Remember ``value`` for a document of which ``copy`` is the engine's own copy.

        Do nothing for a document that is too large or cannot be recognised.
        """
        kind = type(document)
        if kind is str:
            self._texts = _with(self._texts, document, value)
        elif kind is bytes:
            self._bytes = _with(self._bytes, document, value)
        elif kind is dict and (size := json_size(copy)) <= _MAX_SIZE and json_same(document, copy):
            known = KnownJson(copy)
            if known.same(document):
                entry = _Seen(id(document), known, size, value)
                self._mappings = _within((entry, *self._mappings[: _MAX_DOCUMENTS - 1]))


def _within(entries: tuple[_Seen[T], ...]) -> tuple[_Seen[T], ...]:
    """Leave out the last entries until the others are small enough together."""
    while sum(entry.size for entry in entries) > _MAX_SIZE:
        entries = entries[:-1]
    return entries


K = TypeVar("K", str, bytes)


def _with(known: dict[K, T], text: K, value: T) -> dict[K, T]:
    """Return ``known`` with a text, without the oldest texts for which there is no room."""
    if len(text) > _MAX_TEXT:
        return known
    kept = {**known, text: value}
    while len(kept) > _MAX_DOCUMENTS or sum(map(len, kept)) > _MAX_TEXT:
        del kept[next(iter(kept))]
    return kept
