"""The content of the wheel and of the source distribution."""

import tarfile
import zipfile
from email import message_from_bytes
from pathlib import Path

import pytest

from tests.packaging.building import build, run_backend

ROOT = Path(__file__).parents[2]


@pytest.fixture
def sdist(built):
    with tarfile.open(next(built.folder.glob("*.tar.gz"))) as archive:
        return {name.partition("/")[2] for name in archive.getnames()}


def modules_in(folder, installed):
    return {
        f"{installed}/{path.relative_to(ROOT / folder).as_posix()}"
        for path in (ROOT / folder).rglob("*.py")
        if "__pycache__" not in path.parts
    }


@pytest.mark.parametrize(
    ("folder", "installed"),
    [("flagengine", "flagengine"), ("transports", "flagengine/transports")],
)
def test_both_packages_are_whole_in_wheel_and_source_distribution(wheel, sdist, folder, installed):
    modules = modules_in(folder, installed)
    assert modules
    assert modules <= set(wheel.namelist())
    assert modules <= sdist


@pytest.mark.parametrize(
    "name",
    [
        "flagengine/py.typed",
        "flagengine/native/_accelerator.pyi",
        "flagengine/analysis/lint/schemas/definitions.v1.json",
        "flagengine/analysis/lint/schemas/rules.v2.json",
        "flagengine/cli/schemas/evaluate.json",
    ],
)
def test_data_files_are_in_wheel_and_source_distribution(wheel, sdist, name):
    assert name in wheel.namelist()
    assert name in sdist


def test_the_source_distribution_has_what_a_build_needs(sdist):
    native = ROOT / "flagengine" / "native"
    in_c = {f"flagengine/native/{path.name}" for path in native.glob("*.[ch]")}
    assert {
        "flagengine/native/module.c",
        "flagengine/native/sha1.c",
        "flagengine/native/sha1.h",
    } <= in_c
    assert in_c | {"pyproject.toml", "README.md", "LICENSE"} <= sdist


def test_the_wheel_has_nothing_but_the_one_package(wheel):
    top = {name.partition("/")[0] for name in wheel.namelist()}
    metadata = {name for name in top if name.endswith(".dist-info")}
    assert top - metadata == {"flagengine"}
    assert len(metadata) == 1


def test_the_wheel_has_no_sources_in_c(wheel):
    assert [name for name in wheel.namelist() if name.endswith((".c", ".h"))] == []


def test_a_checkout_without_symbolic_links_builds_the_same_wheel(wheel, tmp_path):
    other = build(tmp_path, "b.build_wheel('..')", with_link=False)
    with zipfile.ZipFile(other.wheel) as archive:
        assert set(archive.namelist()) == set(wheel.namelist())


def test_the_source_distribution_builds_the_same_wheel(built, wheel, tmp_path):
    with tarfile.open(next(built.folder.glob("*.tar.gz"))) as archive:
        archive.extractall(tmp_path, filter="data")
    run_backend(next(tmp_path.iterdir()), "b.build_wheel('..')")
    with zipfile.ZipFile(next(tmp_path.glob("*.whl"))) as archive:
        assert set(archive.namelist()) == set(wheel.namelist())


def test_the_metadata_names_extras_command_and_licence(wheel):
    def read(name):
        path = next(path for path in wheel.namelist() if path.endswith(f".dist-info/{name}"))
        return wheel.read(path)

    metadata = message_from_bytes(read("METADATA"))
    assert {"cli", "test", "lint"} <= set(metadata.get_all("Provides-Extra"))
    assert metadata["License-Expression"] == "MIT"
    assert metadata["Requires-Python"] == ">=3.11"
    assert b"flagengine = flagengine.cli:main" in read("entry_points.txt")
    assert b"fetch = flagengine.transports.cli.fetch:command" in read("entry_points.txt")
