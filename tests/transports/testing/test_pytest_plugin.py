"""The pytest plugin in runs of its own: the fixture, the marker, strict reads and the report."""

from __future__ import annotations

import json
import subprocess
import sys
from importlib.metadata import entry_points
from pathlib import Path

import pytest

# Before the runs below: what they import first would be imported a second time after them.
from flagengine.transports import Client, NullSink
from flagengine.transports.testing import (
    ForcedFlags,
    pytest_definitions,
    pytest_reads,
)

IMPORTED = (Client, NullSink, ForcedFlags, pytest_definitions, pytest_reads)

pytest_plugins = ["pytester"]
PLUGIN = "flagengine.transports.testing.pytest_plugin"
ROOT = Path(__file__).parents[3]
BETA = {"key": "beta", "active": True, "filters": {"groups": [{}]}}
APPLICATION = """
    from flagengine.transports import Client

    client = Client(disabled=True)

    def page():
        return "new" if client.is_feature_enabled("new-checkout", "user-1") else "old"
"""


@pytest.fixture
def runs(pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> pytest.Pytester:
    # Other plugins take seconds to load.
    monkeypatch.setenv("PYTEST_DISABLE_PLUGIN_AUTOLOAD", "1")
    monkeypatch.setenv("PYTEST_ADDOPTS", f"-p no:cacheprovider -p {PLUGIN}")
    pytester.syspathinsert()
    pytester.makepyfile(application=APPLICATION)
    return pytester


def test_the_fixture_forces_flags_for_one_test(runs: pytest.Pytester) -> None:
    runs.makepyfile(
        """
        from application import page

        def test_first(flags):
            assert page() == "old"
            flags.set("new-checkout")
            assert page() == "new"
            assert flags.read == ["new-checkout"]
            assert [each.value for each in flags.evaluated] == [None, True]

        def test_second():
            assert page() == "old"

        def test_third(flags):
            flags.define({"flags": [{"key": "b", "active": True, "filters": {"groups": [{}]}}]})
            assert flags.client.is_feature_enabled("b", "user-1")
            assert flags.events[0]["event"] == "$feature_flag_called"
        """
    )
    runs.runpytest().assert_outcomes(passed=3)


def test_markers_force_flags_and_the_nearest_wins(runs: pytest.Pytester) -> None:
    runs.makepyfile(
        """
        import unittest
        import pytest
        from application import client, page

        pytestmark = pytest.mark.flags("everywhere", {"new-checkout": False})

        def value(key):
            return client.get_feature_flag(key, "user-1")

        @pytest.fixture(autouse=True)
        def early():
            return value("everywhere")

        def test_of_the_module(early):
            assert (early, page(), value("everywhere")) == (True, "old", True)

        @pytest.mark.flags({"new-checkout": True, "color": "red"})
        class TestOfTheClass:
            def test_of_the_class(self):
                assert (page(), value("color")) == ("new", "red")

            @pytest.mark.flags(color="blue")
            def test_of_the_function(self, flags):
                assert (page(), value("color")) == ("new", "blue")
                flags.set("color", "green")
                assert value("color") == "green"

        @pytest.mark.parametrize(
            "expected", [None, pytest.param("x", marks=pytest.mark.flags(color="x"))]
        )
        def test_of_a_parameter(expected):
            assert value("color") == expected

        @pytest.mark.flags(color="case")
        class Case(unittest.TestCase):
            def test_of_a_case(self):
                self.assertEqual(value("color"), "case")
        """
    )
    runs.runpytest("--strict-markers").assert_outcomes(passed=6)


def test_a_wrong_marker_fails_its_test_in_words(runs: pytest.Pytester) -> None:
    runs.makepyfile("import pytest\n@pytest.mark.flags(beta=object())\ndef test_it(): pass")
    result = runs.runpytest()
    result.assert_outcomes(errors=1)
    result.stdout.fnmatch_lines(
        ["*@pytest.mark.flags: the override of 'beta' must be True, False*"]
    )


UNKNOWN = """
    import pytest
    from application import client, page

    def test_known(flags):
        flags.set("new-checkout")
        assert page() == "new"

    def test_hidden(flags):
        flags.set("new-checkout", None)
        assert page() == "old"

    def test_unknown(flags):
        flags.set("new-checkouts")
        assert page() == "old"

    def test_fails_otherwise(flags):
        page()
        assert 1 == 2

    @pytest.fixture
    def early():
        page()
        yield
        client.get_feature_flag("late", "user-1")

    def test_in_fixtures(early):
        pass
"""


def test_strict_reads_of_unknown_keys_fail_with_the_nearest_name(runs: pytest.Pytester) -> None:
    runs.makepyfile(UNKNOWN)
    result = runs.runpytest("--flags-strict")
    result.assert_outcomes(passed=2, failed=3, errors=1)
    result.stdout.fnmatch_lines_random(
        [
            "unknown flag 'new-checkout' was read at *application.py:6; did you mean 'new-checkouts'?",
            "*assert 1 == 2",
            "unknown flag 'late' was read at *:*",
        ]
    )
    assert result.stdout.str().count("unknown flag 'new-checkout' was read at") >= 3


def test_without_the_option_nothing_is_strict_and_the_ini_file_has_it_too(
    runs: pytest.Pytester,
) -> None:
    runs.makepyfile(UNKNOWN)
    runs.runpytest().assert_outcomes(passed=4, failed=1)
    runs.makeini("[pytest]\nflagengine_strict = true")
    runs.runpytest().assert_outcomes(passed=2, failed=3, errors=1)


def test_keys_of_the_configured_definitions_are_known(runs: pytest.Pytester) -> None:
    runs.makefile(".json", flags=json.dumps({"flags": [BETA, {**BETA, "key": "new-checkout"}]}))
    runs.makeini("[pytest]\nflagengine_strict = true\nflagengine_definitions = flags.json")
    runs.makepyfile(
        """
        from application import client, page

        def test_known(flags):
            assert page() == "old"
            assert flags.client.is_feature_enabled("beta", "user-1")

        def test_client_definitions(flags):
            client.get_feature_flag("bta", "user-1")
        """
    )
    result = runs.runpytest()
    result.assert_outcomes(passed=1, failed=1)
    result.stdout.fnmatch_lines(["unknown flag 'bta' was read at *; did you mean 'beta'?"])


@pytest.mark.parametrize(
    ("content", "message"),
    [(None, "*flagengine_definitions must be a file of flag definitions, got *nowhere.json: No such*"),
     ("{", "*flagengine_definitions must be a file of flag definitions, got *nowhere.json: *")],
)  # fmt: skip
def test_wrong_definitions_are_named(
    runs: pytest.Pytester, content: str | None, message: str
) -> None:
    runs.makeini("[pytest]\nflagengine_definitions = nowhere.json\nflagengine_strict = true")
    if content is not None:
        runs.makefile(".json", nowhere=content)
    runs.makepyfile("def test_it(flags): pass")
    result = runs.runpytest()
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    result.stderr.fnmatch_lines([message])


def test_strict_reads_know_no_flag_because_the_server_cannot_be_reached(
    runs: pytest.Pytester,
) -> None:
    runs.makepyfile(
        """
        from flagengine.transports import Client, ManualDriver, MemoryDefinitions, NullSink
        from flagengine.transports.errors import ConnectError

        class Unreachable:
            def request(self, *arguments, **options):
                raise ConnectError("unreachable")

        def test_unknown():
            definitions = MemoryDefinitions({"flags": [{"key": "beta", "active": True}]})
            client = Client(
                "phc_x", definitions=definitions, sink=NullSink(), driver=ManualDriver(), transport=Unreachable()
            )
            assert client.get_feature_flag("beta", "user-1") is False
            assert client.get_feature_flag("bta", "user-1") is None
        """
    )
    result = runs.runpytest("--flags-strict")
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(["unknown flag 'bta' was read at *; did you mean 'beta'?"])


def test_values_hold_in_a_loop_that_a_fixture_began_before_also_if_reads_are_strict(
    runs: pytest.Pytester,
) -> None:
    runs.makepyfile(
        """
        import asyncio
        import contextvars
        import pytest
        from application import page

        @pytest.fixture
        def loop():
            with asyncio.Runner() as runner:
                runner.get_loop()  # which keeps the context of now
                yield runner

        def test_it(loop, flags):
            async def read():
                return page()
            flags.set("new-checkout")
            assert loop.run(read()) == "new"
            assert flags.read == ["new-checkout"]
        """
    )
    for options in ([], ["--flags-strict"]):
        runs.runpytest(*options).assert_outcomes(passed=1)


REPORTED = """
    from application import client, page

    def test_a(flags):
        flags.set("new-checkout")
        page()
        page()

    def test_b(flags):
        flags.set("color", "red")
        client.get_feature_flag("color", "user-1")
        page()

    def test_c():
        pass
"""


@pytest.mark.parametrize("workers", [[], ["-p", "xdist", "-n1"]], ids=["here", "xdist"])
def test_the_report_says_which_flags_each_test_read(
    runs: pytest.Pytester, workers: list[str]
) -> None:
    runs.makepyfile(REPORTED)
    result = runs.runpytest("--flags-report", "--flags-report-json=reads.json", *workers)
    result.assert_outcomes(passed=3)
    result.stdout.fnmatch_lines(
        [
            "*flags read*",
            'color         1 test     "red"',
            "new-checkout  2 tests    null, true  unknown",
            "2 flags; 1 of 3 tests read none",
        ]
    )
    written = json.loads((runs.path / "reads.json").read_text(encoding="utf-8"))
    name = "test_the_report_says_which_flags_each_test_read.py"
    assert written["version"] == 1
    assert written["tests"] == {
        f"{name}::test_a": {"new-checkout": {"reads": 2, "values": [True], "unknown": False}},
        f"{name}::test_b": {
            "color": {"reads": 1, "values": ["red"], "unknown": False},
            "new-checkout": {"reads": 1, "values": [None], "unknown": True},
        },
        f"{name}::test_c": {},
    }


@pytest.mark.parametrize("workers", [[], ["-p", "xdist", "-n1"]], ids=["here", "xdist"])
def test_mistaken_keys_do_not_break_the_report(runs: pytest.Pytester, workers: list[str]) -> None:
    runs.makepyfile(
        """
        from application import client

        def test_mistakes(flags):
            for key in (None, 5, b"x", "\\ud800", "a\\x1b[31m"):
                client.get_feature_flag(key, "user-1")
            assert flags.read == ["None", "5", "b'x'", "\\ud800", "a\\x1b[31m"]
        """
    )
    result = runs.runpytest("--flags-report", "--flags-report-json=reads.json", *workers)
    result.assert_outcomes(passed=1)
    result.stdout.fnmatch_lines([r"\ud800 *unknown", r"a\x1b[[]31m *unknown", "b'x' *unknown"])
    (read,) = json.loads((runs.path / "reads.json").read_text(encoding="utf-8"))["tests"].values()
    assert list(read) == sorted(["None", "5", "b'x'", "\ud800", "a\x1b[31m"])


@pytest.mark.parametrize(
    ("target", "why"), [("nowhere/reads.json", "the folder does not exist"), (".", "*")]
)
def test_a_report_that_cannot_be_written_is_named(
    runs: pytest.Pytester, target: str, why: str
) -> None:
    runs.makepyfile("def test_it(): pass")
    result = runs.runpytest(f"--flags-report-json={target}")
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    text = f"*--flags-report-json must be a file that can be written, got {target}: {why}"
    result.stderr.fnmatch_lines([text])


def test_pytest_finds_the_plugin_by_itself(request: pytest.FixtureRequest) -> None:
    (found,) = entry_points(group="pytest11", name="flagengine")
    assert found.value == PLUGIN
    assert request.config.pluginmanager.has_plugin("flagengine")


def test_the_plugin_imports_nothing_heavy_until_a_test_uses_it() -> None:
    program = (
        "import sys, pytest, importlib, typing; before = {*sys.modules};"
        "import flagengine.transports.testing.pytest_plugin;"
        "print(*sorted({*sys.modules} - before))"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True, cwd=ROOT
    )
    assert done.stdout.split() == [
        "flagengine",
        "flagengine.extras",
        "flagengine.transports",
        "flagengine.transports.testing",
        "flagengine.transports.testing.pytest_plugin",
    ]


def test_the_fixture_needs_no_extra_and_its_client_says_which(runs: pytest.Pytester) -> None:
    runs.makepyfile(
        """
        import sys
        import pytest
        from flagengine import evaluate_flag

        def test_it(flags):
            flags.set("beta", "x")
            assert evaluate_flag({"flags": []}, "beta", "u", overrides=flags.overrides).value == "x"
            with pytest.raises(ModuleNotFoundError, match="needs cachetools: pip install 'flagengine.client.'"):
                flags.client
        """
    )
    runs.makeconftest(
        "import sys\nsys.modules.update(requests=None, cachetools=None, urllib3=None)"
    )
    runs.runpytest_subprocess().assert_outcomes(passed=1)
