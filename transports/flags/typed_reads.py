"""The typed accessors of ``FlagEvaluations``: a value or its details, for each type.

A typed read counts as access and sends the same events as ``get_flag``. It returns the caller's
default for a flag without a value, and for one that is missing, failed or of another type.
"""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Mapping
from typing import Any, TypeVar

from . import typed
from .reading import FlagReading
from .typed import FlagDetails

__all__ = ["TypedReads"]

T = TypeVar("T")
_Object = Mapping[str, Any]


class TypedReads:
    """The accessors, which read with ``_reading``."""

    __slots__ = ()

    @abstractmethod
    def _reading(self, key: str, *, reports: bool) -> FlagReading: ...

    def get_boolean_value(
        self,
        key: str,
        default_value: bool,
        *,
        send_feature_flag_events: bool = True,
    ) -> bool:
        """Return the boolean, or the default."""
        return self.get_boolean_details(
            key, default_value, send_feature_flag_events=send_feature_flag_events
        ).value

    def get_boolean_details(
        self,
        key: str,
        default_value: bool,
        *,
        send_feature_flag_events: bool = True,
    ) -> FlagDetails[bool]:
        """Return the boolean, or the default, with its details."""
        reading = self._reading(key, reports=send_feature_flag_events)
        return typed.details_of(reading, typed.boolean, default_value)

    def get_string_value(
        self, key: str, default_value: str, *, send_feature_flag_events: bool = True
    ) -> str:
        """Return the text, such as a variant's key, or the default."""
        return self.get_string_details(
            key, default_value, send_feature_flag_events=send_feature_flag_events
        ).value

    def get_string_details(
        self, key: str, default_value: str, *, send_feature_flag_events: bool = True
    ) -> FlagDetails[str]:
        """Return the text, or the default, with its details."""
        reading = self._reading(key, reports=send_feature_flag_events)
        return typed.details_of(reading, typed.text, default_value)

    def get_integer_value(
        self, key: str, default_value: int, *, send_feature_flag_events: bool = True
    ) -> int:
        """Return the number if it is whole, or the default."""
        return self.get_integer_details(
            key, default_value, send_feature_flag_events=send_feature_flag_events
        ).value

    def get_integer_details(
        self, key: str, default_value: int, *, send_feature_flag_events: bool = True
    ) -> FlagDetails[int]:
        """Return the number if it is whole, or the default, with its details."""
        reading = self._reading(key, reports=send_feature_flag_events)
        return typed.details_of(reading, typed.integer, default_value)

    def get_number_value(
        self, key: str, default_value: float, *, send_feature_flag_events: bool = True
    ) -> float:
        """Return the number as a float, or the default."""
        return self.get_number_details(
            key, default_value, send_feature_flag_events=send_feature_flag_events
        ).value

    def get_number_details(
        self, key: str, default_value: float, *, send_feature_flag_events: bool = True
    ) -> FlagDetails[float]:
        """Return the number as a float, or the default, with its details."""
        reading = self._reading(key, reports=send_feature_flag_events)
        return typed.details_of(reading, typed.number, default_value)

    def get_object_value(
        self, key: str, default_value: _Object, *, send_feature_flag_events: bool = True
    ) -> _Object:
        """Return the object, a copy, or the default."""
        return self.get_object_details(
            key, default_value, send_feature_flag_events=send_feature_flag_events
        ).value

    def get_object_details(
        self, key: str, default_value: _Object, *, send_feature_flag_events: bool = True
    ) -> FlagDetails[_Object]:
        """Return the object, a copy, or the default, with its details."""
        reading = self._reading(key, reports=send_feature_flag_events)
        return typed.details_of(reading, typed.json_object, default_value)
