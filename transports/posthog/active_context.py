"""posthog-python's functions that read and change the active context."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from typing import Any

from .. import context as contexts

__all__ = [
    "get_context_device_id",
    "get_context_distinct_id",
    "get_context_session_id",
    "get_tags",
    "identify_context",
    "set_capture_exception_code_variables_context",
    "set_code_variables_detect_secrets_context",
    "set_code_variables_ignore_patterns_context",
    "set_code_variables_mask_patterns_context",
    "set_code_variables_mask_url_credentials_context",
    "set_context_device_id",
    "set_context_session",
    "tag",
]

logger: logging.Logger = logging.getLogger("flagengine.client")


def tag(key: str, value: Any) -> None:
    """Add a property to all events of the context; do nothing outside of one."""
    contexts.update(properties={key: value})


def get_tags() -> dict[str, Any]:
    """Return a copy of the context's tags; an empty dict outside of one."""
    active = contexts.current()
    return {} if active is None else dict(active.properties)


def identify_context(distinct_id: object) -> None:
    """Set the distinct id of the context."""
    contexts.update(distinct_id=distinct_id)


def set_context_session(session_id: object) -> None:
    """Set the session id of the context."""
    contexts.update(session_id=session_id)


def set_context_device_id(device_id: object) -> None:
    """Set the device id of the context, for flags that are evaluated by device."""
    contexts.update(device_id=device_id)


def get_context_distinct_id() -> str | None:
    """Return the distinct id of the context."""
    active = contexts.current()
    return None if active is None else active.distinct_id


def get_context_session_id() -> str | None:
    """Return the session id of the context."""
    active = contexts.current()
    return None if active is None else active.session_id


def get_context_device_id() -> str | None:
    """Return the device id of the context."""
    active = contexts.current()
    return None if active is None else active.device_id


# Local variables in exception reports: an option of the client here, not of a context.


def set_capture_exception_code_variables_context(enabled: bool) -> None:
    """Leave local variables out of the context's exception reports, with False.

    With True, do nothing but warn: only the client's ``capture_exception_code_variables`` adds them.
    """
    if enabled:
        _warn("set_capture_exception_code_variables_context(True)")
    else:
        contexts.update(hides_variables=True)


def set_code_variables_mask_patterns_context(mask_patterns: Sequence[str]) -> None:  # noqa: ARG001
    """Leave all local variables out of the context's exception reports, which is safe, and warn."""
    contexts.update(hides_variables=True)
    _warn_of_hiding("set_code_variables_mask_patterns_context()")


def set_code_variables_ignore_patterns_context(ignore_patterns: Sequence[str]) -> None:  # noqa: ARG001
    """Leave all local variables out of the context's exception reports, which is safe, and warn."""
    contexts.update(hides_variables=True)
    _warn_of_hiding("set_code_variables_ignore_patterns_context()")


def set_code_variables_mask_url_credentials_context(enabled: bool) -> None:
    """Do nothing: credentials in URLs are always masked. Warn if they were to be shown."""
    if not enabled:
        _warn("set_code_variables_mask_url_credentials_context(False)")


def set_code_variables_detect_secrets_context(enabled: bool) -> None:
    """Do nothing: values that look like secrets are always masked. Warn if they were to be shown."""
    if not enabled:
        _warn("set_code_variables_detect_secrets_context(False)")


def _warn(call: str) -> None:
    logger.warning("%s has no effect: the options of the client decide about local variables", call)


def _warn_of_hiding(call: str) -> None:
    logger.warning(
        "%s leaves all local variables out of this context's exception reports; patterns are options"
        " of the client: code_variables_mask_patterns, code_variables_ignore_patterns",
        call,
    )
