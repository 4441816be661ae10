"""The cost of the client compared with posthog's: the caller's time, a worker's rate, an idle process.

`python -m benchmarks.transports_cost [--quick] [--out FILE]`. It is W10 and W11 of the benchmarks
alone. It needs the extra `client` and the group `differential`.
"""

from __future__ import annotations

import argparse
from pathlib import Path

from benchmarks import results, tables, w10_client, w11_idle
from benchmarks.session import Session, Settings

__all__ = ["main"]


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="a look, not for quoting")
    parser.add_argument("--out", type=Path, help="where the JSON goes")
    options = parser.parse_args()
    candidates = tuple(dict.fromkeys((*w10_client.CANDIDATES, *w11_idle.CANDIDATES)))
    settings = Settings.quickly(candidates) if options.quick else Settings(candidates)
    with Session(settings) as session:
        w10_client.run(session)
        w11_idle.run(session)
    if options.out:
        results.save(session.results, options.out)
    print(tables.report(session.results))


if __name__ == "__main__":
    main()
