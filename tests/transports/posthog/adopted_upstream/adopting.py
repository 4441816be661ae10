"""A pytest plugin for posthog-python's own tests: every client that they make is adopted.

Run as ``pytest -p tests.transports.posthog.adopted_upstream.adopting``. It writes, to the file that
``ADOPTED_RESULTS`` names, the outcome of each test that made a client, in JSON. Nothing leaves the machine.
"""

import functools
import json
import os
import socket
from pathlib import Path

import pytest
from posthog.client import Client

from flagengine.transports.posthog import adopt

_FAILED, _PASSED = "failed", "passed"


class _Outcomes:
    """What became of each test that made a client."""

    def __init__(self):
        self.by_test = {}
        self.made_a_client = False

    def note(self, report):
        before = self.by_test.get(report.nodeid)
        if report.failed:
            self.by_test[report.nodeid] = _FAILED
        elif before is None and report.when == "teardown" and self.made_a_client:
            self.by_test[report.nodeid] = _PASSED
        if report.when == "teardown":
            self.made_a_client = False


outcomes = _Outcomes()
_construct = Client.__init__


@functools.wraps(_construct)
def _construct_adopted(self, *arguments, **options):
    # Tests that expect no success of a request would wait for each attempt.
    _construct(self, *arguments, **{"max_retries": 0, **options})
    adopt(self)
    outcomes.made_a_client = True


def _no_network(*_, **__):
    raise OSError("posthog's tests run without a network")


def pytest_configure():
    Client.__init__ = _construct_adopted
    socket.getaddrinfo = _no_network


def pytest_runtest_logreport(report):
    outcomes.note(report)


@pytest.hookimpl(trylast=True)
def pytest_sessionfinish():
    path = os.environ.get("ADOPTED_RESULTS")
    if path:
        Path(path).write_text(json.dumps(outcomes.by_test, indent=1, sort_keys=True))
