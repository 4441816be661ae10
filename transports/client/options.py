"""The options of a client: one frozen value with defaults and descriptions.

``assembly.py`` builds the client's components from the options.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Collection, Iterator, Mapping, MutableMapping, Sequence
from dataclasses import dataclass, field, fields, replace
from datetime import tzinfo
from typing import Any, Literal, TypeAlias

from ..batching.drivers import Driver
from ..batching.event import Event
from ..batching.limits import Exhausted, Overflow
from ..batching.sinks.base import Sink
from ..clock import Clock
from ..errors import TransportError
from ..flags.cache import FlagCache
from ..flags.query import Complete
from ..http.base import Transport
from ..http.options import HttpOptions
from ..polling.health import StalenessBudget
from ..polling.sources.base import DefinitionSource
from ..polling.sources.cache import FlagDefinitionCacheProvider
from .option_names import PROJECT_API_KEY, unknown_option
from .option_rules import RULES

__all__ = ["BeforeSend", "EventMessage", "OnError", "Options", "read_options"]

EventMessage: TypeAlias = dict[str, Any]
"""The argument of a hook: a dict of ``event, distinct_id, properties, timestamp, uuid``."""

BeforeSend: TypeAlias = Callable[[EventMessage], EventMessage | None]
OnError: TypeAlias = Callable[[TransportError, tuple[Event, ...]], object]


@dataclass(frozen=True, slots=True, kw_only=True)
class Options(HttpOptions):
    """A client's options. Times are in seconds. The ``repr`` has no keys.

    The options of HTTP, such as ``proxy`` and ``ca_file``, are in ``http/options.py``.

    Every value is read when the client is made. What is unambiguous is converted, because the environment
    has only text: numbers (``"30"``), booleans (``"true"``, ``"0"``, ``"off"``), words in any case. Anything
    else raises a TypeError or ValueError that names the option, so no option fails later. What the program
    says beats the environment.
    """

    # The server and the client itself.

    api_key: str | None = field(default=None, repr=False)
    """The project key, ``phc_...``. Without a key (and without a ``sink``) the client does nothing.
    posthog-python's name ``project_api_key`` is accepted, too."""
    host: str | None = None
    """The base URL; None: PostHog's US cloud. It may be the URL of another server or of a proxy.
    A host without a scheme gets ``https://``, and ``http://`` if it is this machine
    (``localhost:8000``). Quotes around it are removed."""
    secret_key: str | None = field(default=None, repr=False)
    """A secret or personal API key, ``phs_...`` or ``phx_...``, for local evaluation and remote config."""
    personal_api_key: str | None = field(default=None, repr=False)
    """The older name for ``secret_key``, which wins if both are given."""
    transport: Transport | None = None
    """The transport of HTTP requests; None: a ``LiveTransport`` with the options of HTTP, which uses
    ``requests`` and imports it only then."""
    extra_headers: Mapping[str, str] = field(default_factory=dict, repr=False)
    """Headers to send with every request, without those that the client sends itself and those that
    frame a request, such as ``Host``."""
    lib_name: str = "flagengine"
    """The events' ``$lib`` and the name in the User-Agent; for drop-in replacements of other SDKs."""
    is_server: bool = True
    """Whether events have ``$is_server``."""
    debug: bool = False
    """Turn on debug logging, as ``debug(True)`` does."""
    disabled: bool = False
    """Make a client that does nothing: no events, no requests, no threads. For a client that was made
    without it, ``client.disabled = True`` does the same until ``client.disabled = False``."""
    clock: Clock | None = None
    """The clock; None: the system's clock."""

    # Events.

    flush_at: int = 100
    """The number of queued events that triggers a flush; 1: send each event at once."""
    flush_interval: float = 5.0
    """The maximum time for which an event is queued while the server accepts events; 0: send each event
    at once."""
    max_batch_size: int | None = None
    """The maximum number of events in one request; None: ``max(flush_at, 1000)``."""
    max_queue_size: int = 10_000
    """The maximum number of queued events in a lane."""
    overflow: Overflow | str = Overflow.DROP_NEW
    """What happens to an event when the queue is full: ``drop_new``, ``drop_oldest``, ``block``,
    ``raise`` or ``spill``."""
    spool_directory: str | os.PathLike[str] | None = None
    """The directory in which ``overflow="spill"`` stores events; separate for each service. Damaged parts
    are put aside there, in files ``*.damaged``. ``~`` is the home directory."""
    max_retries: int = 3
    """The number of retries of a batch, after delays of 1, 2, 4 ... at most 30 s; 0: no retries."""
    on_exhausted: Exhausted | str = Exhausted.DROP
    """What happens to a batch after its last retry: ``drop`` or ``retain``."""
    request_timeout: float = 10.0
    """The deadline of a request with events, for remote config or for surveys."""
    sync_mode: bool = False
    """Whether ``capture`` delivers the event before it returns."""
    historical_migration: bool = False
    """Mark all events as an import of historical events."""
    gzip: bool | None = None
    """Whether to compress bodies when ``capture_compression`` is None; None: yes, unless the environment
    says otherwise."""
    capture_compression: str | None = None
    """``none``, ``gzip``, ``deflate``, ``zstd`` or ``br``; None: ``POSTHOG_CAPTURE_COMPRESSION`` in the
    environment, if the option ``gzip`` does not contradict it; otherwise ``gzip``, or ``none`` with
    ``gzip=False``. With capture v0, PostHog reads ``gzip`` and ``none`` alone."""
    capture_mode: str | None = None
    """``v0`` or ``v1``; None: ``POSTHOG_CAPTURE_MODE`` in the environment, otherwise v0."""
    before_send: BeforeSend | Sequence[BeforeSend] | None = None
    """A hook, or a list of hooks in their order. A hook gets each event before it is sent, and returns
    the event, changed or not, or None to drop it. A hook that raises drops the event, which is a loss. A
    hook must not capture: the event that it captures is refused. A hook may read flags, but such a read
    sends no ``$feature_flag_called``. A hook cannot be ``async def``, because ``capture`` does not wait."""
    on_error: OnError | None = None
    """A callback, called with an error and the events that it lost. It hears of every lost event, also of
    each one that a full queue refuses, in batches and before ``flush``, ``shutdown`` and
    ``capture_immediate`` return. It may raise, block and capture. Events that cannot be named any more
    (damaged on disk) have only a uuid, or are counted by ``error.count``. It may be ``async def`` on an
    AsyncClient that is made on a running event loop, where it then runs."""
    super_properties: Mapping[str, Any] = field(default_factory=dict)
    """Properties of every event of this client; ``register`` adds more."""
    disable_geoip: bool = True
    """Whether the server must not locate events and flag requests by this machine's IP address."""
    default_opt_in: bool = True
    """If False, capture nothing before ``opt_in()``."""
    privacy_mode: bool = False
    """Leave the content out of AI events (see ``prepare_ai_properties``)."""
    enable_full_ai_capture: bool = False
    """Keep media and long texts in AI events."""
    storage: MutableMapping[str, Any] | None = None
    """The store of registered properties and the opt-out, a mutable mapping; None: memory. See
    ``JsonStorage``."""
    sink: Sink | None = None
    """Where to send events instead of to the server, for example to a file. Needs no key."""
    driver: Driver | None = None
    """What does the background work: by default daemon threads. With a ``ManualDriver``, only
    ``tick``, ``flush`` and waiting calls do it, for functions that are frozen between two requests."""

    # Flags.

    definitions: DefinitionSource | None = None
    """The source of flag definitions; by default the server, if there is a secret key."""
    enable_local_evaluation: bool = True
    """If False, never load definitions."""
    strict_local_evaluation: bool = False
    """Never ask the server for flags, unless a call passes ``only_evaluate_locally=False``."""
    never_evaluate_locally: Collection[str] | str = ()
    """The keys of flags that only the server evaluates, for example because their properties are known
    only there. With ``only_evaluate_locally`` and ``strict_local_evaluation`` they have no value.
    Overrides apply, and flags that depend on them are still evaluated locally."""
    complete: Complete = False
    """Whether the properties that a call, its context and the client give are all there are. Then a property
    that is absent is known to be absent, so ``is_not_set`` matches and other filters answer as on the server,
    and no server is asked for its value. ``{"person_properties": True}`` promises it for the person alone,
    ``{"group_properties": ["company"]}`` for the named types of groups. A call's ``complete`` wins."""
    wait_on_first_read: float = 5.0
    """The maximum time for which the first reads of flags wait until definitions are loaded; 0: never.

    Without it, flags that are read at the start would be asked of the server, which is billed, or have
    no value with ``only_evaluate_locally`` and ``strict_local_evaluation``. posthog-python 7.91.1 loads
    the definitions in the first read, for at most 10 s. Here the reads of all threads and tasks wait
    for one load, until the same moment. They wait only for the first load of a process: once it has
    failed, or the time is up, no read waits again, and loading goes on in the background. A forked
    child waits anew if no load has ended before the fork. With a ``ManualDriver`` the first read loads
    the definitions itself. ``AsyncClient`` waits without blocking the loop; its
    ``capture(send_feature_flags=...)`` does not wait."""
    poll_interval: float = 30.0
    """The time between two checks for new definitions; at least 0.1."""
    staleness: StalenessBudget = field(default_factory=StalenessBudget)
    """The ages at which ``definitions_health()`` calls definitions stale or expired."""
    flag_definition_cache_provider: FlagDefinitionCacheProvider | None = None
    """A cache that shares definitions between processes."""
    flag_cache: str | FlagCache | None = None
    """The cache of the server's answers: ``memory://local/?ttl=300&size=10000&mode=primary`` (or
    ``mode=fallback``), or an object. None: no cache."""
    feature_flags_request_timeout: float = 3.0
    """The deadline of a request for flags."""
    feature_flags_request_max_retries: int = 1
    """The number of retries of a flag request after no response, a 502 or a 504; 0: no retries."""
    feature_flags_request_pause: float | None = 5.0
    """The pause after repeated failures of flag requests. During it, flags are answered at once from
    what is known locally, and a read's ``$feature_flag_error`` is that of the last failure. After it,
    a single request tries again; while such requests fail, the pause doubles, up to a minute. The
    same holds for remote config and for surveys. 0 or None: ask the server at every read."""
    flags_api_version: int = 4
    """The response version to request; the client reads all known versions. From version 3 on, flags
    have typed values (numbers, objects) and name the rule that decided them."""
    send_feature_flag_event: bool = True
    """Whether reading a flag sends ``$feature_flag_called``, and ``$experiment_exposure`` if the read
    exposes the person to an experiment."""
    max_cache_size: int = 50_000
    """The maximum number of distinct ids whose sent flag events are remembered, with twenty events for
    each of them on average. Ids that were not read for long are forgotten first. The memory has hashes
    alone, at most some 100 bytes an event: 100 MB by default, however long ids and groups are. When a
    flag changes, its events are forgotten, and no others."""
    missing_group: Literal["as_server", "unresolved", "false"] = "as_server"
    """The result of a group flag if the group is missing: false, as on the server, or unresolved.
    "false" is a deprecated name for "as_server"."""
    evaluation_contexts: Collection[str] | str = ()
    """Leave out flags that are tagged with none of these; a single text counts as a list of one."""
    project_timezone: str | tzinfo = "UTC"
    """The project's time zone, used for dates without an offset in flag conditions."""
    development_overrides: str | os.PathLike[str] | Literal[False] | None = None
    """Values of flags for development: the path of a JSON or TOML file, such as ``{"beta": true}``. The
    environment's ``FLAGENGINE_OVERRIDES_FILE`` (a path) and ``FLAGENGINE_OVERRIDES`` (JSON) win over the
    file, flag by flag. All are read when the client is made, and named in a warning with their flags. They
    also hold for a client without a key. False: ignore the environment, for production."""
    disable_surveys: bool = False
    """Whether ``get_surveys`` returns an empty list without a request."""

    # Exceptions.

    enable_exception_autocapture: bool = False
    """Capture uncaught exceptions in all threads."""
    in_app_modules: Collection[str] | str = ()
    """Prefixes of modules that belong to the application, in any directory."""
    in_app_exclude: Collection[str] | str = ()
    """Prefixes of modules that do not belong to the application."""
    project_root: str | os.PathLike[str] | None = None
    """The directory of the application's files; None: the working directory."""
    capture_exception_code_variables: bool = False
    """Add the local variables to the frames of exceptions, with secrets masked."""
    ignored_exceptions: Collection[type[BaseException] | str] = ()
    """Exceptions that are never captured automatically: classes, or their names such as
    ``"shop.errors.OutOfStock"``; subclasses count. Control flow is ignored anyway: see
    ``exceptions/control_flow.py``. ``capture_exception(error)`` captures every exception."""
    reported_exceptions: Collection[type[BaseException] | str] = ()
    """Exceptions that are captured although they count as control flow, such as
    ``"django.core.exceptions.PermissionDenied"``."""
    exception_rate_limit_size: int = 10
    """Maximum burst of automatically captured exceptions of a type, at most 100; 0: capture none."""
    exception_rate_limit_refill: int = 1
    """Tokens added per interval, at most 100."""
    exception_rate_limit_interval: float = 10.0
    """Length of the refill interval in seconds."""

    def __post_init__(self) -> None:
        """Read each value by its rule: convert it, or refuse it with the option's name.

        Raises:
            TypeError: a value has the wrong type.
            ValueError: a value makes no sense, or two options contradict each other.
        """
        for each in fields(self):
            given, read = getattr(self, each.name), RULES.get(each.name)
            if read is not None and given is not each.default:
                object.__setattr__(self, each.name, read(each.name, given))
        HttpOptions.__post_init__(self)
        self._refuse_ignored()
        if self.overflow == Overflow.SPILL and self.spool_directory is None:
            message = 'overflow="spill" needs a spool_directory'
            raise ValueError(message)

    def _refuse_ignored(self) -> None:
        """Refuse options of HTTP that the given transport would not have."""
        if self.transport is None:
            return
        for each in fields(HttpOptions):
            if getattr(self, each.name) != each.default:
                msg = f"{each.name} must be given to the transport, got it beside one"
                raise ValueError(msg)

    @property
    def without_effect(self) -> Iterator[str]:
        """The combinations of options in which an option has no effect, as sentences."""
        if self.spool_directory is not None and self.overflow != Overflow.SPILL:
            yield 'spool_directory has no effect without overflow="spill"'
        if not self.enable_local_evaluation:
            for name in ("definitions", "flag_definition_cache_provider"):
                if getattr(self, name) is not None:
                    yield f"{name} has no effect with enable_local_evaluation=False"
            if self.strict_local_evaluation:
                yield (
                    "strict_local_evaluation with enable_local_evaluation=False leaves every flag"
                    " without an answer"
                )

    @property
    def project_key(self) -> str:
        """The project key without surrounding whitespace; empty if missing."""
        return (self.api_key or "").strip()

    @property
    def secret(self) -> str:
        """The secret key, by either name; empty if missing."""
        return (self.secret_key or self.personal_api_key or "").strip()

    @property
    def hooks(self) -> tuple[BeforeSend, ...]:
        """The ``before_send`` hooks."""
        if self.before_send is None:
            return ()
        return (self.before_send,) if callable(self.before_send) else tuple(self.before_send)

    @property
    def contexts(self) -> tuple[str, ...]:
        """The evaluation contexts, also if the option is a single text."""
        given = self.evaluation_contexts
        return (given,) if isinstance(given, str) else tuple(given)

    @property
    def is_usable(self) -> bool:
        """Whether the client can do anything: it is enabled and has a key or a sink."""
        return not self.disabled and (bool(self.project_key) or self.sink is not None)


def read_options(
    api_key: str | Options | None, keywords: Mapping[str, Any], host: str | None = None
) -> Options:
    """Return the options of ``Client(api_key, host, **keywords)``, or of ``Client(Options(...))``.

    Raises:
        TypeError: an unknown keyword; the message says what to use instead. Or see ``Options``.
        ValueError: see ``Options``.

    >>> read_options("phc_x", {"flush_att": 1})
    Traceback (most recent call last):
        ...
    TypeError: Client() has no option 'flush_att'; did you mean 'flush_at'?
    """
    given = dict(keywords)
    if host is not None:
        given["host"] = host
    if given.get(PROJECT_API_KEY) is not None:
        if api_key is not None:
            message = f"{PROJECT_API_KEY} is another name for api_key; pass only one of them"
            raise TypeError(message)
        api_key = given.pop(PROJECT_API_KEY)
    given.pop(PROJECT_API_KEY, None)
    known = [each.name for each in fields(Options)]
    for name in given:
        if name not in known:
            raise unknown_option(name, known)
    if isinstance(api_key, Options):
        return replace(api_key, **given)
    return Options(api_key=api_key, **given)
