"""Work in several threads at once."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier
from typing import Any

__all__ = ["at_once"]


def at_once(threads: int, work: Callable[[int], Any]) -> list[Any]:
    """Do the work in threads that start together; raise the exception of any thread."""
    barrier = Barrier(threads)

    def start(number: int) -> Any:
        barrier.wait()
        return work(number)

    with ThreadPoolExecutor(threads) as pool:
        return [future.result() for future in [pool.submit(start, i) for i in range(threads)]]
