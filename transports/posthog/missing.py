"""Names of posthog-python without a counterpart: what to use instead."""

from __future__ import annotations

from typing import Final

from ..spelling import did_you_mean

__all__ = ["OF_CLIENTS", "OF_THE_MODULE", "missing_attribute"]

_METRICS: Final = "use OpenTelemetry's metrics, and counters() for what the client itself does"

OF_CLIENTS: Final = {
    "metrics": _METRICS,
    "emails": "send e-mail with the client of posthog-python",
    "queue": "use pending_count()",
    "consumers": "use pending_count() and counters()",
    "get_flags_decision": "use evaluate_flags()",
    "get_feature_flags_and_payloads": "use get_all_flags_and_payloads()",
    "exception_capture": "use enable_exception_autocapture",
    "poller": "use definitions_health()",
}
"""By attributes of posthog-python's clients."""

OF_THE_MODULE: Final = {
    "FeatureFlag": "use FeatureFlagResult",
    "ExceptionCapture": "use enable_exception_autocapture",
    "DEFAULT_CODE_VARIABLES_MASK_PATTERNS": "leave it out: these names are always masked",
    "DEFAULT_CODE_VARIABLES_IGNORE_PATTERNS": "leave it out: names with __ are always left out",
    "DEFAULT_CODE_VARIABLES_MASK_URL_CREDENTIALS": "leave it out: they are always masked",
    "DEFAULT_CODE_VARIABLES_DETECT_SECRETS": "leave it out: they are always masked",
    "identify": "use set(distinct_id=..., properties=...)",
    "page": 'use capture("$pageview", ...)',
}
"""By names of the module ``posthog``."""


def missing_attribute(
    owner: str, name: str, instead: dict[str, str], known: list[str]
) -> AttributeError:
    """Return the error for a name that does not exist, with what to use instead."""
    hint = f"; {instead[name]}" if name in instead else did_you_mean(name, known)
    return AttributeError(f"{owner} has no attribute {name!r}{hint}", name=name)
