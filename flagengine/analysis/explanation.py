"""Explanations of answers, as data and as text for a terminal (SPEC R13)."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, Final, Unpack

from flagengine.compiled.call import EvaluationCall
from flagengine.definitions.document import Document
from flagengine.definitions.model import Filter
from flagengine.evaluation.conclusion import Conclusion
from flagengine.evaluation.trace import (
    NOT_SHOWN,
    ConditionTrace,
    FlagTrace,
    HashTrace,
    TestTrace,
)
from flagengine.inputs.request import CallOptions, Request
from flagengine.inputs.subject import ABSENT
from flagengine.plan.shares import Answer, Served
from flagengine.results.resolution import Missing, Reason, Resolution
from flagengine.results.verdicts import Gap, Verdict
from flagengine.snapshot import Snapshot, as_snapshot, evaluators_of
from flagengine.values.excerpts import excerpt, name_excerpt
from flagengine.values.json_values import NOT_GIVEN
from flagengine.values.printable import printable
from flagengine.values.record import Record

__all__ = ["REDACTED", "Explanation", "Line", "explain"]

REDACTED: Final = "(redacted)"
"""The text that replaces a property's value in a redacted explanation."""

MAX_LEVELS: Final = 60
"""The depth of an explanation; deeper tests are evaluated, but not shown."""

MAX_ANSWERS: Final = 100
"""The maximum number of possible answers that each condition of an explanation lists as data."""

_ANSWERS_IN_TEXT: Final = 20
_DEFAULT: Final = "the caller's default"
_CUT: Final = "deeper tests are not shown"


class Line(Record):
    """One line of the text form, with the lines below it."""

    text: str
    children: "tuple[Line, ...]" = ()


class _Lines(Record):
    """How lines say a filter, if not in the words of the definitions, and whether they say what decided."""

    say: Callable[[Mapping[str, Any]], str] | None = None
    has_ending: bool = True


class _At:
    """A place in the tree: its level, and the flags and cohorts that the tree already shows.

    The tree shows each dependency and each cohort only at its first place: otherwise the tree would
    double with every flag or cohort of a chain in which each names the previous one twice.
    """

    __slots__ = ("_shown", "level", "lines")

    def __init__(
        self, level: int = 0, shown: set[object] | None = None, lines: "_Lines | None" = None
    ) -> None:
        self.level = level
        self.lines = lines or _Lines()
        self._shown = set() if shown is None else shown

    def below(self) -> "_At":
        return _At(self.level + 1, self._shown, self.lines)

    def is_first(self, dependency: FlagTrace) -> bool:
        return self._is_new(dependency.resolution.key)

    def parts(self, trace: TestTrace) -> tuple[TestTrace, ...]:
        """Return the tests below a test; nothing for a cohort that is shown elsewhere."""
        is_shown = trace.kind == "cohort" and not self._is_new(id(trace.children[0]))
        return () if is_shown else trace.children

    def _is_new(self, name: object) -> bool:
        is_new = name not in self._shown
        self._shown.add(name)
        return is_new


