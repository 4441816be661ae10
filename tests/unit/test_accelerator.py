"""The C extension, with every implementation of SHA-1 that this processor can run."""

import copy
import os
import pickle
import threading
from array import array
from collections.abc import Callable, Iterator
from contextlib import suppress
from hashlib import sha1
from itertools import accumulate, repeat
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.threads import at_once
from tests.unit.growth import growth

accelerator = pytest.importorskip(
    "flagengine.native._accelerator", reason="the extension was not built or is switched off"
)

UNICODE = "aé€🦔"


IMPLEMENTATIONS = ("avx-512", "sha-ni", "armv8-ce", "portable-c")
"""All implementations of SHA-1, the fastest first."""


@pytest.fixture(params=IMPLEMENTATIONS, autouse=True, scope="module")
def _implementation(request: pytest.FixtureRequest) -> Iterator[None]:
    try:
        assert accelerator._use(request.param) == request.param
    except NotImplementedError:
        pytest.skip(f"this processor has no {request.param}")
    assert accelerator.implementation() == request.param
    yield
    accelerator._use("fastest")


def number(*parts: str) -> int:
    message = "".join(parts).encode()
    return int(sha1(message, usedforsecurity=False).hexdigest()[:15], 16)


def characters(n: int) -> str:
    return "".join(chr(33 + (7 * i + n) % 90) for i in range(n))


def numbers_of(texts: list[str], prefix: str = "", salt: str = "") -> list[int]:
    ends, data = [0], b""
    for text in texts:
        data += text.encode()
        ends.append(len(data))
    out = array("Q", bytes(8 * len(texts)))
    accelerator.bucket_column(prefix, salt, array("i", ends), data, out, count=len(texts))
    return list(out)


# The choice


def test_the_fastest_is_the_first_that_is_there() -> None:
    before = accelerator.implementation()
    present = []
    for name in IMPLEMENTATIONS:
        with suppress(NotImplementedError):
            present.append(accelerator._use(name))
    assert accelerator._use("fastest") == present[0]
    assert present[-1] == "portable-c"
    accelerator._use(before)


@pytest.mark.parametrize("name", ["", "sha", "sha-nix", "Portable-C", "\ud800", b"sha-ni", None])
def test_an_unknown_implementation_is_refused(name: Any) -> None:
    before = accelerator.implementation()
    with pytest.raises(ValueError, match=r"an implementation of SHA-1|surrogates"):
        accelerator._use(name)
    assert accelerator.implementation() == before


# The same as hashlib


@pytest.mark.parametrize("split", [0, 7, 55, 64, 130])
def test_every_length_up_to_300_bytes_is_right(split: int) -> None:
    for n in range(301):
        message = characters(n)
        prefix, subject = message[:split], message[split:]
        expected = number(message)
        assert accelerator.bucket(prefix, subject) == expected
        assert accelerator.bucket(prefix, "", subject) == expected
        assert accelerator.bucket("", prefix, subject) == expected
        assert accelerator.Hasher(prefix).bucket(subject) == expected
        assert accelerator.Hasher(prefix, subject).bucket("") == expected
        assert accelerator.Hasher("", subject).bucket(prefix) == number(prefix, subject)


