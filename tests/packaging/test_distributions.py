"""The content of the wheel and of the source distribution."""

import os
import subprocess
import sys
import tarfile
import tomllib
import zipfile
from email import message_from_bytes
from pathlib import Path

import pytest

from tests.packaging.building import build, run_backend

ROOT = Path(__file__).parents[2]


def unpack(built, folder):
    with tarfile.open(next(built.folder.glob("*.tar.gz"))) as archive:
        archive.extractall(folder, filter="data")
    return next(folder.iterdir())


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
        "flagengine/transports/client/signatures.pyi",
        "flagengine/transports/server/explorer/page/page.html",
        "flagengine/transports/server/explorer/page/start.js",
        "flagengine/transports/server/explorer/page/tokens.css",
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
    run_backend(unpack(built, tmp_path), "b.build_wheel('..')")
    with zipfile.ZipFile(next(tmp_path.glob("*.whl"))) as archive:
        assert set(archive.namelist()) == set(wheel.namelist())


def test_the_source_distribution_has_what_its_tests_read(sdist):
    def files_in(folder):
        return {
            path.relative_to(ROOT).as_posix()
            for path in (ROOT / folder).rglob("*")
            if path.is_file() and not {"__pycache__", "node_modules"} & {*path.parts}
        }

    ours = {"SPEC.md", "CHANGELOG.md", "CONTRIBUTING.md", "Makefile", "transports"}
    for folder in ("tests", "fixtures", "docs"):
        ours |= files_in(folder)
    assert len(ours) > 500
    assert ours - sdist == set()
    assert "benchmarks/workloads.py" in sdist
    assert "benchmarks/results/run.json" in sdist


def test_tests_run_in_an_unpacked_source_distribution(built, tmp_path):
    unpacked = unpack(built, tmp_path)
    assert (unpacked / "transports").samefile(unpacked / "flagengine" / "transports")
    places = ["tests/conformance/test_schema.py", "tests/transports/test_breaker.py"]
    options = ["-q", "-p", "no:cacheprovider", "-p", "no:xdist", "-rN"]
    done = subprocess.run(
        [sys.executable, "-P", "-m", "pytest", *options, *places],
        cwd=unpacked,
        env={key: value for key, value in os.environ.items() if not key.startswith("PYTEST")},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert " passed" in done.stdout


def metadata_of(wheel):
    path = next(path for path in wheel.namelist() if path.endswith(".dist-info/METADATA"))
    return message_from_bytes(wheel.read(path))


def test_the_metadata_names_command_licence_authors_and_addresses(wheel):
    metadata = metadata_of(wheel)
    assert metadata["License-Expression"] == "MIT"
    assert metadata["Requires-Python"] == ">=3.11"
    assert metadata["Author"] == "The flagengine developers"
    addresses = dict(line.split(", ") for line in metadata.get_all("Project-URL"))
    assert {"Source", "Issues", "Changelog"} <= set(addresses)
    assert all(address.startswith("https://") for address in addresses.values())
    path = next(path for path in wheel.namelist() if path.endswith("/entry_points.txt"))
    commands = wheel.read(path)
    assert b"flagengine = flagengine.cli:main" in commands
    assert b"fetch = flagengine.transports.cli.fetch:command" in commands


def test_extras_are_for_users_and_groups_for_developers(wheel):
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))
    groups = project["dependency-groups"]
    extras = set(metadata_of(wheel).get_all("Provides-Extra"))
    assert {"all", "cli", "client"} <= extras
    assert {"test", "lint", "dev"} <= set(groups)
    assert extras.isdisjoint(groups)
    # pip would fetch the published flagengine for a group.
    needed = [need for group in groups.values() for need in group if isinstance(need, str)]
    assert [need for need in needed if need.lower().startswith("flagengine")] == []


def test_the_extra_all_has_every_extra_but_spark(wheel):
    metadata = metadata_of(wheel)
    everything = next(
        need.partition("[")[2].partition("]")[0].split(",")
        for need in metadata.get_all("Requires-Dist")
        if need.startswith("flagengine[") and "extra == 'all'" in need.replace('"', "'")
    )
    assert {*everything, "spark", "all"} == set(metadata.get_all("Provides-Extra"))
