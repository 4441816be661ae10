"""The options of a call, checked once (SPEC R4.1, R6, R14, R17).

A wrong option raises TypeError or ValueError here; evaluation raises nothing afterwards.
"""

from collections.abc import Callable, Collection, Iterable, Mapping
from functools import partial
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Final, Literal, NamedTuple, TypedDict

from flagengine.inputs.arguments import checked_mapping, checked_names, copied
from flagengine.inputs.completeness import INCOMPLETE, Completeness
from flagengine.inputs.environment import time_zone
from flagengine.inputs.overrides import NO_OVERRIDES, Overrides, OverridesLike
from flagengine.values.conversion import is_of_caller

if TYPE_CHECKING:  # few calls have a time or a zone
    from datetime import datetime, tzinfo

__all__ = [
    "EVERYONE",
    "NO_OPTIONS",
    "Audience",
    "CallOptions",
    "Request",
    "taken_audience",
]

Runtime = Literal["client", "server"]
Audience = tuple[Runtime | None, frozenset[str] | None]
"""A call's runtime and contexts, which decide which flags it sees (SPEC R17); None hides no flag."""


class CallOptions(TypedDict, total=False):
    """The keyword arguments of every evaluating call."""

    flag_keys: Iterable[str] | None
    """The flags to evaluate; by default all. A key without a flag gives a resolution that says
    so."""
    groups: Mapping[str, Any] | None
    """The person's groups: ``{"company": "acme"}``. A key is non-empty text or a number."""
    group_properties: Mapping[str, Mapping[str, Any]] | None
    """The groups' properties by group type: ``{"company": {"tier": "gold"}}``."""
    device_id: str | None
    """The device id for flags bucketed by device; ``props["$device_id"]`` serves as well."""
    overrides: OverridesLike
    """Answers that replace evaluation, in addition to the snapshot's own overrides (SPEC R14)."""
    now: "datetime | None"
    """An aware datetime for date filters; by default the current time."""
    project_timezone: "str | tzinfo"
    """The zone of dates without an offset: the project's setting. Default "UTC"."""
    complete: bool | Mapping[str, Any]
    """The promise that no other properties exist: True, or per map
    ``{"person_properties": True, "group_properties": ["company"]}``. Missing keys then answer as
    on the server (SPEC R6)."""
    missing_group: Literal["as_server", "unresolved", "false"]
    """The meaning of a group that was not passed: "as_server" (the default), the person has no such
    group; "unresolved", the group is unknown, as in the public SDK contract. "false" is a
    deprecated name of "as_server"."""
    evaluation_runtime: Runtime | None
    """Leave out flags of the other runtime (SPEC R17)."""
    evaluation_contexts: Collection[str] | None
    """Leave out tagged flags without any of these contexts; None leaves out no flag."""


_EMPTY: Final[Mapping[str, Any]] = MappingProxyType({})


class Request(NamedTuple):
    """A call's options, parsed: the inputs besides the person's properties, and the settings."""

    groups: Mapping[str, Any] = _EMPTY
    group_properties: Mapping[str, Mapping[str, Any]] = _EMPTY
    device_id: object = None
    complete: Completeness = INCOMPLETE
    strict_groups: bool = False
    now: "datetime | None" = None
    zone: "tzinfo | None" = None
    overrides: Overrides = NO_OVERRIDES
    runtime: Runtime | None = None
    contexts: frozenset[str] | None = None

    @classmethod
    def parse(cls, options: CallOptions) -> "Request":
        """Check the options. ``flag_keys`` is not part of a request: see ``requested_keys``."""
        if not options:
            return NO_OPTIONS
        fields = list(NO_OPTIONS)
        for name, value in options.items():
            if name in _READERS:
                place, read = _READERS[name]
                fields[place] = read(value)
            elif name != "flag_keys":
                raise _unexpected(options)
        return tuple.__new__(cls, fields)

    @property
    def audience(self) -> Audience:
        """The audience: see :func:`~flagengine.snapshot.evaluators_of`."""
        return self.runtime, self.contexts

    @property
    def is_plain(self) -> bool:
        """Whether no option rules out the compiled evaluators."""
        return self.overrides is NO_OVERRIDES and not self.strict_groups


EVERYONE: Final[Audience] = (None, None)
"""The audience of a call that names neither a runtime nor contexts."""
NO_OPTIONS: Final = Request()
"""The request of a call without options."""


