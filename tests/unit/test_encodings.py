"""Documents are UTF-8, deep or not (SPEC R1.1)."""

from typing import Any

import pytest

from flagengine import Snapshot, SnapshotError

SHALLOW = '{"flags":[],"x":"é"}'
DEEP = '{"flags":[],"x":' + "[" * 5_000 + "]" * 5_000 + "}"
HUGE = '{"flags":[],"x":' + "9" * 5_000 + "}"
BOTH = '{"flags":[],"x":' + "[" * 5_000 + "9" * 5_000 + "]" * 5_000 + ',"y":' + "9" * 5_000 + "}"
TEXTS = {"shallow": SHALLOW, "deep": DEEP, "huge": HUGE, "deep and huge": BOTH}


class Text(str):
    __slots__ = ()

    def __str__(self) -> str:
        return "no JSON"

    def removeprefix(self, _: str) -> str:  # type: ignore[override]
        return "no JSON"


class Bytes(bytes):
    def __bytes__(self) -> bytes:
        return b"no JSON"

    def decode(self, *_: Any) -> str:  # type: ignore[override]
        return "no JSON"


@pytest.mark.rule("R1.1")
@pytest.mark.parametrize("name", TEXTS)
@pytest.mark.parametrize("codec", ["utf-16", "utf-16-le", "utf-32", "utf-8-sig twice"])
def test_other_encodings_are_refused_deep_or_not(name: str, codec: str) -> None:
    mark = "\ufeff" * 2 if "twice" in codec else ""
    encoded = (mark + TEXTS[name]).encode("utf-8" if mark else codec)
    with pytest.raises(SnapshotError) as caught:
        Snapshot.parse(encoded)
    assert caught.value.code == "not_json"


@pytest.mark.rule("R1.1")
@pytest.mark.parametrize("name", TEXTS)
def test_encoded_surrogates_and_latin_1_are_refused_deep_or_not(name: str) -> None:
    for wrong in (b"\xed\xa0\x80", b"\xe9"):
        encoded = TEXTS[name].encode().replace(b'"flags"', b'"y":"' + wrong + b'","flags"', 1)
        with pytest.raises(SnapshotError, match="not UTF-8") as caught:
            Snapshot.parse(encoded)
        assert caught.value.code == "not_json"


@pytest.mark.rule("R1.1")
@pytest.mark.parametrize("name", TEXTS)
def test_one_byte_order_mark_is_ignored_in_text_and_bytes(name: str) -> None:
    text = "\ufeff" + TEXTS[name]
    expected = Snapshot.parse(TEXTS[name])
    for given in (text, text.encode(), bytearray(text.encode())):
        assert Snapshot.parse(given) == expected
    with pytest.raises(SnapshotError):
        Snapshot.parse("\ufeff" + text)


@pytest.mark.rule("R1.1")
def test_a_subclass_of_text_or_bytes_counts_for_what_it_holds() -> None:
    expected = Snapshot.parse(SHALLOW)
    assert Snapshot.parse(Text(SHALLOW)) == expected
    assert Snapshot.parse(Bytes(SHALLOW.encode())) == expected
