"""What a check of bucketing finds: counts, tests of their fit, and pairs of correlated flags."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import combinations
from typing import Any, Final

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from flagengine.batch.statistics.chi_square import Fit, chi_square
from flagengine.batch.tabular import Tabular
from flagengine.plan.flag_plan import FlagPlan

__all__ = ["BINS", "UNLIKELY", "Balance", "BalanceTest", "FlagBalance", "Pair"]

BINS: Final = 20
"""The number of equal bins into which bucket numbers are counted."""

UNLIKELY: Final = 0.001
"""The p below which a result is a finding; chance gives one such result in a thousand tests."""

_SCHEMA: Final = pa.schema(
    [
        ("flag", pa.string()),
        ("test", pa.string()),
        ("part", pa.string()),
        ("wanted", pa.float64()),
        ("found", pa.float64()),
        ("people", pa.int64()),
        ("chi_square", pa.float64()),
        ("freedom", pa.int64()),
        ("p", pa.float64()),
    ]
)


@dataclass(frozen=True, slots=True)
class BalanceTest:
    """A test of one flag's counts against shares.

    ``name`` is "buckets" (are the hashes even?), "rollout 30 %" (does a rollout get its share?), "draw"
    (do the variants that everyone would draw fit their weights?) or "given" (do the variants that
    people get? If not, there is a sample ratio mismatch). ``wanted`` has the shares and ``found`` the
    people by part: "in" for a rollout, variants for the others, and none for buckets.
    """

    flag: str
    name: str
    wanted: dict[str, float]
    found: dict[str, int]
    people: int
    fit: Fit

    @property
    def p(self) -> float:
        """The probability of a worse fit by chance."""
        return self.fit.p

    @property
    def is_unlikely(self) -> bool:
        """Whether chance explains the result in less than one of a thousand tests."""
        return self.fit.p < UNLIKELY

    def shares(self) -> dict[str, float]:
        """Return the shares that were found, by part."""
        return {part: count / max(self.people, 1) for part, count in self.found.items()}

    def to_dict(self) -> dict[str, Any]:
        """Return the test as JSON values."""
        return {
            "flag": self.flag,
            "test": self.name,
            "wanted": self.wanted or None,
            "found": self.shares() or None,
            "chi_square": self.fit.statistic,
            "freedom": self.fit.freedom,
            "p": self.fit.p,
        }


@dataclass(slots=True)
class FlagBalance:
    """The counts of one flag.

    ``bins`` counts people by the number that their hash gives, ``inside`` those inside each rollout,
    ``drawn`` the variants that everyone would draw, ``given`` the variants that people get.
    """

    plan: FlagPlan
    bins: NDArray[np.int64] = field(default_factory=lambda: np.zeros(BINS, np.int64))
    inside: dict[float, int] = field(default_factory=dict)
    drawn: Counter[str] = field(default_factory=Counter)
    given: Counter[str] = field(default_factory=Counter)

    @property
    def key(self) -> str:
        """The flag's key."""
        return self.plan.key

    @property
    def spread(self) -> Fit:
        """The fit of the bins to an even spread."""
        return chi_square(self.bins.tolist(), [1 / BINS] * BINS)

    @property
    def rows(self) -> int:
        """The number of people with a distinct id that can be hashed."""
        return int(self.bins.sum())

    def rollout(self, percentage: float) -> Fit:
        """Return the fit of a rollout to its share."""
        inside, share = self.inside[percentage], min(max(percentage / 100, 0.0), 1.0)
        return chi_square([inside, self.rows - inside], [share, 1 - share])

    def shares(self) -> dict[str, float]:
        """Return the share of hashes that draw each variant; ``true`` is the share without a variant."""
        found: dict[str, float] = {}
        reached = 0.0
        for variant in self.plan.variants:
            end = min(max(variant.upper, reached), 1.0)
            found[variant.key] = found.get(variant.key, 0.0) + end - reached
            reached = end
        return {**found, "true": 1.0 - reached} if reached < 1.0 else found

    def fit(self, counts: Counter[str]) -> Fit:
        """Return the fit of counts of variants to their weights."""
        shares = self.shares()
        return chi_square([counts[key] for key in shares], list(shares.values()))

    def tests(self) -> list[BalanceTest]:
        """Return the tests of the flag; none without people."""
        return list(self._tests()) if self.rows else []

    def _tests(self) -> Iterator[BalanceTest]:
        yield BalanceTest(self.key, "buckets", {}, {}, self.rows, self.spread)
        for percentage, inside in self.inside.items():
            wanted, name = {"in": percentage / 100}, f"rollout {percentage:g} %"
            fit = self.rollout(percentage)
            yield BalanceTest(self.key, name, wanted, {"in": inside}, self.rows, fit)
        for name, counts in (("draw", self.drawn), ("given", self.given)):
            if self.plan.variants and (total := counts.total()):
                shares = self.shares()
                found = {variant: counts[variant] for variant in shares}
                yield BalanceTest(self.key, name, shares, found, total, self.fit(counts))

    def __repr__(self) -> str:
        unlikely = sum(test.is_unlikely for test in self.tests())
        return f"<FlagBalance of {self.key!r}: {unlikely} unlikely of {len(self.tests())} tests>"


