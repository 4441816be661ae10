"""One call's inputs, checked once: whom to evaluate, and how each flag is (SPEC R4.1).

EDGE: loads a time zone by its name. Wrong arguments raise here, TypeError or ValueError, and
nothing raises afterwards.
"""

from collections.abc import Callable, Collection, Iterable, Mapping
from datetime import UTC, datetime, tzinfo
from functools import partial
from typing import Any, Final, Literal, TypedDict

from flagengine.evaluation.interpreter import Interpreter
from flagengine.evaluation.outcomes import is_filtered_out
from flagengine.evaluation.trace import FlagTrace
from flagengine.inputs.clock import current_time
from flagengine.inputs.overrides import NO_OVERRIDES, Overrides, OverridesLike
from flagengine.inputs.subject import Completeness, Subject, checked_mapping
from flagengine.results.resolution import Resolution
from flagengine.snapshot import Snapshot

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
    missing_group: Literal["as_server", "unresolved", "false"]
    """What a group that was not passed means: "as_server" (the default), that there is none, or
    "unresolved", as in the public SDK contract. "false" is a deprecated name of "as_server"."""
    evaluation_runtime: Literal["client", "server"] | None
    """Leave out flags of the other runtime (SPEC R17)."""
    evaluation_contexts: Collection[str] | None
    """Leave out flags that are tagged with none of these contexts; None asks no such question."""


