"""The evaluators with a common interface, and the calls that each cannot take.

A backend is a function from a snapshot, a flag's key and a call to a whole resolution. A backend
declares the calls that it cannot take, with the reason. These pairs are not collected, so they count
neither as passed nor as skipped. Only this file of the suite uses internals of the engine.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial

from flagengine import Resolution, Snapshot
from flagengine.compiled.plain import plain_flag
from flagengine.compiled.program import Program
from flagengine.hashing.buckets import ACCELERATOR
from flagengine.inputs.environment import current_time
from flagengine.inputs.request import Request
from flagengine.inputs.subject import Subject
from flagengine.snapshot import evaluators_of
from tests.conformance import tables
from tests.properties.strategies import Call

__all__ = ["BACKENDS", "HAS_ACCELERATOR", "Backend"]

HAS_ACCELERATOR = ACCELERATOR != "none"

_Evaluator = Callable[..., Resolution]
_REQUESTS = ("evaluation_runtime", "evaluation_contexts")


@dataclass(frozen=True)
class Backend:
    """An evaluator.

    ``why_not`` returns the reason why the evaluator cannot take a call, otherwise None. ``uses`` is
    the number of uses after which a snapshot no longer changes.
    """

    name: str
    answer: Callable[[Snapshot, str, Call], Resolution]
    why_not: Callable[[Snapshot, str, Call], str | None] = lambda *_: None
    uses: int = 3


# The interpreter, and the public calls.


def _interpreted(snapshot: Snapshot, key: str, call: Call) -> Resolution:
    return call.explain(snapshot, key).resolution


def _single(snapshot: Snapshot, key: str, call: Call) -> Resolution:
    return call.one(snapshot, key)


def _among_all(snapshot: Snapshot, key: str, call: Call) -> Resolution:
    """Evaluate all flags; pass the flag's key only if the document does not have the flag."""
    found = dict(call.all(snapshot).items())
    if key not in found:
        found = dict(call.all(snapshot, flag_keys=[*found, key]).items())
    return found[key]


# The compiled flag: as a bound evaluator, as generated Python, and as the walk in C.


def _overridden(snapshot: Snapshot, call: Call) -> Snapshot:
    """Return a snapshot with the call's overrides, because a compiled flag has no others."""
    overrides = call.options.get("overrides")
    return snapshot if overrides is None else snapshot.with_overrides(overrides)


def _ask(evaluator: _Evaluator, snapshot: Snapshot, call: Call) -> Resolution:
    about = {name: value for name, value in call.options.items() if name != "overrides"}
    if not about:
        return evaluator(call.distinct_id, call.props)
    subject = Subject(call.distinct_id, call.props, Request.parse(about), current_time)  # type: ignore[arg-type]
    return evaluator(call.distinct_id, call.props, subject)


def _uncompiled_option(call: Call) -> str | None:
    if any(name in call.options for name in _REQUESTS):
        return "the request's runtime and contexts are decided before a flag is evaluated"
    if call.options.get("missing_group") == "unresolved":
        return "missing_group='unresolved' is left to the interpreter"
    return None


def _bound(snapshot: Snapshot, key: str, call: Call) -> Resolution:
    return _overridden(snapshot, call).evaluator(key)(call.distinct_id, call.props)


def _why_not_bound(_snapshot: Snapshot, _key: str, call: Call) -> str | None:
    return "snapshot.evaluator takes no options" if set(call.options) - {"overrides"} else None


def _generated(snapshot: Snapshot, key: str, call: Call) -> Resolution:
    evaluator = _overridden(snapshot, call).evaluator(key)
    on_demand = getattr(evaluator, "otherwise", None)
    return _ask(evaluator if on_demand is None else on_demand.function, snapshot, call)


def _why_not_generated(snapshot: Snapshot, key: str, call: Call) -> str | None:
    reason = _uncompiled_option(call)
    if reason is None and isinstance(_overridden(snapshot, call).evaluator(key), partial):
        return "the flag is left to the interpreter"
    return reason


class HandedOverError(Exception):
    """The walk in C hands the call to the generated function."""


class _Walk:
    """The answers of a program, for a walk in C that must not call Python for anything else."""

    def __init__(self, program: Program) -> None:
        self.answer = program.answer

    def __call__(self, *_: object) -> Resolution:
        raise HandedOverError


def _native(snapshot: Snapshot, key: str, call: Call) -> Resolution:
    plan = evaluators_of(_overridden(snapshot, call)).plans.plan(key)
    assert plan is not None
    program = Program(plan)
    evaluator = plain_flag(program, _Walk(program))
    assert evaluator is not None
    return _ask(evaluator, snapshot, call)


def _why_not_native(snapshot: Snapshot, key: str, call: Call) -> str | None:
    if not HAS_ACCELERATOR:
        return "there is no accelerator"
    reason = _why_not_generated(snapshot, key, call)
    if reason is not None:
        return reason
    if not hasattr(_overridden(snapshot, call).evaluator(key), "otherwise"):
        return "the flag has more than tests of text and numbers, and shares of persons"
    try:
        _native(snapshot, key, call)
    except HandedOverError:
        return "the call is handed to the generated function"
    return None


BACKENDS: Mapping[str, Backend] = {
    backend.name: backend
    for backend in (
        Backend("INTERPRETED", _interpreted),
        Backend("SINGLE", _single),
        Backend("ALL", _among_all),
        Backend("BOUND", _bound, _why_not_bound),
        Backend("GENERATED", _generated, _why_not_generated),
        Backend("NATIVE", _native, _why_not_native),
        Backend("TABLE_ONE", tables.alone, tables.why_not, uses=2),
        Backend("TABLE_AMONG", tables.among_others, tables.why_not, uses=2),
    )
}
