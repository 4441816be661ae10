"""The methods that read one flag: first the quick way (``flags.quick``), then, if need be, the full way.

The quick way gives the full way's result and does nothing else, or it gives nothing and has done
nothing. So the full way needs to know nothing of it.
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any, Final, TypeAlias, TypeVar, cast

from flagengine import Resolution

from ..flags.answer import LOCAL, FlagAnswer
from ..flags.quick import NO_READER, UNUSUAL, NoReader, Reader
from ..flags.reading import answered
from .components import Components
from .flag_reads import reported

__all__ = [
    "DEFAULT_VALUE",
    "enabled_of",
    "payload_of",
    "quick",
    "quick_awaited",
    "quick_evaluation",
    "quick_evaluation_awaited",
    "quick_typed",
    "quick_typed_awaited",
    "reading_of",
    "result_of",
]

F = TypeVar("F", bound=Callable[..., Any])
Finish: TypeAlias = Callable[[Resolution], Any]

DEFAULT_VALUE: Final = frozenset({"default_value"})
"""What the quick way of ``is_feature_enabled`` does not need: it only gives values."""


def enabled_of(resolution: Resolution) -> Any:
    """Return what ``is_feature_enabled`` returns for an answer of the engine."""
    return resolution.enabled


def result_of(resolution: Resolution) -> Any:
    """Return what ``get_feature_flag_result`` returns for an answer of the engine."""
    return FlagAnswer(resolution, LOCAL).result()


def reading_of(resolution: Resolution) -> Any:
    """Return what ``get_feature_flag_reading`` returns for an answer of the engine."""
    return answered(resolution.key, FlagAnswer(resolution, LOCAL))


def payload_of(resolution: Resolution) -> Any:
    """Return what ``get_feature_flag_payload`` returns for an answer of the engine."""
    return FlagAnswer(resolution, LOCAL).payload


def quick(
    full: F,
    finish: Finish | None = None,
    *,
    sends: bool | None = None,
    without_effect: frozenset[str] = frozenset(),
) -> F:
    """Return the method ``full`` with a quick way in front.

    The result is what ``finish`` makes of the engine's answer; None: the flag's value.
    ``sends`` is whether a read sends events unless the call says so; None: the client's option. The
    keywords ``without_effect`` change no answer of the quick way.
    """

    @functools.wraps(full)
    def method(
        client: Any,
        /,
        key: str,
        distinct_id: object = None,
        *,
        groups: Any = None,
        person_properties: object = None,
        group_properties: object = None,
        # The quick way never asks the server.
        only_evaluate_locally: object = None,
        disable_geoip: object = None,
        device_id: object = None,
        send_feature_flag_events: object = None,
        **others: object,
    ) -> Any:
        if device_id is None and (not others or without_effect.issuperset(others)):
            wanted = sends if send_feature_flag_events is None else send_feature_flag_events
            try:
                # No local variable holds the reader: without the GIL, threads that count its references
                # wait for each other.
                found = (client.components.reads.value or _derived(client.components)).read(
                    key,
                    distinct_id,
                    person_properties,
                    groups,
                    group_properties,
                    wanted,
                    finish,
                )
                if found is not UNUSUAL:
                    return found
            except Exception:  # noqa: BLE001, S110 - the full way fails as well, and says so
                pass
        given = _given(
            groups=groups,
            person_properties=person_properties,
            group_properties=group_properties,
            only_evaluate_locally=only_evaluate_locally,
            disable_geoip=disable_geoip,
            device_id=device_id,
            send_feature_flag_events=send_feature_flag_events,
        )
        return full(client, key, distinct_id, **given, **others)

    return cast("F", method)


def quick_evaluation(full: F) -> F:
    """Return ``evaluate_flags`` with a quick way in front, for flags that are all decided locally."""

    @functools.wraps(full)
    def method(
        client: Any,
        /,
        distinct_id: object = None,
        *,
        groups: Any = None,
        person_properties: object = None,
        group_properties: object = None,
        # The quick way never asks the server.
        only_evaluate_locally: object = None,
        disable_geoip: Any = None,
        **others: object,
    ) -> Any:
        if not others:
            components = client.components
            no_geoip = components.options.disable_geoip if disable_geoip is None else disable_geoip
            try:
                found = (components.reads.value or _derived(components)).read_all(
                    distinct_id, person_properties, groups, group_properties, no_geoip
                )
                if found is not None:
                    return reported(components, *found)
            except Exception:  # noqa: BLE001, S110 - the full way fails as well, and says so
                pass
        given = _given(
            groups=groups,
            person_properties=person_properties,
            group_properties=group_properties,
            only_evaluate_locally=only_evaluate_locally,
            disable_geoip=disable_geoip,
        )
        return full(client, distinct_id, **given, **others)

    return cast("F", method)


def quick_typed(full: F, kind: type) -> F:
    """Return a typed getter with a quick way in front, for a flag whose value has the type ``kind``."""
    attempt = quick(_left(full))

    @functools.wraps(full)
    def method(
        client: Any, /, key: str, default: Any, distinct_id: object = None, **options: Any
    ) -> Any:
        if type(default) is kind:
            found = attempt(client, key, distinct_id, **options)
            if type(found) is kind:
                return found
        return full(client, key, default, distinct_id, **options)

    return cast("F", method)


def _derived(components: Components) -> Reader | NoReader:
    return components.reads.derive(components.reader) or NO_READER


def _given(**options: Any) -> dict[str, Any]:
    return {name: value for name, value in options.items() if value is not None}


def quick_awaited(full: F, finish: Finish | None = None, **options: Any) -> F:
    """Do as `quick` for a method of ``AsyncClient``."""
    return _awaited(full, quick(_left(full), finish, **options))


def quick_evaluation_awaited(full: F) -> F:
    """Do as `quick_evaluation` for a method of ``AsyncClient``."""
    return _awaited(full, quick_evaluation(_left(full)))


def quick_typed_awaited(full: F, kind: type) -> F:
    """Do as `quick_typed` for a method of ``AsyncClient``."""
    return _awaited(full, quick_typed(_left(full), kind))


def _awaited(full: F, attempt: Callable[..., Any]) -> F:

    @functools.wraps(full)
    async def method(client: Any, /, *args: Any, **kwargs: Any) -> Any:
        found = attempt(client, *args, **kwargs)
        return await full(client, *args, **kwargs) if found is _LEFT else found

    return cast("F", method)


_LEFT: Final = object()


def _left(full: Callable[..., Any]) -> Callable[..., Any]:
    """Return a function with the name of a method, for the messages about its arguments."""

    @functools.wraps(full)
    def left(*_: object, **__: object) -> object:
        return _LEFT

    return left
