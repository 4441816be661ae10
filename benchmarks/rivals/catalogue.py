"""The candidates of the benchmarks, in the order of the tables."""

from __future__ import annotations

from dataclasses import dataclass
from importlib import metadata

from benchmarks.rivals.base import Rival, imported

__all__ = ["CANDIDATES", "Candidate", "find", "make"]


@dataclass(frozen=True, slots=True)
class Candidate:
    """A candidate, which is a row of the tables.

    Attributes:
        name: The name in the command line and the results.
        title: The title in the tables, to which the version is added.
        engine: The language and the binding of the engine.
        adapter: The module and the class of the adapter in this package.
        distribution: The distribution whose version is recorded; empty for parts of the benchmarks.
        accelerated: If False, flagengine's C accelerator is hidden before flagengine is imported.
    """

    name: str
    title: str
    engine: str
    adapter: str
    distribution: str = ""
    accelerated: bool = True

    @property
    def version(self) -> str:
        """The installed version; empty if there is none."""
        try:
            return metadata.version(self.distribution) if self.distribution else ""
        except metadata.PackageNotFoundError:
            return ""


_OURS = "flagengine"
_POSTHOG = "posthog"

CANDIDATES = (
    Candidate("no-op", "Python no-op call", "Python", "noop:NoOperation"),
    Candidate("floor", "all of W1 hard-wired: the floor", "C", "c_floor:Floor"),
    Candidate("flagengine", "flagengine, `evaluate_flag`", "Python + C hash", "ours:Single", _OURS),
    Candidate(
        "flagengine-bound",
        "flagengine, `snapshot.evaluator`",
        "Python + C hash",
        "ours:Bound",
        _OURS,
    ),
    Candidate("flagengine-many", "flagengine, `evaluate`", "Python + C hash", "ours:Many", _OURS),
    Candidate(
        "flagengine-pure",
        "flagengine, `evaluate_flag`, no accelerator",
        "Python",
        "ours:Single",
        _OURS,
        accelerated=False,
    ),
    Candidate(
        "flagengine-many-pure",
        "flagengine, `evaluate`, no accelerator",
        "Python",
        "ours:Many",
        _OURS,
        accelerated=False,
    ),
    Candidate("eppo", "Eppo", "Rust, PyO3", "eppo:Eppo", "eppo-server-sdk"),
    Candidate("statsig", "Statsig", "Rust, PyO3", "statsig:Statsig", "statsig-python-core"),
    Candidate("posthog-pure", "posthog, pure evaluator", "Python", "posthog_pure:Pure", _POSTHOG),
    Candidate("growthbook", "GrowthBook", "Python", "growthbook:GrowthBook", "growthbook"),
    Candidate(
        "flagsmith", "Flagsmith engine", "Python", "flagsmith:Flagsmith", "flagsmith-flag-engine"
    ),
    Candidate(
        "launchdarkly",
        "LaunchDarkly",
        "Python",
        "launchdarkly:LaunchDarkly",
        "launchdarkly-server-sdk",
    ),
    Candidate(
        "posthog-client", "posthog, client getter", "Python", "posthog_client:Getter", _POSTHOG
    ),
    Candidate(
        "posthog-evaluate-flags",
        "posthog, `evaluate_flags`",
        "Python",
        "posthog_client:EvaluateFlags",
        _POSTHOG,
    ),
    Candidate(
        "unleash", "Unleash / yggdrasil", "Rust, ctypes", "unleash:Unleash", "yggdrasil-engine"
    ),
)


def find(name: str) -> Candidate:
    """Return the candidate of this name."""
    for candidate in CANDIDATES:
        if candidate.name == name:
            return candidate
    known = ", ".join(candidate.name for candidate in CANDIDATES)
    message = f"no candidate is called {name!r}; known are {known}"
    raise KeyError(message)


def make(candidate: Candidate) -> Rival:
    """Return the adapter; raise ImportError if its engine is not installed."""
    module, _, name = candidate.adapter.partition(":")
    adapter: Rival = getattr(imported(f"benchmarks.rivals.{module}"), name)()
    return adapter
