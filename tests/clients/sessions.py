"""A server for one client at a time: a definitions file that changes, and the events that arrive."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlencode
from urllib.request import urlopen

from flagengine.transports.polling.sources.file import FileDefinitions
from flagengine.transports.server import ProjectSettings, Server, ServerSettings
from flagengine.transports.server.background import BackgroundServer

__all__ = ["KEY", "SECRET", "Session", "document", "running_session"]

KEY: Final = "phc_session"
SECRET: Final = "phs_session"


def document(**changed: Any) -> dict[str, Any]:
    """Return definitions with a flag of every kind; ``changed`` are other filters by the flag's key."""
    on = {"groups": [{"properties": [], "rollout_percentage": 100}]}
    variants = [{"key": key, "rollout_percentage": share} for key, share in (("a", 0), ("b", 100))]
    plan = {"key": "plan", "type": "person", "operator": "exact", "value": "pro"}
    size = {"key": "size", "type": "group", "group_type_index": 0, "operator": "gt", "value": 5}
    limits = {"true": '{"max": 5}'}
    filters = {
        "beta": on,
        "layout": {
            **on,
            "multivariate": {"variants": variants},
            "payloads": {"b": '{"density": 1}'},
        },
        "pro": {"groups": [{"properties": [plan], "rollout_percentage": 100}]},
        "team": {
            "groups": [{"properties": [size], "rollout_percentage": 100}],
            "aggregation_group_type_index": 0,
        },
        "limits": {**on, "payloads": limits},
        "nobody": {"groups": [{"properties": [], "rollout_percentage": 0}]},
        **changed,
    }
    flags = [
        {
            "id": number,
            "key": key,
            "name": key.title(),
            "version": 3,
            "active": True,
            "filters": each,
            "is_remote_configuration": key == "limits",
        }
        for number, (key, each) in enumerate(filters.items(), 1)
    ]
    flags.append({"id": 99, "key": "retired", "active": False, "filters": on})
    return {"flags": flags, "group_type_mapping": {"0": "company"}, "cohorts": {}}


@dataclass(frozen=True)
class Session:
    """A running server with the definitions in a file."""

    url: str
    file: Path

    def define(self, definitions: Mapping[str, Any]) -> None:
        """Write other definitions, as an editor does."""
        written = self.file.with_suffix(".new")
        written.write_text(json.dumps(definitions), encoding="utf-8")
        written.replace(self.file)

    def events(self, **wanted: Any) -> list[dict[str, Any]]:
        """Return the events that have arrived; wait for the first."""
        with urlopen(f"{self.url}/_events?{urlencode({'wait': 30, **wanted})}") as response:
            return list(json.load(response)["events"])


@contextmanager
def running_session(folder: Path) -> Iterator[Session]:
    """Run a server for development with a file of definitions."""
    file = folder / "flags.json"
    file.write_text(json.dumps(document()), encoding="utf-8")
    project = ProjectSettings(
        project_key=KEY,
        secret_keys=(SECRET,),
        source=FileDefinitions(file),
        poll_interval=0.05,
        complete=True,
    )
    server = Server(ServerSettings(projects=(project,), is_development=True, shutdown_timeout=1.0))
    with BackgroundServer(server) as running:
        yield Session(running.url, file)
