"""The public calls ``evaluate`` and ``evaluate_flag``.

Both take the keyword arguments that :class:`CallOptions` describes.
"""

from collections.abc import Callable, ItemsView, Iterable, Iterator, Mapping, Sequence
from functools import update_wrapper
from typing import Any, TypeVar, Unpack

from flagengine.compiled.answers import AllItems, AllValues, Answers, places_of
from flagengine.compiled.call import EvaluationCall, requested_keys
from flagengine.compiled.flags import Evaluator
from flagengine.definitions.document import Document
from flagengine.inputs.arguments import checked_mapping
from flagengine.inputs.completeness import Completeness
from flagengine.inputs.request import NO_OPTIONS, CallOptions, Request, taken_audience
from flagengine.native import accelerator
from flagengine.results.resolution import Resolution
from flagengine.snapshot import Snapshot, as_snapshot, evaluators_of

__all__ = ["CallOptions", "Evaluation", "evaluate", "evaluate_flag"]

F = TypeVar("F", bound=Callable[..., Any])


def _ask(
    snapshot: Snapshot,
    key: str,
    distinct_id: object,
    props: Mapping[str, Any],
    groups: Mapping[str, Any],
    group_properties: Mapping[str, Mapping[str, Any]],
    complete: bool,
) -> Resolution:
    """Answer a flag in Python, for the accelerator, which remembers the answer."""
    request = NO_OPTIONS
    if groups or group_properties or complete:
        request = Request(groups, group_properties, complete=Completeness(complete))
    return EvaluationCall(evaluators_of(snapshot), distinct_id, props, request).resolve(key)


class Evaluation(Answers, Mapping[str, Resolution]):
    """The answers for one person, read-only; each answer is computed on first access.

    A copy is the same object, and a pickle holds the answers of all flags.
    """

    __slots__ = ("_call", "_keys")

    _View = AllValues  # for the accelerator
    _call: EvaluationCall
    _keys: Mapping[str, None]

    def __iter__(self) -> Iterator[str]:
        """Iterate over the keys in the document's order, or in the order requested."""
        return iter(self._requested)

    def __len__(self) -> int:
        """Return the number of requested flags."""
        return len(self._requested)

    def __contains__(self, key: object) -> bool:
        """Tell whether a key was requested."""
        return key in self._requested

    def items(self) -> ItemsView[str, Resolution]:
        """Evaluate every flag; return the pairs in order."""
        return AllItems(self, self.values())

    def __repr__(self) -> str:
        """Return the number of flags as text, without evaluating them."""
        return f"<Evaluation of {len(self)} flags>"

    def _repr_html_(self) -> str:
        """Evaluate every flag; return the answers as a table, for a notebook."""
        from flagengine.display.answers import answers_html  # noqa: PLC0415 notebooks only

        answers = [resolution.to_dict() for resolution in self.values()]
        return answers_html(f"{len(answers):,} flags for one person", answers)

    def __copy__(self) -> "Evaluation":
        """Return the same object, because it is read-only."""
        return self

    def __reduce__(self) -> tuple[Any, ...]:
        """Pickle the answers; what computes them stays behind."""
        return _restored, (dict(self.items()),)

    # The full way, for what the accelerator does not answer.

    def _open(self) -> EvaluationCall:
        """Check the options and bind the call."""
        request = Request.parse(self._options)  # type: ignore[arg-type]
        evaluators = evaluators_of(self._snapshot, request)
        self._keys = requested_keys(evaluators, request, self._options.get("flag_keys"))
        self._call = EvaluationCall(evaluators, self._distinct_id, self._props, request)
        return self._call

    def _opened(self) -> EvaluationCall:
        try:
            return self._call
        except AttributeError:  # most calls are never opened
            return self._open()

    @property
    def _requested(self) -> Mapping[str, None]:
        try:
            return self._keys
        except AttributeError:
            self._open()
            return self._keys

    def _resolve(self, key: str) -> Resolution:
        if key not in self._requested:
            raise KeyError(key)
        call = self._opened()
        call.asked = max(call.asked, len(self._known))  # some flags were answered without it
        return call.resolve(key)

    def _all(self) -> AllValues:
        if self._whole is not None:
            return self._whole
        evaluators = self._snapshot._evaluators  # noqa: SLF001 private for users
        together = evaluators.together()
        walked = together and self._walk(*together[1:])
        if walked is None:
            keys = self._requested
            is_of_all = together and keys is evaluators.keys
            places: Mapping[str, int] = together[0] if is_of_all else places_of(keys)
            whole: Iterable[Resolution] = self._opened().resolve_all(keys)
        else:
            places, (whole, left) = together[0], walked
            if left:
                whole = self._with_rest(whole, together[2])
        if known := self._known:
            whole = map(known.get, places, whole)
        self._complete(places, AllValues(whole))
        return self._all()  # those of another thread if it was faster

    def _with_rest(
        self, answers: Sequence[Any], evaluators: tuple[Evaluator, ...]
    ) -> Iterator[Resolution]:
        """Answer the flags that the accelerator has left."""
        person = self._distinct_id, self._props, self._opened().shared_subject(len(answers))
        for answer, evaluator in zip(answers, evaluators, strict=True):
            yield evaluator(*person) if answer is None else answer


