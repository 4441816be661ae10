"""The transports have the name ``flagengine.transports`` in every kind of installation."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.packaging.building import ROOT, build, environment, python_of

USE = """
import pickle
import transports
assert transports.OWNER == "the application", transports
from flagengine.transports import Client, JsonlSink
from flagengine.transports.retry import RetryPolicy
assert Client.__module__ == "flagengine.transports.client.client"
assert b"flagengine.transports.retry" in pickle.dumps(RetryPolicy())
assert pickle.loads(pickle.dumps(RetryPolicy())) == RetryPolicy()
"""
SAME = """
import importlib, pathlib, sys
import transports.retry
import flagengine.transports as real
assert transports is real
for name in NAMES:
    alias = importlib.import_module("transports" + name)
    module = importlib.import_module("flagengine.transports" + name)
    assert alias is module, name
    assert module.__name__ == module.__spec__.name == "flagengine.transports" + name
from transports.client.options import Options
assert Options is real.Options
try:
    import transports.nothing
except ModuleNotFoundError as error:
    assert error.name == "transports.nothing"
else:
    raise AssertionError
"""
WRONG = """
from flagengine import evalute
from flagengine.transports import Clint, JsonlSink
wrong: int = JsonlSink("events")
"""
OTHER_NAME = re.compile(
    r"""\bfrom transports\b(?!/)|(?<!from flagengine )\bimport transports\b|["']transports\.[a-z]"""
)


@pytest.fixture(scope="module")
def installed(request, built, tmp_path_factory):
    """Make a folder with an application and a virtual environment with flagengine."""
    folder = tmp_path_factory.mktemp("installed")
    if request.param != "wheel":
        with_link = request.param == "editable"
        built = build(folder, "b.build_editable('..')", with_link=with_link)
    packages = environment(folder / "venv", built.wheel)
    # The distribution ``transports`` of PyPI, and an application with a folder ``transports``.
    own(packages / "transports", "the distribution")
    own(folder / "application" / "transports", "the application")
    return folder


def own(folder, owner):
    folder.mkdir(parents=True)
    (folder / "__init__.py").write_text(f"OWNER = {owner!r}\n", "utf-8")


@pytest.mark.parametrize("installed", ["wheel", "editable", "editable, no link"], indirect=True)
def test_neither_a_distribution_nor_a_folder_called_transports_is_in_the_way(installed):
    run(python_of(installed / "venv"), "-c", USE, cwd=installed / "application")


@pytest.mark.parametrize("installed", ["wheel", "editable"], indirect=True)
@pytest.mark.parametrize("checker", ["mypy", "pyright"])
def test_type_checkers_find_the_types(installed, checker, tmp_path):
    program = installed / "application" / "program.py"
    program.write_text(WRONG, "utf-8")
    python = python_of(installed / "venv")
    pytest.importorskip(checker)
    options = {
        "mypy": ["--python-executable", python, "--strict", "--cache-dir", tmp_path],
        "pyright": ["--pythonpath", python],
    }
    command = [sys.executable, "-m", checker]
    # pyright fetches its program at its first use.
    if subprocess.run([*command, "--version"], capture_output=True, check=False).returncode:
        pytest.skip(f"{checker} does not start")
    command += options[checker]
    done = subprocess.run(
        [*command, program.name], cwd=program.parent, capture_output=True, text=True, check=False
    )
    assert done.returncode == 1, done.stderr
    for name in ("JsonlSink", "evalute", "Clint"):
        assert name in done.stdout, done.stdout
    assert len(re.findall(r"\berror: ", done.stdout)) == 1 + 2, done.stdout


def test_in_a_checkout_import_transports_gives_the_same_modules():
    names = [
        "".join(f".{step}" for step in path.relative_to(ROOT / "transports").with_suffix("").parts)
        for path in sorted((ROOT / "transports").rglob("*.py"))
    ]
    names = [name.removesuffix(".__init__") for name in names]
    run(sys.executable, "-c", SAME.replace("NAMES", repr(names)), cwd=ROOT)


def test_nothing_in_the_repository_uses_another_name():
    places = [ROOT / "README.md", *(ROOT / "docs").glob("*.md")]
    for folder in ("transports", "tests", "benchmarks", "docs"):
        places += (ROOT / folder).rglob("*.py")
    found = [
        path.relative_to(ROOT).as_posix()
        for path in places
        if path.parent != Path(__file__).parent and OTHER_NAME.search(path.read_text("utf-8"))
    ]
    assert found == []


def run(*command, cwd):
    done = subprocess.run(command, cwd=cwd, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")
