"""Without an extra, the error of the import says what to install, and hides no other error."""

from __future__ import annotations

import subprocess
import sys

import pytest

from flagengine import extra_for

HIDING = """
import sys
from importlib.machinery import PathFinder
class Hiding:
    @staticmethod
    def find_spec(name, path=None, target=None):
        return None if name.partition(".")[0] in HIDDEN else PathFinder.find_spec(name, path, target)
sys.meta_path[sys.meta_path.index(PathFinder)] = Hiding
try:
    exec(CODE)
except ImportError as error:
    print(type(error).__name__, error.name, error, sep="|")
    print(type(error.__cause__).__name__ if error.__cause__ else None)
else:
    print("works")
"""


def run(hidden: set[str], code: str) -> list[str]:
    program = f"HIDDEN = {hidden!r}\nCODE = {code!r}\n{HIDING}"
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )
    return done.stdout.splitlines()


CLIENT = {"requests", "cachetools", "urllib3"}
NEEDS = [
    (CLIENT, "from flagengine.transports import Client", "cachetools", "'flagengine[client]'"),
    (CLIENT, "from flagengine.transports import AsyncClient", "cachetools", "'flagengine[client]'"),
    (CLIENT, "from flagengine.transports import PostHog", "cachetools", "'flagengine[client]'"),
    (CLIENT, "from flagengine.transports import Options", "cachetools", "'flagengine[client]'"),
    (CLIENT, "from flagengine.transports.client.client import Client", "cachetools", "'flagengine[client]'"),
    ({"requests"}, "from flagengine.transports import Client\nClient('phc_x')", "requests", "'flagengine[client]'"),
    ({"openfeature"}, "import flagengine.transports.openfeature", "openfeature", "'flagengine[openfeature]'"),
    ({"opentelemetry"}, "import flagengine.transports.observability.opentelemetry", "opentelemetry", "'flagengine[otel]'"),
    ({"prometheus_client"}, "import flagengine.transports.observability.prometheus", "prometheus_client", "'flagengine[prometheus]'"),
    ({"hypothesis"}, "import flagengine.transports.testing.strategies", "hypothesis", "'flagengine[hypothesis]'"),
    ({"django", "asgiref"}, "import flagengine.transports.context.django", "asgiref", "django"),
    ({"django"}, "import flagengine.transports.context.django", "django", "django"),
    ({"pyarrow"}, "import flagengine.batch", "pyarrow", "'flagengine[batch]'"),
    ({"numpy", "pyarrow"}, "from flagengine.batch import evaluate_table", None, "'flagengine[batch]'"),
    ({"pyarrow"}, "import flagengine.batch.adapters.polars", "pyarrow", "'flagengine[batch]'"),
    ({"polars"}, "import flagengine.batch.adapters.polars", "polars", "polars"),
    ({"duckdb"}, "import flagengine.batch.adapters.duckdb", "duckdb", "duckdb"),
    ({"dask"}, "import flagengine.batch.adapters.dask", "dask", "'dask[dataframe]'"),
    ({"tqdm"}, "from flagengine.batch import balance\nimport pyarrow\nbalance({'flags': []}, pyarrow.table({'distinct_id': ['a']}), progress=True)", "tqdm", "'flagengine[notebook]'"),
    ({"matplotlib"}, "from flagengine.batch import plots, overlaps\nimport pyarrow\nplots.overlaps(overlaps({'flags': []}, pyarrow.table({'distinct_id': ['a']})))", "matplotlib", "'flagengine[plot]'"),
    ({"pandas"}, "from flagengine.batch import overlaps\nimport pyarrow\noverlaps({'flags': []}, pyarrow.table({'distinct_id': ['a']})).to_pandas()", "pandas", "pandas"),
    ({"pyspark"}, "import flagengine.batch.adapters.spark", "pyspark", "'flagengine[spark]'"),
]  # fmt: skip


@pytest.mark.parametrize(("hidden", "code", "missing", "install"), NEEDS)
def test_the_error_says_what_to_install(
    hidden: set[str], code: str, missing: str | None, install: str
) -> None:
    shown, cause = run(hidden, code)
    kind, name, message = shown.split("|", 2)
    assert kind == cause == "ModuleNotFoundError"
    assert name == missing or missing is None
    assert message.endswith(f"needs {name}: pip install {install}")


@pytest.mark.parametrize(
    ("hidden", "code", "missing"),
    [
        ({"certifi"}, "from flagengine.transports import Client\nClient('phc_x')", "certifi"),
        ({"mmh3"}, "from flagengine.hashing import murmur3", "mmh3"),
        (set(), "import flagengine.transports.nothing", "flagengine.transports.nothing"),
    ],
)
def test_a_fault_of_somebody_else_is_not_hidden(hidden: set[str], code: str, missing: str) -> None:
    shown, cause = run(hidden, code)
    assert shown == f"ModuleNotFoundError|{missing}|No module named {missing!r}"
    assert cause == "None"


def test_another_missing_module_and_another_error_stay_as_they_are() -> None:
    missing = ModuleNotFoundError("No module named 'attrs'", name="attrs")
    for error in (missing, ImportError("cannot import name 'x'", name="requests")):
        with pytest.raises(ImportError) as caught, extra_for("the client"):
            raise error
        assert caught.value is error


@pytest.mark.parametrize(
    "code",
    [
        "import flagengine, flagengine.transports",
        "from flagengine.transports import FileDefinitions, ManualClock, MemorySink, TransportError",
        "from flagengine.transports import Client, NullSink\nClient(sink=NullSink()).capture('e')",
        "from flagengine.transports.testing import flags_set\nwith flags_set(beta=True): pass",
    ],
)
def test_what_needs_no_extra_works_without(code: str) -> None:
    hidden = {"requests", "urllib3", "orjson"} if "Client" in code else CLIENT
    assert run(hidden, code) == ["works"]


def test_a_misspelt_name_leads_to_the_right_one() -> None:
    (shown, _) = run(set(), "from flagengine.transports import Cleint")
    assert "cannot import name 'Cleint'" in shown
    with pytest.raises(AttributeError, match=r"no attribute 'Cleint'; did you mean 'Client'\?"):
        __import__("flagengine.transports").transports.Cleint  # noqa: B018
