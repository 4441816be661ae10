"""The shapes of PostHog's answers: which one a request asks for, and the whole answer around its records."""

from __future__ import annotations

from collections.abc import Callable, Collection
from enum import Enum
from typing import Final, NamedTuple

from flagengine import Resolution

from ..publication import Publication
from . import records

__all__ = ["Shape", "shape_of"]

_TYPED_FROM: Final = 4
_DETAILS_FROM: Final = 2

Join = Callable[[Publication, Collection[Resolution]], tuple[bytes, bool]]


def _details(publication: Publication, found: Collection[Resolution]) -> tuple[bytes, bool]:
    joined, has_undecided = publication.fragments(records.details).joined(found)
    return b'"flags":{%b}' % joined, has_undecided


def _typed(publication: Publication, found: Collection[Resolution]) -> tuple[bytes, bool]:
    joined, has_undecided = publication.fragments(records.typed).joined(found)
    return b'"flags":{%b}' % joined, has_undecided


def _values(publication: Publication, found: Collection[Resolution]) -> tuple[bytes, bool]:
    values, has_undecided = publication.fragments(records.value).joined(found)
    payloads, _ = publication.fragments(records.payload).joined(found)
    return b'"featureFlags":{%b},"featureFlagPayloads":{%b}' % (values, payloads), has_undecided


def _enabled(publication: Publication, found: Collection[Resolution]) -> tuple[bytes, bool]:
    joined, has_undecided = publication.fragments(records.enabled_value).joined(found)
    return b'"featureFlags":{%b}' % joined, has_undecided


def _listed(publication: Publication, found: Collection[Resolution]) -> tuple[bytes, bool]:
    joined, has_undecided = publication.fragments(records.enabled_key).joined(found)
    return b'"featureFlags":[%b]' % joined, has_undecided


class _Form(NamedTuple):
    join: Join
    has_errors: bool = True


class Shape(Enum):
    """A shape: the flags' members of the answer, and whether the answer says that flags are missing."""

    TYPED = _Form(_typed)
    """``/flags?v=4``: records with a typed value."""
    DETAILS = _Form(_details)
    """``/flags?v=2`` and ``/decide?v=4``: records with ``enabled`` and ``variant``."""
    VALUES = _Form(_values)
    """``/flags?v=1`` and ``/decide?v=3``: values and payloads."""
    ENABLED = _Form(_enabled, has_errors=False)
    """``/decide?v=2``: the values of the flags that are on."""
    LISTED = _Form(_listed, has_errors=False)
    """``/decide?v=1``: the keys of the flags that are on."""

    def body(self, publication: Publication, found: Collection[Resolution], tail: bytes) -> bytes:
        """Return the answer; ``tail`` has its other members, without braces."""
        form = self.value
        flags, has_undecided = form.join(publication, found)
        if not form.has_errors:
            return b"{%b,%b}" % (flags, tail)
        errors = b"true" if has_undecided else b"false"
        return b'{%b,"errorsWhileComputingFlags":%b,%b}' % (flags, errors, tail)


def shape_of(*, is_decide: bool, version: str | None, asks_for_config: bool) -> Shape:
    """Return the shape for the query's version; ``asks_for_config`` is whether it has ``config``.

    >>> shape_of(is_decide=False, version="4", asks_for_config=False).name
    'TYPED'
    >>> shape_of(is_decide=True, version="4", asks_for_config=False).name
    'DETAILS'
    """
    if is_decide:
        return _OF_DECIDE.get(_number(version), Shape.DETAILS)
    if version is None:
        return Shape.VALUES if asks_for_config else Shape.DETAILS
    number = _number(version)
    if number >= _TYPED_FROM:
        return Shape.TYPED
    return Shape.DETAILS if number >= _DETAILS_FROM else Shape.VALUES


_OF_DECIDE: Final = {1: Shape.LISTED, 2: Shape.ENABLED, 3: Shape.VALUES}


def _number(version: str | None) -> int:
    """Return the version as a number; 1 for whatever is none."""
    text = version or ""
    return max(1, int(text)) if text.isascii() and text.isdigit() and len(text) < 4 else 1
