"""The protocol of definition sources: one method, and its possible results.

A definition source is any object with a method ``fetch``. The loader calls it from time to time,
never twice at once::

    class BucketDefinitions:
        def __init__(self, bucket, name):
            self._bucket, self._name = bucket, name

        def fetch(self, version):
            head = self._bucket.head(self._name)
            if version is not None and head.etag == version:
                return Unchanged()
            return Loaded(self._bucket.read(self._name), version=head.etag)

The rules:

- ``version`` is the source's name for the definitions in use; None if they came from elsewhere.
  Only a fetch with a version may return ``Unchanged``.
- ``Loaded.document`` is the complete set: JSON text as it came, or a mapping with a ``flags`` list.
- A failure is a result too: ``Failed``. The loader counts an exception as a failure and does not
  log its message, which may contain a URL with a password.
- ``fetch`` may be a coroutine function. It must return in finite time by itself.
- A source that answers at once, such as a file, may have an attribute ``is_at_hand = True``. The
  client then fetches when it is made, and has flags from its first call on.
- ``fetch`` is called on a background thread; with a ``ManualPollDriver``, on the caller's thread.
"""

from __future__ import annotations

from collections.abc import Awaitable
from typing import Protocol

from ..fetch_results import FetchResult

__all__ = ["DefinitionSource"]


class DefinitionSource(Protocol):
    """A source of flag definitions; the module's docstring has the rules."""

    def fetch(self, version: str | None, /) -> FetchResult | Awaitable[FetchResult]:
        """Return the current definitions; `version` names those in use."""
        ...
