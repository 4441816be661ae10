"""Shapes as Python types: a TypedDict for each kind of object, declared before its use."""

from typing import Final

from flagengine.analysis.accessors.literals import literal
from flagengine.analysis.accessors.names import Names, camel, is_member_name
from flagengine.analysis.accessors.shapes import Shape

__all__ = ["PayloadTypes"]

_ORDER: Final[tuple[str, ...]] = ("bool", "int", "float", "str")


class PayloadTypes:
    """The declarations so far, and the names of ``typing`` that they use."""

    def __init__(self, names: Names) -> None:
        self._names = names
        self.declarations: list[str] = []
        self.used: set[str] = set()

    def alias(self, name: str, shape: Shape) -> str:
        """Declare a name for a shape; return the name that was taken."""
        name = self._names.new(name)
        is_one_record = shape.is_record and not (shape.is_any or shape.scalars or shape.items)
        if is_one_record:
            self._record(name, shape)
        else:
            self._declare(name, self._type(name, shape))
        return name

    def declare(self, name: str, written: str) -> str:
        """Declare a name for a type; return the name that was taken."""
        name = self._names.new(name)
        self._declare(name, written)
        return name

    def _declare(self, name: str, written: str) -> None:
        self.used.add("TypeAlias")
        self.declarations.append(f"{name}: TypeAlias = {written}")

    def _type(self, name: str, shape: Shape) -> str:
        parts = []
        if not shape.is_any:
            parts = [word for word in _ORDER if word in shape.scalars]
            if "float" in parts and "int" in parts:
                parts.remove("int")  # a part of float to type checkers
            if shape.members is not None:
                parts.append(self._object(name, shape))
            if shape.items is not None:
                item = self._type(f"{name}Item", shape.items)
                parts.append(f"list[{item}]")
            parts += ["None"] if "None" in shape.scalars else []
        if not parts:  # too deep, or an empty list
            self.used.add("Any")
            return "Any"
        return " | ".join(parts)

    def _object(self, name: str, shape: Shape) -> str:
        if not shape.is_record:
            self.used.add("Any")
            return "dict[str, Any]"
        inner = self._names.new(f"{name}Object" if self._names.is_taken(name) else name)
        self._record(inner, shape)
        return inner

    def _record(self, name: str, shape: Shape) -> None:
        members = []
        for key in sorted(shape.members or {}):
            written = self._type(name + camel(key), (shape.members or {})[key])
            if key not in shape.always:
                self.used.add("NotRequired")
                written = f"NotRequired[{written}]"
            members.append((key, written))
        self.used.add("TypedDict")
        is_class = all(is_member_name(key) for key, _ in members)
        self.declarations.append(_class(name, members) if is_class else _call(name, members))


def _class(name: str, members: list[tuple[str, str]]) -> str:
    lines = [f"    {key}: {written}" for key, written in members]
    return "\n".join([f"class {name}(TypedDict):", *lines])


def _call(name: str, members: list[tuple[str, str]]) -> str:
    lines = [f"        {literal(key)}: {written}," for key, written in members]
    return "\n".join(
        [f"{name} = TypedDict(", f"    {literal(name)},", "    {", *lines, "    },", ")"]
    )
