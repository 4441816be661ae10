"""The folders that settings name: whether they can be used, which is asked before a server starts."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from flagengine.transports.polling.sources.host_cache import HostFlagCache
from flagengine.transports.server import ProjectSettings, ServerSettings
from flagengine.transports.server.events.lanes import folders_of
from flagengine.transports.server.settings import UpstreamSettings
from flagengine.transports.server.usable_paths import check_paths, make_folders


def _settings(events: Path | None = None, shared: Path | None = None) -> ServerSettings:
    project = ProjectSettings(
        project_key="phc_a",
        upstream=UpstreamSettings(host="https://a.example"),
        events=events,
        cache=None if shared is None else HostFlagCache("a", directory=shared),
    )
    other = ProjectSettings(name="other", project_key="phc_b")
    return ServerSettings(projects=(other, project))


def test_missing_folders_are_made_at_the_start_for_this_user_alone(tmp_path: Path):
    settings = _settings(tmp_path / "a" / "events", tmp_path / "b" / "shared")
    check_paths(settings)
    assert list(tmp_path.iterdir()) == []
    for _ in range(2):
        make_folders(settings)
        check_paths(settings)
    made = [tmp_path / "a" / "events", tmp_path / "b" / "shared"]
    assert [list(folder.iterdir()) for folder in made] == [[], []]
    if hasattr(os, "geteuid"):
        assert [folder.stat().st_mode & 0o777 for folder in made] == [0o700, 0o700]


def test_what_stands_where_a_lane_keeps_its_events_is_named(tmp_path: Path):
    settings = _settings(tmp_path)
    lane = folders_of(settings.projects[1])[1]
    lane.parent.mkdir()
    lane.write_text("")
    with pytest.raises(ValueError, match=r"projects\[1\]\.events .* is not a folder") as said:
        check_paths(settings)
    assert str(lane) in str(said.value)


def test_a_folder_of_others_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(
        os, "access", lambda path, _mode: Path(path) != tmp_path
    )  # root may write everywhere
    with pytest.raises(ValueError, match=f"got {tmp_path}: it is not writable for this user"):
        check_paths(_settings(tmp_path))
    with pytest.raises(ValueError, match=f"got {tmp_path}/a/b: {tmp_path} is not writable"):
        check_paths(_settings(shared=tmp_path / "a" / "b"))


@pytest.mark.skipif(not hasattr(os, "geteuid"), reason="modes of POSIX")
def test_a_shared_folder_that_others_may_write_to_is_refused(tmp_path: Path):
    tmp_path.chmod(0o777)
    settings = _settings(shared=tmp_path)
    for refuses in (check_paths, make_folders):
        with pytest.raises(
            ValueError, match=r"\.shared_folder .*: it must belong .* must not be writable by other"
        ):
            refuses(settings)
    check_paths(_settings(events=tmp_path))


def test_a_folder_that_only_making_it_shows_to_fail_stops_the_start(tmp_path: Path):
    settings = _settings(tmp_path / "events")
    (tmp_path / "events").write_text("")
    with pytest.raises(ValueError, match=r"projects\[1\]\.events must be a folder .*: File exists"):
        make_folders(settings)
