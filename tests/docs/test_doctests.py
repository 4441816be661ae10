"""The examples in docstrings give what they show."""

import doctest
import importlib
import pkgutil

import pytest

import flagengine

MODULES = [
    name
    for _, name, _ in pkgutil.walk_packages(flagengine.__path__, "flagengine.")
    if not name.endswith((".__main__", "._accelerator"))
]


@pytest.mark.parametrize("name", ["flagengine", *MODULES])
def test_the_examples_of_a_module_are_true(name):
    if ".adapters." in name and not name.endswith("columns_added"):
        pytest.importorskip(
            name.rpartition(".")[2].removesuffix("_files").replace("spark", "pyspark")
        )
    assert doctest.testmod(importlib.import_module(name)).failed == 0
