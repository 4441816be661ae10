"""Every constructor option, in one frozen value with its default and its meaning.

Only data: what an option does stands where it is used, what it is made into in ``assembly.py``.
"""

from __future__ import annotations

import difflib
import os
from collections.abc import Callable, Collection, Mapping, MutableMapping, Sequence
from dataclasses import dataclass, field, fields, replace
from typing import Any, Literal, TypeAlias

from ..batching.event import Event
from ..batching.limits import Exhausted, Overflow
from ..batching.sinks.base import Sink
from ..batching.workers.base import Driver
from ..clock import Clock
from ..errors import TransportError
from ..flags.cache import FlagCache
from ..http.base import Transport
from ..polling.health import StalenessBudget
from ..polling.sources.base import DefinitionSource
from ..polling.sources.cache import FlagDefinitionCacheProvider

__all__ = ["BeforeSend", "Message", "Options", "read_options"]

Message: TypeAlias = dict[str, Any]
"""An event as a hook sees it: ``event, distinct_id, properties, timestamp, uuid``."""

BeforeSend: TypeAlias = Callable[[Message], Message | None]

# Of a project key; a secret key that holds it is the wrong key.
PROJECT_KEY_PREFIX = "phc_"


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """What a client was told. Times are in seconds; ``repr`` shows no key."""

    # Whom to talk to.

    api_key: str | None = field(default=None, repr=False)
    """The project key, ``phc_...``. Without one (and without a ``sink``) the client does nothing."""
    host: str | None = None
    """Base URL; None is PostHog's US cloud. Self-hosted ones and proxies stay as given."""
    secret_key: str | None = field(default=None, repr=False)
    """Secret or personal key: for local evaluation and remote config."""
    personal_api_key: str | None = field(default=None, repr=False)
    """The older name of ``secret_key``."""
    transport: Transport | None = None
    """Carries out HTTP requests; ``requests`` is used, and imported, only without one."""
    extra_headers: Mapping[str, str] = field(default_factory=dict, repr=False)
    """Sent with every request; never in place of ours."""
    lib_name: str = "flagengine"
    """``$lib`` and the User-Agent's name; for those who replace another SDK in place."""
    is_server: bool = True
    """Sends ``$is_server``."""
    debug: bool = False
    """Logs from the start what ``debug(True)`` logs."""
    disabled: bool = False
    """Does nothing: no event, no request, no thread."""
    clock: Clock | None = None
    """Where the time comes from."""

    # Events.

    flush_at: int = 100
    """So many waiting events are sent at once."""
    flush_interval: float = 5.0
    """No event waits longer than this, while the server takes them."""
    max_batch_size: int | None = None
    """The most events in one request; None: ``max(flush_at, 100)``."""
    max_queue_size: int = 10_000
    """The most waiting events in a lane."""
    overflow: Overflow | str = Overflow.DROP_NEW
    """What happens to an event when the queue is full: ``drop_new``, ``drop_oldest``, ``block``,
    ``raise`` or ``spill``."""
    spool_directory: str | os.PathLike[str] | None = None
    """Where ``overflow="spill"`` keeps events; one directory for each process or service."""
    max_retries: int = 3
    """How often a batch is sent again, after 1, 2, 4 ... at most 30 s."""
    on_exhausted: Exhausted | str = Exhausted.DROP
    """What happens to a batch whose retries are used up: ``drop`` or ``retain``."""
    request_timeout: float = 10.0
    """The deadline of one request that carries events, remote config or surveys."""
    sync_mode: bool = False
    """``capture`` delivers before it returns."""
    historical_migration: bool = False
    """Marks all events as an import of old ones."""
    gzip: bool = True
    """Whether to pack bodies when ``capture_compression`` does not say how."""
    capture_compression: str | None = None
    """``none``, ``gzip``, ``deflate``, ``zstd`` or ``br``; None: ``POSTHOG_CAPTURE_COMPRESSION`` in the
    environment, else what ``gzip`` says."""
    capture_mode: str | None = None
    """``v0`` or ``v1``; None: ``POSTHOG_CAPTURE_MODE`` in the environment, else v0."""
    before_send: BeforeSend | Sequence[BeforeSend] | None = None
    """Sees each event as it will be sent and returns it, changed or not, or None to drop it. A list
    is run in order. A hook that raises drops the event."""
    on_error: Callable[[TransportError, tuple[Event, ...]], object] | None = None
    """Called with what went wrong and the events that it cost."""
    super_properties: Mapping[str, Any] = field(default_factory=dict)
    """In every event of this client; ``register`` adds more."""
    disable_geoip: bool = True
    """Keeps the server from placing events and flag requests by our own address."""
    default_opt_in: bool = True
    """False: nothing is captured before ``opt_in()``."""
    privacy_mode: bool = False
    """Leaves the content out of AI events (see ``prepare_ai_properties``)."""
    enable_full_ai_capture: bool = False
    """Keeps media and long texts in AI events."""
    storage: MutableMapping[str, Any] | None = None
    """Where registered properties and the opt-out are kept; None: in memory. See ``JsonStorage``."""
    sink: Sink | None = None
    """Where events go instead of to the server: a file, memory, nowhere. Needs no key."""
    driver: Driver | None = None
    """Who works: daemon threads by default; with a ``ManualDriver`` nobody but ``tick``, ``flush`` and
    whoever waits: for functions that are frozen between two requests."""

    # Flags.

    definitions: DefinitionSource | None = None
    """Where flag definitions come from; by default from the server, when there is a secret key."""
    enable_local_evaluation: bool = True
    """False: never loads definitions."""
    strict_local_evaluation: bool = False
    """Never asks the server for flags unless a call says ``only_evaluate_locally=False``."""
    poll_interval: float = 30.0
    """How often definitions are looked at."""
    staleness: StalenessBudget = field(default_factory=StalenessBudget)
    """How old definitions may get before ``definitions_health()`` says so."""
    flag_definition_cache_provider: FlagDefinitionCacheProvider | None = None
    """Shares definitions between processes."""
    flag_cache: str | FlagCache | None = None
    """Keeps the server's answers: ``memory://local/?ttl=300&size=10000&mode=primary`` (or
    ``mode=fallback``), or an object. None: nothing is kept."""
    feature_flags_request_timeout: float = 3.0
    """The deadline of one request for flags."""
    feature_flags_request_max_retries: int = 1
    """How often it is made again when no answer came, or a 502 or 504."""
    flags_api_version: int = 2
    """Which answer to ask for; every known one is understood."""
    send_feature_flag_event: bool = True
    """Whether reading a flag sends ``$feature_flag_called``."""
    max_cache_size: int = 50_000
    """Of how many distinct ids it is remembered which of those were sent."""
    missing_group: Literal["false", "unresolved"] = "false"
    """What a group flag says without its group: false as on the server, or unresolved."""
    evaluation_contexts: Collection[str] | str = ()
    """Leaves out flags that are tagged with none of these."""
    project_timezone: str = "UTC"
    """The zone of dates without an offset in flag conditions: the project's setting."""
    disable_surveys: bool = False
    """``get_surveys`` gives an empty list and asks nobody."""

    # Exceptions.

    enable_exception_autocapture: bool = False
    """Reports what nobody caught, in any thread."""
    in_app_modules: Sequence[str] = ()
    """Prefixes of modules that are the application's, wherever they are installed."""
    in_app_exclude: Sequence[str] = ()
    """Prefixes of modules that are not."""
    project_root: str | os.PathLike[str] | None = None
    """Files below are the application's; None: the working directory."""
    capture_exception_code_variables: bool = False
    """Adds local variables to the frames of exceptions, secrets masked."""
    exception_rate_limit_size: int = 10
    """So many automatically captured exceptions of one type at once."""
    exception_rate_limit_refill: int = 1
    """So many more ..."""
    exception_rate_limit_interval: float = 10.0
    """... every so many seconds."""

    def __post_init__(self) -> None:
        """Refuse what cannot be meant.

        Raises:
            ValueError: the project key was given as the secret one.
            TypeError: a key that is no text.
        """
        for name in ("api_key", "secret_key", "personal_api_key"):
            given = getattr(self, name)
            if given is not None and not isinstance(given, str):
                msg = f"expected {name} as text, found {type(given).__name__}"
                raise TypeError(msg)
        for name in ("secret_key", "personal_api_key"):
            if PROJECT_KEY_PREFIX in (getattr(self, name) or ""):
                msg = (
                    f"{name} holds a project key ({PROJECT_KEY_PREFIX}...): expected a secret key"
                    " (phs_...) or a personal one (phx_...)"
                )
                raise ValueError(msg)

    @property
    def project_key(self) -> str:
        """The project key without the spaces that copying brings; empty when missing."""
        return (self.api_key or "").strip()

    @property
    def secret(self) -> str:
        """The secret key, by either name; empty when missing."""
        return (self.secret_key or self.personal_api_key or "").strip()

    @property
    def hooks(self) -> tuple[BeforeSend, ...]:
        """The ``before_send`` chain."""
        if self.before_send is None:
            return ()
        return (self.before_send,) if callable(self.before_send) else tuple(self.before_send)

    @property
    def contexts(self) -> tuple[str, ...]:
        """The evaluation contexts; a single one may be given as text."""
        given = self.evaluation_contexts
        return (given,) if isinstance(given, str) else tuple(given)

    @property
    def is_usable(self) -> bool:
        """Whether there is anything that the client could do."""
        return not self.disabled and (bool(self.project_key) or self.sink is not None)


def read_options(api_key: str | Options | None, keywords: Mapping[str, Any]) -> Options:
    """The options of ``Client(api_key, **keywords)``, or of ``Client(Options(...))``.

    Raises:
        TypeError: an unknown keyword; the message names the nearest one that exists.
        ValueError: see ``Options``.

    >>> read_options("phc_x", {"flush_att": 1})
    Traceback (most recent call last):
        ...
    TypeError: Client() has no option 'flush_att'; did you mean 'flush_at'?
    """
    known = [each.name for each in fields(Options)]
    for name in keywords:
        if name not in known:
            near = difflib.get_close_matches(name, known, 1)
            hint = f"; did you mean {near[0]!r}?" if near else ""
            msg = f"Client() has no option {name!r}{hint}"
            raise TypeError(msg)
    if isinstance(api_key, Options):
        return replace(api_key, **keywords)
    return Options(api_key=api_key, **keywords)
