"""Distributions built from copies of this checkout, and environments to install them into."""

import os
import shutil
import subprocess
import sys
import zipfile
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[2]
LEFT_OUT = shutil.ignore_patterns(
    "node_modules", ".*", "build", "dist", "*.egg-info", "*.so", "*.pyd", "__pycache__", "htmlcov"
)
WITHOUT_COMPILER = {"CC": "false", "LDSHARED": "false"}


@dataclass(frozen=True)
class Built:
    """The folder with the distributions, and the copy from which they were built."""

    folder: Path
    source: Path

    @property
    def wheel(self) -> Path:
        """The only wheel."""
        return next(self.folder.glob("*.whl"))


def build(target: Path, commands: str, *, with_link: bool) -> Built:
    """Copy the checkout and run commands of the build backend ``b``."""
    source = target / "source"
    shutil.copytree(ROOT, source, ignore=LEFT_OUT, symlinks=True)
    if not with_link:
        without_link(source)
    run_backend(source, commands)
    return Built(target, source)


def without_link(source: Path) -> None:
    """Leave of a checkout what git and ZIP archives leave where there are no symbolic links."""
    link = source / "flagengine" / "transports"
    if not link.is_symlink():
        # A source distribution has the folder here, and the link at the top.
        (source / "transports").unlink()
        link.rename(source / "transports")
    link.unlink(missing_ok=True)
    link.write_text("../transports", "utf-8")


def run_backend(source: Path, commands: str) -> None:
    """Run commands of the build backend ``b`` in a source tree, without a C compiler."""
    subprocess.run(
        [sys.executable, "-c", f"from setuptools import build_meta as b; {commands}"],
        cwd=source,
        env=os.environ | WITHOUT_COMPILER,
        check=True,
        capture_output=True,
    )


def environment(folder: Path, wheel: Path) -> Path:
    """Install a wheel into a new virtual environment; return the folder of its packages.

    The dependencies of the wheel come from the environment of the tests, without its editable
    installs.
    """
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", folder], check=True)
    packages = next(folder.glob("lib/*/site-packages"), folder / "Lib" / "site-packages")
    others = [path for path in sys.path if path.endswith("site-packages")]
    (packages / "zz_dependencies.pth").write_text("\n".join(others), "utf-8")
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(packages)
    return packages


def python_of(folder: Path) -> Path:
    """Return the Python of a virtual environment."""
    return next(folder.glob("bin/python"), folder / "Scripts" / "python.exe")
