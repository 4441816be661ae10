"""The logging handler: which records are reported, and at which level."""

from __future__ import annotations

import logging

import pytest

from flagengine.transports.exceptions import ExceptionLogHandler, ReportingPolicy

pytestmark = pytest.mark.contract("capture-exception", "exception-event-metadata")


@pytest.fixture
def logged():
    reported = []
    handler = ExceptionLogHandler(lambda error, options: reported.append((error, options)))
    loggers = [logging.getLogger(name) for name in ("shop", "flagengine.shop")]
    for logger in loggers:
        logger.addHandler(handler)
    yield reported
    for logger in loggers:
        logger.removeHandler(handler)


def test_a_logged_exception_is_reported_with_the_records_level(logged):
    error = ValueError("boom")
    logging.getLogger("shop").critical("failed", exc_info=error)
    assert logged == [
        (
            error,
            {
                "level": "fatal",
                "mechanism_type": "logger",
                "handled": True,
                "source": "python.logging",
            },
        )
    ]


def test_records_without_an_exception_below_the_level_or_our_own_are_not_reported(logged):
    logging.getLogger("shop").error("failed")
    logging.getLogger("shop").warning("failed", exc_info=ValueError())
    logging.getLogger("flagengine.shop").error("failed", exc_info=ValueError())
    logging.getLogger("shop").error("failed", exc_info=(None, None, None))
    assert logged == []


@pytest.mark.parametrize(
    ("number", "level"),
    [(10, "debug"), (5, "debug"), (20, "info"), (35, "warning"), (45, "error"), (60, "fatal")],
)
def test_custom_levels_count_as_the_one_below(number, level):
    reported = []
    handler = ExceptionLogHandler(lambda _, options: reported.append(options["level"]), level=1)
    record = logging.makeLogRecord(
        {"levelno": number, "exc_info": (ValueError, ValueError(), None)}
    )
    handler.handle(record)
    assert reported == [level]


def test_a_report_that_raises_is_no_failure_of_the_log_call(monkeypatch):
    monkeypatch.setattr(logging, "raiseExceptions", False)
    handler = ExceptionLogHandler(lambda *_: 1 / 0)
    handler.handle(
        logging.makeLogRecord({"levelno": 40, "exc_info": (ValueError, ValueError(), None)})
    )
    assert handler._is_busy() is False


def test_an_exception_logged_while_reporting_is_not_reported_again():
    reported = []

    def report(error, _):
        reported.append(error)
        handler.handle(record)

    handler = ExceptionLogHandler(report)
    record = logging.makeLogRecord({"levelno": 40, "exc_info": (ValueError, ValueError(), None)})
    handler.handle(record)
    assert len(reported) == 1


def test_a_logged_exception_that_is_no_failure_is_not_reported():
    reported = []
    policy = ReportingPolicy(ignored=("ValueError",))
    handlers = [
        ExceptionLogHandler(lambda error, _: reported.append(error)),
        ExceptionLogHandler(lambda error, _: reported.append(error), policy=policy),
    ]
    for error in (KeyboardInterrupt(), ValueError()):
        record = logging.makeLogRecord({"levelno": 40, "exc_info": (type(error), error, None)})
        for handler in handlers:
            handler.handle(record)
    assert [type(error) for error in reported] == [ValueError]


def test_a_report_that_nobody_awaits_is_refused():
    async def report(_error, _options):
        pass

    with pytest.raises(TypeError, match=r"ExceptionLogHandler\.report must be a plain function"):
        ExceptionLogHandler(report)
