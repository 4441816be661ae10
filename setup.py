"""What pyproject.toml cannot say: the folder ``transports/`` is installed as ``flagengine.transports``.

docs/decisions/0002-transports-package-name.md gives the reasons.
"""

from setuptools import find_packages, setup

NAME = "flagengine.transports"

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

setup(package_dir=package_dir, packages=packages)
