"""Hands the language-neutral kit under `fixtures/` to the tests of this directory."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.transports.mock_server import MockServer

FIXTURES = Path(__file__).parents[2] / "fixtures"


def entries(folder: str, member: str) -> list[dict[str, Any]]:
    paths = sorted((FIXTURES / folder).glob("*.json"))
    assert paths, f"no fixtures in {FIXTURES / folder}"
    return [one for path in paths for one in json.loads(path.read_text(encoding="utf-8"))[member]]


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    for name, folder in (("case", "cases"), ("document", "documents")):
        if name in metafunc.fixturenames:
            found = entries(folder, f"{name}s")
            metafunc.parametrize(name, found, ids=[one["id"] for one in found])


@pytest.fixture(scope="session")
def fixtures() -> Path:
    return FIXTURES


@pytest.fixture(scope="session")
def every_entry() -> list[dict[str, Any]]:
    return [*entries("cases", "cases"), *entries("documents", "documents")]


@pytest.fixture
def server() -> Iterator[MockServer]:
    with MockServer() as running:
        yield running
