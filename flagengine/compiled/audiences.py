"""The flags of a snapshot as an audience sees them (SPEC R17).

Few flags are restricted to a runtime or to contexts. So an audience shares the functions of all flags
but those that are hidden from it, and those that depend on a hidden flag, which counts as false.
"""

from flagengine.compiled.at_once import constantly
from flagengine.compiled.evaluators import Evaluators
from flagengine.compiled.flags import Evaluator
from flagengine.definitions.definitions import Definitions
from flagengine.evaluation.outcomes import is_filtered_out
from flagengine.inputs.request import Audience

__all__ = ["AudienceEvaluators", "hidden_from"]


def hidden_from(definitions: Definitions, audience: Audience) -> frozenset[str]:
    """Return the keys of the flags that are left out for an audience."""
    restricted = definitions.restricted
    return frozenset(flag.key for flag in restricted if is_filtered_out(flag, *audience))


class AudienceEvaluators(Evaluators):
    """The evaluators of a snapshot for one audience."""

    __slots__ = ("_everyone", "_reaching")

    def __init__(self, everyone: Evaluators, audience: Audience, hidden: frozenset[str]) -> None:
        """Take over the functions that are the same for everyone, as far as there are any."""
        super().__init__(everyone.plans, everyone.overrides, everyone.clock)
        self.audience = audience
        self.hidden = hidden
        self.keys = {key: None for key in everyone.keys if key not in hidden}
        self.known_forced = everyone.known_forced
        self._everyone = everyone
        self._reaching: dict[str, bool] = {}
        for key, evaluator in everyone.compiled.copy().items():
            if self._is_shared(key):
                self.compiled[key] = evaluator

    def _at_once(self, key: str) -> Evaluator | None:
        if key in self.hidden:
            return constantly(self.interpret(key, "", {}))
        known = self._everyone.compiled
        if key in known:
            return known[key] if self._is_shared(key) else None
        # What is compiled at once asks for no other flag, so it is the same for everyone.
        found = self._everyone._at_once(key)  # noqa: SLF001 of the base class
        return found and known.setdefault(key, found)

    def _compile(self, key: str) -> Evaluator:
        if self._is_shared(key):
            return self._everyone.evaluator(key)
        return super()._compile(key)

    def _is_shared(self, key: str) -> bool:
        """Tell whether a flag is neither hidden nor depends on a hidden flag, at any depth."""
        reaching = self._reaching
        if key not in self.plans.definitions.keys:
            return True
        if key not in reaching:
            dependencies = self.plans.dependencies
            for name in self.plans.evaluation_order(key, reaching):
                # Of flags on a circle, one comes before a flag that it depends on.
                below = (reaching.get(flag, True) for flag in dependencies(name))
                reaching[name] = name in self.hidden or any(below)
        return not reaching[key]