@pytest.mark.parametrize("character", UNICODE)
@pytest.mark.parametrize("other", UNICODE)
def test_every_width_of_text_is_right_at_every_length(character: str, other: str) -> None:
    for n in range(140):
        prefix, subject, salt = character * (n // 3), other + character * n, other * (n % 5)
        expected = number(prefix, subject, salt)
        assert accelerator.bucket(prefix, subject, salt) == expected
        assert accelerator.Hasher(prefix, salt).bucket(subject) == expected


@given(st.text(), st.text(), st.text())
def test_any_text_is_right(prefix: str, subject: str, salt: str) -> None:
    expected = number(prefix, subject, salt)
    assert accelerator.bucket(prefix, subject, salt) == expected
    assert accelerator.Hasher(prefix, salt).bucket(subject) == expected
    assert numbers_of([subject], prefix, salt) == [expected]


@pytest.mark.parametrize("codepoint", [0x7F, 0x80, 0x7FF, 0x800, 0xD7FF, 0xE000, 0xFFFF, 0x10FFFF])
def test_the_edges_of_utf8_are_right(codepoint: int) -> None:
    assert accelerator.bucket("", chr(codepoint)) == number(chr(codepoint))


def test_a_message_of_a_megabyte_is_right() -> None:
    for text in ("x" * (1 << 20), "🦔" * (1 << 18)):
        assert accelerator.bucket("flag-a.", text, "variant") == number("flag-a.", text, "variant")
        assert numbers_of([text, "x", text], "flag-a.")[1:] == [
            number("flag-a.", "x"),
            number("flag-a.", text),
        ]


def test_a_subclass_of_str_hashes_as_its_text() -> None:
    class Name(str):
        __slots__ = ()

        def encode(self, *_: object) -> bytes:
            raise AssertionError

    for text in ("user-0", "é"):
        assert accelerator.bucket(Name(text), Name(text)) == number(text, text)
        assert accelerator.Hasher(Name(text), Name(text)).bucket(Name(text)) == number(text * 3)


# Columns


def test_rows_of_every_length_come_out_in_their_places() -> None:
    for length in range(0, 300, 7):
        texts = [characters((length * i) % 300) for i in range(40)]
        expected = [number("flag-a.", text, "variant") for text in texts]
        assert numbers_of(texts, "flag-a.", "variant") == expected


@pytest.mark.parametrize("rows", range(40))
def test_any_number_of_rows_of_one_block_is_right(rows: int) -> None:
    texts = [f"018f4e1c-7d5a-7b2e-9c44-2f6e0a3b9d{i:02}" for i in range(rows)]
    assert numbers_of(texts, "flag-a.") == [number("flag-a.", text) for text in texts]


SIXTEENS = 5
"""Rows are hashed sixteen at a time where each message has one block; a column has several times."""


@pytest.mark.parametrize("prefix", ["", "flag-a.", "p" * 54, "p" * 55, "p" * 64, "é" * 65])
@pytest.mark.parametrize("salt", ["", "variant", "s" * 48, "s" * 55, "s" * 60])
@pytest.mark.parametrize("code", "iq")
def test_columns_of_many_rows_are_right(prefix: str, salt: str, code: str) -> None:
    room = max(0, 55 - len(prefix.encode()) % 64 - len(salt))
    for around in (0, 70):
        for start in (0, 1, 16):
            texts = [characters((7 * i) % (room + 1)) for i in range(16 * SIXTEENS + start)]
            for long in (None, 0, 20, 16 * SIXTEENS - 1):
                if long is not None:
                    texts[start + long] = characters(room + 1)
                assert column(texts, prefix, salt, code, start, around) == [
                    number(prefix, text, salt) for text in texts[start:]
                ]


def column(
    texts: list[str], prefix: str, salt: str, code: str, start: int, around: int
) -> list[int]:
    """Return the numbers from a row on; there are some bytes before and after all texts."""
    ends, data = [around], b"\xff" * around
    for text in texts:
        data += text.encode()
        ends.append(len(data))
    count = len(texts) - start
    out = array("Q", bytes(8 * count))
    accelerator.bucket_column(
        prefix,
        salt,
        array(code, ends),
        data + b"\xff" * around,
        out,
        start=start,
        count=count,
        large_offsets=code == "q",
    )
    return list(out)


@pytest.mark.parametrize("start", [0, 5, 8])
@pytest.mark.parametrize("every", [1, 2, 3, 10, 97])
@pytest.mark.parametrize("longest", [10, 80])
def test_null_rows_among_many_have_no_number(start: int, every: int, longest: int) -> None:
    texts = [characters((7 * i) % longest) for i in range(200)]
    known = [i % every != every // 2 for i in range(200)]
    for nulls in (known, [not is_known for is_known in known]):
        bits = bytes(sum(nulls[at + i] << i for i in range(8)) for at in range(0, 200, 8))
        data = b"".join(text.encode() for text in texts)
        ends = array("i", [0, *accumulate(map(len, texts))])
        out = array("Q", bytes(8 * (200 - start)))
        accelerator.bucket_column(
            "flag-a.", "", ends, data, out, start=start, count=200 - start, validity=bits
        )
        assert (
            list(out)
            == [
                number("flag-a.", text) if is_known else 2**64 - 1
                for text, is_known in zip(texts, nulls, strict=True)
            ][start:]
        )


@pytest.mark.parametrize("bad", range(16, 33))
@pytest.mark.parametrize("to", [-(2**31), -1, 0, 599, 2**31 - 1])
def test_a_wrong_offset_among_many_is_found(bad: int, to: int) -> None:
    ends = array("i", [10 * i + 64 for i in range(50)])
    ends[bad] = to
    out = array("Q", bytes(8 * 49))
    with pytest.raises(ValueError, match=rf"row {bad if to == 599 else bad - 1} are not"):
        accelerator.bucket_column("flag-a.", "", ends, b"x" * 600, out, count=49)


@pytest.mark.parametrize("limit", range(1, 21))
def test_a_limit_counts_among_many(limit: int) -> None:
    texts = ["é" * (i % 12) + "x" * (i % 10) for i in range(60)]
    data = b"x" * 64 + b"".join(text.encode() for text in texts) + b"x" * 64
    ends = array("i", accumulate([64, *(len(text.encode()) for text in texts)]))
    out = array("Q", bytes(8 * 60))
    accelerator.bucket_column("flag-a.", "", ends, data, out, count=60, limit=limit)
    assert list(out) == [number("flag-a.", text[:limit]) for text in texts]


@pytest.mark.parametrize("limit", [1, 63, 200])
@pytest.mark.parametrize("character", UNICODE)
def test_a_limit_counts_characters(limit: int, character: str) -> None:
    for extra in range(4):
        text = character * (limit + extra)
        assert accelerator.Hasher("flag-a.", "", (), limit).bucket(text) == number(
            "flag-a.", character * limit
        )
        data = text.encode()
        out = array("Q", [0])
        accelerator.bucket_column(
            "flag-a.", "", array("i", [0, len(data)]), data, out, count=1, limit=limit
        )
        assert list(out) == [number("flag-a.", character * limit)]


def test_data_that_is_not_utf8_stays_within_its_buffer() -> None:
    data = b"\x80" * 500 + b"\xff" * 500
    for begin in range(0, 1000, 37):
        out = array("Q", [0])
        offsets = array("i", [begin, 1000])
        accelerator.bucket_column("flag-a.", "", offsets, data, out, count=1, limit=200)


@pytest.mark.parametrize("excess", [1, 2, 64])
@pytest.mark.parametrize("code", "iq")
def test_an_offset_past_the_data_is_refused_before_anything_is_read(excess: int, code: str) -> None:
    for length in range(130):
        offsets, out = array(code, [0, length + excess]), array("Q", [7])
        with pytest.raises(ValueError, match="row 0 are not within the data"):
            accelerator.bucket_column(
                "flag-a.", "", offsets, b"x" * length, out, count=1, large_offsets=code == "q"
            )
        assert out[0] == 7


small_offsets = st.lists(st.integers(-1, 70), min_size=1, max_size=8)


@given(
    offsets=st.binary(max_size=64)
    | st.builds(
        lambda code, ends: bytes(array(code, sorted(ends))), st.sampled_from("iq"), small_offsets
    ),
    data=st.none() | st.binary(max_size=64),
    out=st.just(64) | st.integers(0, 80),
    start=st.just(0) | st.integers(-2, 20) | st.integers(-(2**63), 2**63 - 1),
    count=st.integers(1, 7) | st.integers(-2, 20) | st.integers(-(2**63), 2**63 - 1),
    large=st.booleans(),
    validity=st.none() | st.binary(max_size=4),
    limit=st.integers(-1, 10) | st.integers(-(2**63), 2**63 - 1),
)
def test_malicious_buffers_are_refused_or_give_numbers(
    offsets: bytes,
    data: bytes | None,
    out: int,
    start: int,
    count: int,
    large: bool,
    validity: bytes | None,
    limit: int,
) -> None:
    numbers = bytearray(out)
    try:
        accelerator.bucket_column(
            "flag-a.",
            "variant",
            offsets,
            data,
            numbers,
            start=start,
            count=count,
            large_offsets=large,
            validity=validity,
            limit=limit,
        )
    except ValueError:
        return
    assert 0 <= count <= out // 8


@pytest.mark.parametrize("out", [b"12345678", memoryview(bytearray(32))[::2], "text", None, 1])
def test_only_a_writable_contiguous_buffer_is_filled(out: object) -> None:
    with pytest.raises((TypeError, BufferError, ValueError)):
        accelerator.bucket_column("flag-a.", "", array("i", [0, 1]), b"a", out, count=1)


def test_unaligned_buffers_are_read_and_written() -> None:
    offsets = memoryview(b"?" + bytes(array("i", [0, 1, 3])))[1:]
    out = bytearray(17)
    accelerator.bucket_column("flag-a.", "", offsets, b"abc", memoryview(out)[1:], count=2)
    expected = [number("flag-a.", "a"), number("flag-a.", "bc")]
    assert list(memoryview(bytes(out[1:])).cast("Q")) == expected


def test_buffers_are_released_whether_or_not_the_call_succeeds() -> None:
    for ends in ([0, 1], [1, 0]):
        offsets, out = array("i", ends), array("Q", [0])
        try:
            accelerator.bucket_column("flag-a.", "", offsets, b"a", out, count=1)
        except ValueError:
            assert ends == [1, 0]
        offsets.append(0)
        out.append(0)


# Errors


@pytest.mark.parametrize("bad", ["\ud800", "a\udfffb", "é\udc00", "🦔\ud800", "x" * 300 + "\ud800"])
def test_a_lone_surrogate_raises_what_python_raises(bad: str) -> None:
    with pytest.raises(UnicodeEncodeError) as expected:
        bad.encode()
    calls: list[Callable[[], object]] = [
        lambda: accelerator.bucket(bad, "a"),
        lambda: accelerator.bucket("a", bad),
        lambda: accelerator.bucket("a", "a", bad),
        lambda: accelerator.Hasher(bad),
        lambda: accelerator.Hasher("a", bad),
        lambda: accelerator.Hasher("a").bucket(bad),
        lambda: accelerator.Hasher("a").draw(bad),
        lambda: accelerator.Hasher("a").within(bad),
        lambda: accelerator.bucket_column(bad, "", None, None, b"", count=0),
    ]
    for call in calls:
        with pytest.raises(UnicodeEncodeError) as raised:
            call()
        assert raised.value.args == expected.value.args


JUNK: list[Any] = [None, 1, -1, 2**100, 0.5, b"a", bytearray(8), ["a"], {}, object(), str, "a", ()]


@pytest.mark.parametrize("first", JUNK)
@pytest.mark.parametrize("second", JUNK)
def test_no_argument_of_any_type_crashes(first: Any, second: Any) -> None:
    hasher = accelerator.Hasher("a", "b", (1,))
    calls: list[Callable[[], object]] = [
        lambda: accelerator.bucket(first),
        lambda: accelerator.bucket(first, second),
        lambda: accelerator.bucket("a", first, second),
        lambda: accelerator.bucket(first, second, first, second),
        lambda: accelerator.bucket(prefix=first),
        lambda: accelerator.Hasher(first, second),
        lambda: accelerator.Hasher("a", first, second),
        lambda: accelerator.Hasher("a", "a", (first, second)),
        lambda: accelerator.Hasher("a", "a", (), first),
        lambda: accelerator.Hasher("a", limit=first, uppers=second),
        lambda: hasher.bucket(first),
        lambda: hasher.draw(first),
        lambda: hasher.within(first),
        lambda: accelerator.Hasher.bucket(first, second),
        lambda: accelerator.Hasher.__new__(first),
        lambda: object.__new__(accelerator.Hasher),
        lambda: accelerator.bucket_column(first, second),
        lambda: accelerator.bucket_column("a", "b", first, second, bytearray(8), count=1),
        lambda: accelerator.bucket_column("a", "b", b"\0" * 8, b"", first, count=second),
        lambda: accelerator.bucket_column(
            "a", "b", b"\0" * 16, b"", bytearray(8), count=1, validity=first, large_offsets=second
        ),
        lambda: accelerator._use(first),
        lambda: accelerator.implementation(first),
    ]
    for call in calls:
        with suppress(TypeError, ValueError, OverflowError, BufferError):
            call()


def test_an_iterator_that_fails_fails_the_hasher() -> None:
    def uppers() -> Iterator[int]:
        yield 1
        raise LookupError("no more")

    with pytest.raises(LookupError, match="no more"):
        accelerator.Hasher("a", "", uppers())


# Objects


def test_a_hasher_cannot_be_changed_subclassed_or_pickled() -> None:
    hasher = accelerator.Hasher("flag-a.")
    with pytest.raises(AttributeError):
        hasher.prefix = "flag-b."
    with pytest.raises(TypeError):
        accelerator.Hasher.bucket = None
    with pytest.raises(TypeError):
        type("Other", (accelerator.Hasher,), {})
    with pytest.raises(TypeError):
        pickle.dumps(hasher)
    with pytest.raises(TypeError):
        copy.copy(hasher)


def test_bound_methods_keep_their_hasher_alive() -> None:
    methods = [accelerator.Hasher(f"flag-{i}.", "variant").bucket for i in range(100)]
    for i, method in enumerate(methods):
        assert method("user-0") == number(f"flag-{i}.", "user-0", "variant")


@pytest.mark.slow
def test_reference_counts_stand_still_over_ten_million_calls() -> None:
    prefix, subject, long, salt = (os.urandom(n).hex() for n in (4, 18, 60, 4))
    wide = subject + "🦔"
    hasher = accelerator.Hasher(prefix, salt, (1 << 59, 1 << 60))
    held = (prefix, subject, long, salt, wide, hasher, None, True, False)
    calls: list[tuple[Callable[..., object], tuple[str, ...]]] = [
        (accelerator.bucket, (prefix, subject)),
        (accelerator.bucket, (prefix, subject, salt)),
        (accelerator.bucket, (prefix, long)),
        (accelerator.bucket, (prefix, wide)),
        (hasher.bucket, (subject,)),
        (hasher.bucket, (wide,)),
        (hasher.draw, (subject,)),
        (hasher.within, (subject,)),
        (hasher.within, (long,)),
        (hasher.within, (wide,)),
    ]

    for call, arguments in calls:

        def run(call: Any = call, arguments: Any = arguments) -> None:
            for _ in repeat(None, 250_000):
                call(*arguments)

        references, blocks = growth(run, held)
        assert references[:6] == [0] * 6
        assert max(references[6:]) < 100
        assert blocks < 100


def test_failing_calls_and_dropped_hashers_leak_nothing() -> None:
    prefix, bad = os.urandom(4).hex(), "é\ud800"
    offsets, out = array("i", [0, 9]), array("Q", [0])
    calls: list[Callable[[], object]] = [
        lambda: accelerator.Hasher(prefix, prefix, (1, 2, 3)),
        lambda: accelerator.Hasher(prefix, bad),
        lambda: accelerator.Hasher(prefix, prefix, (1, -1)),
        lambda: accelerator.Hasher(prefix, prefix, (1,), -1),
        lambda: accelerator.bucket(prefix, bad),
        lambda: accelerator.bucket_column(prefix, prefix, offsets, b"a", out, count=1),
        lambda: accelerator.bucket_column(prefix, bad, offsets, b"a", out, count=1),
        lambda: accelerator.bucket_column(prefix, prefix, offsets, b"a" * 9, out, count=1),
    ]

    def run() -> None:
        for call in calls:
            for _ in repeat(None, 3_000):
                try:
                    call()
                except (UnicodeEncodeError, ValueError, OverflowError):
                    continue

    references, blocks = growth(run, (prefix,))
    assert references == [0]
    assert blocks < 200


# Threads


def test_threads_share_a_hasher_and_columns() -> None:
    texts = [f"user-{i}" for i in range(2000)]
    expected = [number("flag-a.", text) for text in texts]
    hasher = accelerator.Hasher("flag-a.")
    wrong: list[object] = []

    def work(_: int) -> None:
        for _ in range(10):
            if numbers_of(texts, "flag-a.") != expected:
                wrong.append("column")
            if list(map(hasher.bucket, texts)) != expected:
                wrong.append("hasher")

    at_once(4, work)
    assert not wrong


def test_offsets_that_change_while_they_are_read_never_leave_the_data() -> None:
    rows = 20_000
    offsets, out = array("i", range(rows + 1)), array("Q", bytes(8 * rows))
    data = b"x" * rows
    stop = threading.Event()

    def disturb() -> None:
        while not stop.is_set():
            for i in range(0, rows, 997):
                offsets[i] = 2**31 - 1
                offsets[i] = i

    thread = threading.Thread(target=disturb)
    thread.start()
    try:
        for _ in range(50):
            with suppress(ValueError):
                accelerator.bucket_column("flag-a.", "", offsets, data, out, count=rows)
    finally:
        stop.set()
        thread.join()