def _unexpected(options: CallOptions) -> TypeError:
    from flagengine.values.spelling import nearest  # noqa: PLC0415 for the message only

    names = CallOptions.__annotations__
    name = min(options.keys() - names)
    near = nearest(name, names)
    hint = f"; did you mean {near!r}?" if near else ""
    return TypeError(f"unexpected keyword argument {name!r}{hint}")


def _unchanged(value: object) -> object:
    return value


def _group_properties(value: Any) -> Mapping[str, Mapping[str, Any]]:
    by_group = checked_mapping("group_properties", value)
    for group, properties in copied("group_properties", by_group).items():
        if type(properties) is not dict:
            checked_mapping(f"group_properties[{group!r}]", properties)
    return by_group


def _strict_groups(value: object) -> bool:
    if value not in ("as_server", "unresolved", "false"):
        message = f"missing_group must be 'as_server' or 'unresolved', got {value!r}"
        raise ValueError(message)
    return value == "unresolved"


def _aware(now: object) -> "datetime | None":
    """Return a time as a plain datetime: code of another class, or of its zone, runs only here."""
    from datetime import datetime, timedelta, timezone  # noqa: PLC0415 1 ms, for these options only

    if now is None or (type(now) is datetime and type(now.tzinfo) is timezone):
        return now
    plain = None
    try:
        if isinstance(now, datetime) and isinstance(offset := now.utcoffset(), timedelta):
            day, clock = (now.year, now.month, now.day), (now.hour, now.minute, now.second)
            plain = datetime(*day, *clock, now.microsecond, tzinfo=timezone(offset))
    except Exception as error:
        if is_of_caller(error):
            raise
        message = f"now must be an aware datetime; its code raised {type(error).__name__}"
        raise TypeError(message) from error
    if plain is None:
        message = f"now must be an aware datetime, got {now!r}"
        raise TypeError(message)
    return plain


def _zone(zone: "str | tzinfo") -> "tzinfo":
    from datetime import UTC, datetime, timedelta, timezone, tzinfo  # noqa: PLC0415 as above

    if not isinstance(zone, tzinfo):
        return time_zone(zone)
    if type(zone) is timezone:
        return zone
    found: object = None
    try:
        found = datetime(2024, 1, 1, tzinfo=UTC).astimezone(zone).utcoffset()
    except Exception as error:
        if is_of_caller(error):
            raise
        found = f"one that raised {type(error).__name__}"
    if not isinstance(found, timedelta):
        message = f"project_timezone must be a zone that has an offset, got {found}"
        raise TypeError(message)
    return zone


def _runtime(runtime: Any) -> Runtime | None:
    if runtime is not None and runtime not in _RUNTIMES:
        message = f"evaluation_runtime must be None, 'client' or 'server', got {runtime!r}"
        raise ValueError(message)
    return runtime  # type: ignore[no-any-return]


def _contexts(contexts: Collection[str] | None) -> frozenset[str] | None:
    if contexts is None:
        return None
    return frozenset(checked_names("evaluation_contexts", contexts, "names"))


def taken_audience(options: CallOptions) -> Audience | None:
    """Take the audience out of the options and return it.

    Return None for options without one, and for one that only ``Request.parse`` can check; the options are
    then unchanged. So a wrong option is reported as without this function.
    """
    if "evaluation_runtime" not in options and "evaluation_contexts" not in options:
        return None
    runtime, contexts = options.get("evaluation_runtime"), options.get("evaluation_contexts")
    if runtime is not None and (type(runtime) is not str or runtime not in _RUNTIMES):
        return None
    names = None
    if contexts is not None:
        if type(contexts) not in _COLLECTIONS:  # an iterator can be read once
            return None
        try:
            names = frozenset(contexts)
        except TypeError:  # a name that cannot be hashed
            return None
    options.pop("evaluation_runtime", None)
    options.pop("evaluation_contexts", None)
    return runtime, names


_RUNTIMES: Final = ("client", "server")
_COLLECTIONS: Final = (list, tuple, set, frozenset)
_READERS: Final[Mapping[str, tuple[int, Callable[[Any], Any]]]] = {
    option: (Request._fields.index(field), read)
    for option, field, read in (
        ("groups", "groups", partial(checked_mapping, "groups")),
        ("group_properties", "group_properties", _group_properties),
        ("device_id", "device_id", _unchanged),
        ("complete", "complete", Completeness),
        ("missing_group", "strict_groups", _strict_groups),
        ("now", "now", _aware),
        ("project_timezone", "zone", _zone),
        ("overrides", "overrides", Overrides.parse),
        ("evaluation_runtime", "runtime", _runtime),
        ("evaluation_contexts", "contexts", _contexts),
    )
}
"""By option: its place among a request's fields, and the function that checks it."""
