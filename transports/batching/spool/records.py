"""The spool's file format. Pure: bytes in, records out.

A segment is a magic line followed by records::

    marker  4 bytes that occur in no UTF-8 text, so in no event
    kind    1 byte: E an event, A acknowledgements, S the start of a segment
    number  8 bytes, big-endian: of the newest event of the folder up to and with this record
    length  4 bytes, big-endian: of the payload
    crc32   4 bytes, big-endian: of the payload
    crc32   4 bytes, big-endian: of the five fields before
    payload E: the event's JSON     A: numbers of events, 8 bytes each     S: nothing

A process may die in the middle of a write, and a disk may change any byte. So the reader trusts
nothing that a checksum does not confirm. Behind a damaged record it goes on at the next marker, and
the numbers say how many events are missing.

Version 1 had no markers and no numbers: length, checksum of kind and payload, and kind before the
payload; it acknowledged events by their uuids. Such records are still read.
"""

from __future__ import annotations

import struct
import zlib
from collections.abc import Iterable, Iterator
from typing import NamedTuple
from uuid import UUID

from ..event import Event

__all__ = [
    "HEADER_BYTES",
    "MAGIC",
    "Gap",
    "RecordKind",
    "SpoolRecord",
    "encode_acknowledgements",
    "encode_event",
    "encode_start",
    "scan",
    "scan_acknowledgements",
]

MAGIC = b"flagengine spool 2\n"
_OLD_MAGIC = b"flagengine spool 1\n"
_MARKER = b"\xfe\xed\xfa\xff"
_FIELDS = struct.Struct(">4scQII")
_CHECKSUM = struct.Struct(">I")
HEADER_BYTES = _FIELDS.size + _CHECKSUM.size
_NUMBER_BYTES = 8
_OLD_HEADER = struct.Struct(">IIc")
# Every event of version 1 begins like this.
_OLD_EVENT = b'E{"uuid":"'
_OLD_KIND_AT = 8
_UUID_BYTES = 16
# Checksums are computed over at most so many bytes for each byte of a file, because a file may be
# made of headers that each claim the rest of the file.
_MAX_WORK = 32


class RecordKind:
    """The bytes that mark the kinds of records."""

    EVENT = b"E"
    ACKNOWLEDGED = b"A"
    START = b"S"
    # Acknowledgements of version 1; this byte is in no file.
    ACKNOWLEDGED_UUIDS = b"U"


class SpoolRecord(NamedTuple):
    """A record with a valid header; ``payload`` is None if the payload is damaged.

    ``start`` and ``end`` are offsets. ``number`` is 0 for records of version 1.
    """

    kind: bytes
    number: int
    payload: bytes | None
    start: int
    end: int

    @property
    def numbers(self) -> Iterator[int]:
        """The acknowledged numbers."""
        payload = self.payload or b""
        for start in range(0, len(payload) - _NUMBER_BYTES + 1, _NUMBER_BYTES):
            yield int.from_bytes(payload[start : start + _NUMBER_BYTES], "big")

    @property
    def uuids(self) -> Iterator[str]:
        """The uuids that version 1 acknowledged, in lower case."""
        payload = self.payload or b""
        for start in range(0, len(payload) - _UUID_BYTES + 1, _UUID_BYTES):
            yield str(UUID(bytes=payload[start : start + _UUID_BYTES]))


class Gap(NamedTuple):
    """The offsets of bytes that belong to no record."""

    start: int
    end: int


def encode_event(event: Event, number: int) -> bytes:
    """Return the record of one event."""
    return _encode(RecordKind.EVENT, number, event.body)


def encode_acknowledgements(numbers: Iterable[int], number: int) -> bytes:
    """Return one record that acknowledges the events with these numbers."""
    payload = b"".join(each.to_bytes(_NUMBER_BYTES, "big") for each in numbers)
    return _encode(RecordKind.ACKNOWLEDGED, number, payload)


def encode_start(number: int) -> bytes:
    """Return the beginning of a segment, which follows the event with this number."""
    return MAGIC + _encode(RecordKind.START, number, b"")


