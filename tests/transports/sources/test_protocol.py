"""The ten-line source in the protocol's docstring works."""

from __future__ import annotations

from typing import Any

from flagengine.transports.clock import ManualClock
from flagengine.transports.polling import DefinitionLoader, Loaded, Unchanged


class Bucket:
    def __init__(self) -> None:
        self.etag, self.content, self.reads = "1", '{"flags": [{"key": "a"}]}', 0

    def read(self) -> str:
        self.reads += 1
        return self.content


class BucketDefinitions:
    def __init__(self, bucket: Bucket) -> None:
        self._bucket = bucket

    def fetch(self, version: str | None) -> Loaded | Unchanged:
        etag = self._bucket.etag
        if version is not None and etag == version:
            return Unchanged()
        return Loaded(self._bucket.read(), version=etag)


def keys(loader: DefinitionLoader) -> list[Any]:
    snapshot = loader.current.snapshot
    return [] if snapshot is None else list(snapshot.flags)


def test_a_source_of_ones_own_is_read_when_it_changes_and_kept_when_it_breaks() -> None:
    bucket, clock = Bucket(), ManualClock()
    loader = DefinitionLoader(BucketDefinitions(bucket), clock=clock)
    seen = []
    for etag, content in [
        ("1", bucket.content),
        ("1", "never read"),
        ("2", "{broken"),
        ("3", '{"flags": [{"key": "b"}]}'),
    ]:
        bucket.etag, bucket.content = etag, content
        loader.tick()
        seen.append(keys(loader))
        clock.advance(30)
    assert seen == [["a"], ["a"], ["a"], ["b"]]
    assert bucket.reads == 3