def _restored(answers: dict[str, Resolution]) -> Evaluation:
    """Return an evaluation that knows all answers."""
    evaluation = Evaluation(None, None, {}, {})
    evaluation._keys = dict.fromkeys(answers)  # noqa: SLF001 of this module
    evaluation._complete(places_of(answers), AllValues(answers.values()))  # noqa: SLF001
    return evaluation


def _quick(*answers: type) -> Callable[[F], F]:
    """Return a decorator that lets C answer calls with a snapshot and at most plain options."""

    def decorate(function: F) -> F:
        if accelerator is None:
            return function
        call = accelerator.Shortcut(function, Snapshot, _ask, *answers)
        return update_wrapper(call, function)  # type: ignore[return-value]

    return decorate


@_quick(Evaluation)
def evaluate(
    flag_defs: Snapshot | Document,
    distinct_id: object,
    props: Mapping[str, Any] | None = None,
    **options: Unpack[CallOptions],
) -> Evaluation:
    """Evaluate flags for one person, each flag on first access.

    ``flag_defs`` is a :class:`Snapshot`, or a raw document, which is parsed unless it is one of the
    last that were (SPEC R1.9). No flag and no property raises an exception; a wrong argument raises
    TypeError or ValueError.
    """
    if not isinstance(flag_defs, Snapshot):
        return evaluate(as_snapshot(flag_defs), distinct_id, props, **options)
    if options and (audience := taken_audience(options)):
        return evaluate(flag_defs._seen_by(audience), distinct_id, props, **options)  # noqa: SLF001
    evaluation = Evaluation(flag_defs, distinct_id, checked_mapping("props", props), dict(options))
    if options:
        evaluation._open()  # noqa: SLF001 a wrong option raises now
    return evaluation


@_quick()
def evaluate_flag(
    flag_defs: Snapshot | Document,
    key: str,
    distinct_id: object,
    props: Mapping[str, Any] | None = None,
    **options: Unpack[CallOptions],
) -> Resolution:
    """Evaluate one flag for one person; an unknown key gives a resolution that says so."""
    if not isinstance(flag_defs, Snapshot):
        return evaluate_flag(as_snapshot(flag_defs), key, distinct_id, props, **options)
    if options:
        if audience := taken_audience(options):
            seen = flag_defs._seen_by(audience)  # noqa: SLF001 private for users
            return evaluate_flag(seen, key, distinct_id, props, **options)
        request = Request.parse(options)
        evaluators = evaluators_of(flag_defs, request)
        return EvaluationCall(evaluators, distinct_id, props, request).resolve(key)
    try:
        evaluator = flag_defs._compiled[key]  # noqa: SLF001 saves a call
    except KeyError:  # raised only twice per flag; ``get`` would slow down every other call
        evaluator = evaluators_of(flag_defs).evaluator_so_far(key)
    return evaluator(distinct_id, props)
