"""The answers that people were given, as a table or as events, with reproducible ids.

An id is the MurmurHash3 (x64, 128 bit, seed 0) of the snapshot's fingerprint, the flag and the
distinct id, so an exposure that is loaded twice counts once.
"""

import json
from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Any, Final
from uuid import UUID

import numpy as np
import pyarrow as pa
from mmh3 import mmh3_x64_128_utupledigest as digest
from numpy.typing import NDArray

from flagengine.batch.outputs import texts_of
from flagengine.columnar.answer_columns import TEXT, value_text
from flagengine.columnar.engine import Engine
from flagengine.columnar.rows import Rows
from flagengine.results.resolution import Resolution
from flagengine.values.json_values import has_utf8

__all__ = ["EVENT", "SCHEMA", "Exposures", "exposure_id"]

EVENT: Final = "$feature_flag_called"
SCHEMA: Final = pa.schema(
    [
        ("uuid", pa.string()),
        ("distinct_id", pa.string()),
        ("flag", TEXT),
        ("value", TEXT),
        ("variant", TEXT),
        ("reason", TEXT),
        ("condition_index", pa.int32()),
        ("flag_id", pa.int64()),
        ("flag_version", pa.int64()),
        ("snapshot", TEXT),
        ("evaluated_at", pa.timestamp("us", "UTC")),
    ]
)
_LOCAL: Final = "Evaluated locally"


def exposure_id(fingerprint: str, flag: str, distinct_id: str) -> str:
    """Return the id of one exposure, a UUID of version 8."""
    # The flag's length makes "a" + "bc" and "ab" + "c" different.
    written = f"{fingerprint}\n{len(flag)}\n{flag}{distinct_id}".encode("utf-8", "surrogatepass")
    high, low = digest(written)
    number = (high << 64) | low
    number = number & ~(0xF << 76) | (8 << 76)
    return str(UUID(int=number & ~(3 << 62) | (2 << 62)))


class Exposures:
    """The definite answers of a batch, row by row and flag by flag; other answers are left out."""

    def __init__(self, engine: Engine, now: datetime, *, enabled_only: bool = False) -> None:
        """Bind an engine; ``enabled_only`` also leaves out false answers."""
        self._engine = engine
        self._now = now
        self._enabled_only = enabled_only
        self._fingerprint = engine.snapshot.fingerprint
        for key in engine.keys:
            texts_of(engine, key)  # raises for a value that no file can hold

    def _exposed(self, rows: Rows) -> Iterator[tuple[str, Resolution]]:
        """Yield each person's id with each of the person's answers."""
        codes = self._engine.run(rows)
        ids = rows.person_ids
        texts = ids.texts.to_pylist()
        names = texts if ids.codes is None else [texts[code] for code in ids.codes]
        answers = [self._engine.answers(key).resolutions for key in self._engine.keys]
        if not answers:
            return
        for name, row in zip(names, _by_row(codes), strict=True):
            if not name:
                continue
            for known, code in zip(answers, row, strict=True):
                resolution = known[code]
                is_off = resolution.value is False or resolution.caller_default
                if resolution.enabled or (is_off and not self._enabled_only):
                    yield name, resolution

    def table(self, rows: Rows) -> pa.RecordBatch:
        """Return a batch as an assignment table."""
        found = list(self._exposed(rows))
        answers = [resolution for _, resolution in found]
        columns = [
            [exposure_id(self._fingerprint, resolution.key, name) for name, resolution in found],
            [name for name, _ in found],
            [resolution.key for resolution in answers],
            [value_text(resolution.value) for resolution in answers],
            [resolution.variant for resolution in answers],
            [resolution.reason.value for resolution in answers],
            [resolution.condition_index for resolution in answers],
            [resolution.flag_id for resolution in answers],
            [resolution.flag_version for resolution in answers],
            [self._fingerprint] * len(found),
            [self._now] * len(found),
        ]
        arrays = [
            pa.array(column, TEXT.value_type).dictionary_encode().cast(TEXT)
            if field.type == TEXT
            else pa.array(column, field.type)
            for column, field in zip(columns, SCHEMA, strict=True)
        ]
        return pa.RecordBatch.from_arrays(arrays, schema=SCHEMA)

    def events(self, rows: Rows) -> list[str]:
        """Return a batch as lines of JSON, one event per line."""
        return [self._event(name, resolution) for name, resolution in self._exposed(rows)]

    def _event(self, name: str, resolution: Resolution) -> str:
        # A number or an object is sent as true, without a payload, and no value as false, as the
        # client sends them.
        is_sent = isinstance(resolution.value, bool | str)
        value = resolution.value if is_sent else resolution.enabled
        properties = {
            "$feature_flag": resolution.key,
            "$feature_flag_response": value,
            f"$feature/{resolution.key}": value,
            "locally_evaluated": True,
            **_reason(resolution),
            "$feature_flag_payload": resolution.payload if is_sent else None,
            "$feature_flag_id": resolution.flag_id,
            "$feature_flag_version": resolution.flag_version,
            "$feature_flag_has_experiment": resolution.has_experiment,
        }
        event = {
            "uuid": exposure_id(self._fingerprint, resolution.key, name),
            "event": EVENT,
            "distinct_id": name,
            "timestamp": self._now.isoformat(),
            "properties": {key: value for key, value in properties.items() if value is not None},
        }
        line = json.dumps(event, ensure_ascii=False)
        return line if has_utf8(line) else json.dumps(event)  # a payload may have lone surrogates


def _reason(resolution: Resolution) -> dict[str, Any]:
    """Return the reason as the client reports it; for format 2 with the rule that decided."""
    if resolution.config_version == 1:
        return {"$feature_flag_reason": _LOCAL}
    rule = resolution.rule
    return {
        "$feature_flag_config_version": resolution.config_version,
        "$feature_flag_reason_code": resolution.reason.value,
        "$feature_flag_rule_id": None if rule is None else rule.id,
        "$feature_flag_rule_type": None if rule is None else rule.type,
    }


def _by_row(codes: Sequence[NDArray[Any]]) -> list[list[int]]:
    return np.stack(codes, axis=1).tolist() if codes else []
