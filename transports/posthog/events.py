"""posthog-python's module-level functions for events, people, groups and exceptions."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Unpack
from uuid import UUID

from ..client.exceptions import ExceptionOptions
from ..client.identity import PersonOptions
from ..client.preparation import CaptureOptions
from .shared_client import DEFAULT

__all__ = [
    "CaptureArguments",
    "SetArguments",
    "alias",
    "capture",
    "capture_ai",
    "capture_exception",
    "group_identify",
    "set",
    "set_once",
]

CaptureArguments = CaptureOptions


class SetArguments(PersonOptions, total=False):
    """The keyword arguments of ``set`` and ``set_once``."""

    properties: Mapping[str, Any] | None
    """The properties to set; without any, nothing is done."""


class ExceptionKeywords(ExceptionOptions, total=False):
    """The keyword arguments of ``capture_exception``."""

    distinct_id: object
    properties: Mapping[str, Any] | None
    send_feature_flags: bool | Mapping[str, Any] | None


def capture(event: str, **kwargs: Unpack[CaptureOptions]) -> str | None:
    """Queue an event with the default client; return its uuid, or None if it was dropped."""
    return DEFAULT.get().capture(event, **kwargs)


def capture_ai(event: str, **kwargs: Unpack[CaptureOptions]) -> str | None:
    """Queue a large event of an AI application; see ``Client.capture_ai``."""
    return DEFAULT.get().capture_ai(event, **kwargs)


def set(**kwargs: Unpack[SetArguments]) -> str | None:  # noqa: A001 - posthog-python's name
    """Set properties of the person; return the event's uuid."""
    return DEFAULT.get().set(**kwargs)


def set_once(**kwargs: Unpack[SetArguments]) -> str | None:
    """Set properties unless the person already has them; return the event's uuid."""
    return DEFAULT.get().set_once(**kwargs)


def group_identify(
    group_type: str,
    group_key: str,
    properties: Mapping[str, Any] | None = None,
    timestamp: datetime | str | None = None,
    uuid: str | UUID | None = None,
    disable_geoip: bool | None = None,
    distinct_id: object = None,
) -> str | None:
    """Set properties of a group; return the event's uuid."""
    return DEFAULT.get().group_identify(
        group_type=group_type,
        group_key=group_key,
        properties=properties,
        timestamp=timestamp,
        uuid=uuid,
        disable_geoip=disable_geoip,
        distinct_id=distinct_id,
    )


def alias(
    previous_id: object,
    distinct_id: object,
    timestamp: datetime | str | None = None,
    uuid: str | UUID | None = None,
    disable_geoip: bool | None = None,
) -> str | None:
    """Make ``distinct_id`` another id of ``previous_id``; return the event's uuid."""
    return DEFAULT.get().alias(
        previous_id=previous_id,
        distinct_id=distinct_id,
        timestamp=timestamp,
        uuid=uuid,
        disable_geoip=disable_geoip,
    )


def capture_exception(exception: object = None, **kwargs: Unpack[ExceptionKeywords]) -> str | None:
    """Queue an ``$exception`` event; without an exception, of the one that is being handled."""
    return DEFAULT.get().capture_exception(exception, **kwargs)
