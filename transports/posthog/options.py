"""Reading the arguments of ``Posthog(...)``: the options of ``Client`` that mean the same.

``names`` has the table. An option without effect is named in a warning, with what to use instead.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, Final

from ..application_callbacks import is_async
from ..batching.event import Event
from ..batching.sinks.memory import NullSink
from ..errors import TransportError
from ..exceptions.settings import MASKED_NAMES, CodeVariables
from .connections import chosen_connections
from .names import OPTIONS, OptionName

__all__ = ["Given", "read_arguments"]

_BY_OLD_NAME: Final = {each.old: each for each in OPTIONS}
_PATTERNS: Final = {"code_variables_mask_patterns", "code_variables_ignore_patterns"}
_RELATED_TO_AI: Final = {"_use_ai_lane", "_enable_multimodal_capture"}


@dataclass(slots=True)
class Given:
    """What a constructor was given.

    Attributes:
        options: the options of ``Client``.
        disabled: whether the client is to be disabled once it is made; it can be enabled later.
        debug: whether debug logging is to be turned on.
        sends: whether events are sent.
        on_error: the callback as it was given.
        code_variables: the settings for local variables; None: those of ``Client``.
        warnings: sentences for the log.
        old_names: posthog-python's names of the options that were given by them, by their names here.
    """

    options: dict[str, Any] = field(default_factory=dict[str, Any])
    disabled: bool = False
    debug: bool = False
    sends: bool = True
    on_error: Any = None
    code_variables: CodeVariables | None = None
    warnings: list[str] = field(default_factory=list[str])
    old_names: dict[str, str] = field(default_factory=dict[str, str])

    @contextmanager
    def naming(self) -> Iterator[None]:
        """Let the error for a wrong value begin with the name that the caller wrote."""
        try:
            yield
        except (TypeError, ValueError) as error:
            new, _, rest = str(error).partition(" ")
            if new not in self.old_names:
                raise
            kind = TypeError if isinstance(error, TypeError) else ValueError
            raise kind(f"{self.old_names[new]} {rest}") from None


def read_arguments(
    kind: str, positional: Sequence[Any], keywords: Mapping[str, Any], positions: Sequence[str]
) -> Given:
    """Return what ``kind(*positional, **keywords)`` asks for. None means the default.

    Raises:
        TypeError: too many arguments, or an argument that is given twice.
        ValueError: a value makes no sense.
    """
    named = _named(kind, positional, keywords, positions)
    given = Given(options=dict(chosen_connections(named)))
    patterns = {name: named.pop(name) for name in _PATTERNS & named.keys()}
    for name, value in named.items():
        if value is not None:
            _take(given, name, value)
    _take_patterns(given, patterns)
    return given


def _named(
    kind: str, positional: Sequence[Any], keywords: Mapping[str, Any], positions: Sequence[str]
) -> dict[str, Any]:
    if len(positional) > len(positions):
        msg = f"{kind}() takes at most {len(positions)} positional arguments, got {len(positional)}"
        raise TypeError(msg)
    named = dict(zip(positions, positional, strict=False))
    twice = named.keys() & {name for name, value in keywords.items() if value is not None}
    twice = {name for name in twice if named[name] is not None}
    if twice:
        msg = f"{kind}() got {min(twice)!r} twice, by position and by name"
        raise TypeError(msg)
    return {**named, **{name: value for name, value in keywords.items() if value is not None}}


def _take(given: Given, name: str, value: Any) -> None:
    known = _BY_OLD_NAME.get(name) or OptionName(name, name)
    if known.new not in (None, name) and known.new not in given.options:
        given.old_names[known.new] = name
    if known.new is None:
        if value != known.default:
            given.warnings.append(known.warning)
    elif name in _CONVERTED:
        _CONVERTED[name](given, value)
    elif name in _RELATED_TO_AI:
        given.options[known.new] = given.options.get(known.new, False) or value
    else:
        given.options.setdefault(known.new, value)


def _take_send(given: Given, sends: Any) -> None:
    given.sends = bool(sends)
    if not given.sends:
        given.options.setdefault("sink", NullSink())


def _take_disabled(given: Given, disabled: Any) -> None:
    given.disabled = bool(disabled)


def _take_debug(given: Given, debug: Any) -> None:
    given.debug = bool(debug)


def _take_on_error(given: Given, on_error: Any) -> None:
    given.on_error = on_error
    # What cannot be called is refused by its reader, in its own words.
    given.options["on_error"] = _with_dicts(on_error) if callable(on_error) else on_error


def _with_dicts(on_error: Callable[..., Any]) -> Callable[[TransportError, tuple[Event, ...]], Any]:
    def called(error: TransportError, events: tuple[Event, ...]) -> Any:
        """Call it as posthog-python does: only with lost events."""
        return on_error(error, [event.decoded() for event in events]) if events else None

    async def awaited(error: TransportError, events: tuple[Event, ...]) -> Any:
        if events:
            await called(error, events)

    return awaited if is_async(on_error) else called


def _take_cache_url(given: Given, url: Any) -> None:
    if isinstance(url, str) and url.startswith("redis"):
        msg = "flag_fallback_cache_url must start with memory://; for Redis, pass an object as flag_cache"
        raise ValueError(msg)
    if isinstance(url, str) and "mode=" not in url:
        url = f"{url}{'&' if '?' in url else '?'}mode=fallback"
    given.options.setdefault("flag_cache", url)


_CONVERTED: Final[Mapping[str, Callable[[Given, Any], None]]] = {
    "send": _take_send,
    "disabled": _take_disabled,
    "debug": _take_debug,
    "on_error": _take_on_error,
    "flag_fallback_cache_url": _take_cache_url,
}


def _take_patterns(given: Given, patterns: Mapping[str, Any]) -> None:
    masked = _patterns("code_variables_mask_patterns", patterns)
    ignored = _patterns("code_variables_ignore_patterns", patterns)
    if masked or ignored:
        given.code_variables = CodeVariables(
            enabled=bool(given.options.get("capture_exception_code_variables")),
            masked_names=(*MASKED_NAMES, *masked),
            ignored_names=(*CodeVariables().ignored_names, *ignored),
        )


def _patterns(name: str, given: Mapping[str, Any]) -> tuple[str, ...]:
    found: object = given.get(name)
    if found is None:
        return ()
    if not isinstance(found, Iterable) or isinstance(found, bytes):
        msg = f"{name} must be a list of regular expressions, got {type(found).__name__}"
        raise TypeError(msg)
    listed = (found,) if isinstance(found, str) else tuple(found)
    for pattern in listed:
        if not isinstance(pattern, str):
            msg = f"{name} must be a list of regular expressions as text, got {type(pattern).__name__} in it"
            raise TypeError(msg)
        try:
            re.compile(pattern)
        except re.error as error:
            msg = f"{name} must be a list of regular expressions, got {pattern!r}: {error}"
            raise ValueError(msg) from None
    return listed
