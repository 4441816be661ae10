"""The shapes of PostHog's answers: which one a request asks for, and the whole answer around its records."""

from __future__ import annotations

from collections.abc import Callable, Collection
from enum import Enum
from typing import Final, NamedTuple

from flagengine import Resolution

from ..fragments import Render, enclosed
from ..publication import Publication
from . import records

__all__ = ["Shape", "shape_of"]

_TYPED_FROM: Final = 4
_DETAILS_FROM: Final = 2
_ALL_DECIDED: Final = b'"errorsWhileComputingFlags":false'
_SOME_UNDECIDED: Final = b'"errorsWhileComputingFlags":true'

Join = Callable[[Publication, Collection[Resolution]], tuple[list[bytes], bool]]
"""Returns the beginning of the answer, with the flags, in parts between which commas belong; and whether a flag is
undecided."""


def _joins(head: bytes, render: Render, end: bytes = b"}") -> Join:
    def join(publication: Publication, found: Collection[Resolution]) -> tuple[list[bytes], bool]:
        pieces, has_undecided = publication.fragments(render).pieces(found)
        return enclosed(head, pieces, end), has_undecided

    return join


_values = _joins(b'{"featureFlags":{', records.value)
_payloads = _joins(b'"featureFlagPayloads":{', records.payload)


def _values_and_payloads(
    publication: Publication, found: Collection[Resolution]
) -> tuple[list[bytes], bool]:
    values, has_undecided = _values(publication, found)
    return values + _payloads(publication, found)[0], has_undecided


class _Form(NamedTuple):
    join: Join
    has_errors: bool = True


class Shape(Enum):
    """A shape: the flags' members of the answer, and whether the answer says that flags are missing."""

    TYPED = _Form(_joins(b'{"flags":{', records.typed))
    """``/flags?v=4``: records with a typed value."""
    DETAILS = _Form(_joins(b'{"flags":{', records.details))
    """``/flags?v=2`` and ``/decide?v=4``: records with ``enabled`` and ``variant``."""
    VALUES = _Form(_values_and_payloads)
    """``/flags?v=1`` and ``/decide?v=3``: values and payloads."""
    ENABLED = _Form(_joins(b'{"featureFlags":{', records.enabled_value), has_errors=False)
    """``/decide?v=2``: the values of the flags that are on."""
    LISTED = _Form(_joins(b'{"featureFlags":[', records.enabled_key, b"]"), has_errors=False)
    """``/decide?v=1``: the keys of the flags that are on."""

    def body(self, publication: Publication, found: Collection[Resolution], tail: bytes) -> bytes:
        """Return the answer; ``tail`` is its end, with its other members."""
        join, has_errors = self._value_
        members, has_undecided = join(publication, found)
        if has_errors:
            members.append(_SOME_UNDECIDED if has_undecided else _ALL_DECIDED)
        members.append(tail)
        return b",".join(members)


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