def scan(data: bytes, offset: int = 0) -> Iterator[SpoolRecord | Gap]:
    """Yield the records from ``offset`` on, and the gaps between them."""
    candidates = _Candidates(data)
    if not offset and data.startswith((MAGIC, _OLD_MAGIC)):
        offset = len(MAGIC)
    gap = position = offset
    while position < len(data):
        record = candidates.read(position)
        if record is None:
            position = candidates.after(position)
            continue
        if gap < position:
            yield Gap(gap, position)
        yield record
        gap = position = record.end
    if gap < len(data):
        yield Gap(gap, len(data))


def scan_acknowledgements(data: bytes) -> Iterator[SpoolRecord]:
    """Yield the acknowledgements of a file; quicker than ``scan``, because events are passed over."""
    candidates = _Candidates(data)
    place = -1
    while (place := data.find(_MARKER + RecordKind.ACKNOWLEDGED, place + 1)) >= 0:
        record = candidates.read(place)
        if record is not None:
            yield record
    if not data.startswith(MAGIC):
        for found in scan(data):
            if isinstance(found, SpoolRecord) and found.kind == RecordKind.ACKNOWLEDGED_UUIDS:
                yield found


def _encode(kind: bytes, number: int, payload: bytes) -> bytes:
    fields = _FIELDS.pack(_MARKER, kind, number, len(payload), zlib.crc32(payload))
    return fields + _CHECKSUM.pack(zlib.crc32(fields)) + payload


class _Candidates:
    """The places of a file where a record may begin."""

    def __init__(self, data: bytes) -> None:
        self._data = data
        self._work_left = _MAX_WORK * len(data)
        self._next_marker = self._next_old = -1

    def read(self, start: int) -> SpoolRecord | None:
        """Return the record at ``start``; None if there is no valid header."""
        if self._data.startswith(_MARKER, start):
            return self._read_new(start)
        return self._read_old(start)

    def after(self, position: int) -> int:
        """Return the next place after ``position``, or the end of the file."""
        if self._work_left <= 0:
            return len(self._data)
        if self._next_marker <= position:
            self._next_marker = self._find(_MARKER, position + 1)
        if self._next_old <= position:
            self._next_old = self._find(_OLD_EVENT, position + 1 + _OLD_KIND_AT) - _OLD_KIND_AT
        return min(self._next_marker, self._next_old)

    def _find(self, text: bytes, start: int) -> int:
        found = self._data.find(text, start)
        return found if found >= 0 else len(self._data) + _OLD_KIND_AT

    def _checksum(self, data: bytes) -> int:
        self._work_left -= len(data)
        return zlib.crc32(data)

    def _read_new(self, start: int) -> SpoolRecord | None:
        body = start + HEADER_BYTES
        if body > len(self._data):
            return None
        fields = self._data[start : start + _FIELDS.size]
        (checksum,) = _CHECKSUM.unpack_from(self._data, start + _FIELDS.size)
        if zlib.crc32(fields) != checksum:
            return None
        _, kind, number, length, checksum = _FIELDS.unpack(fields)
        if self._work_left > 0 and body + length <= len(self._data):
            payload = self._data[body : body + length]
            if self._checksum(payload) == checksum:
                return SpoolRecord(kind, number, payload, start, body + length)
        # The length is right, but bytes may be missing, so the next record may begin earlier.
        end = self._find(_MARKER, body)
        return SpoolRecord(kind, number, None, start, min(end, len(self._data)))

    def _read_old(self, start: int) -> SpoolRecord | None:
        body = start + _OLD_HEADER.size
        if body > len(self._data) or self._work_left <= 0:
            return None
        length, checksum, kind = _OLD_HEADER.unpack_from(self._data, start)
        if kind not in {RecordKind.EVENT, RecordKind.ACKNOWLEDGED}:
            return None
        if body + length > len(self._data):
            return None
        payload = self._data[body : body + length]
        if self._checksum(kind + payload) != checksum:
            return None
        if kind == RecordKind.ACKNOWLEDGED:
            kind = RecordKind.ACKNOWLEDGED_UUIDS
        return SpoolRecord(kind, 0, payload, start, body + length)
