"""Workers: an engine in its own process is called and checked, and reported if it is absent."""

from __future__ import annotations

import sys

import pytest

from benchmarks import processes
from benchmarks.processes import AbsentError, Process
from benchmarks.session import Session, Settings


def test_a_worker_is_opened_calibrated_and_timed() -> None:
    with Process("no-op") as worker:
        assert worker.ask("open", workload="w1", persons=5) == {"subjects": 5}
        assert worker.ask("calibrate", least_ns=1)["passes"] >= 1
        assert worker.value("slot") > 0.0
        assert worker.value("threads", count=2) > 0.0


def test_a_workload_that_a_candidate_cannot_do_is_an_absence_with_its_reason() -> None:
    with Process("no-op") as worker, pytest.raises(AbsentError, match="W1 and W5 only") as found:
        worker.ask("open", workload="w2", persons=5)
    assert not found.value.wrong


def test_a_worker_that_dies_is_a_wrong_absence() -> None:
    with pytest.raises(AbsentError, match="no candidate is called 'nobody'") as found:
        Process("nobody")
    assert found.value.wrong


def test_the_accelerator_can_be_hidden() -> None:
    with Process("flagengine-pure") as worker:
        assert worker.hello["accelerator"] is False


def test_a_session_records_who_was_measured_and_who_was_absent() -> None:
    settings = Settings(("no-op",), rounds=2, slot_ms=1)
    with Session(settings) as session:
        session.time("w1", "w1", 5)
        session.time("w2", "w2", 5)
    (found,) = session.results.measurements
    (absence,) = session.results.absences
    assert (found.workload, found.candidate, len(found.samples)) == ("w1", "no-op", 2)
    assert (absence.workload, absence.candidate, absence.wrong) == ("w2", "no-op", False)


def test_an_engine_that_is_not_installed_is_absent_and_not_wrong(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    # Without site-packages, no rival can be imported.
    monkeypatch.setattr(processes, "_INTERPRETER", (sys.executable, "-S"))
    with pytest.raises(AbsentError, match="cannot be imported") as found:
        Process("eppo")
    assert not found.value.wrong


def test_a_candidate_that_stands_aside_is_measured_where_it_is_named() -> None:
    settings = Settings(("no-op", "flagengine-mapping"), rounds=2, slot_ms=1)
    with Session(settings) as session:
        assert session.common() == ("no-op",)
        session.time("w9", "forty", 5, only=("flagengine-mapping", "eppo"))
    (found,) = session.results.measurements
    assert found.candidate == "flagengine-mapping"


def test_another_figure_is_sampled_in_turn_after_a_first_try() -> None:
    rounds: list[int] = []

    def ask(process: Process, number: int) -> float:
        rounds.append(number)
        return process.value("column", rows=10)

    with Session(Settings(("flagengine", "no-op"))) as session:
        session.sample("w13", "ns", ask, ("flagengine", "no-op"), rounds=2)
    (found,) = session.results.measurements
    assert (found.candidate, len(found.samples)) == ("flagengine", 2)
    assert rounds == [0, 0, 1, 2]
    assert session.results.absences[0].candidate == "no-op"


def test_the_memory_of_a_workload_and_of_remembered_ids_is_measured() -> None:
    with Process("flagengine") as worker:
        few, many = (worker.value("weigh", workload=f"operands/{size}") for size in (1, 10_000))
    assert 0.0 < few < many
    with Process("flagengine-client-told") as worker:
        found = worker.ask("remember", ids=20)
    assert found["ns"] > 0.0
    assert found["bytes"] >= 0.0
