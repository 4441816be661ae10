"""One call's inputs, checked once: whom to evaluate, and how each flag is (SPEC R4.1).

EDGE: loads a time zone by its name. Wrong arguments raise here, TypeError or ValueError, and
nothing raises afterwards.
"""

from collections.abc import Collection, Iterable, Mapping
from datetime import UTC, datetime, tzinfo
from typing import Any, Final, Literal, TypedDict

from flagengine.clock import current_time
from flagengine.interpreter import Interpreter
from flagengine.outcomes import is_filtered_out
from flagengine.overrides import NO_OVERRIDES, Overrides, OverridesLike
from flagengine.resolution import Resolution
from flagengine.snapshot import Snapshot
from flagengine.subject import Subject
from flagengine.trace import FlagTrace

__all__ = ["Call", "CallOptions"]


class CallOptions(TypedDict, total=False):
    """The keyword arguments of every evaluating call."""

    flag_keys: Iterable[str] | None
    """The flags to evaluate; all when left out. A key without a flag gives a resolution that
    says so."""
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


class Call:
    """A snapshot bound to one person and the call's options."""

    __slots__ = (
        "_contexts",
        "_distinct_id",
        "_given",
        "_interpreter",
        "_overrides",
        "_runtime",
        "props",
        "snapshot",
    )

    def __init__(
        self,
        snapshot: Snapshot,
        distinct_id: object,
        props: Mapping[str, Any] | None,
        options: CallOptions,
    ) -> None:
        """Check the arguments and bind them."""
        self.snapshot = snapshot
        self.props = _mapping("props", props) or {}
        self._overrides = NO_OVERRIDES
        self._runtime: str | None = None
        self._contexts: frozenset[str] | None = None
        self._interpreter: Interpreter | None = None
        self._distinct_id = distinct_id
        self._given = self._read(distinct_id, options) if options else None

    def _read(self, distinct_id: object, options: CallOptions) -> Subject:
        """Check the options and bind them."""
        _check_names(options)
        self._overrides = Overrides.parse(options.get("overrides"))
        self._runtime = _one_of("evaluation_runtime", options, None, "client", "server")
        self._contexts = _contexts(options)
        missing_group = _one_of("missing_group", options, "false", "unresolved")
        return Subject(
            distinct_id,
            self.props,
            groups=_mapping("groups", options.get("groups")),
            group_properties=_group_properties(options.get("group_properties")),
            device_id=options.get("device_id"),
            complete=options.get("complete", False),
            strict_groups=missing_group == "unresolved",
            now=_aware(options.get("now")),
            zone=_zone(options.get("project_timezone", "UTC")),
            clock=current_time,
        )

    @property
    def subject(self) -> Subject:
        """Who is evaluated."""
        return self._given or self.snapshot.new_subject(self._distinct_id, self.props)

    def keys(self, flag_keys: Iterable[str] | None) -> Mapping[str, None]:
        """Return the keys asked for, else those of every flag that the request may see."""
        if isinstance(flag_keys, str):
            message = f"flag_keys is a collection of keys, found the text {flag_keys!r}"
            raise TypeError(message)
        if flag_keys is not None:
            return dict.fromkeys(flag_keys)
        if not self._overrides and not self.snapshot.overrides and self._is_plain():
            return self.snapshot.keys
        added = (self.snapshot.overrides | self._overrides).flags
        seen = (key for key in self.snapshot.keys if key in added or not self._is_hidden(key))
        return dict.fromkeys((*seen, *added))

    def resolve(self, key: str) -> Resolution:
        """Evaluate a flag: compiled where it can be, else by the interpreter."""
        if self._is_compilable(key):
            return self.snapshot.evaluators[key](self._distinct_id, self.props, self._given)
        return self.trace(key).resolution

    def resolve_all(self, keys: Iterable[str]) -> dict[str, Resolution]:
        """Evaluate many flags."""
        if not self._is_plain():
            return {key: self.resolve(key) for key in keys}
        compiled, distinct_id = self.snapshot.evaluators, self._distinct_id
        props, subject = self.props, self._given
        return {key: compiled[key](distinct_id, props, subject) for key in keys}

    def trace(self, key: str) -> FlagTrace:
        """Evaluate a flag by the interpreter, which remembers every step."""
        if self._interpreter is None:
            self._interpreter = Interpreter(
                self.snapshot,
                self.subject,
                self.snapshot.overrides | self._overrides,
                self._runtime,
                self._contexts,
            )
        return self._interpreter.flag(key)

    def _is_plain(self) -> bool:
        """Tell whether the call has nothing that compiled flags do not know."""
        return not (
            self._overrides
            or self._runtime is not None
            or self._contexts is not None
            or (self._given is not None and self._given.strict_groups)
        )

    def _is_compilable(self, key: str) -> bool:
        """Tell whether the call's overrides, runtime and contexts leave a flag alone."""
        if self._is_plain():
            return True
        overridden = key in self._overrides.flags or key in self._overrides.payloads
        if overridden or self.subject.strict_groups or self._is_hidden(key):
            return False
        return not self.snapshot.has_dependencies(key)

    def _is_hidden(self, key: str) -> bool:
        flag = self.snapshot.flag(key)
        return flag is not None and is_filtered_out(flag, self._runtime, self._contexts)


def _one_of(name: str, options: Mapping[str, Any], *allowed: str | None) -> str | None:
    value = options.get(name, allowed[0])
    if value not in allowed:
        expected = ", ".join(map(repr, allowed))
        message = f"{name} is one of {expected}; found {value!r}"
        raise ValueError(message)
    return value  # type: ignore[no-any-return]


_NAMES: Final = frozenset(CallOptions.__annotations__)


def _check_names(options: CallOptions) -> None:
    if not options.keys() <= _NAMES:
        from difflib import get_close_matches  # noqa: PLC0415 for the message only

        for name in options.keys() - _NAMES:
            near = get_close_matches(name, _NAMES, 1)
            hint = f"; did you mean {near[0]!r}?" if near else ""
            message = f"unexpected keyword argument {name!r}{hint}"
            raise TypeError(message)


def _mapping(name: str, value: Any) -> Mapping[str, Any] | None:
    if value is None or type(value) is dict or isinstance(value, Mapping):
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
    from zoneinfo import ZoneInfo  # noqa: PLC0415 3 ms, for other zones than UTC

    try:
        return ZoneInfo(zone)
    except (KeyError, ValueError, OSError, TypeError) as error:
        message = f"project_timezone is an IANA zone such as Europe/Berlin, found {zone!r}"
        raise ValueError(message) from error
