"""EDGE: the public calls. The one place that reads the clock and loads a time zone.

``evaluate`` and ``evaluate_flag`` share their keyword arguments, described once in
:class:`CallOptions`.
"""

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from datetime import UTC, datetime, tzinfo
from difflib import get_close_matches
from typing import Any, Final, Literal, TypedDict, Unpack
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from flagengine.document import Document
from flagengine.explain import Explanation
from flagengine.interpreter import Interpreter
from flagengine.outcomes import is_filtered_out
from flagengine.overrides import Overrides, OverridesLike
from flagengine.resolution import Resolution
from flagengine.snapshot import Snapshot
from flagengine.subject import Subject

__all__ = ["CallOptions", "Evaluation", "evaluate", "evaluate_flag", "explain"]


class CallOptions(TypedDict, total=False):
    """The keyword arguments of every evaluating call."""

    groups: Mapping[str, Any] | None
    """The person's groups: ``{"company": "acme"}``. A key is non-empty text or a number."""
    group_properties: Mapping[str, Mapping[str, Any]] | None
    """Their properties by group type: ``{"company": {"tier": "gold"}}``."""
    device_id: str | None
    """For flags bucketed by device; ``props["$device_id"]`` serves as well."""
    overrides: OverridesLike
    """Answers to use instead, on top of the snapshot's own (SPEC R14)."""
    now: datetime | None
    """An aware datetime for date filters; the current time when left out."""
    project_timezone: str | tzinfo
    """The zone of dates without an offset: the project's setting. Default "UTC"."""
    complete: bool | Mapping[str, Any]
    """The promise that the properties given are all there are: True, or per map
    ``{"person_properties": True, "group_properties": ["company"]}``. Missing keys then answer as
    on the server (SPEC R6)."""
    missing_group: Literal["false", "unresolved"]
    """What a group that was not passed means: the server's false, or the public SDK contract's
    unresolved."""
    evaluation_runtime: Literal["client", "server"] | None
    """Leave out flags of the other runtime (SPEC R17)."""
    evaluation_contexts: Collection[str] | None
    """Leave out flags that are tagged with none of these contexts; None asks no such question."""


def evaluate(
    flag_defs: Snapshot | Document,
    distinct_id: object,
    props: Mapping[str, Any] | None = None,
    *,
    flag_keys: Iterable[str] | None = None,
    **options: Unpack[CallOptions],
) -> "Evaluation":
    """Evaluate flags for one person; each flag when it is first asked for.

    ``flag_defs`` is a :class:`Snapshot`, or a raw document, which is parsed anew at every call.
    ``flag_keys`` restricts the mapping; a key without a flag gives a resolution that says so.
    Nothing about a flag or a property raises; a wrong argument raises TypeError or ValueError.
    """
    snapshot = flag_defs if isinstance(flag_defs, Snapshot) else Snapshot.parse(flag_defs)
    return Evaluation(snapshot, distinct_id, props, flag_keys, **options)


def evaluate_flag(
    flag_defs: Snapshot | Document,
    key: str,
    distinct_id: object,
    props: Mapping[str, Any] | None = None,
    **options: Unpack[CallOptions],
) -> Resolution:
    """Evaluate one flag for one person; an unknown key gives a resolution that says so."""
    snapshot = flag_defs if isinstance(flag_defs, Snapshot) else Snapshot.parse(flag_defs)
    return interpreter(snapshot, distinct_id, props, options).flag(key).resolution


def explain(
    flag_defs: Snapshot | Document,
    key: str,
    distinct_id: object,
    props: Mapping[str, Any] | None = None,
    *,
    redact: bool = False,
    **options: Unpack[CallOptions],
) -> Explanation:
    """Evaluate one flag and say why; with ``redact`` without the values of properties."""
    snapshot = flag_defs if isinstance(flag_defs, Snapshot) else Snapshot.parse(flag_defs)
    return Explanation(interpreter(snapshot, distinct_id, props, options).flag(key), redact)


class Evaluation(Mapping[str, Resolution]):
    """The answers for one person: read-only, computed per key when asked for, then remembered."""

    __slots__ = ("_interpreter", "_keys")

    def __init__(
        self,
        snapshot: Snapshot,
        distinct_id: object,
        props: Mapping[str, Any] | None,
        flag_keys: Iterable[str] | None,
        **options: Unpack[CallOptions],
    ) -> None:
        """Bind a snapshot to a person; see :func:`evaluate`."""
        self._interpreter = interpreter(snapshot, distinct_id, props, options)
        self._keys = _keys(snapshot, flag_keys, options)

    def __getitem__(self, key: str) -> Resolution:
        """Return the answer for a key; KeyError when it was not asked for."""
        if key not in self._keys:
            raise KeyError(key)
        return self._interpreter.flag(key).resolution

    def __iter__(self) -> Iterator[str]:
        """Iterate over the keys in the document's order, or as asked for."""
        return iter(self._keys)

    def __len__(self) -> int:
        """Count the flags asked for."""
        return len(self._keys)

    def __repr__(self) -> str:
        """Name the flags; evaluate none."""
        return f"<Evaluation of {len(self._keys)} flags>"


