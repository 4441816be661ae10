"""The class of a generated module that has an attribute for each flag."""

from collections.abc import Iterator, Sequence
from typing import Final

from flagengine.analysis.accessors.literals import choice, docstring, literal, tuple_of
from flagengine.values.record import Record

__all__ = ["Accessor", "accessor_class", "attribute_table"]

_TABLE: Final = "_ATTRIBUTES"


class Accessor(Record):
    """What the module says of one flag: its attribute, the class of that, and the class's parameters."""

    key: str
    name: str
    kind: str
    parameters: tuple[str, ...] = ()
    variants: tuple[str, ...] = ()
    description: str = ""

    def type_with(self, prefix: str) -> str:
        """Return the attribute's type."""
        parameters = f"[{', '.join(self.parameters)}]" if self.parameters else ""
        return f"{prefix}{self.kind}{parameters}"


def accessor_class(name: str, client: str, prefix: str, accessors: Sequence[Accessor]) -> str:
    """Return the source of a class whose instances belong to a client."""
    lines = [
        f"class {name}:",
        f'    """The flags, read through {"an" if client[0] in "AEIOU" else "a"} {client}."""',
        "",
        f"    def __init__(self, client: {client}) -> None:",
        "        self._client = client",
        *_look_up(prefix, accessors),
    ]
    for accessor in accessors:
        lines += _property(prefix, accessor)
    return "\n".join(lines)


def _property(prefix: str, accessor: Accessor) -> Iterator[str]:
    arguments = ["self._client", literal(accessor.key)]
    if accessor.variants:
        arguments.append(tuple_of(accessor.variants, "        "))
    yield ""
    yield "    @property"
    yield f"    def {accessor.name}(self) -> {accessor.type_with(prefix)}:"
    if accessor.description.strip():
        yield f"        {docstring(accessor.description)}"
    yield f"        return {prefix}{accessor.kind}({', '.join(arguments)})"


def _look_up(prefix: str, accessors: Sequence[Accessor]) -> Iterator[str]:
    """Yield the look-up by key, with an overload for each type."""
    groups: dict[str, list[str]] = {}
    for accessor in accessors:
        groups.setdefault(accessor.type_with(prefix), []).append(accessor.key)
    if not groups:
        return
    is_overloaded = len(groups) > 1
    for returned, keys in groups.items() if is_overloaded else ():
        yield ""
        yield "    @overload"
        yield f"    def __getitem__(self, key: {choice(keys, '    ')}) -> {returned}: ..."
    yield ""
    found = "Any" if is_overloaded else next(iter(groups))
    yield f"    def __getitem__(self, key: FlagKey) -> {found}:"
    yield '        """Return the accessor of a flag by the flag\'s key."""'
    yield f"        found: {found} = getattr(self, {_TABLE}[key])"
    yield "        return found"


def attribute_table(accessors: Sequence[Accessor]) -> str:
    """Return the source of the table from keys to attributes."""
    rows = [f"    {literal(accessor.key)}: {literal(accessor.name)},\n" for accessor in accessors]
    return f"{_TABLE}: Final = {{\n{''.join(rows)}}}"
