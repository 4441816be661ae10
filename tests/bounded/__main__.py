"""The growth of work and memory with the size of a document, as a table.

    python -m tests.bounded [--shapes a,b] [--operations c,d] [--sizes 3] [--scale 1]

A row has the sizes of one shape, and for each size the calls per byte, the seconds and the peak of
memory per byte of one operation. Calls and memory per byte do not grow where the work is linear.
"""

import argparse
import json
import signal
import sys
import time
from itertools import product

from tests.bounded.operations import OPERATIONS
from tests.bounded.shapes import SHAPES
from tests.bounded.steps import peak, steps


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m tests.bounded", description=__doc__)
    parser.add_argument("--shapes", default=",".join(SHAPES))
    parser.add_argument("--operations", default=",".join(OPERATIONS))
    parser.add_argument("--sizes", type=int, default=3, help="each is twice the one before")
    parser.add_argument("--scale", type=int, default=1, help="multiplies all sizes")
    parser.add_argument("--growing", type=float, default=0.0, help="print only what grows by more")
    options = parser.parse_args()
    def late(*_):
        raise TimeoutError

    signal.signal(signal.SIGALRM, late)
    for shape, operation in product(options.shapes.split(","), options.operations.split(",")):
        make, least = SHAPES[shape]
        sizes = [least * options.scale << step for step in range(options.sizes)]
        cells = []
        ratios = []
        for size in sizes:
            document = make(size)
            length = len(json.dumps(document))
            try:
                signal.alarm(5)
                calls = steps(OPERATIONS[operation](document)) / length
                memory = peak(OPERATIONS[operation](document)) / length
                run = OPERATIONS[operation](document)
                start = time.perf_counter()
                run()
                seconds = time.perf_counter() - start
            except Exception as error:
                cells.append(f"{type(error).__name__}: {error}"[:60])
                ratios.append((9e9, 9e9, 9e9))
                continue
            finally:
                signal.alarm(0)
            ratios.append((calls, memory, seconds / length))
            cells.append(f"{size:6} {calls:8.2f} {seconds * 1000:8.1f} ms {memory:8.1f}")
        growth = max(
            later / max(earlier, 1e-9)
            for first, second in zip(ratios[:-1], ratios[1:], strict=True)
            for earlier, later in zip(first[:2], second[:2], strict=True)
        )
        if growth >= options.growing:
            print(f"{shape:34} {operation:28} {growth:5.2f} ", " | ".join(cells), flush=True)


if __name__ == "__main__":
    main()