def _keys(
    snapshot: Snapshot, flag_keys: Iterable[str] | None, options: CallOptions
) -> Mapping[str, None]:
    """Return the keys of the mapping: those asked for, else every flag that the request may see."""
    if flag_keys is not None:
        if isinstance(flag_keys, str):
            message = f"flag_keys is a collection of keys, found the text {flag_keys!r}"
            raise TypeError(message)
        return dict.fromkeys(flag_keys)
    overridden = (snapshot.overrides | Overrides.parse(options.get("overrides"))).flags
    runtime, contexts = options.get("evaluation_runtime"), _contexts(options)
    keys: Iterable[str] = snapshot.keys
    if runtime is not None or contexts is not None:
        keys = (
            key
            for key in snapshot.keys
            if key in overridden or not is_filtered_out(snapshot.flags[key], runtime, contexts)
        )
    elif not overridden:
        return snapshot.keys
    return dict.fromkeys((*keys, *overridden))


def interpreter(
    snapshot: Snapshot,
    distinct_id: object,
    props: Mapping[str, Any] | None,
    options: CallOptions,
) -> Interpreter:
    """Check the call's arguments and bind them to the snapshot."""
    _check_names(options)
    missing_group = options.get("missing_group", "false")
    if missing_group not in ("false", "unresolved"):
        message = f'missing_group is "false" or "unresolved", found {missing_group!r}'
        raise ValueError(message)
    runtime = options.get("evaluation_runtime")
    if runtime not in (None, "client", "server"):
        message = f'evaluation_runtime is "client", "server" or None, found {runtime!r}'
        raise ValueError(message)
    subject = Subject(
        distinct_id,
        _mapping("props", props),
        groups=_mapping("groups", options.get("groups")),
        group_properties=_group_properties(options.get("group_properties")),
        device_id=options.get("device_id"),
        complete=options.get("complete", False),
        strict_groups=missing_group == "unresolved",
        now=_aware(options.get("now")),
        zone=_zone(options.get("project_timezone", "UTC")),
        clock=_clock,
    )
    overrides = snapshot.overrides | Overrides.parse(options.get("overrides"))
    return Interpreter(snapshot, subject, overrides, runtime, _contexts(options))


def _check_names(options: CallOptions) -> None:
    for name in options:
        if name not in CallOptions.__annotations__:
            near = get_close_matches(name, CallOptions.__annotations__, 1)
            hint = f"; did you mean {near[0]!r}?" if near else ""
            message = f"unexpected keyword argument {name!r}{hint}"
            raise TypeError(message)


def _mapping(name: str, value: Any) -> Mapping[str, Any] | None:
    if value is None or isinstance(value, Mapping):
        return value
    message = f"{name} is a mapping or None, found {type(value).__name__}"
    raise TypeError(message)


def _group_properties(value: Any) -> Mapping[str, Mapping[str, Any]] | None:
    for group, properties in (_mapping("group_properties", value) or {}).items():
        _mapping(f"group_properties[{group!r}]", properties)
    return value  # type: ignore[no-any-return]


def _contexts(options: CallOptions) -> frozenset[str] | None:
    contexts = options.get("evaluation_contexts")
    if isinstance(contexts, str):
        message = f"evaluation_contexts is a collection of texts, found the text {contexts!r}"
        raise TypeError(message)
    return None if contexts is None else frozenset(contexts)


def _aware(now: datetime | None) -> datetime | None:
    if now is not None and (not isinstance(now, datetime) or now.utcoffset() is None):
        message = f"now is an aware datetime, found {now!r}"
        raise TypeError(message)
    return now


def _zone(zone: str | tzinfo) -> tzinfo:
    if isinstance(zone, tzinfo):
        return zone
    if zone == "UTC":
        return UTC
    try:
        return ZoneInfo(zone)
    except (ZoneInfoNotFoundError, ValueError, OSError, TypeError) as error:
        message = f"project_timezone is an IANA zone such as Europe/Berlin, found {zone!r}"
        raise ValueError(message) from error


_clock: Final[Callable[[], datetime]] = lambda: datetime.now(UTC)  # noqa: E731 the clock's edge