class Explanation(Record):
    """The reasons for a flag's answer: every condition, filter and hash.

    With ``is_redacted`` the values of person and group properties are left out; the definitions are
    shown in full.
    """

    trace: FlagTrace
    is_redacted: bool = False

    def __eq__(self, other: object) -> bool:
        """Compare what is explained."""
        if not isinstance(other, Explanation):
            return NotImplemented
        return self.is_redacted is other.is_redacted and self.to_dict() == other.to_dict()

    def __hash__(self) -> int:
        return hash((self.resolution, self.is_redacted))

    def __repr__(self) -> str:
        """Return the answer as text, without the steps."""
        return f"Explanation({_headline(self.resolution)!r})"

    @property
    def resolution(self) -> Resolution:
        """The answer that is explained."""
        return self.trace.resolution

    @property
    def smallest_missing(self) -> Missing | None:
        """The smallest set of inputs that makes the answer definite for all values of the inputs.

        The set is empty for a definite answer, and None if only the server knows the answer.
        """
        return self.trace.conclusion.smallest_missing

    def left_open(self, resolution: Resolution, deciding: str) -> "Explanation":
        """Return a copy for a caller that leaves the flag to the server, whatever the conditions say.

        ``resolution`` has no value, and ``deciding`` names what the caller goes by.
        """
        conclusion = Conclusion(resolution, deciding, None)
        return Explanation(self.trace.__replace__(conclusion=conclusion), self.is_redacted)

    def to_dict(self) -> dict[str, Any]:
        """Return the whole tree as JSON values."""
        return self._flag(self.trace, _At())

    def to_line(
        self,
        say: Callable[[Mapping[str, Any]], str] | None = None,
        *,
        has_ending: bool = True,
    ) -> Line:
        """Return the tree as nested lines.

        ``say`` returns the text of a filter, which it gets as `to_dict` has it: ``type``, ``key``,
        ``operator``, ``expected``, ``negation``, and ``group``, the group type's name, where there is one.
        Without ``has_ending`` the last lines, which repeat what decided, are left out.
        """
        return self._flag_line(self.trace, _At(lines=_Lines(say, has_ending)))

    def __str__(self) -> str:
        """Draw the tree with box characters; what is not printable is escaped."""
        line = self.to_line()
        return "\n".join(map(printable, [line.text, *_drawn(line.children)]))

    def _repr_html_(self) -> str:
        """Return the tree as HTML that can be folded, for a notebook."""
        from flagengine.display.answers import value_tag  # noqa: PLC0415 notebooks only
        from flagengine.display.parts import code, dim, joined  # noqa: PLC0415
        from flagengine.display.trees import tree_html  # noqa: PLC0415

        found = self.resolution.to_dict()
        reason = f" {found['unresolved_reason'] or found['reason']}: {found['description']}"
        title = [code(name_excerpt(found["key"])), " is ", value_tag(found), dim(reason)]
        return tree_html(joined(title), self.to_line().children)

    # As data.

    def _flag(self, trace: FlagTrace, at: _At) -> dict[str, Any]:
        smallest = trace.conclusion.smallest_missing
        return {
            "resolution": trace.resolution.to_dict(),
            "decided_by": trace.conclusion.deciding,
            "smallest_missing": None if smallest is None else smallest.to_dict(),
            "enrollment": trace.enrollment and self._test(trace.enrollment, at),
            "holdout": trace.holdout and _hash(trace.holdout),
            "conditions": [
                self._condition(condition, at.below()) for condition in trace.conditions
            ],
        }

    def _condition(self, trace: ConditionTrace, at: _At) -> dict[str, Any]:
        return {
            "index": trace.index,
            "verdict": _verdict_word(trace.verdict),
            "note": trace.note,
            "filters": [self._test(test, at) for test in trace.tests],
            "rollout": trace.rollout and _hash(trace.rollout),
            "draw": trace.draw and _hash(trace.draw),
            "possible_answers": [_value(answer) for answer in trace.answers[:MAX_ANSWERS]],
            **_left_out(len(trace.answers) - MAX_ANSWERS),
            **({} if trace.kind == "condition" else _of_rule(trace)),
        }

    def _test(self, trace: TestTrace, at: _At) -> dict[str, Any]:
        found: dict[str, Any] = {"kind": trace.kind, "verdict": _verdict_word(trace.verdict)}
        if isinstance(trace.verdict, Gap):
            found["unresolved_reason"] = trace.verdict.reason.value
            found["missing"] = trace.verdict.missing.to_dict()
        if trace.origin is not None:
            found |= _filter(trace.origin)
        if trace.group is not None:
            found["group"] = trace.group
        if trace.actual is not NOT_SHOWN:
            found |= self._actual(trace)
        if trace.note:
            found["note"] = trace.note
        if at.level >= MAX_LEVELS:
            return found | {"note": _CUT}
        if parts := at.parts(trace):
            found["parts"] = [self._test(child, at.below()) for child in parts]
        if trace.dependency is not None and at.is_first(trace.dependency):
            found["dependency"] = self._flag(trace.dependency, at.below())
        return found

    def _actual(self, trace: TestTrace) -> dict[str, Any]:
        if trace.actual is ABSENT:
            return {"actual_is": "absent"}
        if trace.actual is NOT_GIVEN:
            return {"actual_is": "not given"}
        hidden = self.is_redacted and trace.kind == "property"
        return {"actual_is": "given", "actual": REDACTED if hidden else trace.actual}

    # As lines.

    def _flag_line(self, trace: FlagTrace, at: _At) -> Line:
        lines = []
        if trace.enrollment is not None:
            lines.append(
                Line(
                    f"enrollment {name_excerpt(trace.enrollment.note)}: "
                    f"{self._actual_text(trace.enrollment)}"
                )
            )
        if trace.holdout is not None:
            lines.append(Line(f"holdout: {_hash_text(trace.holdout)}"))
        lines += [self._condition_line(condition, at.below()) for condition in trace.conditions]
        if at.lines.has_ending:
            lines += _ending(trace)
        return Line(_headline(trace.resolution), tuple(lines))

    def _condition_line(self, trace: ConditionTrace, at: _At) -> Line:
        parts = [self._test_line(test, at) for test in trace.tests]
        if trace.holdout is not None:
            parts.append(Line(f"holdout: {_hash_text(trace.holdout)}"))
        if trace.rollout is not None:
            parts.append(Line(f"rollout: {_hash_text(trace.rollout)}"))
        if trace.draw is not None:
            parts.append(Line(f"variant: {_draw_text(trace)}"))
        return Line(f"{trace.kind} {trace.index + 1}: {_outcome(trace)}", tuple(parts))

    def _test_line(self, trace: TestTrace, at: _At) -> Line:
        if at.level >= MAX_LEVELS:
            return Line(f"{_mark(trace.verdict)} {self._test_text(trace, at)}; {_CUT}")
        children = [self._test_line(child, at.below()) for child in at.parts(trace)]
        if trace.dependency is not None and at.is_first(trace.dependency):
            children.append(self._flag_line(trace.dependency, at.below()))
        return Line(f"{_mark(trace.verdict)} {self._test_text(trace, at)}", tuple(children))

    def _test_text(self, trace: TestTrace, at: _At) -> str:
        if trace.origin is None:
            return {"all": "all of", "any": "any of", "not": "not"}.get(trace.kind, trace.note)
        written = _filter_text(trace.origin, trace.group, at.lines.say)
        if trace.kind == "property":
            return f"{written}; {self._actual_text(trace)}"
        if trace.kind == "flag" and trace.dependency is not None:
            return f"{written}; it is {excerpt(trace.actual)}"
        return f"{written}; {trace.note}" if trace.kind in ("constant", "undecidable") else written

    def _actual_text(self, trace: TestTrace) -> str:
        if trace.actual is ABSENT:
            return "the property is absent"
        if trace.actual is NOT_GIVEN:
            return "the property is not given"
        return f"it is {REDACTED if self.is_redacted else excerpt(trace.actual)}"


