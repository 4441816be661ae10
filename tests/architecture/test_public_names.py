"""What the package exports, and what the transports may use of it."""

from importlib import import_module

import pytest

import flagengine
from tests.architecture.layers import ROOT, imports, modules


def _public(module: str) -> set[str]:
    """Return the names of a module that are its own and have no underscore."""
    found = import_module(module)
    return {
        name
        for name, value in vars(found).items()
        if not name.startswith("_") and getattr(value, "__module__", "").startswith("flagengine")
    }


def test_all_is_every_public_name():
    for name in flagengine.__all__:
        getattr(flagengine, name)  # loaded on demand
    exported = set(flagengine.__all__) - {"NOT_GIVEN"}  # an enumeration's member
    assert exported <= set(vars(flagengine))
    assert _public("flagengine") - exported <= {"NOT_GIVEN"}


def test_the_names_are_sorted_and_documented():
    assert flagengine.__all__ == sorted(
        flagengine.__all__, key=lambda one: (not one.isupper(), one)
    )
    for name in flagengine.__all__:
        assert getattr(flagengine, name).__doc__, name


def test_the_names_of_the_brief_exist():
    names = {"Snapshot", "evaluate", "evaluate_flag", "explain", "requirements", "Resolution"}
    assert names <= set(flagengine.__all__)
    assert set(dir(flagengine)) >= set(flagengine.__all__)


WITHOUT_EXPORTS = {"flagengine.__main__", "flagengine.schemas", "flagengine.batch.adapters"}
EXPORTING = [name for name in modules("flagengine") if "cli" not in name]


@pytest.mark.parametrize("module", [name for name in EXPORTING if name not in WITHOUT_EXPORTS])
def test_every_module_lists_what_it_exports(module: str):
    if "adapters" in module and "columns_added" not in module:
        engine = module.rpartition(".")[2].removesuffix("_files")
        pytest.importorskip(engine.replace("spark", "pyspark"))
    exported = getattr(import_module(module), "__all__", None)
    assert exported is not None
    for name in exported:
        getattr(import_module(module), name)


def test_the_transports_use_public_names_only():
    assert (ROOT / "transports" / "__init__.py").exists()
    foreign = [
        f"{one.importer} imports {', '.join(one.names) or one.module}"
        for one in imports("transports")
        if one.top == "flagengine"
        and (one.module != "flagengine" or not set(one.names) <= set(flagengine.__all__))
    ]
    assert foreign == []
