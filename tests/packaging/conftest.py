"""The fixtures of the packaging tests."""

import zipfile

import pytest

from tests.packaging.building import build


@pytest.fixture(scope="session")
def built(tmp_path_factory):
    """A wheel and a source distribution."""
    commands = "b.build_wheel('..'); b.build_sdist('..')"
    return build(tmp_path_factory.mktemp("built"), commands, with_link=True)


@pytest.fixture
def wheel(built):
    with zipfile.ZipFile(built.wheel) as archive:
        yield archive
