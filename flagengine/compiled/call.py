"""One call: the flags of a snapshot for one person, with the call's options (SPEC R4.1)."""

from collections.abc import Iterable, Mapping
from functools import partial
from typing import TYPE_CHECKING, Any, Final

from flagengine.compiled.evaluators import Evaluators
from flagengine.inputs.arguments import checked_mapping, checked_names
from flagengine.inputs.request import NO_OPTIONS, Request
from flagengine.inputs.subject import Subject, usable_id
from flagengine.results.resolution import Resolution
from flagengine.values.json_values import PLAIN

if TYPE_CHECKING:  # not all calls need the interpreter
    from flagengine.evaluation.interpreter import Interpreter
    from flagengine.evaluation.trace import FlagTrace

__all__ = ["EvaluationCall", "requested_keys"]

_SEVERAL: Final = 2
_FEW: Final = 16
"""The number of properties that are looked at for a second flag."""


def requested_keys(
    evaluators: Evaluators, request: Request, flag_keys: Iterable[str] | None
) -> Mapping[str, None]:
    """Return ``flag_keys``, or the keys of every flag that the request may see."""
    if flag_keys is not None:
        return checked_names("flag_keys", flag_keys, "keys")
    is_plain = request is NO_OPTIONS or request.is_plain
    if is_plain and not evaluators.overrides.flags:
        return evaluators.keys
    added = (evaluators.overrides | request.overrides).flags
    defined, hidden = evaluators.plans.definitions.keys, evaluators.hidden
    seen = (key for key in defined if key in added or key not in hidden)
    return dict.fromkeys((*seen, *added))


class EvaluationCall:
    """The evaluators of a snapshot for a request's audience, bound to one person and the request.

    ``asked`` is the number of flags that were evaluated for these arguments, here or elsewhere.
    """

    __slots__ = (
        "_distinct_id",
        "_evaluators",
        "_interpreter",
        "_is_plain",
        "_props",
        "_request",
        "_subject",
        "asked",
    )

    def __init__(
        self,
        evaluators: Evaluators,
        distinct_id: object,
        props: Mapping[str, Any] | None,
        request: Request,
    ) -> None:
        """Bind the arguments; raise TypeError if ``props`` is not a mapping."""
        self._evaluators = evaluators
        self._distinct_id = distinct_id
        self._props = checked_mapping("props", props)
        self._request = request
        self._is_plain = request is NO_OPTIONS or request.is_plain
        self._interpreter: Interpreter | None = None
        self._subject: Subject | None = None
        self.asked: int = 0

    def resolve(self, key: str) -> Resolution:
        """Evaluate a flag with its compiled function if possible, else with the interpreter."""
        evaluators = self._evaluators
        if self._is_plain and not self.asked:  # what flags share pays from the second on
            self.asked = 1
            evaluator = evaluators.compiled.get(key) or evaluators.evaluator_so_far(key)
            subject = None if self._request is NO_OPTIONS else self.shared_subject(0)
            return evaluator(self._distinct_id, self._props, subject)
        if not self._has_id:
            return self.trace(key).resolution
        if not self._is_plain:
            overrides = self._request.overrides
            if key in overrides.flags and not self._has_payload(key):
                return evaluators.forced(key, overrides.flags[key])
            if not self._is_compilable(key):
                return self.trace(key).resolution
        evaluator = evaluators.compiled.get(key) or evaluators.evaluator_so_far(key)
        if type(evaluator) is partial:  # the call's interpreter knows the flags before
            return self.trace(key).resolution
        return evaluator(self._distinct_id, self._props, self.shared_subject())

    @property
    def _has_id(self) -> bool:
        """Whether the id can be hashed. Compiled flags leave other ids each to its own interpreter."""
        given = self._distinct_id
        is_usual = type(given) is str and given.isascii() and given != ""
        return is_usual or bool(usable_id(given))

    def resolve_all(self, keys: Mapping[str, None]) -> list[Resolution]:
        """Evaluate the flags of all keys, in their order."""
        evaluators = self._evaluators
        subject = self.shared_subject(len(keys))
        together = evaluators.together()
        if together and self._is_plain and self._has_id and keys is evaluators.keys:
            distinct_id, props = self._distinct_id, self._props
            return [evaluate(distinct_id, props, subject) for evaluate in together[-1]]
        return [self.resolve(key) for key in keys]

    def trace(self, key: str) -> "FlagTrace":
        """Evaluate a flag with the interpreter, which records every step."""
        if self._interpreter is None:
            from flagengine.evaluation.interpreter import Interpreter  # noqa: PLC0415 as above

            request, evaluators = self._request, self._evaluators
            subject = self.shared_subject()
            if subject is None:
                subject = evaluators.new_subject(self._distinct_id, self._props)
            overrides = evaluators.overrides | request.overrides
            self._interpreter = Interpreter(
                evaluators.plans, subject, overrides, *evaluators.audience
            )
        return self._interpreter.flag(key)

    def shared_subject(self, flags: int = 1) -> Subject | None:
        """Return the person with the inputs of the options, for the evaluation of so many flags.

        For a call without options return None, unless several flags may read one list or object:
        the subject converts the value once.
        """
        if self._subject is None:
            before, self.asked = self.asked, self.asked + flags
            is_next = before < _SEVERAL <= self.asked
            if self._request is not NO_OPTIONS or (is_next and self._has_lists(flags)):
                clock = self._evaluators.clock
                self._subject = Subject(self._distinct_id, self._props, self._request, clock)
        return self._subject

    def _has_lists(self, flags: int) -> bool:
        """Look for lists and objects, unless the look would take longer than the flags."""
        props = self._props
        if type(props) is not dict:  # another mapping's own code may raise here
            return True
        return len(props) <= max(flags, _FEW) and not PLAIN.issuperset(map(type, props.values()))

    def _is_compilable(self, key: str) -> bool:
        """Tell whether the compiled flag answers correctly despite the call's options."""
        request, evaluators = self._request, self._evaluators
        if key in request.overrides.flags or key in request.overrides.payloads:
            return False
        if self._clears_snapshot or request.strict_groups:
            return False
        return not evaluators.plans.dependencies(key)

    @property
    def _clears_snapshot(self) -> bool:
        """Whether the call clears the snapshot's overrides, which the compiled flags contain."""
        overrides = self._request.overrides
        clears = overrides.clears_flags or overrides.clears_payloads
        return clears and bool(self._evaluators.overrides)

    def _has_payload(self, key: str) -> bool:
        return key in self._request.overrides.payloads or key in self._evaluators.overrides.payloads
