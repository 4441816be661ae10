"""Shortening the content of AI events before they are captured.

Wrappers of AI libraries and applications call this; ``capture_ai`` itself changes nothing.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

__all__ = ["prepare_ai_properties"]

# The input and output of the model.
_CONTENT: Final = frozenset(
    {
        "$ai_input",
        "$ai_output",
        "$ai_output_choices",
        "$ai_input_state",
        "$ai_output_state",
        "$ai_tools",
    }
)
# Long enough to recognise a text, and short enough for thousands of events.
MAX_TEXT: Final = 1_000
_MEDIA: Final = ("image", "audio", "video", "file", "document")
_MEDIA_FIELDS: Final = frozenset(
    {"data", "url", "file_data", "image_url", "input_audio", "inline_data", "file"}
)
MAX_DEPTH: Final = 64


def prepare_ai_properties(
    properties: Mapping[str, Any], *, full: bool = False, privacy: bool = False
) -> dict[str, Any]:
    """Return the properties to capture; do not change ``properties``.

    Args:
        properties: The properties of an AI event.
        full: Keep media and long texts (the client's ``enable_full_ai_capture``); otherwise media
            become placeholders that name their kind, and long texts are cut.
        privacy: Remove all content (``privacy_mode``); wins over ``full``.

    >>> prepare_ai_properties({"$ai_model": "m", "$ai_input": "secret"}, privacy=True)
    {'$ai_model': 'm'}
    """
    if privacy:
        return {name: value for name, value in properties.items() if name not in _CONTENT}
    if full:
        return dict(properties)
    return {
        name: _shortened(value, MAX_DEPTH) if name in _CONTENT else value
        for name, value in properties.items()
    }


def _shortened(value: Any, depth: int) -> Any:
    if isinstance(value, str):
        return _short_text(value)
    if depth == 0 or isinstance(value, bytes | bytearray | memoryview):
        return _placeholder("file")
    if isinstance(value, Mapping):
        kind = _media_kind(value)
        if kind is not None:
            return {"type": value.get("type", kind), "placeholder": _placeholder(kind)}
        return {name: _shortened(item, depth - 1) for name, item in value.items()}
    if isinstance(value, list | tuple):
        return [_shortened(item, depth - 1) for item in value]
    return value


def _short_text(text: str) -> str:
    if text.startswith("data:") and ";base64," in text[:200]:
        return _placeholder(text[5:].partition("/")[0])
    left_out = len(text) - MAX_TEXT
    return text if left_out <= 0 else f"{text[:MAX_TEXT]}... [{left_out} characters left out]"


def _media_kind(part: Mapping[Any, Any]) -> str | None:
    """Return the kind of medium in a message part; None if there is no medium."""
    named = str(part.get("type") or part.get("mime_type") or "").lower()
    kind = next((kind for kind in _MEDIA if kind in named), None)
    return (
        kind if kind is not None and not _MEDIA_FIELDS.isdisjoint({*part, *_inner(part)}) else None
    )


def _inner(part: Mapping[Any, Any]) -> set[Any]:
    source = part.get("source")
    return set(source) if isinstance(source, Mapping) else set()


def _placeholder(kind: str) -> str:
    return f"[{kind} left out]"
