"""The uses that posthog-python's documentation describes, with posthog-python and with the import changed."""

from __future__ import annotations

import json
import logging
import re
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import Any, Final

import pytest

from flagengine.transports.posthog.connections import _chosen
from tests.transports.mock_server import Answer, MockServer, Seen

try:
    from ..context import django_project as _  # configures Django
except ImportError:
    _ = None
from .support import fresh_module

SNIPPETS: Final = dict(
    re.findall(
        r"^## (.*?)\n```python\n(.*?)^```",
        Path(__file__).with_name("snippets.md").read_text("utf-8"),
        re.DOTALL | re.MULTILINE,
    )
)
LACKING_IN_POSTHOG: Final = {
    "exceptions by hand, with the id by position": "its 7.91.1 takes the exception alone by position",
    "asyncio": "its AsyncPosthog has no feature_enabled, only evaluate_flags; it needs httpx",
    "models of language": "needs the package openai",
}
"""The snippets that posthog-python 7.91.1 does not run here, with the reason."""
LACKING_HERE: Final = {
    "models of language": "there are no wrappers of AI libraries; the ImportError says what to use",
}
"""The snippets that do not run with the import changed, with the reason."""

FLAGS: Final = {
    "flags": {
        key: {
            "key": key,
            "enabled": value is not False,
            "variant": value if isinstance(value, str) else None,
            "reason": {"code": "condition_match", "condition_index": 0, "description": "matched"},
            "metadata": {"id": 1, "version": 1, "payload": payload, "description": ""},
        }
        for key, value, payload in (
            ("beta", True, None),
            ("old-checkout", False, None),
            ("button", "blue", '{"size": 2}'),
        )
    },
    "errorsWhileComputingFlags": False,
    "requestId": "r-1",
}
RULE: Final = {"key": "plan", "type": "person", "operator": "exact", "value": "pro"}
DEFINITIONS: Final = {
    "flags": [
        {
            "id": 1,
            "key": "local",
            "active": True,
            "filters": {"groups": [{"properties": [RULE], "rollout_percentage": 100}]},
        }
    ],
    "group_type_mapping": {},
    "cohorts": {},
}


class Server(MockServer):
    """A server that answers as PostHog's does."""

    def record(self, seen: Seen) -> Answer:
        super().record(seen)
        return self._answer(seen.path)

    def _answer(self, path: str) -> Answer:
        def of(body: Any) -> Answer:
            return Answer(body=json.dumps(body).encode())

        if "definitions" in path or "local_evaluation" in path:
            return of(DEFINITIONS)
        if "remote_config" in path:
            return of('{"orders": 3}')
        return of(FLAGS) if path.startswith("/flags") else of({"status": 1})


@pytest.fixture(scope="module", name="server")
def _server() -> Iterator[Server]:
    with Server() as server:
        yield server


def _run(source: str, server: Server, module: ModuleType) -> list[tuple[str, str]]:
    """Run a snippet; return the events that it has sent, with the ids of those that have one."""
    server.seen.clear()
    namespace: dict[str, Any] = {"HOST": server.url, "__name__": "snippet"}
    try:
        exec(compile(source, "snippet", "exec"), namespace)
    finally:
        for client in {
            id(each): each for each in (*namespace.values(), module.default_client)
        }.values():
            if isinstance(client, module.Posthog | module.Client):
                client.shutdown()
    sent = [each.json() for each in server.seen if "batch" in each.path]
    events = [event for body in sent for event in body["batch"]]
    return sorted((each["event"], _person(each["distinct_id"])) for each in events)


def _person(distinct_id: str) -> str:
    return distinct_id if distinct_id in ("ada", "bob") else "somebody"


def _here(name: str, server: Server) -> list[tuple[str, str]]:
    source = re.sub(
        r"\b(from|import) posthog\b", r"\1 flagengine.transports.posthog", SNIPPETS[name]
    )
    source = re.sub(
        r"^import (flagengine\S+)$", r"import \1 as posthog", source, flags=re.MULTILINE
    )
    source = source.replace('"posthog.integrations', '"flagengine.transports.posthog.integrations')
    try:
        with fresh_module() as module:
            return _run(source, server, module)
    finally:
        _chosen.clear()


def _there(name: str, server: Server, monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, str]]:
    posthog = pytest.importorskip("posthog", reason="needs the group `differential`")
    for setting, value in vars(posthog).items():
        if setting.islower() and not callable(value) and not setting.startswith("__"):
            monkeypatch.setattr(posthog, setting, value)
    monkeypatch.setattr(posthog, "default_client", None)
    return _run(SNIPPETS[name], server, posthog)


@pytest.fixture(autouse=True)
def _usual(monkeypatch: pytest.MonkeyPatch) -> None:
    # Both clients turn the log on with debug=True, posthog-python for good.
    monkeypatch.setattr(logging, "basicConfig", lambda: None)


def test_there_are_as_many_snippets_as_pages_and_both_lists_name_some_of_them():
    assert len(SNIPPETS) == 38
    assert SNIPPETS.keys() >= LACKING_IN_POSTHOG.keys() | LACKING_HERE.keys()
    assert len(LACKING_HERE) <= len(LACKING_IN_POSTHOG) <= 3


@pytest.mark.parametrize("name", SNIPPETS)
def test_a_snippet_runs_with_the_import_changed(name, server):
    if name == "Django":
        pytest.importorskip("django", reason="needs Django, of the group `test`")
    if name not in LACKING_HERE:
        _here(name, server)
        return
    with pytest.raises(ImportError, match="flagengine has no wrappers of AI libraries"):
        _here(name, server)


@pytest.mark.parametrize("name", SNIPPETS)
@pytest.mark.filterwarnings(
    "ignore::DeprecationWarning", "ignore::UserWarning", "ignore::RuntimeWarning"
)
def test_a_snippet_sends_the_events_that_posthog_python_sends(name, server, monkeypatch):
    if name in LACKING_IN_POSTHOG:
        with pytest.raises((AttributeError, ImportError, TypeError, AssertionError)):
            _there(name, server, monkeypatch)
        return
    expected = _there(name, server, monkeypatch)
    assert _here(name, server) == _with_differences(name, expected)


DIFFERENCES: Final = {
    # Both set the properties once: the event's name has no meaning for the server.
    "person properties alone": {("$set_once", "ada"): ("$set", "ada")},
}
"""The events that are others here, by what they are with posthog-python."""


def _with_differences(name: str, expected: list[tuple[str, str]]) -> list[tuple[str, str]]:
    others = DIFFERENCES.get(name, {})
    return sorted(others.get(each, each) for each in expected)
