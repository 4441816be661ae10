"""``AsyncPosthog``: the client for asyncio with posthog-python's names.

There it evaluates no flags locally; here it does, without blocking the loop.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, ClassVar, Unpack

from ..client.asynchronous import AsyncClient as FlagengineAsyncClient
from ..client.asynchronous import awaited
from ..client.fetch import remote_config_as_sent
from ..client.flag_reads import ReadOptions
from ..flags.query import FlagOptions
from .names import ASYNC_POSITIONS
from .types import FeatureFlagResult, FlagsAndPayloads, payload_text
from .verbs import PosthogVerbs

__all__ = ["AsyncClient", "AsyncPosthog"]


_remote_config = awaited(remote_config_as_sent)


class AsyncClient(PosthogVerbs, FlagengineAsyncClient):
    """``Client`` for asyncio, with the same arguments; see there.

    ``capture`` and similar methods stay synchronous, because they only queue.
    """

    _positions: ClassVar[Sequence[str]] = ASYNC_POSITIONS

    async def flush(  # type: ignore[override]
        self,
        timeout_seconds: float | None = 10,
        *,
        timeout: float | None = None,  # noqa: ASYNC109
    ) -> bool:
        """Do as ``Client.flush``."""
        return await super().flush(timeout_seconds if timeout is None else timeout)

    async def join(self) -> None:
        """Deliver what is queued and stop, as ``shutdown`` does."""
        await self.shutdown()

    async def load_feature_flags(self) -> None:
        """Load the definitions now."""
        await self.reload_feature_flags()

    async def get_feature_flag_result(
        self, key: str, distinct_id: object = None, **options: Unpack[ReadOptions]
    ) -> FeatureFlagResult | None:
        """Return value, payload and reason together; None if the flag is unknown."""
        found = await super().get_feature_flag_result(key, distinct_id, **options)
        return None if found is None else FeatureFlagResult.of(found)

    async def get_remote_config_payload(self, key: str) -> Any:  # type: ignore[override]
        """Do as ``Client.get_remote_config_payload``."""
        return await _remote_config(self, key)

    async def get_all_flags_and_payloads(  # type: ignore[override]
        self,
        distinct_id: object = None,
        *,
        flag_keys: Iterable[str] | None = None,
        flag_keys_to_evaluate: Iterable[str] | None = None,
        **options: Unpack[FlagOptions],
    ) -> FlagsAndPayloads:
        """Do as ``Client.get_all_flags_and_payloads``."""
        wanted = flag_keys_to_evaluate if flag_keys is None else flag_keys
        evaluated = await self.evaluate_flags(distinct_id, flag_keys=wanted, **options)
        found = evaluated.flags
        values = {key: each.own_value for key, each in found.items()}
        return {"featureFlags": values, "featureFlagPayloads": payload_text(found)}


class AsyncPosthog(AsyncClient):
    """The name of ``AsyncClient`` that posthog-python's documentation uses."""
