"""The adapters of clients and raw documents, polls, columns, and the server that counts events."""

from __future__ import annotations

import gzip
import http.client
import json
from array import array
from typing import TYPE_CHECKING, Any

import pytest

from benchmarks.asking import ask_of, check
from benchmarks.columns import nanoseconds_per_row, texts
from benchmarks.expected import WrongAnswerError
from benchmarks.polling import Poll
from benchmarks.processes import AbsentError
from benchmarks.rivals import ours_client
from benchmarks.rivals.ours import Copied, Many, Mapping, Octets, One, Text
from benchmarks.sink import Sink
from benchmarks.workloads import make
from flagengine import Snapshot
from flagengine.transports import Response

if TYPE_CHECKING:
    from benchmarks.rivals.base import Question, Rival

_PERSONS = 10


def _checked(rival: Any, name: str) -> Question:
    workload = make(name, _PERSONS)
    engine = rival.load(rival.document(workload))
    question: Question = engine.question(workload)
    subjects = [(person.id, engine.subject(person)) for person in workload.persons]
    check(workload, question, subjects, rival.bucketing)
    return question


@pytest.mark.parametrize("adapter", [One, Mapping, Copied, Text, Octets])
@pytest.mark.parametrize("name", ["w1", "forty"])
def test_one_answer_of_any_form_of_the_definitions(adapter: type[Rival], name: str) -> None:
    _checked(adapter(), name)


def test_raw_documents_that_are_copied_are_equal_and_not_the_same() -> None:
    documents = _checked(Copied(), "forty").names["definitions"]
    first, second = next(documents), next(documents)  # type: ignore[call-overload]
    assert first == second
    assert first is not second


@pytest.mark.parametrize(
    ("adapter", "name"),
    [
        (ours_client.Getter, "w1"),
        (ours_client.ToldGetter, "w1"),
        (ours_client.EvaluateFlags, "mix/40"),
        (ours_client.Capture, "capture"),
    ],
)
def test_the_client_gives_the_expected_answers(adapter: Any, name: str) -> None:
    question = _checked(adapter(), name)
    question.settle()


@pytest.mark.parametrize(("adapter", "batches"), [("Getter", 0), ("ToldGetter", 1)])
def test_only_a_told_getter_has_an_event_and_only_the_first_time(
    adapter: str, batches: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    sent: list[object] = []

    class Transport:
        def request(self, request: object) -> Response:
            sent.append(request)
            return Response(200)

    monkeypatch.setattr(ours_client, "_swallow", lambda _: Transport())
    question = _checked(getattr(ours_client, adapter)(), "w1")
    question.settle()
    assert len(sent) == batches
    for person in make("w1", _PERSONS).persons:
        ask_of(question)(person.id, dict(person.properties))
    question.settle()
    assert len(sent) == batches


def test_a_poll_changes_one_flag_and_checks_all_answers() -> None:
    poll = Poll(Many())
    assert poll.change(1) > 0.0
    assert poll.change(2) > 0.0


def test_a_later_document_is_parsed_with_the_earlier_snapshot_where_that_is_possible(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    rival, seen = Many(), []

    def parse(document: str, previous: Snapshot | None = None) -> Snapshot:
        seen.append(previous)
        return real(document)

    real = Snapshot.parse
    monkeypatch.setattr(Snapshot, "parse", staticmethod(parse))
    rival.load('{"flags": []}')
    first = rival._snapshot
    rival.reload('{"flags": []}')
    assert seen == [None, first]


def test_a_column_is_hashed_as_hashlib_does() -> None:
    assert nanoseconds_per_row(Many().column(*texts(50)), 50) > 0.0


def test_a_column_with_a_wrong_number_is_refused() -> None:
    with pytest.raises(WrongAnswerError, match="row 0"):
        nanoseconds_per_row(lambda: array("Q", [0]), 1)


def _post(host: str, body: bytes, **headers: str) -> None:
    connection = http.client.HTTPConnection(host.removeprefix("http://"))
    connection.request("POST", "/batch/", body, headers)
    assert connection.getresponse().status == 200
    connection.close()


def test_the_server_counts_events_and_forgets_them() -> None:
    body = json.dumps({"batch": [{"event": "a"}, {"event": "b"}]}).encode()
    with Sink() as sink:
        _post(sink.host, body)
        _post(sink.host, gzip.compress(body), **{"Content-Encoding": "gzip"})
        sink.expect(4)
        sink.expect(0)
        _post(sink.host, body)
        with pytest.raises(AbsentError, match="2 events of 3 arrived"):
            sink.expect(3)


def test_a_client_delivers_every_event() -> None:
    with Sink() as sink:
        assert ours_client.Capture().deliver(sink.host, 250) > 0.0
        sink.expect(250)
