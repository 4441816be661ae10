"""Where definitions come from: one method.

A definition source is any object with a ``fetch``. It is asked from time to time, never twice at
once, and says what it found::

    class BucketDefinitions:
        def __init__(self, bucket, name):
            self._bucket, self._name = bucket, name

        def fetch(self, version):
            head = self._bucket.head(self._name)
            if version is not None and head.etag == version:
                return Unchanged()
            return Loaded(json.loads(self._bucket.read(self._name)), version=head.etag)

The rules:

- ``version`` is what the source called the state that is in use now; None when nothing of it is.
  Only then, with a version in hand, may the answer be ``Unchanged``.
- ``Loaded.document`` is the complete set, as a mapping with a ``flags`` list.
- Trouble is an answer too: ``Failed``. An exception is caught and counts as one; its message is not
  logged, since it may hold an address with a password in it.
- ``fetch`` may be a coroutine function. It must return in finite time by itself.
- A source that answers at once, a file say, may have a true attribute ``is_at_hand``: a client then
  asks it when it is made, and has flags from its first call on.
- It is called from a background thread, or from the event loop if it is a coroutine function.
"""

from __future__ import annotations

from collections.abc import Awaitable
from typing import Protocol

from ..answers import Answer

__all__ = ["DefinitionSource"]


class DefinitionSource(Protocol):
    """Something that can be asked for flag definitions; see the module for the rules."""

    def fetch(self, version: str | None, /) -> Answer | Awaitable[Answer]:
        """Return what holds now, given that `version` is what is in use."""
        ...
