"""The configuration that browsers load: everything off but flags.

Every feature is named, because posthog-js keeps the last word of a server on a feature that is not. It is
said that there are flags even if there are none: otherwise a page would never ask for those added later.
"""

from __future__ import annotations

from typing import Any, Final

from ...json_text import to_json

__all__ = ["CONFIG_MEMBERS", "browser_config"]

_FEATURES: Final[dict[str, Any]] = {
    "supportedCompression": ["gzip", "gzip-js"],
    "hasFeatureFlags": True,
    "captureDeadClicks": False,
    "capturePerformance": False,
    "autocapture_opt_out": False,
    "autocaptureExceptions": False,
    "analytics": {"endpoint": "/i/v0/e/"},
    "elementsChainAsString": True,
    "errorTracking": {"autocaptureExceptions": False, "suppressionRules": []},
    "logs": {"captureConsoleLogs": False},
    "sessionRecording": False,
    "heatmaps": False,
    "conversations": False,
    "surveys": False,
    "survey_config": None,
    "productTours": False,
    "defaultIdentifiedOnly": True,
    "siteApps": [],
    "toolbarParams": {},
    "isAuthenticated": False,
    "config": {"enable_collect_everything": True},
}

CONFIG_MEMBERS: Final = to_json(_FEATURES)[1:-1]
"""The configuration as the members of an object, for answers of ``/flags?config=true``."""


def browser_config(token: str) -> dict[str, Any]:
    """Return the configuration of a project."""
    return {"token": token, **_FEATURES}
