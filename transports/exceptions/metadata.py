"""``exception_properties``: the properties of an ``$exception`` event about its exception.

Nothing here raises. A broken exception loses its message, and a failing step loses only its result.
"""

from __future__ import annotations

import logging
from typing import Any

from .capture_sites import MANUAL, Boundary, normalise_level
from .entries import Capture, entries_of_exception, entry_of_other
from .mechanism import make_mechanism, valid_flag, valid_number, valid_text
from .non_exceptions import exc_info_of, facts_of_other
from .safe_attributes import is_a, type_name
from .settings import ExceptionSettings

__all__ = ["exception_properties"]

_log = logging.getLogger("flagengine.exceptions")


def exception_properties(
    error: object,
    *,
    settings: ExceptionSettings,
    boundary: Boundary = MANUAL,
    handled: object = None,
    level: object = None,
    mechanism_type: object = None,
    source: object = None,
    fingerprint: object = None,
    synthetic: object = None,
    thread_id: object = None,
) -> dict[str, Any]:
    """Return the event properties for ``error``; an empty dict for None.

    Arguments of the wrong type are ignored.

    Args:
        error: an exception, a ``sys.exc_info()`` triple, or any other object, which is described.
        settings: the settings for stacks.
        boundary: the boundary that caught the exception, with defaults for the following arguments.
        handled: whether the application handled the exception.
        level: the severity, by its name in any logging system.
        mechanism_type: the kind of boundary.
        source: the integration's name, such as ``django.middleware``.
        fingerprint: the key by which the server groups exceptions, instead of its own rule.
        synthetic: whether the exception or its stack is synthetic.
        thread_id: the thread in which the exception was raised.
    """
    if error is None:
        return {}
    known = Boundary(
        level=normalise_level(level) or boundary.level,
        mechanism_type=valid_text(mechanism_type) or boundary.mechanism_type,
        handled=boundary.handled if valid_flag(handled) is None else valid_flag(handled),
        source=valid_text(source) or boundary.source,
        knows_origin=boundary.knows_origin,
    )
    capture = Capture(settings, known, valid_flag(synthetic), valid_number(thread_id))
    entries = _entries(capture, error)
    properties = {
        "$exception_list": entries,
        "$exception_level": known.level,
        "$exception_source": known.source,
        "$exception_fingerprint": valid_text(fingerprint),
        "$exception_type": entries[0]["type"],
        "$exception_message": entries[0]["value"],
    }
    return {name: value for name, value in properties.items() if value is not None}


def _entries(capture: Capture, given: object) -> list[dict[str, Any]]:
    try:
        error, traceback = exc_info_of(given)
        if is_a(error, BaseException):
            entries = entries_of_exception(capture, error, traceback)
        else:
            facts = facts_of_other(error, capture.settings.code_variables)
            entries = [entry_of_other(capture, facts)]
    except Exception:  # noqa: BLE001 - an application's object may raise anything
        _log.debug("Could not describe an exception", exc_info=True)
        return [_least_entry(capture, given)]
    _finish(capture)
    return entries


def _finish(capture: Capture) -> None:
    try:
        capture.finish()
    except Exception:  # noqa: BLE001 - the event is complete without them
        _log.debug("Could not read source lines or variables", exc_info=True)


def _least_entry(capture: Capture, given: object) -> dict[str, Any]:
    mechanism = {
        "type": capture.boundary.mechanism_type,
        "handled": capture.boundary.handled,
        "exception_id": 0,
    }
    return {"type": type_name(given), "value": "", "mechanism": make_mechanism(mechanism)}