class Call:
    """A snapshot bound to one person and the call's options."""

    __slots__ = (
        "_about_subject",
        "_contexts",
        "_distinct_id",
        "_interpreter",
        "_is_plain",
        "_overrides",
        "_runtime",
        "_subject",
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
        self.props = checked_mapping("props", props)
        self._is_plain = True
        """Whether the call has nothing that compiled flags do not know."""
        self._overrides = NO_OVERRIDES
        self._runtime: str | None = None
        self._contexts: frozenset[str] | None = None
        self._interpreter: Interpreter | None = None
        self._subject: Subject | None = None
        self._distinct_id = distinct_id
        self._about_subject = self._read(options) if options else None

    def _read(self, options: CallOptions) -> dict[str, Any]:
        """Check the options; bind those about the request, return those about the subject."""
        about_subject: dict[str, Any] = {"clock": current_time}
        for name, value in options.items():
            if name in _SUBJECT:
                field, read = _SUBJECT[name]
                about_subject[field] = read(value)
            elif name in _REQUEST:
                field, read = _REQUEST[name]
                setattr(self, field, read(value))
                self._is_plain &= value is None
            elif name not in _NAMES:
                raise _unexpected(options)
        if "strict_groups" in about_subject:
            self._is_plain &= not about_subject["strict_groups"]
        return about_subject

    @property
    def subject(self) -> Subject:
        """Who is evaluated."""
        return self._given() or self.snapshot.new_subject(self._distinct_id, self.props)

    def _given(self) -> Subject | None:
        """Return the subject with what the options say of it; None without options."""
        if self._subject is None and self._about_subject is not None:
            self._subject = Subject(self._distinct_id, self.props, **self._about_subject)
        return self._subject

    def keys(self, flag_keys: Iterable[str] | None) -> Mapping[str, None]:
        """Return the keys asked for, else those of every flag that the request may see."""
        if isinstance(flag_keys, str):
            message = f"flag_keys is a collection of keys, found the text {flag_keys!r}"
            raise TypeError(message)
        if flag_keys is not None:
            return dict.fromkeys(flag_keys)
        if not self._overrides and not self.snapshot.overrides and self._is_plain:
            return self.snapshot.keys
        added = (self.snapshot.overrides | self._overrides).flags
        seen = (key for key in self.snapshot.keys if key in added or not self._is_hidden(key))
        return dict.fromkeys((*seen, *added))

    def resolve(self, key: str) -> Resolution:
        """Evaluate a flag: compiled where it can be, else by the interpreter."""
        if self._is_plain or self._is_compilable(key):
            snapshot = self.snapshot
            evaluator = snapshot.evaluators.get(key) or snapshot.evaluator_so_far(key)
            return evaluator(self._distinct_id, self.props, self._given())
        if key in self._overrides.flags and not self._has_payload(key):
            return self.snapshot.forced(key, self._overrides.flags[key])
        return self.trace(key).resolution

    def resolve_all(self, keys: Mapping[str, None]) -> dict[str, Resolution]:
        """Evaluate many flags."""
        if not self._is_plain:
            return {key: self.resolve(key) for key in keys}
        distinct_id, props, subject = self._distinct_id, self.props, self._given()
        snapshot = self.snapshot
        if keys is snapshot.keys and (in_order := snapshot.evaluators_in_order()):
            answers = [evaluate(distinct_id, props, subject) for evaluate in in_order]
            return dict(zip(keys, answers, strict=True))
        compiled, so_far = snapshot.evaluators.get, snapshot.evaluator_so_far
        return {key: (compiled(key) or so_far(key))(distinct_id, props, subject) for key in keys}

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

    def _is_compilable(self, key: str) -> bool:
        """Tell whether the call's overrides, runtime and contexts leave a flag alone."""
        overrides = self._overrides
        if key in overrides.flags or key in overrides.payloads or self._clears_snapshot:
            return False
        if self.subject.strict_groups or self._is_hidden(key):
            return False
        return not self.snapshot.has_dependencies(key)

    @property
    def _clears_snapshot(self) -> bool:
        """Whether the call takes back what the snapshot, and so its compiled flags, overrides."""
        clears = self._overrides.clears_flags or self._overrides.clears_payloads
        return clears and bool(self.snapshot.overrides)

    def _has_payload(self, key: str) -> bool:
        return key in self._overrides.payloads or key in self.snapshot.overrides.payloads

    def _is_hidden(self, key: str) -> bool:
        flag = self.snapshot.flag(key)
        return flag is not None and is_filtered_out(flag, self._runtime, self._contexts)


_NAMES: Final = frozenset(CallOptions.__annotations__)


def _unexpected(options: CallOptions) -> TypeError:
    from difflib import get_close_matches  # noqa: PLC0415 for the message only

    name = min(options.keys() - _NAMES)
    near = get_close_matches(name, _NAMES, 1)
    hint = f"; did you mean {near[0]!r}?" if near else ""
    return TypeError(f"unexpected keyword argument {name!r}{hint}")


def _one_of(name: str, allowed: tuple[str | None, ...], value: Any) -> Any:
    if value not in allowed:
        expected = ", ".join(map(repr, allowed))
        message = f"{name} is one of {expected}; found {value!r}"
        raise ValueError(message)
    return value


def _as_it_is(value: Any) -> Any:
    return value


def _strict_groups(value: Any) -> bool:
    if value == "false":  # the former name of "as_server"
        return False
    return bool(_one_of("missing_group", ("as_server", "unresolved"), value) == "unresolved")


def _group_properties(value: Any) -> Mapping[str, Mapping[str, Any]]:
    by_group = checked_mapping("group_properties", value)
    for group, properties in by_group.items():
        if type(properties) is not dict:
            checked_mapping(f"group_properties[{group!r}]", properties)
    return by_group


def _contexts(contexts: Any) -> frozenset[str] | None:
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


_SUBJECT: Final[Mapping[str, tuple[str, Callable[[Any], Any]]]] = {
    "groups": ("groups", partial(checked_mapping, "groups")),
    "group_properties": ("group_properties", _group_properties),
    "device_id": ("device_id", _as_it_is),
    "complete": ("complete", Completeness),
    "missing_group": ("strict_groups", _strict_groups),
    "now": ("now", _aware),
    "project_timezone": ("zone", _zone),
}
"""Options about the subject: its parameter, and how the option is read."""

_REQUEST: Final[Mapping[str, tuple[str, Callable[[Any], Any]]]] = {
    "overrides": ("_overrides", Overrides.parse),
    "evaluation_runtime": (
        "_runtime",
        partial(_one_of, "evaluation_runtime", (None, "client", "server")),
    ),
    "evaluation_contexts": ("_contexts", _contexts),
}
"""Options about the request: the call's attribute, and how the option is read."""
