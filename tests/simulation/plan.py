"""The plan of a run, made from its seed: a configuration and a list of steps."""

from dataclasses import dataclass, field

from .network import FAULTS
from .randomness import Draws

_PLANNING, _STEPS = 1, 2


@dataclass
class Config:
    """The clients' options, the same for all processes of a run."""

    flush_at: int = 5
    flush_interval: float = 2.0
    max_batch_size: int = 5
    max_queue_size: int = 20
    max_retries: int = 2
    overflow: str = "drop_new"
    on_exhausted: str = "drop"
    request_timeout: float = 5.0
    capture_mode: str = "v0"
    gzip: bool = False
    driver: str = "threads"
    block_timeout: float = 1.0
    retain_cooldown: float = 5.0
    max_batch_bytes: int = 5_000_000
    max_event_bytes: int = 900_000
    max_queue_bytes: int = 5_000_000
    segment_bytes: int = 2000
    max_spool_bytes: int = 1_000_000
    fsync: str = "never"
    poll_interval: float = 5.0
    has_flags: bool = False
    has_definitions: bool = True
    # Whether most steps ask the server for flags.
    reads_often: bool = False
    preempts: float = 0.0
    processes: int = 1

    @property
    def batch_size(self) -> int:
        return self.max_batch_size

    @property
    def limits(self) -> dict:
        """What ``LaneLimits`` gets although no option sets it."""
        names = (
            "block_timeout",
            "retain_cooldown",
            "max_batch_bytes",
            "max_event_bytes",
            "max_queue_bytes",
        )
        return {name: getattr(self, name) for name in names}

    @property
    def spool(self) -> dict:
        """What ``Spool`` gets although no option sets it."""
        return {
            "segment_bytes": self.segment_bytes,
            "max_bytes": self.max_spool_bytes,
            "fsync": self.fsync,
        }

    def most_pending(self, process) -> int | None:
        """Return how many events a process may hold; None without a bound."""
        if self.overflow == "spill":
            return None
        return process.lanes_used * (self.max_queue_size + 2 * self.max_batch_size)


@dataclass
class Step:
    """A step: its position in the whole plan, which seeds its draws, and what to do."""

    number: int
    kind: str
    arguments: dict = field(default_factory=dict)

    def __str__(self) -> str:
        told = ", ".join(f"{name}={value}" for name, value in self.arguments.items())
        return f"{self.number}: {self.kind}({told})"


def configure(seed: int) -> Config:
    """Return the configuration of a seed."""
    draws = Draws(seed, _PLANNING)
    config = Config(
        flush_at=draws.between(1, 8),
        flush_interval=draws.pick((0.5, 2.0, 5.0)),
        max_batch_size=draws.between(1, 8),
        max_queue_size=draws.pick((3, 8, 20, 60)),
        max_retries=draws.between(0, 3),
        overflow=draws.pick(
            ("drop_new", "drop_oldest", "block", "raise", "spill", "spill", "spill")
        ),
        on_exhausted=draws.pick(("drop", "drop", "retain")),
        request_timeout=draws.pick((1.0, 5.0, 10.0)),
        capture_mode=draws.pick(("v0", "v1")),
        gzip=draws.chance(0.1),
        driver=draws.pick(("threads", "threads", "threads", "manual")),
        segment_bytes=draws.pick((200, 1000, 5000)),
        max_spool_bytes=draws.pick((3000, 20_000, 1_000_000)),
        fsync=draws.pick(("never", "always", "on_close")),
        poll_interval=draws.pick((2.0, 5.0, 30.0)),
        has_flags=draws.chance(0.4),
        has_definitions=draws.chance(0.6),
        preempts=draws.pick((0.0, 0.0, 0.0, 0.2, 0.5)),
        processes=draws.pick((1, 1, 2)),
    )
    if draws.chance(0.3):
        config.max_batch_bytes = draws.pick((700, 1500))
    if draws.chance(0.2):
        config.max_event_bytes = 800
    if draws.chance(0.2):
        config.max_queue_bytes = draws.pick((1500, 4000))
    if draws.chance(0.15):
        config.reads_often = config.has_flags = True
        config.has_definitions = draws.chance(0.3)
    if config.overflow == "spill" and draws.chance(0.5):
        # So that most events are read back.
        config.max_queue_size = draws.pick((1, 3))
    return config


def plan(seed: int, config: Config) -> list[Step]:
    """Return the steps of a seed."""
    draws = Draws(seed, _STEPS)
    count = draws.between(10, 45)
    return [_step(number, draws, config) for number in range(count)]


