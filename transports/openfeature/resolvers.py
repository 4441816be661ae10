"""The ten resolvers of OpenFeature's provider interface, with the conversion of each type."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Mapping, Sequence
from typing import Any

from openfeature.evaluation_context import EvaluationContext
from openfeature.flag_evaluation import FlagResolutionDetails, FlagValueType
from openfeature.provider import AbstractProvider

from ..flags import conversions
from ..flags.conversions import Conversion

__all__ = ["Resolvers"]

_Context = EvaluationContext | None
_Object = Sequence[FlagValueType] | Mapping[str, FlagValueType]


class Resolvers(AbstractProvider):
    """The resolvers, which call ``_resolve`` or ``_resolve_async``."""

    @abstractmethod
    def _resolve(
        self, key: str, default: Any, context: _Context, convert: Conversion[Any]
    ) -> FlagResolutionDetails[Any]: ...

    @abstractmethod
    async def _resolve_async(
        self, key: str, default: Any, context: _Context, convert: Conversion[Any]
    ) -> FlagResolutionDetails[Any]: ...

    def resolve_boolean_details(
        self, flag_key: str, default_value: bool, evaluation_context: _Context = None
    ) -> FlagResolutionDetails[bool]:
        """Return whether the flag is on."""
        return self._resolve(flag_key, default_value, evaluation_context, conversions.BOOLEAN)

    def resolve_string_details(
        self, flag_key: str, default_value: str, evaluation_context: _Context = None
    ) -> FlagResolutionDetails[str]:
        """Return the variant or a payload that is text."""
        return self._resolve(flag_key, default_value, evaluation_context, conversions.TEXT)

    def resolve_integer_details(
        self, flag_key: str, default_value: int, evaluation_context: _Context = None
    ) -> FlagResolutionDetails[int]:
        """Return the number if it is whole."""
        return self._resolve(flag_key, default_value, evaluation_context, conversions.INTEGER)

    def resolve_float_details(
        self, flag_key: str, default_value: float, evaluation_context: _Context = None
    ) -> FlagResolutionDetails[float]:
        """Return the number."""
        return self._resolve(flag_key, default_value, evaluation_context, conversions.NUMBER)

    def resolve_object_details(
        self, flag_key: str, default_value: _Object, evaluation_context: _Context = None
    ) -> FlagResolutionDetails[_Object]:
        """Return a payload that is an object or a list."""
        return self._resolve(
            flag_key, default_value, evaluation_context, conversions.OBJECT_OR_LIST
        )

    async def resolve_boolean_details_async(
        self, flag_key: str, default_value: bool, evaluation_context: _Context = None
    ) -> FlagResolutionDetails[bool]:
        """Return whether the flag is on."""
        convert = conversions.BOOLEAN
        return await self._resolve_async(flag_key, default_value, evaluation_context, convert)

    async def resolve_string_details_async(
        self, flag_key: str, default_value: str, evaluation_context: _Context = None
    ) -> FlagResolutionDetails[str]:
        """Return the variant or a payload that is text."""
        convert = conversions.TEXT
        return await self._resolve_async(flag_key, default_value, evaluation_context, convert)

    async def resolve_integer_details_async(
        self, flag_key: str, default_value: int, evaluation_context: _Context = None
    ) -> FlagResolutionDetails[int]:
        """Return the number if it is whole."""
        convert = conversions.INTEGER
        return await self._resolve_async(flag_key, default_value, evaluation_context, convert)

    async def resolve_float_details_async(
        self, flag_key: str, default_value: float, evaluation_context: _Context = None
    ) -> FlagResolutionDetails[float]:
        """Return the number."""
        convert = conversions.NUMBER
        return await self._resolve_async(flag_key, default_value, evaluation_context, convert)

    async def resolve_object_details_async(
        self, flag_key: str, default_value: _Object, evaluation_context: _Context = None
    ) -> FlagResolutionDetails[_Object]:
        """Return a payload that is an object or a list."""
        convert = conversions.OBJECT_OR_LIST
        return await self._resolve_async(flag_key, default_value, evaluation_context, convert)
