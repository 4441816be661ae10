"""posthog-python, as its users call it."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from typing import Any

from lines import drive, in_turn
from posthog import Posthog
from posthog.version import VERSION

_NEVER = 86_400
_PATIENT: dict[str, Any] = {"timeout": 60, "feature_flags_request_timeout_seconds": 60}
_clients: list[Posthog] = []
_notes: list[str] = []


class _Noted(logging.Handler):
    def emit(self, record: logging.LogRecord) -> None:
        _notes.append(record.getMessage())


logging.getLogger("posthog").addHandler(_Noted(logging.WARNING))
logging.getLogger("posthog").propagate = False


def _options(asked: Mapping[str, Any]) -> dict[str, Any]:
    names = ("groups", "person_properties", "group_properties", "device_id")
    return {name: asked[name] for name in names if name in asked}


def _said(result: Any) -> dict[str, Any]:
    if result is None:
        return {"value": None, "payload": None}
    return {"value": result.get_value(), "payload": result.payload}


def _ask(asked: Mapping[str, Any]) -> dict[str, Any]:
    client = Posthog(
        asked["project_key"], host=asked["url"], send=False, sync_mode=True, **_PATIENT
    )
    try:
        return _said(
            client.get_feature_flag_result(
                asked["flag_key"],
                asked["distinct_id"],
                send_feature_flag_events=False,
                **_options(asked),
            )
        )
    finally:
        client.shutdown()


def _ask_locally(asked: Mapping[str, Any]) -> dict[str, Any]:
    client = Posthog(
        asked["project_key"],
        secret_key=asked["secret_key"],
        host=asked["url"],
        send=False,
        sync_mode=True,
        poll_interval=_NEVER,
        **_PATIENT,
    )
    try:
        return _said(
            client.get_feature_flag_result(
                asked["flag_key"],
                asked["distinct_id"],
                only_evaluate_locally=True,
                send_feature_flag_events=False,
                **_options(asked),
            )
        )
    finally:
        client.shutdown()


def _open(url: str, project_key: str, secret_key: str | None = None) -> None:
    client = Posthog(
        project_key,
        secret_key=secret_key,
        host=url,
        poll_interval=0.1,
        on_error=lambda error, _: _notes.append(repr(error)),
    )
    _clients.append(client)


def _flag(flag_key: str, distinct_id: str, *, is_local: bool = False, **asked: Any) -> Any:
    result = _clients[-1].get_feature_flag_result(
        flag_key, distinct_id, only_evaluate_locally=is_local, **_options(asked)
    )
    return _said(result)


def _remote_config(flag_key: str) -> Any:
    return _clients[-1].get_remote_config_payload(flag_key)


def _flush() -> None:
    _clients[-1].flush()


def _notes_so_far() -> list[str]:
    found = list(_notes)
    _notes.clear()
    return found


drive(
    {"name": "posthog-python", "version": VERSION},
    {
        "ask": in_turn(_ask),
        "askLocally": in_turn(_ask_locally),
        "open": _open,
        "flags": lambda distinct_id, **asked: _clients[-1].get_all_flags_and_payloads(
            distinct_id, **_options(asked)
        ),
        "flag": _flag,
        "remoteConfig": _remote_config,
        "capture": lambda distinct_id, event, properties: _clients[-1].capture(
            event, distinct_id=distinct_id, properties=properties
        ),
        "flush": _flush,
        "notes": _notes_so_far,
        "end": lambda: _clients.pop().shutdown(),
    },
)
