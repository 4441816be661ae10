"""What ``values()`` and ``items()`` of an ``Evaluation`` return."""

from collections.abc import ItemsView, Iterable, Iterator, Mapping, ValuesView

from flagengine.results.resolution import Resolution

__all__ = ["AllItems", "AllValues", "places_of"]


class AllValues(tuple[Resolution, ...]):
    """All answers of an evaluation, which never change: a view that is a tuple."""

    __slots__ = ()


ValuesView.register(AllValues)


class AllItems(ItemsView[str, Resolution]):
    """All keys and answers of an evaluation, as a view."""

    __slots__ = ("_answers",)

    def __init__(
        self, evaluation: Mapping[str, Resolution], answers: ValuesView[Resolution]
    ) -> None:
        self._mapping = evaluation
        self._answers = answers

    def __len__(self) -> int:
        return len(self._answers)

    def __iter__(self) -> Iterator[tuple[str, Resolution]]:
        return zip(self._mapping, self._answers, strict=True)

    def __reversed__(self) -> Iterator[tuple[str, Resolution]]:
        return reversed(list(self))

    def __repr__(self) -> str:
        return f"{type(self).__name__}({list(self)})"


def places_of(keys: Iterable[str]) -> dict[str, int]:
    """Return each key's place among the keys."""
    return {key: place for place, key in enumerate(keys)}
