"""A request of capture v0, read: whose events they are, when they were sent, and the messages.

=============================================  ======================================================
body                                           meaning
=============================================  ======================================================
``{"event": …}``                               one event
``[{"event": …}, …]``                          events
``{"api_key": …, "batch": [{"event": …}, …]}``  events of a project; also ``token`` and ``$token``
=============================================  ======================================================

The key of the project is at the root, or in each event, or in its properties, as ``token``.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Final, NamedTuple

from ..web.request import Request
from ..web.response import Refused, text_response
from .bodies import undecodable
from .making import KEYS
from .times import moment_of

__all__ = ["SentBatch", "batch_of", "key_of", "unauthorized"]

_LONGEST_KEY: Final = 64
_MILLISECONDS: Final = 1000.0


class SentBatch(NamedTuple):
    """The events of a request.

    Attributes:
        project_key: names the project.
        messages: the events as they were sent, at least one; nothing says that they are valid.
        sent_at: when, by the sender's clock, in seconds since 1970; None if not given.
        is_historical: whether these are events of long ago, which the server upstream treats apart.
    """

    project_key: str
    messages: list[Any]
    sent_at: float | None = None
    is_historical: bool = False


def batch_of(request: Request, value: Any) -> SentBatch:
    """Return the events in the JSON value of a request's body.

    Raises:
        Refused: there are no events (400), or no usable key or different keys (401).
    """
    root: Mapping[str, Any] = {}
    messages: Any = value
    if isinstance(value, dict):
        root = value
        messages = value.get("batch", [value])
    if not isinstance(messages, list):
        raise undecodable("the batch must be a list of events")
    if not messages:
        raise undecodable("the request holds no event")
    sent_at = moment_of(root.get("sent_at"))
    if sent_at is None:
        sent_at = _milliseconds(request.query.get("_") or request.query.get("sent_at"))
    key = _common_key(key_of(root), messages)
    return SentBatch(key, messages, sent_at, root.get("historical_migration") is True)


def key_of(message: Mapping[str, Any]) -> str | None:
    """Return the project key at the root of a message; None if there is none."""
    for name in KEYS:
        key = message.get(name)
        if isinstance(key, str) and key:
            return key
    return None


def _common_key(root: str | None, messages: Iterable[Any]) -> str:
    key = root
    for message in messages:
        if type(message) is not dict:
            continue
        own = message.get("token") or message.get("api_key") or message.get("$token")
        if own is None and root is None:
            # Only without a key at the root: an application may have a property of this name.
            properties = message.get("properties")
            own = properties.get("token") if type(properties) is dict else None
        if own is None or own == key or not isinstance(own, str):
            continue
        if key is not None:
            raise unauthorized("batch submitted with inconsistent api_key values")
        key = own
    if key is None:
        raise unauthorized("event submitted without an api_key")
    _check(key)
    return key


def _check(key: str) -> None:
    """Check what can be seen of a key without knowing the projects."""
    why = None
    if key.startswith("phx_"):
        why = "personal_api_key"
    elif len(key) > _LONGEST_KEY:
        why = "too_long"
    elif not key.isascii():
        why = "not_ascii"
    elif "\0" in key:
        why = "null_byte"
    if why is not None:
        raise unauthorized(f"API key is not valid: {why}")


def _milliseconds(text: str | None) -> float | None:
    if not text or not text.isdecimal() or len(text) > 15:
        return None
    return int(text) / _MILLISECONDS


def unauthorized(why: str) -> Refused:
    """Return the refusal of a request whose key is missing or wrong; the text never has the key."""
    return Refused(text_response(why, 401))