def explain(
    flag_defs: Snapshot | Document,
    key: str,
    distinct_id: object,
    props: Mapping[str, Any] | None = None,
    *,
    redact: bool = False,
    **options: Unpack[CallOptions],
) -> Explanation:
    """Evaluate one flag and explain the answer; ``redact`` hides the values of properties."""
    snapshot, request = as_snapshot(flag_defs), Request.parse(options)
    call = EvaluationCall(evaluators_of(snapshot, request), distinct_id, props, request)
    return Explanation(call.trace(key), redact)


def _filter(origin: Filter) -> dict[str, Any]:
    return {
        "type": origin.type,
        "key": origin.key,
        "operator": origin.operator,
        "expected": origin.value,
        "negation": origin.negation,
    }


def _filter_text(
    origin: Filter, group: str | None, say: Callable[[Mapping[str, Any]], str] | None
) -> str:
    if say is not None:
        return say(_filter(origin) if group is None else {**_filter(origin), "group": group})
    if origin.type == "cohort":
        return f"cohort {excerpt(origin.value)} {name_excerpt(origin.operator or 'in')}"
    if origin.type == "flag":
        return f"flag {name_excerpt(origin.key)} evaluates to {excerpt(origin.value)}"
    where = "person" if group is None else name_excerpt(group)
    key, operator = name_excerpt(origin.key), name_excerpt(origin.operator or "exact")
    return f"{where} {key} {operator} {excerpt(origin.value)}"


def _of_rule(trace: ConditionTrace) -> dict[str, Any]:
    """Return what a rule has and a condition has not."""
    variants = [answer.variant_key for answer in trace.answers if isinstance(answer, Served)]
    return {
        "kind": trace.kind,
        "holdout": trace.holdout and _hash(trace.holdout),
        "variant_key": variants[0] if variants else None,
    }


def _left_out(answers: int) -> dict[str, Any]:
    return {"more_possible_answers": answers} if answers > 0 else {}


def _value(answer: Answer) -> Any:
    return answer.value if isinstance(answer, Served) else answer


def _hash(trace: HashTrace) -> dict[str, Any]:
    verdict = {True: "inside", False: "outside", None: "unknown"}[trace.verdict]
    return {
        "subject": trace.subject,
        "bucket": trace.bucket,
        "bound": trace.bound,
        "verdict": verdict,
    }


