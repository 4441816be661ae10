"""The page about configuring the server has every setting, and the examples of containers are right."""

import re
from pathlib import Path

import pytest

from flagengine.transports.server import read_configuration
from flagengine.transports.server.configuration import SERVER_SETTINGS
from flagengine.transports.server.project_configuration import PROJECT_SETTINGS
from tests.docs.blocks import ROOT

PAGE = (ROOT / "docs/serve-relay.md").read_text(encoding="utf-8")
SETTINGS = {"`[server]`": SERVER_SETTINGS, "`[[projects]]`": PROJECT_SETTINGS}


@pytest.mark.parametrize("table", SETTINGS)
def test_every_setting_is_in_its_table(table: str):
    text = PAGE.partition(f"| {table} |")[2].partition("\n\n")[0]
    named = {
        name
        for row in text.splitlines()
        if row.startswith("| `")
        for name in re.findall(r"`(\w+)`", row.split("|")[1])
    }
    assert named == set(SETTINGS[table])


def test_the_configuration_of_the_containers_can_be_read(tmp_path: Path):
    environment = {
        "POSTHOG_SECRET_KEY": "phs_0123456789abcdef",
        "REDIS_URL": "redis://redis:6379/0",
    }
    found = read_configuration(ROOT / "docs/container/server.toml", environment)
    (project,) = found.settings.projects
    assert project.events == Path("/var/lib/flagengine")


def test_the_configuration_in_the_config_map_can_be_read(tmp_path: Path):
    text = (ROOT / "docs/container/kubernetes.yaml").read_text(encoding="utf-8")
    (block,) = re.findall(r"  server\.toml: \|\n((?:    .*\n)+)", text)
    file = tmp_path / "server.toml"
    file.write_text(re.sub("^    ", "", block, flags=re.MULTILINE))
    found = read_configuration(file, {"POSTHOG_SECRET_KEY": "phs_0123456789abcdef"})
    assert found.settings.access_log == "json"
