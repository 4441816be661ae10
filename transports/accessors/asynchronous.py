"""The flags of an ``AsyncClient``: awaited calls of the same flags as in ``blocking``."""

from __future__ import annotations

from typing import Any, Generic, TypeVar, Unpack, cast, overload

from ..client.asynchronous import AsyncClient
from ..client.flag_reads import ReadOptions
from ..client.flags import FlagValue
from .values import KeyedFlag, is_number

__all__ = [
    "AsyncAnyFlag",
    "AsyncBooleanFlag",
    "AsyncNumberFlag",
    "AsyncObjectFlag",
    "AsyncTextFlag",
    "AsyncVariantFlag",
]

V = TypeVar("V")
P = TypeVar("P")


class _Flag(KeyedFlag):
    __slots__ = ("_client",)

    def __init__(self, client: AsyncClient, key: str) -> None:
        super().__init__(key)
        self._client = client


class _WithPayload(_Flag, Generic[P]):
    """A flag whose payload has the type ``P``."""

    __slots__ = ()

    async def payload(self, distinct_id: object = None, **options: Unpack[ReadOptions]) -> P | None:
        """Return the payload, None if there is none; see ``AsyncClient.get_feature_flag_payload``."""
        found = await self._client.get_feature_flag_payload(self.key, distinct_id, **options)
        return cast("P | None", found)


class _Valued(_Flag, Generic[V]):
    """A flag whose value has the type ``V``."""

    __slots__ = ()

    @overload
    async def __call__(
        self, distinct_id: object = None, *, default: None = None, **options: Unpack[ReadOptions]
    ) -> V | None: ...
    @overload
    async def __call__(
        self, distinct_id: object = None, *, default: V, **options: Unpack[ReadOptions]
    ) -> V: ...
    async def __call__(
        self, distinct_id: object = None, *, default: Any = None, **options: Unpack[ReadOptions]
    ) -> Any:
        """Return the value; ``default`` for a flag that is off, unknown, or of another type.

        The options and the events are those of ``AsyncClient.get_feature_flag``.
        """
        value = await self._client.get_feature_flag(self.key, distinct_id, **options)
        return value if self._accepts(value) else default

    def _accepts(self, value: object) -> bool:
        return value is not None


class AsyncBooleanFlag(_WithPayload[P]):
    """A flag that is on or off."""

    __slots__ = ()

    async def __call__(
        self,
        distinct_id: object = None,
        *,
        default: bool = False,
        **options: Unpack[ReadOptions],
    ) -> bool:
        """Return whether the flag is on; ``default`` if the flag has no value or is unknown.

        The options and the events are those of ``AsyncClient.is_feature_enabled``.
        """
        found = await self._client.is_feature_enabled(
            self.key, distinct_id, default_value=default, **options
        )
        return default if found is None else found


class AsyncVariantFlag(_WithPayload[P], _Valued[V], Generic[V, P]):
    """A flag with variants; a person without a variant gets ``default``.

    Attributes:
        variants: the keys of the variants.
    """

    __slots__ = ("variants",)

    def __init__(self, client: AsyncClient, key: str, variants: tuple[V, ...]) -> None:
        super().__init__(client, key)
        self.variants: tuple[V, ...] = variants

    def _accepts(self, value: object) -> bool:
        return value in self.variants


class AsyncTextFlag(_WithPayload[P], _Valued[str], Generic[P]):
    """A flag of configuration format 2 with text."""

    __slots__ = ()

    def _accepts(self, value: object) -> bool:
        return isinstance(value, str)


class AsyncNumberFlag(_Valued[float]):
    """A flag of configuration format 2 with a number."""

    __slots__ = ()

    def _accepts(self, value: object) -> bool:
        return is_number(value)


class AsyncObjectFlag(_Valued[V]):
    """A flag of configuration format 2 with an object; each call returns a copy."""

    __slots__ = ()

    def _accepts(self, value: object) -> bool:
        return isinstance(value, dict)


class AsyncAnyFlag(_Valued[FlagValue]):
    """A flag whose definition could not be read when the module was generated."""

    __slots__ = ()
