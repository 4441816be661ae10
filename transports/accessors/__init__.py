"""The flags of a generated module of accessors: each is a flag of one client, called to be read.

``flagengine generate`` writes the module. Its types are those of the definitions at that time; a value of
another type, which a flag may have got since then, gives the caller's default.
"""

from .asynchronous import (
    AsyncAnyFlag,
    AsyncBooleanFlag,
    AsyncNumberFlag,
    AsyncObjectFlag,
    AsyncTextFlag,
    AsyncVariantFlag,
)
from .blocking import AnyFlag, BooleanFlag, NumberFlag, ObjectFlag, TextFlag, VariantFlag

__all__ = [
    "AnyFlag",
    "AsyncAnyFlag",
    "AsyncBooleanFlag",
    "AsyncNumberFlag",
    "AsyncObjectFlag",
    "AsyncTextFlag",
    "AsyncVariantFlag",
    "BooleanFlag",
    "NumberFlag",
    "ObjectFlag",
    "TextFlag",
    "VariantFlag",
]
