"""The spool's file format. Pure: bytes in, records out.

A segment is a magic line followed by records::

    length  4 bytes, big-endian: of the payload
    crc32   4 bytes, big-endian: of kind and payload
    kind    1 byte: E an event, A acknowledgements
    payload E: the event's JSON     A: uuids of 16 bytes each

A process may die in the middle of a write. So a record is valid only if it is complete and its
checksum is right, and reading stops at the first invalid record.
"""

from __future__ import annotations

import struct
import zlib
from collections.abc import Iterable, Iterator
from typing import NamedTuple
from uuid import UUID

from ..event import Event

__all__ = [
    "MAGIC",
    "RecordKind",
    "SpoolRecord",
    "encode_acknowledgements",
    "encode_event",
    "scan",
    "scan_records",
]

MAGIC = b"flagengine spool 1\n"
_HEADER = struct.Struct(">IIc")
_UUID_BYTES = 16


class RecordKind:
    """The bytes that mark the kinds of records."""

    EVENT = b"E"
    ACKNOWLEDGED = b"A"


class SpoolRecord(NamedTuple):
    """A valid record; ``end`` is the offset of the next record."""

    kind: bytes
    payload: bytes
    end: int

    @property
    def uuids(self) -> Iterator[str]:
        """The acknowledged uuids, in lower case."""
        for start in range(0, len(self.payload), _UUID_BYTES):
            yield str(UUID(bytes=self.payload[start : start + _UUID_BYTES]))


def encode_event(event: Event) -> bytes:
    """Return the record of one event."""
    return _encode(RecordKind.EVENT, event.body)


def encode_acknowledgements(uuids: Iterable[str]) -> bytes:
    """Return one record that acknowledges all ``uuids``."""
    return _encode(RecordKind.ACKNOWLEDGED, b"".join(UUID(uuid).bytes for uuid in uuids))


def scan(data: bytes) -> Iterator[SpoolRecord]:
    """Yield the records of a segment up to the first invalid record."""
    if data.startswith(MAGIC):
        yield from scan_records(data, len(MAGIC))


def scan_records(data: bytes, offset: int = 0) -> Iterator[SpoolRecord]:
    """Yield the records from ``offset`` on, where a record must begin."""
    while (record := _decode(data, offset)) is not None:
        yield record
        offset = record.end


def _encode(kind: bytes, payload: bytes) -> bytes:
    return _HEADER.pack(len(payload), zlib.crc32(kind + payload), kind) + payload


def _decode(data: bytes, offset: int) -> SpoolRecord | None:
    start = offset + _HEADER.size
    if start > len(data):
        return None
    length, checksum, kind = _HEADER.unpack_from(data, offset)
    payload = data[start : start + length]
    if len(payload) < length or zlib.crc32(kind + payload) != checksum:
        return None
    return SpoolRecord(kind, payload, start + length)
