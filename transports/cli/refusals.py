"""A failed fetch in words for the person at the terminal."""

from __future__ import annotations

from http import HTTPStatus

from flagengine.cli.trouble import Trouble

from ..polling.fetch_results import Failed, FailureKind

__all__ = ["refusal"]


def refusal(url: str, failed: Failed) -> Trouble:
    """Return the error that ends the command."""
    return Trouble(f"{url}: {_why(failed)}{_wait(failed)}")


def _why(failed: Failed) -> str:
    if failed.status is None:
        return (
            f"no answer: {failed.message}" if failed.kind is FailureKind.NETWORK else failed.message
        )
    if failed.status == HTTPStatus.TOO_MANY_REQUESTS:
        return "HTTP 429: too many requests"
    if failed.status >= HTTPStatus.INTERNAL_SERVER_ERROR:
        return f"{failed.message}: the server failed; try again later"
    return failed.message


def _wait(failed: Failed) -> str:
    wait = failed.retry_after
    return "" if wait is None else f"; the server asks to wait {wait:g} s"
