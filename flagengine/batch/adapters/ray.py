"""Ray Data: flags as columns of a Dataset."""

from typing import TYPE_CHECKING, Any

from flagengine.batch.adapters.columns_added import FlagColumns
from flagengine.definitions.document import Document
from flagengine.inputs.arguments import renamed
from flagengine.snapshot import Snapshot

if TYPE_CHECKING:
    import ray.data

__all__ = ["with_flags"]


@renamed(snapshot="flag_defs", flags="flag_keys")
def with_flags(
    dataset: "ray.data.Dataset", flag_defs: Snapshot | Document, **arguments: Any
) -> "ray.data.Dataset":
    """Return the data set with a column per flag; Ray evaluates the flags when it reads the result.

    ``arguments`` are the arguments of :func:`~flagengine.batch.evaluate_table` except ``output``.
    """
    columns = FlagColumns(flag_defs, {"threads": 1, **arguments})
    return dataset.map_batches(
        columns.table, batch_format="pyarrow", batch_size=None, zero_copy_batch=True
    )
