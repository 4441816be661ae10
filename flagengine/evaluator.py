"""The public calls.

``evaluate`` and ``evaluate_flag`` share their keyword arguments, described once in
:class:`CallOptions`.
"""

from collections.abc import ItemsView, Iterator, Mapping, ValuesView
from typing import Any, Unpack

from flagengine.call import Call, CallOptions
from flagengine.document import Document
from flagengine.explain import Explanation
from flagengine.resolution import Resolution
from flagengine.snapshot import Snapshot

__all__ = ["CallOptions", "Evaluation", "evaluate", "evaluate_flag", "explain"]


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
    call = Call(_snapshot(flag_defs), distinct_id, props, options)
    return Evaluation(call, call.keys(options.get("flag_keys")))


def evaluate_flag(
    flag_defs: Snapshot | Document,
    key: str,
    distinct_id: object,
    props: Mapping[str, Any] | None = None,
    **options: Unpack[CallOptions],
) -> Resolution:
    """Evaluate one flag for one person; an unknown key gives a resolution that says so."""
    if not options and type(props) is dict and type(flag_defs) is Snapshot:
        evaluate = flag_defs.evaluators.get(key)
        if evaluate is not None:
            return evaluate(distinct_id, props)
    return Call(_snapshot(flag_defs), distinct_id, props, options).resolve(key)


def explain(
    flag_defs: Snapshot | Document,
    key: str,
    distinct_id: object,
    props: Mapping[str, Any] | None = None,
    *,
    redact: bool = False,
    **options: Unpack[CallOptions],
) -> Explanation:
    """Evaluate one flag and say why; with ``redact`` without the values of properties."""
    call = Call(_snapshot(flag_defs), distinct_id, props, options)
    return Explanation(call.trace(key), redact)


def _snapshot(flag_defs: Snapshot | Document) -> Snapshot:
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
        return {key: self[key] for key in self._keys}

    def __repr__(self) -> str:
        """Name the flags; evaluate none."""
        return f"<Evaluation of {len(self._keys)} flags>"
