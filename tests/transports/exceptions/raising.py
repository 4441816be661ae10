"""Exceptions for the tests, which were really raised and so have stacks."""

from __future__ import annotations

from typing import Any

from flagengine.transports.exceptions import ExceptionSettings, exception_properties

PLAIN = ExceptionSettings()


def raised(error: BaseException, cause: BaseException | None = None) -> BaseException:
    """Return the exception after it was raised and caught."""
    try:
        if cause is not None:
            raise error from cause  # noqa: TRY301
        raise error  # noqa: TRY301
    except BaseException as caught:  # noqa: BLE001
        return caught


def properties(error: object, **options: Any) -> dict[str, Any]:
    return exception_properties(error, **{"settings": PLAIN, **options})


def entries(error: object, **options: Any) -> list[dict[str, Any]]:
    return properties(error, **options)["$exception_list"]


def mechanisms(error: object, **options: Any) -> list[dict[str, Any]]:
    return [entry["mechanism"] for entry in entries(error, **options)]


def frames(error: object, **options: Any) -> list[dict[str, Any]]:
    return entries(error, **options)[0]["stacktrace"]["frames"]
