"""The definitions in use, with what is made of them once: facts, pieces of answers, and the document to serve."""

from __future__ import annotations

import gzip
import hashlib
from collections.abc import Mapping
from functools import cached_property
from typing import Any, Final

from flagengine import Snapshot

from ..json_text import to_json
from .fragments import Fragments, Render

__all__ = ["Publication", "ServedDocument", "encrypted_keys", "is_encrypted"]

_EVERYWHERE: Final = frozenset({"all", ""})
_DEFAULTS: Final[Mapping[str, Any]] = {"group_type_mapping": {}, "cohorts": {}}
_WEAKLY: Final = 6
_PIECES_PER_FLAG: Final = 16


class ServedDocument:
    """A JSON document to serve: its text, its text compressed, and its ETag."""

    def __init__(self, body: bytes) -> None:
        self.body: bytes = body
        self.etag: str = hashlib.blake2b(body, digest_size=16).hexdigest()

    @cached_property
    def compressed(self) -> bytes:
        """The text in gzip, made at the first access; the same bytes each time."""
        return gzip.compress(self.body, _WEAKLY, mtime=0)


class Publication:
    """One snapshot in use. Immutable, but for what it remembers; used by the event loop alone."""

    def __init__(self, snapshot: Snapshot) -> None:
        self.snapshot: Snapshot = snapshot
        self._fragments: dict[Render, Fragments] = {}

    def fragments(self, render: Render) -> Fragments:
        """Return the pieces of answers that ``render`` makes; the same for the same function."""
        found = self._fragments.get(render)
        if found is None:
            most = _PIECES_PER_FLAG * len(self.snapshot.flags)
            found = self._fragments[render] = Fragments(render, self.hidden, most=most)
        return found

    @cached_property
    def hidden(self) -> frozenset[str]:
        """The keys of flags with encrypted payloads, which SDKs ask for one by one, with a secret key."""
        return encrypted_keys(self.snapshot)

    @cached_property
    def documents_by_name(self) -> Mapping[str | int, Mapping[str, Any]]:
        """The flags as the document has them, by key and by id; of several of a name the first."""
        found: dict[str | int, Mapping[str, Any]] = {}
        for flag in self.snapshot.to_document().get("flags", ()):
            if isinstance(flag, Mapping):
                for name in (flag.get("key"), flag.get("id")):
                    if isinstance(name, str) or type(name) is int:
                        found.setdefault(name, flag)
        return found

    @cached_property
    def has_runtimes(self) -> bool:
        """Whether a flag is for one runtime only."""
        return any(
            flag.evaluation_runtime not in _EVERYWHERE for flag in self.snapshot.flags.values()
        )

    @cached_property
    def has_contexts(self) -> bool:
        """Whether a flag names the contexts that it is for."""
        return any(flag.evaluation_contexts for flag in self.snapshot.flags.values())

    @cached_property
    def document(self) -> ServedDocument:
        """The definitions as SDKs read them: without flags whose payloads only the server decrypts."""
        document = dict(self.snapshot.to_document())
        document["flags"] = [flag for flag in document.get("flags", ()) if not is_encrypted(flag)]
        return ServedDocument(to_json({**_DEFAULTS, **document}))


def encrypted_keys(snapshot: Snapshot) -> frozenset[str]:
    """Return the keys of the flags with encrypted payloads."""
    flags = snapshot.to_document().get("flags", ())
    return frozenset(str(flag.get("key")) for flag in flags if is_encrypted(flag))


def is_encrypted(flag: Any) -> bool:
    """Return whether a flag of a document has encrypted payloads, which no SDK may read."""
    return isinstance(flag, Mapping) and flag.get("has_encrypted_payloads") is True
