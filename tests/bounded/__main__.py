"""The growth of work and memory with the size of a document, as a table.

    python -m tests.bounded [--shapes a,b] [--operations c,d] [--sizes 3] [--scale 4] [--growing 1.1]

A row is about one shape and one operation: the greatest growth of the calls when the size doubles, as
a multiple of two, and for each size the calls per byte, the seconds, and the peak of memory in bytes per byte.
"""

import argparse
import time
from collections.abc import Callable
from itertools import product

from tests.bounded.growing import growth
from tests.bounded.long_names import LONG_NAMES
from tests.bounded.operations import OPERATIONS
from tests.bounded.shapes import SHAPES
from tests.bounded.steps import peak, steps


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(prog="python -m tests.bounded", description=__doc__)
    parser.add_argument("--shapes", default=",".join(SHAPES | LONG_NAMES))
    parser.add_argument("--operations", default=",".join(OPERATIONS))
    parser.add_argument("--sizes", type=int, default=2, help="each is twice the one before")
    parser.add_argument("--scale", type=int, default=1, help="multiplies all sizes")
    parser.add_argument("--growing", type=float, default=0.0, help="print only what grows by more")
    options = parser.parse_args()
    for shape, operation in product(options.shapes.split(","), options.operations.split(",")):
        counts, memory, seconds = (
            growth(shape, operation, measure, sizes=options.sizes, scale=options.scale)
            for measure in (steps, peak, nanoseconds)
        )
        factor = max(counts.factor, memory.factor)
        if factor >= options.growing:
            cells = [
                f"{size:6} {calls / length:8.2f} {spent / 1e6:8.1f} ms {room / length:8.1f}"
                for size, length, calls, spent, room in zip(
                    counts.sizes,
                    counts.lengths,
                    counts.work,
                    seconds.work,
                    memory.work,
                    strict=True,
                )
            ]
            print(f"{shape:34} {operation:28} {factor:5.2f} ", " | ".join(cells), flush=True)


def nanoseconds(run: Callable[[], object]) -> int:
    """Return the time of a run on a processor."""
    start = time.process_time_ns()
    run()
    return time.process_time_ns() - start


if __name__ == "__main__":
    main()
