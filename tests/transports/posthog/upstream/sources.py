"""posthog-python's tests, taken from where it is installed, with the imports changed."""

from __future__ import annotations

import re
from importlib.util import find_spec
from pathlib import Path
from typing import Final

from .bridge import NAME

__all__ = ["FILES", "folder_of_tests", "rewritten"]

FILES: Final = (
    "test_module",
    "test_feature_flags",
    "test_evaluate_flags",
    "test_feature_flag_result",
    "test_feature_flag_has_experiment",
    "test_feature_flag_called_minimization",
    "test_contexts",
    "test_client",
    "test_before_send",
)
"""The files about flags, contexts and capture."""


def folder_of_tests() -> Path | None:
    """Return the folder of the installed tests; None if they are not installed."""
    found = find_spec("posthog.test")
    locations = None if found is None else found.submodule_search_locations
    return None if not locations else Path(next(iter(locations)))


def rewritten(source: str) -> str:
    """Return a test's source with posthog-python's name replaced where it is imported or patched.

    >>> rewritten('from posthog.client import Client')
    'from posthog_here.client import Client'
    >>> rewritten('@mock.patch("posthog.client.flags")')
    '@mock.patch("posthog_here.client.flags")'
    """
    kept = re.sub(
        r"^(\s*)import posthog$", rf"\1import {NAME} as posthog", source, flags=re.MULTILINE
    )
    kept = re.sub(
        r"^(\s*)import posthog\.(\w+)$",
        rf"\1import {NAME} as posthog; import {NAME}.\2",
        kept,
        flags=re.MULTILINE,
    )
    kept = re.sub(r"\bfrom posthog(?=[. ])", f"from {NAME}", kept)
    return re.sub(r'(["\'])posthog\.(?=\w)', rf"\1{NAME}.", kept)
