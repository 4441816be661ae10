"""Results that are tables: for Arrow, pandas and polars."""

from typing import TYPE_CHECKING, Any

import pyarrow as pa

from flagengine.extras import extra_for

if TYPE_CHECKING:
    import pandas as pd
    import polars as pl

__all__ = ["Tabular"]


class Tabular:
    """A result that has a table form; any reader of the Arrow C stream interface takes it as well."""

    def to_arrow(self) -> pa.Table:
        """Return the result as an Arrow table."""
        raise AssertionError  # every result has its own

    def to_pandas(self) -> "pd.DataFrame":
        """Return the result as a DataFrame of pandas.

        Booleans and integers have the types of pandas that know missing values, so that a missing
        answer does not turn a column into objects, or an id into a float; text of few values is
        categorical.
        """
        with extra_for("to_pandas()"):
            import pandas as pd  # noqa: PLC0415 an engine of the caller's choice
        nullable: dict[Any, Any] = {pa.bool_(): pd.BooleanDtype()}
        for bits in (8, 16, 32, 64):
            nullable[getattr(pa, f"int{bits}")()] = getattr(pd, f"Int{bits}Dtype")()
            nullable[getattr(pa, f"uint{bits}")()] = getattr(pd, f"UInt{bits}Dtype")()
        return self.to_arrow().to_pandas(types_mapper=nullable.get)

    def to_polars(self) -> "pl.DataFrame":
        """Return the result as a DataFrame of polars."""
        with extra_for("to_polars()"):
            import polars as pl  # noqa: PLC0415 an engine of the caller's choice
        return pl.DataFrame(self.to_arrow())

    def __arrow_c_stream__(self, requested_schema: object = None) -> object:
        """Return the result by the Arrow C stream interface."""
        return self.to_arrow().__arrow_c_stream__(requested_schema)
