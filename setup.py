"""What pyproject.toml cannot say: the folder ``transports/`` is installed as ``flagengine.transports``.

docs/decisions/0002-transports-package-name.md gives the reasons.
"""

from contextlib import suppress
from pathlib import Path

from setuptools import find_packages, setup
from setuptools.command.sdist import sdist

NAME = "flagengine.transports"


class SourceDistribution(sdist):
    """A source distribution with the folder ``transports`` too, for its tests."""

    def make_release_tree(self, base_dir: str, files: list[str]) -> None:
        """Make the link the other way round than in a checkout.

        What a build needs is then no link, which Windows may be unable to unpack.
        """
        super().make_release_tree(base_dir, files)
        with suppress(OSError):
            (Path(base_dir) / "transports").symlink_to("flagengine/transports")


packages = find_packages(include=["flagengine", "flagengine.*"])
if NAME in packages:
    # The link flagengine/transports: every package lies where its name says. So an editable install
    # is a plain path, which type checkers can follow.
    package_dir = {"": "."}
else:
    # A checkout without symbolic links (Windows, a ZIP archive).
    package_dir = {NAME: "transports"}
    packages += [
        f"flagengine.{name}" for name in find_packages(include=["transports", "transports.*"])
    ]

setup(package_dir=package_dir, packages=packages, cmdclass={"sdist": SourceDistribution})
