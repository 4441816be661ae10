"""An operator that cosmic-ray lacks: ``a and b`` becomes ``b``, and ``a``."""

from collections.abc import Iterator, Sequence
from typing import Any

import parso
from cosmic_ray.operators.operator import Example, Operator

__all__ = ["DropOperand"]


class DropOperand(Operator):
    """An operator that leaves out an operand of ``and`` or ``or``."""

    def mutation_positions(self, node: Any) -> Iterator[tuple[Any, Any]]:
        """Yield the place of every operand."""
        if node.type in {"and_test", "or_test"}:
            for operand in node.children[::2]:
                yield operand.start_pos, operand.end_pos

    def mutate(self, node: Any, index: int) -> Any:
        """Return the expression without that operand."""
        kept = [operand for place, operand in enumerate(node.children[::2]) if place != index]
        word = f" {node.children[1].value} "
        code = word.join(operand.get_code(include_prefix=False) for operand in kept)
        return parso.parse(node.get_first_leaf().prefix + code)

    @classmethod
    def examples(cls) -> Sequence[Example]:
        """Return examples."""
        return (Example("a and b", "b"), Example("a or b or c", "a or b", occurrence=2))
