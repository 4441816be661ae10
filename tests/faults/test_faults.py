"""A tiny run of each script in this folder, which must print its totals and exit with 0."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

HERE = Path(__file__).parent
needs_fork = pytest.mark.skipif(not hasattr(os, "fork"), reason="the platform has no fork")


def holds(script: str, *sizes: object) -> None:
    done = subprocess.run(
        [sys.executable, str(HERE / script), *map(str, sizes)],
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr


def test_a_storm_of_events_loses_and_doubles_none() -> None:
    holds("event_storm.py", 5_000, 4)


def test_a_killed_process_loses_nothing_that_it_acknowledged() -> None:
    holds("spool_kill.py", 2)


@needs_fork
def test_forks_while_events_are_sent_lose_and_double_none() -> None:
    holds("fork_storm.py", 5)


def test_a_server_that_dies_costs_no_event_and_no_order() -> None:
    holds("server_dies.py", 0.3, 2)


def test_answers_under_changing_definitions_are_of_one_snapshot() -> None:
    holds("changing_definitions.py", 30, 4)


def test_answers_of_a_server_under_changing_definitions_are_of_one_document() -> None:
    holds("serve_changes.py", 4_000, 20)


def test_connections_to_a_server_see_definitions_only_grow_newer() -> None:
    holds("serve_changes.py", 1_500, 10, "--sockets")


def test_a_day_of_polls_is_as_many_requests_as_its_interval_says() -> None:
    holds("serve_day.py", 24)


def test_people_who_are_all_different_leave_nothing_in_a_server() -> None:
    holds("serve_people.py", 1_000)
