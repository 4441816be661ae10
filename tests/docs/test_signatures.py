"""The signatures for type checkers are those of the methods."""

import runpy
from inspect import isfunction
from pathlib import Path

from flagengine.transports import AsyncClient, Client
from flagengine.transports.client.shared import SharedVerbs

ROOT = Path(__file__).parents[2]
WRITTEN = (ROOT / "transports" / "client" / "signatures.pyi").read_text(encoding="utf-8")


def test_the_signatures_are_those_of_the_functions():
    script = runpy.run_path(str(ROOT / "docs" / "write_signatures.py"))
    assert script["render"]() == WRITTEN, "run python docs/write_signatures.py"


def test_every_public_method_has_a_signature():
    for client, keyword in ((Client, "def"), (AsyncClient, "async def"), (SharedVerbs, "def")):
        methods = [name for name, method in vars(client).items() if isfunction(method)]
        assert methods
        for name in methods:
            if not name.startswith("_"):
                assert f"    {keyword} {name}(" in WRITTEN, name
