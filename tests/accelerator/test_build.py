"""Builds with and without a C compiler, and the source distribution."""

import os
import shutil
import subprocess
import sys
import sysconfig
import tarfile
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
LEFT_OUT = shutil.ignore_patterns(
    ".*", "build", "dist", "*.egg-info", "*.so", "*.pyd", "__pycache__", "htmlcov"
)
C_FILES = sorted(path.name for path in (ROOT / "flagengine" / "native").glob("*.[ch]"))
USES_IT = """
from flagengine.hashing import buckets as hashing
assert hashing.__file__.startswith({site!r}), hashing.__file__
assert hashing.bucket("flag-a.", "user-0") == 205516703491801865
assert hashing.rollout(hashing.Algorithm.SHA1, "flag-a.", hashing.bound(18.0))("user-0")
assert not hashing.rollout(hashing.Algorithm.SHA1, "flag-a.", hashing.bound(17.8))("user-0")
if hashing.ACCELERATOR != "none":
    from flagengine.native._accelerator import PlainFlag, TextTest
    test = TextTest("p", "equals", ("a",), False)
    assert test.test({{"p": "A"}}) is True
    flag = PlainFlag(((test, None, None, ("match",), "out", False),), "nothing", print)
    assert flag("user-0", {{"p": "A"}}) == "match"
print(hashing.ACCELERATOR)
"""


def _build(kind: str, tree: Path, **environment: str) -> Path:
    source = tree / "source"
    shutil.copytree(ROOT, source, ignore=LEFT_OUT)
    code = f"from setuptools import build_meta; build_meta.build_{kind}({str(tree)!r})"
    subprocess.run(
        [sys.executable, "-c", code],
        cwd=source,
        env={**os.environ, **environment},
        check=True,
        capture_output=True,
    )
    return next(path for path in tree.iterdir() if path.is_file())


def _accelerator_of(wheel: Path) -> str:
    site = wheel.parent / "site"
    zipfile.ZipFile(wheel).extractall(site)
    # Without `site`, no .pth file makes the extension of an editable install importable.
    packages = [str(site), sysconfig.get_path("purelib"), sysconfig.get_path("platlib")]
    return subprocess.run(
        [sys.executable, "-P", "-S", "-c", USES_IT.format(site=str(site))],
        cwd=site.parent,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(packages)},
        check=True,
        capture_output=True,
        text=True,
    ).stdout.strip()


def _extensions(wheel: Path) -> list[str]:
    names = zipfile.ZipFile(wheel).namelist()
    return [name for name in names if name.endswith((".so", ".pyd"))]


def test_without_a_compiler_the_wheel_is_built_and_works_without_the_extension(
    tmp_path: Path,
) -> None:
    wheel = _build("wheel", tmp_path, CC="false", LDSHARED="false")
    assert _extensions(wheel) == []
    assert _accelerator_of(wheel) == "none"


@pytest.mark.skipif(
    not any(map(shutil.which, ("cc", "gcc", "clang"))), reason="there is no C compiler here"
)
def test_with_a_compiler_the_wheel_has_the_extension(tmp_path: Path) -> None:
    wheel = _build("wheel", tmp_path)
    assert len(_extensions(wheel)) == 1
    assert _accelerator_of(wheel) in {"avx-512", "sha-ni", "armv8-ce", "portable-c"}
    assert "flagengine/native/_accelerator.pyi" in zipfile.ZipFile(wheel).namelist()


def test_the_source_distribution_has_every_c_file(tmp_path: Path) -> None:
    with tarfile.open(_build("sdist", tmp_path)) as archive:
        names = {name.partition("/")[2] for name in archive.getnames()}
    assert len(C_FILES) >= 9
    assert {f"flagengine/native/{name}" for name in [*C_FILES, "_accelerator.pyi"]} <= names
