"""The public calls.

``evaluate`` and ``evaluate_flag`` share their keyword arguments, described once in
:class:`CallOptions`.
"""

from collections.abc import Callable, ItemsView, Iterator, Mapping, ValuesView
from functools import update_wrapper
from typing import Any, TypeVar, Unpack

from flagengine.call import Call, CallOptions
from flagengine.definitions.document import Document
from flagengine.native import accelerator
from flagengine.results.resolution import Resolution
from flagengine.snapshot import Snapshot

__all__ = ["CallOptions", "Evaluation", "as_snapshot", "evaluate", "evaluate_flag"]


F = TypeVar("F", bound=Callable[..., Any])


def evaluate(
    flag_defs: Snapshot | Document,
    distinct_id: object,
    props: Mapping[str, Any] | None = None,
    **options: Unpack[CallOptions],
) -> "Evaluation":
    """Evaluate flags for one person; each flag when it is first asked for.

    ``flag_defs`` is a :class:`Snapshot`, or a raw document, which is parsed anew at every call.
    Nothing about a flag or a property raises; a wrong argument raises TypeError or ValueError.
    """
    call = Call(as_snapshot(flag_defs), distinct_id, props, options)
    return Evaluation(call, call.keys(options.get("flag_keys")))


def _quick(function: F) -> F:
    """Have C answer the common call, of a compiled flag without options; others stay as they are."""
    if accelerator is None:
        return function
    return update_wrapper(accelerator.FlagCall(function, Snapshot), function)  # type: ignore[return-value]


@_quick
def evaluate_flag(
    flag_defs: Snapshot | Document,
    key: str,
    distinct_id: object,
    props: Mapping[str, Any] | None = None,
    **options: Unpack[CallOptions],
) -> Resolution:
    """Evaluate one flag for one person; an unknown key gives a resolution that says so."""
    if options or type(flag_defs) is not Snapshot:
        return Call(as_snapshot(flag_defs), distinct_id, props, options).resolve(key)
    try:
        evaluator = flag_defs.evaluators[key]
    except KeyError:  # twice in a flag's life; a look-up that allows for it would cost every call
        evaluator = flag_defs.evaluator_so_far(key)
    return evaluator(distinct_id, props)


def as_snapshot(flag_defs: Snapshot | Document) -> Snapshot:
    """Parse a raw document; a snapshot stays as it is."""
    return flag_defs if isinstance(flag_defs, Snapshot) else Snapshot.parse(flag_defs)


class Evaluation(Mapping[str, Resolution]):
    """The answers for one person: read-only, computed per key when asked for, then remembered."""

    __slots__ = ("_call", "_keys", "_known")

    def __init__(self, call: Call, keys: Mapping[str, None]) -> None:
        """Bind a call; made by :func:`evaluate`."""
        self._call = call
        self._keys = keys
        self._known: dict[str, Resolution] = {}

    def __getitem__(self, key: str) -> Resolution:
        """Return the answer for a key; KeyError when it was not asked for."""
        known = self._known.get(key)
        if known is not None:
            return known
        if key not in self._keys:
            raise KeyError(key)
        return self._known.setdefault(key, self._call.resolve(key))

    def __iter__(self) -> Iterator[str]:
        """Iterate over the keys in the document's order, or as asked for."""
        return iter(self._keys)

    def __len__(self) -> int:
        """Count the flags asked for."""
        return len(self._keys)

    def __contains__(self, key: object) -> bool:
        """Tell whether a key was asked for."""
        return key in self._keys

    def items(self) -> ItemsView[str, Resolution]:
        """Evaluate every flag; return the pairs in order."""
        return self._all().items()

    def values(self) -> ValuesView[Resolution]:
        """Evaluate every flag; return the resolutions in order."""
        return self._all().values()

    def _all(self) -> dict[str, Resolution]:
        known = self._known
        if not known:
            self._known = self._call.resolve_all(self._keys)
        elif len(known) < len(self._keys):
            missing = self._call.resolve_all({key: None for key in self._keys if key not in known})
            self._known = {key: known.get(key) or missing[key] for key in self._keys}
        return self._known

    def __repr__(self) -> str:
        """Name the flags; evaluate none."""
        return f"<Evaluation of {len(self._keys)} flags>"
