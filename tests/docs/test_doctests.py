"""The examples in docstrings are correct."""

import doctest
import importlib

import pytest

from tests.architecture.layers import PACKAGES, modules

WITH_EXAMPLES = [
    name
    for package in PACKAGES
    for name, path in modules(package).items()
    if ">>> " in path.read_text("utf-8")
]


@pytest.mark.parametrize("name", WITH_EXAMPLES)
def test_the_examples_of_a_module_are_true(name):
    if ".adapters." in name and not name.endswith("columns_added"):
        pytest.importorskip(
            name.rpartition(".")[2].removesuffix("_files").replace("spark", "pyspark")
        )
    results = doctest.testmod(importlib.import_module(name))
    assert results.attempted
    assert results.failed == 0
