"""The base of an ``Evaluation``: the arguments of a call, and the answers that are known so far.

The accelerator has the same in C, which answers plain flags at once.
"""

from collections.abc import ItemsView, Iterable, Iterator, Mapping, ValuesView
from typing import TYPE_CHECKING, Any

from flagengine.native import accelerator
from flagengine.results.resolution import Resolution

__all__ = ["AllItems", "AllValues", "Answers", "places_of"]


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


class _Answers:
    """The arguments of a call of ``evaluate``, and the answers by key so far.

    A subclass has ``_resolve(key)``, the full way to an answer. ``options`` are keyword arguments.
    """

    __slots__ = ("_distinct_id", "_known", "_options", "_places", "_props", "_snapshot", "_whole")

    def __init__(
        self,
        snapshot: Any,
        distinct_id: object,
        props: Mapping[str, Any],
        options: dict[str, Any],
    ) -> None:
        """Bind the arguments, which the caller has checked."""
        self._snapshot = snapshot
        self._distinct_id = distinct_id
        self._props = props
        self._options = options
        self._known: dict[str, Resolution] = {}
        self._places: Mapping[str, int] = {}
        self._whole: AllValues | None = None

    def __getitem__(self, key: str) -> Resolution:
        """Return the answer for a key; raise KeyError for a key that was not requested."""
        if self._whole is not None and key in self._places:
            return self._whole[self._places[key]]
        known = self._known
        if key in known:
            return known[key]
        is_new = not known and self._whole is None
        snapshot = self._snapshot
        # What flags share pays from the second on.
        if is_new and not self._options and key in snapshot.keys:
            evaluator = snapshot._compiled.get(key)  # noqa: SLF001 private for users
            if evaluator is not None:
                return known.setdefault(key, evaluator(self._distinct_id, self._props))
        return known.setdefault(key, self._resolve(key))

    if TYPE_CHECKING:

        def _resolve(self, key: str) -> Resolution:
            """Go the full way to an answer; raise KeyError for a key that was not requested."""

        def _all(self) -> AllValues:
            """Evaluate every flag, and keep the answers."""

    def values(self) -> ValuesView[Resolution]:
        """Evaluate every flag; return the resolutions in order."""
        # Registered as a view.
        return self._whole or self._all()  # type: ignore[return-value]

    def _walk(self, *_: object) -> tuple[AllValues, int] | None:
        """Answer the plain flags of a snapshot together: not without the accelerator."""
        return None

    def _complete(self, places: Mapping[str, int], answers: AllValues) -> None:
        """Keep the answers of all flags in order, and each key's place among the answers."""
        if self._whole is None:  # else another thread was faster
            self._places, self._whole = places, answers


if TYPE_CHECKING:
    Answers = _Answers
else:
    Answers = _Answers if accelerator is None else accelerator.Answers