@dataclass(frozen=True, slots=True)
class Pair:
    """Two flags whose hashes are correlated more than chance explains."""

    left: str
    right: str
    correlation: float


@dataclass(slots=True)
class Balance(Tabular):
    """The counts of a population; ``rows`` is the number of people with an id.

    ``flags`` has the flags that are hashed by the distinct id, and ``left_out`` the keys of flags of
    format 2, because each of their rules has a hash of its own. The table form has a row per test and part.
    """

    flags: dict[str, FlagBalance]
    rows: int = 0
    sums: NDArray[np.float64] = field(default_factory=lambda: np.zeros(0))
    products: NDArray[np.float64] = field(default_factory=lambda: np.zeros((0, 0)))
    left_out: tuple[str, ...] = ()

    def tests(self) -> list[BalanceTest]:
        """Return the tests of all flags."""
        return [test for flag in self.flags.values() for test in flag.tests()]

    def unlikely(self) -> list[BalanceTest]:
        """Return the tests whose results chance does not explain, the least likely first."""
        return sorted((test for test in self.tests() if test.is_unlikely), key=lambda test: test.p)

    def pairs(self) -> list[Pair]:
        """Return the pairs that chance does not explain, the strongest correlation first."""
        if self.rows < 3:
            return []
        found = self._correlations()
        # Four and a half deviations: chance gives one such pair in 150,000.
        limit = 4.5 / np.sqrt(self.rows)
        keys = list(self.flags)
        pairs = [
            Pair(keys[i], keys[j], float(found[i, j]))
            for i, j in combinations(range(len(keys)), 2)
            if abs(found[i, j]) > limit
        ]
        return sorted(pairs, key=lambda pair: -abs(pair.correlation))

    def _correlations(self) -> NDArray[np.float64]:
        means = self.sums / self.rows
        covariance = self.products / self.rows - np.outer(means, means)
        deviations = np.sqrt(np.maximum(np.diag(covariance), 1e-30))
        return np.asarray(covariance / np.outer(deviations, deviations))

    def to_dict(self) -> dict[str, Any]:
        """Return the counts and tests as JSON values."""
        return {
            "people": self.rows,
            "flags": {
                key: {
                    "bins": flag.bins.tolist(),
                    "tests": [test.to_dict() for test in flag.tests()],
                }
                for key, flag in self.flags.items()
            },
            "pairs": [
                {"left": pair.left, "right": pair.right, "correlation": pair.correlation}
                for pair in self.pairs()
            ],
        }

    def to_arrow(self) -> pa.Table:
        """Return a row per flag, test and part.

        The columns are flag, test, part (null for buckets), the share that is wanted and the share
        found, people (how many were found in the part; for buckets all), chi_square, freedom and p.
        """
        return pa.Table.from_pylist(list(self._table_rows()), schema=_SCHEMA)

    def _table_rows(self) -> Iterator[dict[str, Any]]:
        for test in self.tests():
            fit = {"chi_square": test.fit.statistic, "freedom": test.fit.freedom, "p": test.p}
            row = {"flag": test.flag, "test": test.name, **fit}
            if not test.wanted:
                yield {**row, "people": test.people}
            shares = test.shares()
            for part, wanted in test.wanted.items():
                found = {"wanted": wanted, "found": shares[part], "people": test.found[part]}
                yield {**row, "part": part, **found}

    def __repr__(self) -> str:
        tests, unlikely = self.tests(), self.unlikely()
        return (
            f"<Balance of {len(self.flags)} flags over {self.rows:,} people: "
            f"{len(unlikely)} unlikely of {len(tests)} tests, {len(self.pairs())} correlated pairs>"
        )

    def _repr_html_(self) -> str:
        """Return the tests as a table, for a notebook."""
        from flagengine.batch.shown.balance import balance_html  # noqa: PLC0415 notebooks only

        return balance_html(self.to_dict(), UNLIKELY, self.left_out)