def _step(number: int, draws: Draws, config: Config) -> Step:
    kind = draws.weighted(_WEIGHTS)
    if config.reads_often and kind in _REPLACED_BY_READS and draws.chance(0.7):
        return Step(number, "read", {**_ARGUMENTS["read"](draws), "locally": draws.chance(0.1)})
    if config.reads_often and kind == "weather" and draws.chance(0.6):
        return Step(number, kind, _outage(draws))
    has_definitions = config.has_flags and config.has_definitions
    if has_definitions and kind == "weather" and draws.chance(0.3):
        return Step(number, kind, _bad_key(draws))
    if kind == "capture" and config.has_flags and draws.chance(0.4):
        kind = draws.pick(("read", "read", "read", "reload", "change"))
    if kind in ("run", "spin") and config.driver == "manual" and draws.chance(0.4):
        kind = "tick"
    if kind in _FLAG_KINDS and not config.has_flags:
        kind = "capture"
    if kind in _DISK_KINDS and config.overflow != "spill":
        kind = "run"
    return Step(number, kind, _ARGUMENTS[kind](draws) if kind in _ARGUMENTS else {})


_WEIGHTS = [
    (30, "capture"), (8, "flush"), (4, "immediate"), (22, "run"), (8, "spin"), (4, "tick"),
    (14, "weather"), (4, "calm"), (3, "limit"), (2, "shutdown"), (2, "exit"), (4, "kill"), (5, "start"),
    (3, "fork"), (2, "wall"), (2, "leap"), (1, "threads"),
    (3, "trap"), (5, "disk"), (5, "blind"), (2, "heal"), (1, "power"), (2, "flip"), (1, "vanish"),
    (6, "read"), (4, "change"), (2, "reload"),
]  # fmt: skip
_REPLACED_BY_READS = frozenset({"capture", "flush", "immediate", "spin"})
_FLAG_KINDS = frozenset({"read", "change", "reload"})
_DISK_KINDS = frozenset({"trap", "disk", "blind", "heal", "power", "flip", "vanish"})
_OPERATIONS = (
    "open",
    "write",
    "write",
    "fsync",
    "truncate",
    "read",
    "stat",
    "unlink",
    "mkdir",
    "list",
    "lock",
)


def _weather(draws: Draws) -> dict:
    count = draws.pick((1, 1, 2, 4))
    return {
        "faults": tuple(draws.pick(FAULTS) for _ in range(count)),
        "probability": draws.pick((0.3, 0.7, 1.0)),
        "seconds": draws.pick((0.5, 5.0, 30.0, 120.0)),
    }


def _outage(draws: Draws) -> dict:
    fault = draws.pick(("refused", "reset before", "hang before", "taken, then 500"))
    return {"faults": (fault,), "probability": 1.0, "seconds": 120.0}


def _bad_key(draws: Draws) -> dict:
    return {
        "faults": ("bad key",),
        "probability": 1.0,
        "seconds": draws.pick((0.5, 5.0, 30.0, 200.0)),
    }


def _who(draws: Draws) -> int:
    return draws.below(8)


_ARGUMENTS = {
    "capture": lambda draws: {
        "who": _who(draws),
        "count": draws.pick((1, 1, 2, 3, 5, 12)),
        "size": draws.pick((5, 5, 5, 300, 900)),
        "lane": draws.pick(("events", "events", "events", "events", "ai", "ai_named")),
    },
    "flush": lambda draws: {"who": _who(draws), "timeout": draws.pick((None, 0.5, 3.0, 20.0))},
    "immediate": lambda draws: {"who": _who(draws)},
    "run": lambda draws: {"seconds": draws.pick((0.01, 0.1, 0.5, 2.0, 6.0, 40.0))},
    "spin": lambda draws: {"turns": draws.between(1, 6)},
    "tick": lambda draws: {"who": _who(draws)},
    "weather": _weather,
    "limit": lambda draws: {"events": draws.pick((0, 1, 2, 3, 5))},
    "shutdown": lambda draws: {
        "who": _who(draws), "timeout": draws.pick((0.1, 2.0, 30.0)), "discard": draws.chance(0.15),
    },
    "exit": lambda draws: {"who": _who(draws)},
    "kill": lambda draws: {"who": _who(draws)},
    "fork": lambda draws: {"who": _who(draws)},
    "wall": lambda draws: {"seconds": draws.pick((-86400.0, -30.0, 5.0, 3600.0))},
    "leap": lambda draws: {"seconds": draws.pick((1.0, 30.0, 4000.0))},
    "threads": lambda draws: {"are_exhausted": draws.chance(0.6)},
    "trap": lambda draws: {
        "who": _who(draws), "operations": draws.below(12), "in_write": draws.chance(0.4),
    },
    "disk": lambda draws: {
        "operation": draws.pick(_OPERATIONS), "count": draws.pick((1, 1, 2, 10)), "full": draws.chance(0.2),
        "room": draws.pick((0, 50, 400)),
    },
    "blind": lambda draws: {"seconds": draws.pick((3.0, 20.0, 150.0))},
    "read": lambda draws: {
        "who": _who(draws), "all": draws.chance(0.5), "locally": draws.chance(0.6), "person": draws.below(3),
    },
    "reload": lambda draws: {"who": _who(draws), "timeout": draws.pick((1.0, 10.0))},
}  # fmt: skip
