"""Frozen value objects that cost nothing to define.

To a reader a Record is a frozen dataclass with slots. It is not one because dataclasses compile
the methods of every class at import, half a millisecond each: thirty of them were most of
``import flagengine``. Here the methods are written once and shared.
"""

from collections.abc import Callable, Mapping
from typing import Any, ClassVar, Literal, Self, TypeVar, dataclass_transform

__all__ = ["Record", "derived", "replace"]

R = TypeVar("R", bound="Record")
_REQUIRED = object()


class _Derived:
    """Marks a field that ``__post_init__`` sets."""


def derived(*, init: Literal[False] = False) -> Any:  # noqa: ARG001 for type checkers
    """Declare a field that follows from the others: not given, not compared, not shown."""
    return _Derived


@dataclass_transform(frozen_default=True, field_specifiers=(derived,))
class _RecordType(type):
    """Turns annotations into slots, and remembers their order and defaults."""

    def __new__(cls, name: str, bases: tuple[type, ...], namespace: dict[str, Any]) -> Any:
        if not bases:
            return super().__new__(cls, name, bases, namespace)
        annotations = _annotations(namespace)
        given = {field: namespace.pop(field, _REQUIRED) for field in annotations}
        fields = tuple(field for field, default in given.items() if default is not _Derived)
        namespace["__slots__"] = tuple(annotations)
        namespace["__match_args__"] = fields
        namespace["_defaults"] = tuple(given[field] for field in fields)
        made: Any = super().__new__(cls, name, bases, namespace)
        made._setters = tuple(made.__dict__[field].__set__ for field in fields)  # noqa: SLF001
        return made


def _annotations(namespace: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return a class body's annotations; from Python 3.14 on they are computed on demand."""
    if "__annotations__" in namespace:
        found: Mapping[str, Any] = namespace["__annotations__"]
        return found
    try:
        import annotationlib  # type: ignore[import-not-found,unused-ignore]  # noqa: PLC0415
    except ImportError:
        return {}
    annotate = annotationlib.get_annotate_from_class_namespace(namespace)
    if annotate is None:
        return {}
    computed: Mapping[str, Any] = annotationlib.call_annotate_function(
        annotate, annotationlib.Format.STRING
    )
    return computed


class Record(metaclass=_RecordType):
    """A frozen value object: annotated fields, equal by content, hashable if they are.

    Subclass it once; a Record's own subclasses are not supported.
    """

    __slots__ = ()
    __match_args__: ClassVar[tuple[str, ...]] = ()
    _defaults: ClassVar[tuple[Any, ...]] = ()
    _setters: ClassVar[tuple[Callable[[Any, Any], None], ...]] = ()

    def __init__(self, *values: Any, **named: Any) -> None:
        """Take the fields in order or by name."""
        if named or len(values) != len(self._setters):
            values = self._complete(values, named)
        for setter, value in zip(self._setters, values, strict=True):
            setter(self, value)
        self.__post_init__()

    def __post_init__(self) -> None:
        """Set derived fields; nothing here."""

    @classmethod
    def _complete(cls, values: tuple[Any, ...], named: dict[str, Any]) -> tuple[Any, ...]:
        """Fill in names and defaults; TypeError for what does not fit."""
        fields = cls.__match_args__
        if len(values) > len(fields):
            message = f"{cls.__name__} takes {len(fields)} values, found {len(values)}"
            raise TypeError(message)
        found: dict[str, Any] = dict(zip(fields, cls._defaults, strict=True))
        positional = dict(zip(fields, values, strict=False))
        wrong = [name for name in named if name not in found or name in positional]
        found |= positional | named
        missing = [name for name, value in found.items() if value is _REQUIRED]
        if wrong or missing:
            problem = f"no field {wrong[0]!r} to take" if wrong else f"no value for {missing[0]!r}"
            message = f"{cls.__name__} has {problem}"
            raise TypeError(message)
        return tuple(found.values())

    def _values(self) -> tuple[Any, ...]:
        return tuple(getattr(self, name) for name in self.__match_args__)

    def __setattr__(self, name: str, value: object) -> None:
        message = f"{type(self).__name__}.{name} cannot change; flagengine values are frozen"
        raise AttributeError(message)

    __delattr__ = __setattr__  # type: ignore[assignment]

    def __eq__(self, other: object) -> bool:
        if type(other) is not type(self):
            return NotImplemented
        return self is other or bool(self._values() == other._values())

    def __hash__(self) -> int:
        return hash(self._values())

    def __repr__(self) -> str:
        pairs = zip(self.__match_args__, self._values(), strict=True)
        shown = ", ".join(f"{name}={value!r}" for name, value in pairs)
        return f"{type(self).__name__}({shown})"

    def __reduce__(self) -> tuple[Any, ...]:
        return type(self), self._values()

    def __replace__(self, /, **changes: Any) -> Self:
        """Return a copy with changes; ``copy.replace`` finds it from Python 3.13 on."""
        return type(self)(**dict(zip(self.__match_args__, self._values(), strict=True)) | changes)


def replace(record: R, /, **changes: Any) -> R:
    """Return a copy of a record with changes."""
    return record.__replace__(**changes)
