"""A project at run time: its definitions, its forced values, its keys, and its answers."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping
from hmac import compare_digest
from itertools import product
from typing import Any, Final

from flagengine import Overrides, Resolution, evaluate

from ..batching.counters import Counters
from ..clock import Clock, SystemClock
from ..http.base import Transport
from ..http.live import LiveTransport
from ..polling.health import Health
from ..polling.loader import DefinitionLoader
from ..polling.policy import PollPolicy
from ..polling.poll_driver import PollDriver
from ..polling.poll_thread import ThreadPollDriver
from ..polling.store import DefinitionsChanged
from .events.intake import Intake
from .forced import ForcedValues
from .publication import Publication
from .settings import ProjectSettings
from .web.limits import RateLimit

__all__ = ["Project", "Projects"]

# Of more keys than this, those that no flag has are left out: each would become an answer of its own.
_MANY: Final = 100

_AGE: Final = b"x-flagengine-definitions-age"
_UNTIL_COMPILED: Final = 4
"""How often a flag is evaluated until its evaluator is compiled."""
_RUNTIMES: Final = (None, "client", "server")
"""What callers may be; flags that depend on another runtime's are compiled for each."""


class Project:
    """A project. All but the loader is used by the event loop's thread alone.

    Args:
        settings: its settings.
        transport: sends its events upstream.
        driver: what loads the definitions: by default a thread.
        clock: the source of the time.
    """

    def __init__(
        self,
        settings: ProjectSettings,
        *,
        transport: Transport | None = None,
        driver: PollDriver | None = None,
        clock: Clock | None = None,
    ) -> None:
        self.settings: ProjectSettings = settings
        self.name: str = settings.name
        """What logs and metrics call the project."""
        self.intake: Intake = Intake(settings, transport=transport or LiveTransport(), clock=clock)
        self.loader: DefinitionLoader = DefinitionLoader(
            settings.source,
            cache=settings.cache,
            driver=driver or ThreadPollDriver(),
            policy=PollPolicy(settings.poll_interval),
            budget=settings.staleness,
            clock=clock,
        )
        self.forced: ForcedValues = ForcedValues(settings.overrides)
        self.limit: RateLimit = RateLimit(settings.requests_per_second, clock=clock)
        self._clock: Clock = clock or SystemClock()
        self._publication: Publication | None = None
        self._options: dict[str, Any] = {}
        self._age = 0
        self._age_header = _AGE, b"0"
        self.loader.store.subscribe(self._prepare)
        if settings.complete:
            self._options["complete"] = True
        if settings.project_timezone != "UTC":
            self._options["project_timezone"] = settings.project_timezone

    def _prepare(self, change: DefinitionsChanged) -> None:
        """Evaluate new definitions on the thread that has loaded them, so that no request waits for compiling."""
        snapshot = change.current.snapshot
        if snapshot is not None:
            for runtime, _ in product(_RUNTIMES, range(_UNTIL_COMPILED)):
                options = {**self._options, "evaluation_runtime": runtime}
                evaluate(snapshot, "anybody", {}, **options).values()

    @property
    def publication(self) -> Publication | None:
        """The definitions in use; None before they are loaded, and after they were taken out of use.

        An endpoint reads this once and answers from it alone, so that no answer mixes two definitions.
        """
        snapshot = self.loader.store.current.snapshot
        if snapshot is None:
            return None
        found = self._publication
        if found is None or found.snapshot is not snapshot:
            found = self._publication = Publication(snapshot)
        return found

    @property
    def age_header(self) -> tuple[bytes, bytes]:
        """The header that says how many seconds ago the definitions were last confirmed by their source."""
        confirmed_at = self.loader.store.current.refreshed_at
        age = 0 if confirmed_at is None else int(self._clock.monotonic() - confirmed_at)
        if age != self._age:
            self._age = age
            self._age_header = _AGE, b"%d" % max(0, age)
        return self._age_header

    def evaluate(
        self,
        publication: Publication,
        distinct_id: str | None,
        properties: Mapping[str, Any],
        options: Mapping[str, Any],
        overrides: Overrides | None = None,
    ) -> Collection[Resolution]:
        """Return the answers of all flags, or of those in ``options``; ``overrides`` win over forced values.

        Without a distinct id, the flags that need one are undecided.
        """
        known = self.options(options, overrides)
        asked = known.get("flag_keys")
        if asked is not None and len(asked) > _MANY:
            forced = known["overrides"].flags.keys() if "overrides" in known else ()
            there = {*publication.snapshot.flags.keys(), *forced}
            found = [key for key in dict.fromkeys(asked) if key in there]
            known = {**known, "flag_keys": found}
        return evaluate(publication.snapshot, distinct_id, properties, **known).values()

    def options(
        self, options: Mapping[str, Any], overrides: Overrides | None = None
    ) -> Mapping[str, Any]:
        """Return the options of a call with those of the project; ``overrides`` win over forced values."""
        forced = self.forced.current
        if overrides:
            forced = forced | overrides
        if self._options:
            options = {**self._options, **options}
        return {**options, "overrides": forced} if forced else options

    def may_read_definitions(self, key: str) -> bool:
        """Return whether a secret key is the project's. Takes the same time for every key of a length."""
        known = self.settings.secret_keys
        if not known:
            return self.settings.project_key is None
        given = key.encode()
        # Every key is compared, whatever the first comparison says.
        found = [compare_digest(given, each.encode()) for each in known]
        return any(found)

    def health(self) -> Health:
        """Return the health of the definitions."""
        return self.loader.health()

    # What ``observability`` asks a client.

    definitions_health = health

    def counters(self) -> Counters | None:
        """Return the counts of events; None before the server has started."""
        return self.intake.counters()

    def on(self, event: str, callback: Callable[..., Any]) -> Callable[[], None]:  # noqa: ARG002
        """Call nothing: a server has no reads of its own."""
        return lambda: None


class Projects:
    """All projects of a server, found by their keys."""

    def __init__(self, projects: Collection[Project]) -> None:
        self._all = tuple(projects)
        self._by_key = {each.settings.project_key: each for each in self._all}
        alone = self._all[0] if len(self._all) == 1 else None
        self.only: Project | None = alone
        """The project of a server that has one."""
        # A project without a key takes every key.
        self._of_any_key = alone if alone and alone.settings.project_key is None else None

    def __iter__(self) -> Iterator[Project]:
        return iter(self._all)

    def by_key(self, project_key: str | None) -> Project | None:
        """Return the project with a project key, which is no secret; None if there is none."""
        if not project_key:
            return None
        return self._by_key.get(project_key, self._of_any_key)

    def by_secret(self, secret_key: str) -> Project | None:
        """Return the project whose definitions a secret key may read. Compares with the keys of all."""
        found = [each for each in self._all if each.may_read_definitions(secret_key)]
        return found[0] if found else None
