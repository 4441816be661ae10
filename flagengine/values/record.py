"""Frozen value objects that cost almost nothing to define.

A Record behaves like a frozen dataclass with slots. A dataclass compiles its methods at import,
which takes half a millisecond: thirty dataclasses took most of the time before the first evaluation.
Records share their methods. Only the constructor is generated for each class. That takes as long as
some twenty calls of the shared constructor, which therefore makes the first instances of a class.
"""

from collections.abc import Callable, Iterator, Mapping
from typing import Any, ClassVar, Literal, Self, TypeVar, dataclass_transform

__all__ = ["Record", "brief", "concise", "derived", "replace"]

R = TypeVar("R", bound="Record")
_REQUIRED = object()
_MOST_SHARED = 20
"""The number of instances of a class that the shared constructor makes."""


class _Derived:
    """The default of a field that ``__post_init__`` sets."""


def derived(*, init: Literal[False] = False) -> Any:  # noqa: ARG001 for type checkers
    """Declare a field that is derived from the others; it is not given, compared or shown."""
    return _Derived


@dataclass_transform(frozen_default=True, field_specifiers=(derived,))
class _RecordType(type):
    """The metaclass that turns annotations into slots, and keeps their order and defaults."""

    def __new__(cls, name: str, bases: tuple[type, ...], namespace: dict[str, Any]) -> Any:
        if not bases:
            return super().__new__(cls, name, bases, namespace)
        annotations = _annotations(namespace)
        given = {field: namespace.pop(field, _REQUIRED) for field in annotations}
        fields = tuple(field for field, default in given.items() if default is not _Derived)
        namespace["__slots__"] = tuple(annotations)
        namespace["__match_args__"] = fields
        namespace["_defaults"] = {field: given[field] for field in fields}
        namespace["_shared"] = iter(range(_MOST_SHARED))
        return super().__new__(cls, name, bases, namespace)


def _annotations(namespace: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return a class body's annotations, which Python 3.14 and later compute on demand."""
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
    """A frozen value object with annotated fields, compared and hashed by content.

    A subclass of Record cannot itself have subclasses.
    """

    __slots__ = ()
    __match_args__: ClassVar[tuple[str, ...]] = ()
    _defaults: ClassVar[dict[str, Any]] = {}
    _shared: ClassVar[Iterator[int]] = iter(())

    def __init__(self, *values: Any, **named: Any) -> None:
        """Take the fields in order or by name."""
        cls = type(self)
        is_early = next(cls._shared, None) is not None
        given = _assigned(cls, values, named) if is_early else None
        if given is None:  # wrong arguments, too: the other constructor has the messages
            cls.__init__ = _constructor(cls)  # type: ignore[method-assign]
            cls.__init__(self, *values, **named)
            return
        for name, value in given.items():
            object.__setattr__(self, name, value)
        self.__post_init__()

    def __post_init__(self) -> None:
        """Set derived fields; a subclass with derived fields overrides this method."""

    def _values(self) -> tuple[Any, ...]:
        return tuple(getattr(self, name) for name in self.__match_args__)

    def __setattr__(self, name: str, value: object) -> None:
        message = f"{type(self).__name__}.{name} cannot change; flagengine values are frozen"
        raise AttributeError(message)

    def __delattr__(self, name: str) -> None:
        self.__setattr__(name, None)

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
        """Return a copy with changes, also for ``copy.replace`` in Python 3.13 and later."""
        return type(self)(**dict(zip(self.__match_args__, self._values(), strict=True)) | changes)


def replace(record: R, /, **changes: Any) -> R:
    """Return a copy of a record with changes."""
    return record.__replace__(**changes)


def brief(*fields: str) -> Callable[[Any], str]:
    """Return a ``__repr__`` that shows some fields, for a record that others may share.

    Such a record sets ``__eq__`` and ``__hash__`` to those of ``object`` as well: records that each
    hold the previous record twice would take twice the time with each record.
    """

    def shown(self: Record) -> str:
        pairs = ", ".join(f"{name}={getattr(self, name)!r}" for name in fields)
        return f"{type(self).__name__}({pairs})"

    return shown


def concise(self: Record) -> str:
    """Return the fields that say something as text: those that are not at their default.

    It is the ``__repr__`` of results that people look at, of which most fields are empty. A member of
    an enumeration of text is shown as the text.
    """
    pairs = zip(self.__match_args__, self._values(), strict=True)
    said = [(name, value) for name, value in pairs if value != self._defaults[name]]
    shown = (
        f"{name}={str(value)!r}" if isinstance(value, str) else f"{name}={value!r}"
        for name, value in said
    )
    return f"{type(self).__name__}({', '.join(shown)})"


def _assigned(
    cls: type[Record], values: tuple[Any, ...], named: dict[str, Any]
) -> dict[str, Any] | None:
    """Return the values of all fields; None for wrong arguments."""
    fields = cls.__match_args__
    first = dict(zip(fields, values, strict=False))
    given = {**cls._defaults, **first, **named}
    is_wrong = len(values) > len(fields) or not first.keys().isdisjoint(named)
    if is_wrong or len(given) > len(fields):
        return None
    return None if any(value is _REQUIRED for value in given.values()) else given


def _constructor(cls: type[Record]) -> Callable[..., None]:
    """Return an ``__init__`` that sets each slot, then the derived fields."""
    fields = cls.__match_args__
    optional = {field: value for field, value in cls._defaults.items() if value is not _REQUIRED}
    signature = [f"{field}=_d_{field}" if field in optional else field for field in fields]
    lines = [f"def __init__({', '.join(['self', *signature])}):"]
    lines += [f"    _s_{field}(self, {field})" for field in fields]
    lines.append("    self.__post_init__()" if "__post_init__" in cls.__dict__ else "    pass")
    namespace: dict[str, Any] = {f"_s_{field}": cls.__dict__[field].__set__ for field in fields}
    namespace |= {f"_d_{field}": value for field, value in optional.items()}
    exec("\n".join(lines), namespace)  # noqa: S102 the names are fields of this package's classes
    constructor: Callable[..., None] = namespace["__init__"]
    constructor.__qualname__ = f"{cls.__qualname__}.__init__"
    return constructor
