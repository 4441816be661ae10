"""A random sample of a population, and the confidence interval of its shares."""

import math
from dataclasses import dataclass
from typing import Final

import numpy as np
import pyarrow as pa

__all__ = ["Sample", "margin"]

_Z95: Final = 1.959963984540054


@dataclass(frozen=True, slots=True)
class Sample:
    """A random sample with the probability ``share`` of each row; ``seed`` makes it reproducible."""

    share: float
    seed: int = 0

    def rows(self, batch: pa.RecordBatch, first_row: int) -> pa.RecordBatch:
        """Return the rows of a batch that are in the sample."""
        random = np.random.default_rng([self.seed, first_row])
        return batch.filter(pa.array(random.random(batch.num_rows) < self.share))


def margin(hits: int, rows: int) -> tuple[float, float]:
    """Return Wilson's 95 % confidence interval for the share ``hits / rows`` of a sample."""
    if rows == 0:
        return 0.0, 1.0
    share, z = hits / rows, _Z95
    middle = share + z * z / (2 * rows)
    half = z * math.sqrt(share * (1 - share) / rows + z * z / (4 * rows * rows))
    scale = 1 + z * z / rows
    return max((middle - half) / scale, 0.0), min((middle + half) / scale, 1.0)
