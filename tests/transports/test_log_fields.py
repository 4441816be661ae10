"""The fields of log records: the same names everywhere, and nothing confidential."""

from __future__ import annotations

import logging
from typing import Any

import pytest

from flagengine.transports import NullSink, Response
from flagengine.transports.log_fields import log_fields
from tests.transports.client.bench import BATCH, DEFINITIONS, FLAGS, SECRET, Bench, local, needs

from .client.bench import flag

USER = "person-7"


def fields_of(record: logging.LogRecord) -> dict[str, Any]:
    return {
        name.removeprefix("flagengine_"): value
        for name, value in vars(record).items()
        if name.startswith("flagengine_")
    }


def logged(caplog: pytest.LogCaptureFixture, text: str) -> dict[str, Any]:
    """Return the fields of the only record with this text."""
    (found,) = [each for each in caplog.records if text in each.getMessage()]
    return fields_of(found)


@pytest.fixture(autouse=True)
def _everything(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG, "flagengine")


def test_a_flag_that_is_not_decided_has_its_key_and_reason(
    caplog: pytest.LogCaptureFixture,
) -> None:
    with Bench(None, definitions=local(flag("pro", needs("plan"))), sink=NullSink()) as bench:
        bench.client.get_feature_flag("pro", USER)
    found = logged(caplog, "cannot be decided locally")
    assert found == {"flag": "pro", "reason": "missing_context"}


def test_failed_requests_have_their_error_and_status(caplog: pytest.LogCaptureFixture) -> None:
    with Bench(secret_key=SECRET) as bench:
        bench.server.play(DEFINITIONS, Response(500))
        bench.client.reload_feature_flags()
        bench.server.play(FLAGS, *[Response(503)] * 4)
        bench.client.get_feature_flag("beta", USER)
    assert logged(caplog, "Could not load flag definitions")["status"] == 500
    found = logged(caplog, "could not fetch flags")
    assert found == {"error": "StatusError", "status": 503}


def test_lost_events_have_their_lane_number_and_reason(caplog: pytest.LogCaptureFixture) -> None:
    with Bench() as bench:
        bench.server.play(BATCH, Response(400))
        bench.client.capture("bought", distinct_id=USER)
        bench.client.flush()
    found = logged(caplog, "lost")
    assert {name: found[name] for name in ("lane", "event", "count", "status")} == {
        "lane": "events",
        "event": "bought",
        "count": 1,
        "status": 400,
    }
    assert found["reason"]


def test_a_failing_callback_and_a_failing_hook_have_their_names(
    caplog: pytest.LogCaptureFixture,
) -> None:
    def hook(_: Any) -> Any:
        raise ZeroDivisionError

    with Bench(before_send=hook) as bench:
        bench.client.on("error", lambda _: {}["missing"])
        bench.client.capture("bought", distinct_id=USER)
        bench.client.flush()
    assert logged(caplog, "before_send raised") == {"event": "bought"}
    assert logged(caplog, "a callback of the application failed") == {"error": "KeyError"}


def test_no_field_tells_an_id_or_runs_the_code_of_an_error(
    caplog: pytest.LogCaptureFixture,
) -> None:
    class OddError(Exception):
        @property
        def status(self) -> int:
            raise AssertionError

    assert log_fields(error=OddError()) == {"flagengine_error": "OddError"}
    with Bench(definitions=local(flag("pro", needs("plan")))) as bench:
        bench.server.play(FLAGS, *[Response(503)] * 4)
        bench.client.get_feature_flag("pro", USER, person_properties={"email": "a@b.io"})
        bench.client.capture("bought", distinct_id=USER, properties={"price": "secret"})
    values = [str(value) for each in caplog.records for value in fields_of(each).values()]
    assert values
    assert not any(secret in value for value in values for secret in (USER, "a@b.io", "secret"))
