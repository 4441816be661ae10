"""All mutants of a file, and a fair sample of them.

cosmic-ray's operators make the mutants, each sign by its nearest neighbours: ``<`` becomes ``<=`` and
``>``, not ``is``. Annotations are left out, because they have no effect at run time, and so are the
options of a dataclass, because they change no answer.
"""

import random
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from itertools import islice
from pathlib import Path
from typing import Any

from cosmic_ray.ast import Visitor, get_ast
from cosmic_ray.mutating import mutate_code
from cosmic_ray.operators.operator import Operator
from cosmic_ray.plugins import get_operator, operator_names
from parso.tree import NodeOrLeaf

from tests.mutation.areas import AREAS, ROOT, files
from tests.mutation.operands import DropOperand

__all__ = ["Mutant", "is_python", "named", "sampled"]

_COMPARED = (
    "Eq_NotEq NotEq_Eq Is_IsNot IsNot_Is Lt_LtE Lt_Gt LtE_Lt LtE_GtE Gt_GtE Gt_Lt GtE_Gt GtE_LtE"
)
_CALCULATED = (
    "Add_Sub Sub_Add Mul_Div Div_Mul FloorDiv_Mul Mod_FloorDiv Pow_Mul "
    "BitOr_BitAnd BitAnd_BitOr BitXor_BitAnd LShift_RShift RShift_LShift"
)
_SIGNED = "USub_UAdd Not_Nothing Delete_Not USub_Nothing Invert_Nothing"
_PLAIN = (
    "AddNot ReplaceTrueWithFalse ReplaceFalseWithTrue ReplaceAndWithOr ReplaceOrWithAnd "
    "ReplaceBreakWithContinue ReplaceContinueWithBreak NumberReplacer ExceptionReplacer "
    "ZeroIterationForLoop"
)
_NAMES = {
    *(f"ReplaceComparisonOperator_{pair}" for pair in _COMPARED.split()),
    *(f"ReplaceBinaryOperator_{pair}" for pair in _CALCULATED.split()),
    *(f"ReplaceUnaryOperator_{pair}" for pair in _SIGNED.split()),
    *_PLAIN.split(),
}
_ANNOTATED = {"tfpdef", "annassign"}
_PARAMETERS = {"parameters", "lambdef"}
"""The nodes in which a lone star is not a multiplication."""


@dataclass(frozen=True, order=True)
class Mutant:
    """A change of a file."""

    area: str
    path: str
    line: int
    operator: str
    occurrence: int

    @property
    def name(self) -> str:
        """The name in reports."""
        return f"{self.path}:{self.line} {self.operator} {self.occurrence}"

    def code(self) -> str:
        """Return the file's text with the change."""
        source = (ROOT / self.path).read_text(encoding="utf-8")
        mutated = mutate_code(source, _operators()[self.operator], self.occurrence)
        assert mutated is not None
        return str(mutated)

    def change(self) -> tuple[str, str]:
        """Return the changed line before and after the change."""
        before = (ROOT / self.path).read_text(encoding="utf-8").splitlines()
        after = self.code().splitlines()
        for old, new in zip(before, after, strict=False):
            if old != new:
                return old.strip(), new.strip()
        return before[self.line - 1].strip(), "(gone)"


@cache
def _operators() -> dict[str, Operator]:
    by_name = {name.partition("/")[2]: name for name in operator_names()}
    chosen = sorted(by_name.keys() & _NAMES)
    return {
        **{name: get_operator(by_name[name])() for name in chosen},
        "DropOperand": DropOperand(),
    }


class _Finder(Visitor):
    """A visitor that walks and counts as the mutating visitor does."""

    def __init__(self, area: str, path: Path) -> None:
        self._operators = _operators()
        self._counts: Counter[str] = Counter()
        self._place = area, path.relative_to(ROOT).as_posix()
        self.found: list[Mutant] = []

    def visit(self, node: Any) -> Any:
        for name, operator in self._operators.items():
            for (line, _), _ in operator.mutation_positions(node):
                if not _is_left_out(node):
                    self.found.append(Mutant(*self._place, line, name, self._counts[name]))
                self._counts[name] += 1
        return node


def _is_left_out(node: NodeOrLeaf) -> bool:
    child, parent = node, node.parent
    if parent.type in _PARAMETERS:
        return True
    while parent is not None:
        if parent.type == "decorator" and "dataclass" in parent.get_code():
            return True
        if parent.type in _ANNOTATED and parent.children.index(child) == 1 + (
            parent.type == "tfpdef"
        ):
            return True
        if parent.type == "funcdef" and parent.annotation is child:
            return True
        child, parent = parent, parent.parent
    return False


def _all_of(area: str) -> Iterator[Mutant]:
    for path in files(AREAS[area]):
        finder = _Finder(area, path)
        finder.walk(get_ast(path.read_text(encoding="utf-8")))
        yield from finder.found


def is_python(mutant: Mutant) -> bool:
    """Return whether the mutant can be compiled: a lone ``*`` is not a multiplication."""
    try:
        compile(mutant.code(), mutant.path, "exec")
    except SyntaxError:
        return False
    return True


def named(part: str, areas: list[str]) -> list[Mutant]:
    """Return the mutants whose name contains a text, such as a file or a line."""
    return [mutant for area in areas for mutant in _all_of(area) if part in mutant.name]


def sampled(count: int, seed: int, areas: list[str]) -> list[Mutant]:
    """Draw mutants: half of them equally from all areas, half in proportion to their sizes."""
    every = {area: list(_all_of(area)) for area in areas}
    whole = sum(map(len, every.values()))
    chosen: list[Mutant] = []
    for area, mutants in every.items():
        share = count / 2 / len(every) + count / 2 * len(mutants) / whole
        random.Random(f"{seed} {area}").shuffle(mutants)
        chosen += list(islice(filter(is_python, mutants), round(share)))
    random.Random(seed).shuffle(chosen)
    return chosen
