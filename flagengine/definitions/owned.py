"""The copy of a definitions document that a caller gives as a mapping (SPEC R1.1).

Later changes do not reach the copy, and it holds JSON of Python's own types only: text in it cannot
lie. What has no JSON form, and what raises when it is read, is an error that names its place.
"""

import json
import math
from collections.abc import Generator, Iterable, Iterator, Mapping
from collections.abc import Set as AbstractSet
from types import GeneratorType
from typing import Any, Final

from flagengine.definitions.issues import IssueCode, SnapshotError
from flagengine.definitions.reading import pointer_to
from flagengine.values.conversion import converted, is_of_caller, json_form, key_text
from flagengine.values.json_values import NOT_GIVEN
from flagengine.values.known_json import json_copy

__all__ = ["MAX_NESTING", "owned"]

MAX_NESTING: Final = 300
"""The depth at which a document is cut, greater than any value that counts (SPEC R15.11)."""

_MAX_PARTS: Final = 2_000_000
"""The maximum number of values in a mapping, which may hold itself, or one value many times."""
_MAX_BITS: Final = 13_000
"""The longest integer that is written: Python refuses to write more than 4,300 digits."""

_Steps = Generator[tuple[Any, Any], Any, Any]
"""The copying of a container: yields each key and member, and is sent the member's copy."""


def owned(document: Any) -> Any:
    """Return a copy of a mapping, made in C or by a round trip through JSON text if possible.

    Raises:
        SnapshotError: the document is no mapping, has too many values, or a value has no JSON form.
    """
    copy = json_copy(document, _MAX_PARTS)
    if copy is not None:
        return copy
    try:
        if not isinstance(document, Mapping):
            return document
        if _is_plain(document):
            # As escapes, two lone surrogates beside one another would be read as one character.
            return json.loads(json.dumps(document, ensure_ascii=False))
    except SnapshotError:
        raise
    except Exception as error:  # the document may hold any objects
        if is_of_caller(error):
            raise
    return _Copy().of(document)


def _is_plain(document: object) -> bool:
    """Tell whether the containers in a document are Python's own, so writing the document ends.

    A class of the caller's may give members without end. Python writes a key that is a number
    otherwise than JSON (SPEC R7.7).
    """
    waiting: list[Any] = [document]
    left = _MAX_PARTS - 1
    while waiting:
        container = waiting.pop()
        if type(container) not in _CONTAINERS:
            return False
        left -= len(container)
        if left < 0:
            raise _too_many("")
        if type(container) is dict:
            if not _TEXT.issuperset(map(type, container)):
                return False
            members: Iterable[Any] = container.values()
        else:
            members = container
        waiting += [member for member in members if isinstance(member, dict | list | tuple)]
    return True


_CONTAINERS: Final = (dict, list, tuple)
_TEXT: Final = frozenset({str})


def _too_many(pointer: str) -> SnapshotError:
    message = f"a definitions document must have at most {_MAX_PARTS:,} values, got more"
    return SnapshotError(IssueCode.NOT_JSON, pointer, message)


class _Copy:
    """A copy value by value. What nests too deep becomes null."""

    def __init__(self) -> None:
        self._left = _MAX_PARTS
        self._path: list[Any] = []

    def of(self, document: Any) -> Any:
        try:
            return self._copied(document)
        except SnapshotError:
            raise
        except Exception as error:
            if is_of_caller(error):
                raise
            raise self._refused(f"which raised {type(error).__name__}") from error

    def _copied(self, document: Any) -> Any:
        open_containers: list[_Steps] = []
        found: Any = self._begun(document)
        while True:
            if type(found) is GeneratorType:
                is_too_deep = len(open_containers) >= MAX_NESTING - 1
                if not is_too_deep:
                    open_containers.append(found)
                found = None
            if not open_containers:
                return found
            try:
                key, member = open_containers[-1].send(found)
            except StopIteration as end:
                open_containers.pop()
                found = end.value
            else:
                self._path[len(open_containers) - 1 :] = [key]
                found = self._begun(member)

    def _begun(self, value: Any) -> Any:
        """Return a scalar, or the steps by which a container is copied."""
        self._left -= 1
        if self._left < 0:
            raise _too_many(pointer_to("", *self._path))
        if type(value) is float:
            return value
        if type(value) is int:
            return value if value.bit_length() <= _MAX_BITS else math.inf  # present, but no number
        form = converted(value) if isinstance(value, AbstractSet) else json_form(value)
        if isinstance(form, Mapping):
            return self._object(form)
        if isinstance(form, Iterator | list):
            return self._array(form)
        if form is NOT_GIVEN:
            raise self._refused("which has no JSON form")
        # A number that is not finite is present, but no number (SPEC R2.4).
        return math.nan if form is None and value is not None else form

    def _object(self, members: Mapping[Any, Any]) -> _Steps:
        result = {}
        for key, member in members.items():
            name = key if type(key) is str else self._name(key)
            result[name] = yield name, member
        return result

    def _array(self, members: Iterable[Any]) -> _Steps:
        result: list[Any] = []
        for member in members:
            result.append((yield len(result), member))
        return result

    def _name(self, key: Any) -> str:
        name = key_text(key)
        if name is None:
            raise self._refused("with a key that JSON cannot write")
        return name

    def _refused(self, why: str) -> SnapshotError:
        pointer = pointer_to("", *self._path)
        place = pointer[:200] or "/"
        message = f"a definitions document must be JSON, got a value at {place} {why}"
        return SnapshotError(IssueCode.NOT_JSON, pointer, message)
