"""The ETag of a fetched file, which another file keeps."""

from __future__ import annotations

from pathlib import Path
from typing import Final

__all__ = ["kept_etag"]

_LONGEST: Final = 1_000


def kept_etag(file: str) -> str | None:
    """Return the ETag in a file; None if there is none, or text that can be no ETag."""
    try:
        text = Path(file).read_bytes()[: _LONGEST + 2].decode("ascii").strip()
    except (OSError, ValueError):
        return None
    is_etag = 0 < len(text) <= _LONGEST and text.isprintable() and " " not in text
    return text if is_etag else None
