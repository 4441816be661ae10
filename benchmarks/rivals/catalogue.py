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
        hidden: Modules that cannot be imported in the candidate's process, as if not installed.
        aside: Whether it is measured only by the workloads that name it, because it answers few.
    """

    name: str
    title: str
    engine: str
    adapter: str
    distribution: str = ""
    hidden: tuple[str, ...] = ()
    aside: bool = False

    @property
    def version(self) -> str:
        """The installed version; empty if there is none."""
        try:
            return metadata.version(self.distribution) if self.distribution else ""
        except metadata.PackageNotFoundError:
            return ""


_OURS = "flagengine"
_POSTHOG = "posthog"
#: As in an installation without a compiler.
_NO_ACCELERATOR = ("flagengine.native._accelerator",)

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
        "flagengine-one",
        "flagengine, `evaluate(…)[key]`",
        "Python + C hash",
        "ours:One",
        _OURS,
    ),
    Candidate(
        "flagengine-pure",
        "flagengine, `evaluate_flag`, no accelerator",
        "Python",
        "ours:Single",
        _OURS,
        hidden=_NO_ACCELERATOR,
    ),
    Candidate(
        "flagengine-many-pure",
        "flagengine, `evaluate`, no accelerator",
        "Python",
        "ours:Many",
        _OURS,
        hidden=_NO_ACCELERATOR,
    ),
    Candidate(
        "flagengine-one-pure",
        "flagengine, `evaluate(…)[key]`, no accelerator",
        "Python",
        "ours:One",
        _OURS,
        hidden=_NO_ACCELERATOR,
    ),
    *(
        Candidate(
            f"flagengine-{name.lower()}",
            f"flagengine, `evaluate(…)[key]` of {given}",
            "Python + C hash",
            f"ours:{name}",
            _OURS,
            aside=True,
        )
        for name, given in (
            ("Mapping", "a raw mapping"),
            ("Copied", "an equal raw mapping that is new at each call"),
            ("Text", "JSON text"),
            ("Octets", "JSON bytes"),
        )
    ),
    Candidate(
        "flagengine-client",
        "flagengine, client getter",
        "Python + C hash",
        "ours_client:Getter",
        _OURS,
        aside=True,
    ),
    Candidate(
        "flagengine-client-told",
        "flagengine, client getter, event sent before",
        "Python + C hash",
        "ours_client:ToldGetter",
        _OURS,
        aside=True,
    ),
    Candidate(
        "flagengine-evaluate-flags",
        "flagengine, client's `evaluate_flags`",
        "Python + C hash",
        "ours_client:EvaluateFlags",
        _OURS,
        aside=True,
    ),
    Candidate(
        "flagengine-capture",
        "flagengine, client's `capture`",
        "Python",
        "ours_client:Capture",
        _OURS,
        aside=True,
    ),
    Candidate(
        "flagengine-capture-json",
        "flagengine, client's `capture`, no orjson",
        "Python",
        "ours_client:Capture",
        _OURS,
        hidden=("orjson",),
        aside=True,
    ),
    Candidate(
        "flagengine-capture-zstd",
        "flagengine, client's `capture`, zstd",
        "Python",
        "ours_client:ZstandardCapture",
        _OURS,
        aside=True,
    ),
    Candidate(
        "flagengine-server",
        "flagengine, the server's answer to `/flags`",
        "Python + C hash",
        "ours_server:Flags",
        _OURS,
        aside=True,
    ),
    Candidate(
        "flagengine-table",
        "flagengine, `evaluate_table`",
        "Python + C hash",
        "",
        _OURS,
        aside=True,
    ),
    Candidate(
        "parquet-copy", "pyarrow, reading and writing alone", "C++", "", "pyarrow", aside=True
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
        "posthog-client-told",
        "posthog, client getter, event sent before",
        "Python",
        "posthog_client:ToldGetter",
        _POSTHOG,
        aside=True,
    ),
    Candidate(
        "posthog-capture",
        "posthog, client's `capture`",
        "Python",
        "posthog_client:Capture",
        _POSTHOG,
        aside=True,
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
