"""What is in the wheel and in the source distribution."""

import os
import shutil
import subprocess
import sys
import tarfile
import zipfile
from email import message_from_bytes
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
LEFT_OUT = shutil.ignore_patterns(
    ".*", "build", "dist", "*.egg-info", "*.so", "*.pyd", "__pycache__", "htmlcov"
)


@pytest.fixture(scope="module")
def built(tmp_path_factory):
    """A wheel and a source distribution, built from a copy, without a C compiler."""
    target = tmp_path_factory.mktemp("built")
    source = target / "source"
    shutil.copytree(ROOT, source, ignore=LEFT_OUT)
    build = "from setuptools import build_meta as b; b.build_wheel('..'); b.build_sdist('..')"
    subprocess.run(
        [sys.executable, "-c", build],
        cwd=source,
        env=os.environ | {"CC": "false", "LDSHARED": "false"},
        check=True,
        capture_output=True,
    )
    return target


@pytest.fixture(scope="module")
def wheel(built):
    with zipfile.ZipFile(next(built.glob("*.whl"))) as archive:
        yield archive


@pytest.fixture(scope="module")
def sdist(built):
    with tarfile.open(next(built.glob("*.tar.gz"))) as archive:
        return {name.partition("/")[2] for name in archive.getnames()}


def modules_in(package):
    return {
        path.relative_to(ROOT).as_posix()
        for path in (ROOT / package).rglob("*.py")
        if "__pycache__" not in path.parts
    }


@pytest.mark.parametrize("package", ["flagengine", "transports"])
def test_both_packages_are_whole_in_wheel_and_source_distribution(wheel, sdist, package):
    assert modules_in(package)
    assert modules_in(package) <= set(wheel.namelist())
    assert modules_in(package) <= sdist


@pytest.mark.parametrize(
    "name",
    [
        "flagengine/py.typed",
        "transports/py.typed",
        "flagengine/native/_accelerator.pyi",
        "flagengine/lint/schemas/definitions.v1.json",
    ],
)
def test_data_files_are_in_wheel_and_source_distribution(wheel, sdist, name):
    assert name in wheel.namelist()
    assert name in sdist


def test_the_source_distribution_has_what_a_build_needs(sdist):
    native = ROOT / "flagengine" / "native"
    in_c = {f"flagengine/native/{path.name}" for path in native.glob("*.[ch]")}
    assert {"flagengine/native/module.c", "flagengine/native/native.h"} <= in_c
    assert in_c | {"pyproject.toml", "README.md", "LICENSE"} <= sdist


def test_the_wheel_has_nothing_but_the_two_packages(wheel):
    top = {name.partition("/")[0] for name in wheel.namelist()}
    metadata = {name for name in top if name.endswith(".dist-info")}
    assert top - metadata == {"flagengine", "transports"}
    assert len(metadata) == 1


def test_the_metadata_names_extras_command_and_licence(wheel):
    def read(name):
        path = next(one for one in wheel.namelist() if one.endswith(f".dist-info/{name}"))
        return wheel.read(path)

    metadata = message_from_bytes(read("METADATA"))
    assert {"cli", "test", "lint"} <= set(metadata.get_all("Provides-Extra"))
    assert metadata["License-Expression"] == "MIT"
    assert metadata["Requires-Python"] == ">=3.11"
    assert b"flagengine = flagengine.cli:main" in read("entry_points.txt")
