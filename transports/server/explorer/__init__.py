"""The page at ``/`` of a server for development: the flags, a person to ask for, and why each answer is so.

The page is one document without anything from elsewhere (``page/``). What it shows comes from endpoints below
``/_explorer``, which read and change nothing.
"""

from __future__ import annotations

__all__: list[str] = []
