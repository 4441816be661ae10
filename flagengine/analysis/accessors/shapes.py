"""The shape of JSON values, as far as several examples show it."""

from collections.abc import Iterable
from typing import Any, Final

__all__ = ["MAX_DEPTH", "MAX_MEMBERS", "Shape", "shape_of"]

MAX_DEPTH: Final = 6
"""The depth below which nothing is said of a value."""

MAX_MEMBERS: Final = 60
"""The members of an object; one with more is rather a table than a record."""

_SCALARS: Final = {bool: "bool", int: "int", float: "float", str: "str", type(None): "None"}


class Shape:
    """What the examples of one place have in common.

    ``scalars`` are the types of values without parts. ``items`` is the shape of all items of lists, and
    ``members`` the shapes of objects' members, with ``always`` the names that every object has; both are
    None where no example is a list or an object. ``is_any`` says that nothing can be said.
    """

    __slots__ = ("always", "depth", "is_any", "items", "members", "scalars")

    def __init__(self, depth: int = 0) -> None:
        self.depth: int = depth
        self.is_any: bool = depth > MAX_DEPTH
        self.scalars: set[str] = set()
        self.items: Shape | None = None
        self.members: dict[str, Shape] | None = None
        self.always: set[str] = set()

    def add(self, value: Any) -> None:
        """Add an example."""
        if self.is_any:
            return
        if isinstance(value, dict):
            self._add_object(value)
        elif isinstance(value, list):
            self.items = self.items or Shape(self.depth + 1)
            for item in value:
                self.items.add(item)
        else:
            self.scalars.add(_SCALARS[type(value)])

    def _add_object(self, value: dict[str, Any]) -> None:
        self.always = {*value} if self.members is None else self.always & value.keys()
        self.members = {} if self.members is None else self.members
        for name, member in value.items():
            self.members.setdefault(name, Shape(self.depth + 1)).add(member)

    @property
    def is_record(self) -> bool:
        """Whether the members can be declared one by one: there are few, and all have names."""
        members = self.members or {}
        return 0 < len(members) <= MAX_MEMBERS and "" not in members


def shape_of(values: Iterable[Any]) -> Shape:
    """Return the shape that all values have."""
    shape = Shape()
    for value in values:
        shape.add(value)
    return shape
