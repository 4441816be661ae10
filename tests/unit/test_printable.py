"""Text from elsewhere is shown without commands to a terminal or a log."""

import json

import pytest

from flagengine import printable
from flagengine.values.printable import printable_json

HARMFUL = "\x00\x07\x1b\n\r\t\x7f\x85\x9b\xad\u061c\u200b\u200e\u2028\u2029\u202e\u2066\ufeff\ud800\U000e0001"


@pytest.mark.parametrize("char", HARMFUL)
def test_what_commands_or_hides_is_written_out(char: str) -> None:
    shown = printable(f"a{char}b")
    assert shown.isprintable()
    assert shown.encode().decode("unicode_escape") == f"a{char}b"


@pytest.mark.parametrize("text", ["", "Grüße", "10\xa0€", "全角\u3000空白", "🦔", "a\\x1b"])
def test_other_text_stays(text: str) -> None:
    assert printable(text) == text
    assert printable_json(json.dumps(text, ensure_ascii=False)) == json.dumps(
        text, ensure_ascii=False
    )


def test_json_keeps_its_lines_and_its_value() -> None:
    value = {"a": HARMFUL, HARMFUL: ["é"]}
    written = json.dumps(value, indent=2, ensure_ascii=False)
    shown = printable_json(written)
    assert all(line.isprintable() for line in shown.split("\n"))
    assert shown.count("\n") == written.count("\n")
    assert json.loads(shown) == value
