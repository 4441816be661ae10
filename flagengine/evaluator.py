"""The public calls ``evaluate`` and ``evaluate_flag``.

Both take the keyword arguments that :class:`CallOptions` describes.
"""

from collections.abc import Callable, ItemsView, Iterator, Mapping, ValuesView
from functools import update_wrapper
from typing import Any, TypeVar, Unpack

from flagengine.compiled.call import EvaluationCall, requested_keys
from flagengine.definitions.document import Document
from flagengine.inputs.request import CallOptions, Request
from flagengine.native import accelerator
from flagengine.results.resolution import Resolution
from flagengine.snapshot import Snapshot, evaluators_of

__all__ = ["CallOptions", "Evaluation", "evaluate", "evaluate_flag"]

F = TypeVar("F", bound=Callable[..., Any])


def evaluate(
    flag_defs: Snapshot | Document,
    distinct_id: object,
    props: Mapping[str, Any] | None = None,
    **options: Unpack[CallOptions],
) -> "Evaluation":
    """Evaluate flags for one person, each flag on first access.

    ``flag_defs`` is a :class:`Snapshot`, or a raw document, which is parsed unless it is one of the
    last that were (SPEC R1.9). No flag and no property raises an exception; a wrong argument raises
    TypeError or ValueError.
    """
    evaluators, request = evaluators_of(flag_defs), Request.parse(options)
    keys = requested_keys(evaluators, request, options.get("flag_keys"))
    return Evaluation(EvaluationCall(evaluators, distinct_id, props, request), keys)


def _quick(function: F) -> F:
    """Wrap ``function`` so that C dispatches calls on a compiled flag without options."""
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
        request = Request.parse(options)
        return EvaluationCall(evaluators_of(flag_defs), distinct_id, props, request).resolve(key)
    try:
        evaluator = flag_defs._compiled[key]  # noqa: SLF001 saves a call
    except KeyError:  # raised only twice per flag; ``get`` would slow down every other call
        evaluator = evaluators_of(flag_defs).evaluator_so_far(key)
    return evaluator(distinct_id, props)


class Evaluation(Mapping[str, Resolution]):
    """The answers for one person, read-only; each answer is computed on first access."""

    __slots__ = ("_call", "_keys", "_known")

    def __init__(self, call: EvaluationCall, keys: Mapping[str, None]) -> None:
        """Bind a call: see :func:`evaluate`."""
        self._call = call
        self._keys = keys
        self._known: dict[str, Resolution] = {}

    def __getitem__(self, key: str) -> Resolution:
        """Return the answer for a key; raise KeyError for a key that was not requested."""
        known = self._known.get(key)
        if known is not None:
            return known
        if key not in self._keys:
            raise KeyError(key)
        return self._known.setdefault(key, self._call.resolve(key))

    def __iter__(self) -> Iterator[str]:
        """Iterate over the keys in the document's order, or in the order requested."""
        return iter(self._keys)

    def __len__(self) -> int:
        """Return the number of requested flags."""
        return len(self._keys)

    def __contains__(self, key: object) -> bool:
        """Tell whether a key was requested."""
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
        """Return the number of flags as text, without evaluating them."""
        return f"<Evaluation of {len(self._keys)} flags>"
