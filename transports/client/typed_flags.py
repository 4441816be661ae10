"""The methods that read a flag as a type: the default decides the type, and is returned for all else.

``flags.conversions`` has the rules of the types. A read sends the events of ``get_feature_flag``.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final, TypeAlias, TypeVar, Unpack, overload

from ..flags import conversions
from ..flags.conversions import Conversion
from ..flags.reading import FlagError, reading_of
from ..flags.typed import FlagDetails
from ..steps import Steps
from .arguments import MistakenCallError
from .components import Components, HasComponents
from .flag_reads import ReadOptions, read_flag
from .verbs import guarded_steps

__all__ = [
    "get_boolean",
    "get_feature_flag_details",
    "get_number",
    "get_object",
    "get_string",
]

N = TypeVar("N", int, float)
Obj = TypeVar("Obj", bound=Mapping[str, Any] | list[Any])

# By the type of the default. A boolean is an int to Python, so it comes first.
_BOOLEAN: Final = ((bool, conversions.BOOLEAN),)
_TEXT: Final = ((str, conversions.TEXT),)
_NUMBERS: Final = ((int, conversions.INTEGER), (float, conversions.NUMBER))
_OBJECTS: Final = ((Mapping, conversions.OBJECT), (list, conversions.LIST))
_Kinds: TypeAlias = tuple[tuple[type, Conversion[Any]], ...]


def _default(given: Mapping[str, Any]) -> Any:
    return given["default"]


def _failed(given: Mapping[str, Any]) -> FlagDetails[Any]:
    message = "the client failed; see its log"
    return FlagDetails(given["key"], given["default"], "ERROR", None, FlagError.GENERAL, message)


@guarded_steps(of_call=_default, options=ReadOptions)
def get_boolean(
    client: HasComponents,
    key: str,
    default: bool,
    distinct_id: object = None,
    **options: Unpack[ReadOptions],
) -> Steps[bool]:
    """Return whether the flag is on; ``default`` if it has no value, is unknown, or is no boolean.

    A flag of format 1 is on with every variant.
    """
    value: bool = yield from _value(
        client, key, default, distinct_id, options, _BOOLEAN, "a boolean"
    )
    return value


@guarded_steps(of_call=_default, options=ReadOptions)
def get_string(
    client: HasComponents,
    key: str,
    default: str,
    distinct_id: object = None,
    **options: Unpack[ReadOptions],
) -> Steps[str]:
    """Return the text; ``default`` if the flag has none, is off or unknown.

    The text of a flag of format 1 is its variant, or a payload that is text.
    """
    value: str = yield from _value(client, key, default, distinct_id, options, _TEXT, "text")
    return value


@guarded_steps(of_call=_default, options=ReadOptions)
def get_number(
    client: HasComponents,
    key: str,
    default: N,
    distinct_id: object = None,
    **options: Unpack[ReadOptions],
) -> Steps[N]:
    """Return the number; ``default`` if the flag has none, is off or unknown.

    With an int as the default, return whole numbers as ints and ``default`` for others; with a float,
    return every number as a float. A boolean is no number. The number of a flag of format 1 is a payload
    that is a number, or a variant that is the text of a number.
    """
    value: N = yield from _value(client, key, default, distinct_id, options, _NUMBERS, "a number")
    return value


@overload
def get_object(
    client: HasComponents,
    key: str,
    default: dict[str, Any],
    distinct_id: object = None,
    **options: Unpack[ReadOptions],
) -> Steps[dict[str, Any]]: ...
@overload
def get_object(
    client: HasComponents,
    key: str,
    default: Obj,
    distinct_id: object = None,
    **options: Unpack[ReadOptions],
) -> Steps[Obj]: ...
@guarded_steps(of_call=_default, options=ReadOptions)
def get_object(
    client: HasComponents,
    key: str,
    default: Any,
    distinct_id: object = None,
    **options: Unpack[ReadOptions],
) -> Steps[Any]:
    """Return the object, a dict of the caller's own; ``default`` if the flag has none, is off or unknown.

    With a list as the default, return a list. The object or list of a flag of format 1 is its payload.
    """
    wanted = "a mapping or a list"
    return (yield from _value(client, key, default, distinct_id, options, _OBJECTS, wanted))


@overload
def get_feature_flag_details(
    client: HasComponents,
    key: str,
    default: bool,
    distinct_id: object = None,
    **options: Unpack[ReadOptions],
) -> Steps[FlagDetails[bool]]: ...
@overload
def get_feature_flag_details(
    client: HasComponents,
    key: str,
    default: str,
    distinct_id: object = None,
    **options: Unpack[ReadOptions],
) -> Steps[FlagDetails[str]]: ...
@overload
def get_feature_flag_details(
    client: HasComponents,
    key: str,
    default: N,
    distinct_id: object = None,
    **options: Unpack[ReadOptions],
) -> Steps[FlagDetails[N]]: ...
@overload
def get_feature_flag_details(
    client: HasComponents,
    key: str,
    default: dict[str, Any],
    distinct_id: object = None,
    **options: Unpack[ReadOptions],
) -> Steps[FlagDetails[dict[str, Any]]]: ...
@overload
def get_feature_flag_details(
    client: HasComponents,
    key: str,
    default: Obj,
    distinct_id: object = None,
    **options: Unpack[ReadOptions],
) -> Steps[FlagDetails[Obj]]: ...
@guarded_steps(of_call=_failed, options=ReadOptions)
def get_feature_flag_details(
    client: HasComponents,
    key: str,
    default: Any,
    distinct_id: object = None,
    **options: Unpack[ReadOptions],
) -> Steps[FlagDetails[Any]]:
    """Return the value that the getter of the default's type returns, and why.

    The getters are ``get_boolean``, ``get_string``, ``get_number`` and ``get_object``. An
    ``error_code`` says why the value is the default: ``TYPE_MISMATCH``, or a code of
    ``get_feature_flag_reading``.
    """
    kinds = (*_BOOLEAN, *_TEXT, *_NUMBERS, *_OBJECTS)
    wanted = "a boolean, text, a number, a mapping or a list"
    return (
        yield from _details(client.components, key, default, distinct_id, options, kinds, wanted)
    )


def _value(
    client: HasComponents,
    key: str,
    default: Any,
    distinct_id: object,
    options: ReadOptions,
    kinds: _Kinds,
    wanted: str,
) -> Steps[Any]:
    details = yield from _details(
        client.components, key, default, distinct_id, options, kinds, wanted
    )
    return details.value


def _details(
    components: Components,
    key: str,
    default: Any,
    distinct_id: object,
    options: ReadOptions,
    kinds: _Kinds,
    wanted: str,
) -> Steps[FlagDetails[Any]]:
    convert = _conversion(default, kinds, wanted)
    found = yield from read_flag(components, key, distinct_id, options)
    return conversions.details_of(reading_of(key, found), convert, default)


def _conversion(default: object, kinds: _Kinds, wanted: str) -> Conversion[Any]:
    is_boolean = isinstance(default, bool)
    for kind, conversion in kinds:
        if isinstance(default, kind) and is_boolean is (kind is bool):
            return conversion
    message = f"default must be {wanted}, got {type(default).__name__}"
    raise MistakenCallError(message)
