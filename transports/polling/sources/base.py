"""Where definitions come from: one method, and what it may return.

A definition source is any object with a ``fetch``. It is asked from time to time, never twice at
once, and returns what it found::

    class BucketDefinitions:
        def __init__(self, bucket, name):
            self._bucket, self._name = bucket, name

        def fetch(self, version):
            head = self._bucket.head(self._name)
            if version is not None and head.etag == version:
                return Unchanged()
            return Loaded(self._bucket.read(self._name), version=head.etag)

The rules:

- ``version`` is the source's name for the definitions in use, None if they came from elsewhere.
  Only a fetch with a version may return ``Unchanged``.
- ``Loaded.document`` is the complete set: JSON text as it came, or a mapping with a ``flags`` list.
- Trouble is a result too: ``Failed``. The loader catches an exception and counts it as a failure;
  it does not log the message, which may hold an address with a password in it.
- ``fetch`` may be a coroutine function. It must return in finite time by itself.
- A source that answers at once, such as a file, may have a true attribute ``is_at_hand``: a client
  then fetches when it is made, and has flags from its first call on.
- ``fetch`` is called on a background thread, with a ``ManualDriver`` on the caller's.
"""

from __future__ import annotations

from collections.abc import Awaitable
from typing import Protocol

from ..fetch_results import FetchResult

__all__ = ["DefinitionSource"]


class DefinitionSource(Protocol):
    """Something that can be asked for flag definitions; see the module for the rules."""

    def fetch(self, version: str | None, /) -> FetchResult | Awaitable[FetchResult]:
        """Return the definitions that hold now; `version` names those in use."""
        ...