def _hash_text(trace: HashTrace) -> str:
    bound = f"{trace.bound * 100:g} %"
    if trace.bucket is None:
        reason = "no hash needed" if trace.verdict is not None else f"{trace.subject} is not known"
        return f"{_hash(trace)['verdict']} {bound} ({reason})"
    sign = "<=" if trace.verdict else ">"
    return f"{_hash(trace)['verdict']} {bound} ({trace.bucket:.6f} {sign} {trace.bound:g}, by {trace.subject})"


def _draw_text(trace: ConditionTrace) -> str:
    drawn = _answers_text(trace.answers)
    if trace.draw is None or trace.draw.bucket is None:
        return f"{drawn} (not known which)"
    return f"{drawn or 'not drawn'} ({trace.draw.bucket:.6f}, by {trace.draw.subject})"


def _verdict_word(verdict: Verdict | None) -> str:
    if verdict is None:
        return "not reached"
    return "unknown" if isinstance(verdict, Gap) else str(verdict).lower()


def _mark(verdict: Verdict | None) -> str:
    return "?" if verdict is None or isinstance(verdict, Gap) else "✓" if verdict else "✗"


def _outcome(trace: ConditionTrace) -> str:
    if trace.note:
        return trace.note
    if not trace.answers:
        return "no match" if trace.passes else "ends without an answer"
    answers = _answers_text(trace.answers)
    return f"may give {answers}" if trace.passes else f"gives {answers}"


def _answers_text(answers: Sequence[Answer]) -> str:
    more = len(answers) - _ANSWERS_IN_TEXT
    shown = " or ".join(map(_answer_text, answers[:_ANSWERS_IN_TEXT]))
    return f"{shown} or one of {more} others" if more > 0 else shown


def _answer_text(answer: Answer) -> str:
    """Return an answer as text; a rule may leave it to the caller, and may name a variant."""
    if not isinstance(answer, Served):
        return excerpt(answer)
    value = _DEFAULT if answer.value is None else excerpt(answer.value)
    return (
        value
        if answer.variant_key is None
        else f"{value} of variant {name_excerpt(answer.variant_key)}"
    )


def _headline(resolution: Resolution) -> str:
    is_open = resolution.reason is Reason.UNRESOLVED
    value = "unresolved" if is_open else excerpt(resolution.value)
    if resolution.caller_default:
        value = _DEFAULT
    elif resolution.reason is Reason.ERROR:
        value = "an error"
    reason = resolution.unresolved_reason or resolution.reason
    return f"{name_excerpt(resolution.key)} is {value} ({reason.value}: {resolution.description})"


def _ending(trace: FlagTrace) -> Iterator[Line]:
    """Yield what decided, or what keeps the flag from a decision and would settle it."""
    resolution, deciding = trace.resolution, trace.conclusion.deciding
    if resolution.reason is Reason.ERROR:
        yield Line(f"failed by {deciding}")
        yield Line("the server fails too: the definition or the property must change")
    elif resolution.reason is not Reason.UNRESOLVED:
        yield Line(f"decided by {deciding}")
    else:
        yield Line(f"undecided: {deciding}")
        yield _missing_line(trace.conclusion.smallest_missing)


def _missing_line(smallest: Missing | None) -> Line:
    if smallest is None:
        return Line("no further inputs would settle it: ask the server")
    found = smallest.to_dict()
    parts = [
        f"person properties {', '.join(found.get('person_properties', ()))}",
        *(
            f"{group} properties {', '.join(names)}"
            for group, names in found.get("group_properties", {}).items()
        ),
        f"groups {', '.join(found.get('groups', ()))}",
        "the device id" if "device_id" in found else "",
        "a usable distinct id" if "distinct_id" in found else "",
    ]
    needed = [part for part in parts if part and not part.endswith((" properties ", "groups "))]
    return Line(f"to settle it, give: {'; '.join(needed)}")


def _drawn(lines: tuple[Line, ...]) -> Iterator[str]:
    waiting = _branches(lines, "")
    while waiting:
        line, indent, is_last = waiting.pop()
        yield f"{indent}{'└─' if is_last else '├─'} {line.text}"
        waiting += _branches(line.children, indent + ("   " if is_last else "│  "))


def _branches(lines: tuple[Line, ...], indent: str) -> list[tuple[Line, str, bool]]:
    """Return lines with their indentation, the first line last, and which is the last of them."""
    return [(line, indent, place == 0) for place, line in enumerate(reversed(lines))]
