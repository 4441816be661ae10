"""The exceptions of posthog-python's local evaluation, for ``except`` clauses."""

from __future__ import annotations

__all__ = ["InconclusiveMatchError", "RequiresServerEvaluation"]


class InconclusiveMatchError(Exception):
    """Exported for ``except`` clauses; nothing here raises it.

    A flag that cannot be decided locally is answered by the server, or None with
    ``only_evaluate_locally``. ``FeatureFlagEvaluations.unresolved_flags`` has the reasons.
    """


class RequiresServerEvaluation(Exception):  # noqa: N818 - posthog-python's name
    """Exported for ``except`` clauses; nothing here raises it (see ``InconclusiveMatchError``)."""
