"""Which flags changed between two sets of definitions: digests instead of documents.

A flag counts as changed when its own definition did, or a cohort or flag that it refers to,
directly or through others, or any of the top-level fields that all flags share. When in doubt a
flag is reported: a listener told too much loses a cache entry, one told too little keeps a wrong
answer. Only digests are kept, so an index costs a few dozen bytes a flag. Nothing here raises on
malformed definitions.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from .answers import Document

__all__ = ["DefinitionIndex", "changed_keys", "document_digest", "index_definitions"]


@dataclass(frozen=True, slots=True)
class _Entry:
    digest: bytes
    refers_to: frozenset[str]


@dataclass(frozen=True, slots=True)
class DefinitionIndex:
    """The digests of one set of definitions: of all of it, and of each flag and cohort."""

    digest: bytes = b""
    shared: bytes = b""
    entries: Mapping[str, _Entry] = field(default_factory=dict)
    names: Mapping[str, str] = field(default_factory=dict)
    """Flag key to its entry in `entries`."""


def document_digest(document: Document) -> bytes:
    """Return a name for all of `document`, much sooner than its index.

    Documents of equal content and another order may differ in it.
    """
    return _digest(document, sort=False)


def index_definitions(document: Document) -> DefinitionIndex:
    """Return the index of `document`."""
    shared = {k: v for k, v in document.items() if k not in ("flags", "cohorts")}
    entries: dict[str, _Entry] = {}
    names: dict[str, str] = {}
    for cohort_id, cohort in _items(document.get("cohorts")):
        entries[f"cohort:{cohort_id}"] = _entry(cohort)
    for position, flag in enumerate(_elements(document.get("flags"))):
        key = flag.get("key") if isinstance(flag, Mapping) else None
        name = f"flag:{_text(flag.get('id'))}" if _has_id(flag) else f"flag@{position}"
        entry = _entry(flag)
        entries[name] = entry
        if isinstance(key, str):
            # A dependency names a flag by id or by key.
            entries[f"flag:{key}"] = entry
            names[key] = f"flag:{key}"
    return DefinitionIndex(document_digest(document), _digest(shared), entries, names)


def changed_keys(old: DefinitionIndex, new: DefinitionIndex) -> frozenset[str]:
    """Return the keys of the flags that may answer differently under `new`, gone ones included."""
    if old.digest == new.digest:
        return frozenset()
    every_key = old.names.keys() | new.names.keys()
    if old.shared != new.shared:
        return frozenset(every_key)
    touched = {
        name
        for name in old.entries.keys() | new.entries.keys()
        if old.entries.get(name) != new.entries.get(name)
    }
    _spread(touched, new.entries)
    return frozenset(key for key in every_key if f"flag:{key}" in touched)


def _spread(touched: set[str], entries: Mapping[str, _Entry]) -> None:
    """Add to `touched` everything that refers to something in it, until nothing is added."""
    referrers: dict[str, list[str]] = {}
    for name, entry in entries.items():
        for target in entry.refers_to:
            referrers.setdefault(target, []).append(name)
    waiting = list(touched)
    while waiting:
        for name in referrers.get(waiting.pop(), ()):
            if name not in touched:
                touched.add(name)
                waiting.append(name)


def _entry(definition: object) -> _Entry:
    return _Entry(_digest(definition), frozenset(_references(definition)))


def _references(definition: object) -> Iterator[str]:
    """Yield the entry name of every cohort and flag mentioned anywhere inside `definition`."""
    waiting = [definition]
    while waiting:
        node = waiting.pop()
        if isinstance(node, Mapping):
            yield from _filter_references(node)
            waiting.extend(node.values())
        elif isinstance(node, list | tuple):
            waiting.extend(node)


def _filter_references(node: Mapping[Any, Any]) -> Iterator[str]:
    if node.get("type") == "cohort":
        for value in _elements(node.get("value")) or [node.get("value")]:
            yield f"cohort:{_text(value)}"
    elif node.get("type") == "flag":
        yield f"flag:{_text(node.get('key'))}"


def _has_id(flag: object) -> bool:
    return isinstance(flag, Mapping) and flag.get("id") is not None


def _items(value: object) -> Iterator[tuple[str, object]]:
    if isinstance(value, Mapping):
        for key, item in value.items():
            yield _text(key), item


def _elements(value: object) -> list[Any]:
    return list(value) if isinstance(value, list | tuple) else []


def _text(value: object) -> str:
    return value if isinstance(value, str) else repr(value)


def _digest(value: object, *, sort: bool = True) -> bytes:
    try:
        text = json.dumps(value, sort_keys=sort, default=repr)
    except (TypeError, ValueError, RecursionError):
        text = repr(value)
    return hashlib.blake2b(text.encode("utf-8", "surrogatepass"), digest_size=16).digest()
