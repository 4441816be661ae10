"""Parametrizes the tests of this directory with the language-neutral kit under `fixtures/`.

The evaluators of a case or a document are chosen here, at collection, so no test returns early.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.conformance.applicable import applicable, flags_of_documents
from tests.conformance.published import FIXTURES, all_documents, entries
from tests.transports.mock_server import MockServer


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    if "case" in metafunc.fixturenames:
        chosen = metafunc.config.getoption("--evaluators")
        pairs = list(applicable(chosen.split(",")) if chosen else applicable())
        names = [f"{backend.name}-{case.id}" for backend, case in pairs]
        metafunc.parametrize(("backend", "case"), pairs, ids=names)
    for name in ("fine_flag", "unsupported_flag"):
        if name in metafunc.fixturenames:
            found = list(flags_of_documents(name.removesuffix("_flag")))
            ids = [f"{backend.name}-{document['id']}-{key}" for backend, document, key in found]
            metafunc.parametrize(("evaluator", "document", name), found, ids=ids)
    for name, is_chosen in DOCUMENTS.items():
        if name in metafunc.fixturenames:
            found = [document for document in all_documents() if is_chosen(document)]
            metafunc.parametrize(name, found, ids=[document["id"] for document in found])


DOCUMENTS = {
    "refused_document": lambda document: "error" in document,
    "accepted_document": lambda document: "error" not in document,
}


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
