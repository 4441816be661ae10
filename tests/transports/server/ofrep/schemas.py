"""The published schemas, mended where they contradict themselves."""

from __future__ import annotations

import hashlib
from copy import deepcopy
from functools import cache
from pathlib import Path
from typing import Any

import pytest

yaml = pytest.importorskip("yaml", reason="needs the group `test`")
jsonschema = pytest.importorskip("jsonschema", reason="needs the extra `cli`")

FOLDER = Path(__file__).parents[4] / "fixtures" / "ofrep"


@cache
def as_published(name: str = "openapi.yaml") -> dict[str, Any]:
    """Return a file as it is."""
    text = (FOLDER / name).read_bytes()
    sums = (FOLDER / "SHA256SUMS").read_text("utf-8").splitlines()
    assert f"{hashlib.sha256(text).hexdigest()}  {name}" in sums
    return yaml.load(text, getattr(yaml, "CSafeLoader", yaml.SafeLoader))


def mended() -> dict[str, Any]:
    """Return the schema of OFREP without its contradictions."""
    document = deepcopy(as_published())
    schemas = document["components"]["schemas"]
    # An answer without a value fits every answer, so that one with a value fits two of the forms.
    schemas["codeDefaultFlag"]["not"] = {"required": ["value"]}
    # A whole number is an integer and a float.
    forms = schemas["evaluationSuccess"]["allOf"][1]
    forms["anyOf"] = forms.pop("oneOf")
    # The reason that an example of ADR-0006 has, and the code that the example of all flags has.
    schemas["evaluationSuccess"]["allOf"][0]["properties"]["reason"]["enum"].append("DEFAULT")
    schemas["evaluationFailure"]["properties"]["errorCode"]["enum"].append("FLAG_NOT_FOUND")
    return document


def _mended_manifest() -> dict[str, Any]:
    """Return the schema of the manifest with the type ``float``, which the command line reads."""
    document = deepcopy(as_published("sync.yaml"))
    schemas = document["components"]["schemas"]
    schemas["ManifestFlag"]["properties"]["type"]["enum"].append("float")
    forms = schemas["FlagDefaultValue"]
    forms["anyOf"] = [*forms.pop("oneOf"), {"type": "number"}]
    return document


@cache
def validator(name: str, file: str = "openapi.yaml") -> Any:
    """Return the validator of a named schema."""
    document = mended() if file == "openapi.yaml" else _mended_manifest()
    schema = {"$ref": f"#/components/schemas/{name}", "components": document["components"]}
    return jsonschema.Draft202012Validator(schema)


def assert_fits(answer: object, name: str, file: str = "openapi.yaml") -> None:
    """Fail, with what is wrong, for an answer that does not fit a named schema."""
    found = sorted(validator(name, file).iter_errors(answer), key=str)
    assert found == [], f"{answer}: {[error.message for error in found]}"
