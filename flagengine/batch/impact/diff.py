"""The public call: who changes when one snapshot replaces another."""

import math
from collections.abc import Iterable
from typing import Any, Unpack

from flagengine.batch.flag_keys import check_keys, requested
from flagengine.batch.impact.measure import measure_impact
from flagengine.batch.impact.results import Impact
from flagengine.batch.impact.sampling import Sample
from flagengine.batch.people import People, PeopleOptions
from flagengine.definitions.document import Document
from flagengine.inputs.overrides import Overrides
from flagengine.snapshot import Snapshot, as_snapshot

__all__ = ["as_sample", "diff"]


def diff(
    before: Snapshot | Document,
    after: Snapshot | Document,
    people: Any,
    *,
    flag_keys: Iterable[str] | None = None,
    sample: Sample | float | None = None,
    **options: Unpack[PeopleOptions],
) -> Impact:
    """Compare two snapshots over a table of people: who changes, from what to what, and why.

    Args:
        before: A snapshot, or a document, which is parsed.
        after: The snapshot or document that is to replace it.
        people: A table, as for ``evaluate_table``; it is read once.
        flag_keys: The flags to compare; by default all of both snapshots.
        sample: A share of the people to evaluate, such as 0.05, or a :class:`Sample` with a seed.
            None: everybody. Shares of a sample have confidence intervals.
        options: The columns, ``progress`` and the options of the call: see :class:`PeopleOptions`. Without
            ``now``, both snapshots are evaluated at the time of this call.

    Raises:
        TableError: a column is missing, or a row cannot be read: see ``evaluate_table``.
        TypeError: an argument is of another type.
        ValueError: no snapshot has one of the flags, or the sample is no share.
    """
    taken = as_sample(sample)
    old, new = as_snapshot(before), as_snapshot(after)
    keys = requested(flag_keys)
    overrides = Overrides.parse(options.get("overrides"))
    overridden = [(each.overrides | overrides).flags for each in (old, new)]
    known = {**new.keys, **old.keys, **dict.fromkeys(key for found in overridden for key in found)}
    check_keys(keys, known)
    table = People(people, options)
    chosen = [*known] if keys is None else keys
    engines = table.engine(old, chosen), table.engine(new, chosen)
    *_, impact = measure_impact(*engines, table.batches, table.threads, taken)
    return impact


def as_sample(sample: Sample | float | None) -> Sample | None:
    """Return a sample for a share; raise TypeError or ValueError for anything else."""
    share = sample.share if isinstance(sample, Sample) else sample
    if share is None:
        return None
    if isinstance(share, bool) or not isinstance(share, int | float) or not math.isfinite(share):
        message = f"sample must be a share such as 0.05, a Sample or None, got {share!r}"
        raise TypeError(message)
    if not 0 < share <= 1:
        message = f"sample must be a share above 0 and at most 1, got {share}"
        raise ValueError(message)
    return sample if isinstance(sample, Sample) else Sample(share)
