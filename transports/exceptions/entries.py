"""The entries of ``$exception_list``: one for each exception, or one for another object."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import TracebackType
from typing import Any

from .capture_sites import Boundary
from .code_variables import add_variables
from .frames import Located, current_stack, recorded_stack
from .mechanism import make_mechanism
from .safe_attributes import message, module_name, traceback_of, type_name
from .settings import ExceptionSettings
from .source_lines import add_source
from .tree import Node, flatten

__all__ = ["MAX_FRAMES", "Capture", "entries_of_exception", "entry_of_other"]

# The maximal number of frames in all stacks of an event.
MAX_FRAMES = 800


@dataclass(slots=True)
class Capture:
    """A capture whose entries are being made.

    Attributes:
        synthetic: whether the outermost exception is synthetic; None: derived from its stack.
        stacks: the stacks so far. Source lines and variables are added at the end, because all
            stacks share one budget.
    """

    settings: ExceptionSettings
    boundary: Boundary
    synthetic: bool | None = None
    thread_id: int | None = None
    stacks: list[list[Located]] = field(default_factory=list)

    @property
    def frames_left(self) -> int:
        """The number of further frames that the event may have."""
        return MAX_FRAMES - sum(map(len, self.stacks))

    @property
    def may_make_stack(self) -> bool:
        """Whether the current call stack is related to the exception."""
        return self.boundary.handled is not False and self.boundary.knows_origin

    def finish(self) -> None:
        """Add variables and source lines to all stacks."""
        add_variables(self.stacks, self.settings.code_variables)
        add_source(self.stacks, self.settings.source_context_lines)


def entries_of_exception(
    capture: Capture, error: BaseException, traceback: TracebackType | None = None
) -> list[dict[str, Any]]:
    """Return the entries of an exception, its causes and contexts, and its group's members.

    ``traceback`` is used if the exception has no traceback.
    """
    outermost, *nested = flatten(error)
    entries = [_outermost_entry(capture, outermost, traceback)]
    entries.extend(_nested_entry(capture, number, node) for number, node in enumerate(nested, 1))
    return entries


def entry_of_other(capture: Capture, facts: Mapping[str, str]) -> dict[str, Any]:
    """Return the entry for an object that is not an exception, with the current call stack."""
    stack = current_stack(capture.settings, most=capture.frames_left)
    is_made = True if capture.boundary.knows_origin else None
    return _entry(capture, facts, stack, _outermost_mechanism(capture, is_made))


def _outermost_entry(
    capture: Capture, node: Node, traceback: TracebackType | None
) -> dict[str, Any]:
    recorded = traceback_of(node.error) or traceback
    stack = recorded_stack(recorded, capture.settings, most=capture.frames_left)
    is_made = False
    if not stack and capture.may_make_stack:
        stack = current_stack(capture.settings, most=capture.frames_left)
        is_made = bool(stack)
    found = is_made if capture.boundary.knows_origin else None
    return _entry(capture, _facts(node.error), stack, _outermost_mechanism(capture, found))


def _nested_entry(capture: Capture, number: int, node: Node) -> dict[str, Any]:
    stack = recorded_stack(traceback_of(node.error), capture.settings, most=capture.frames_left)
    mechanism = {
        "type": "chained",
        "source": node.source,
        "synthetic": False if capture.boundary.knows_origin else None,
        "exception_id": number,
        "parent_id": node.parent,
    }
    return _entry(capture, _facts(node.error), stack, mechanism)


def _outermost_mechanism(capture: Capture, is_made: bool | None) -> dict[str, object]:
    return {
        "type": capture.boundary.mechanism_type,
        "handled": capture.boundary.handled,
        "synthetic": is_made if capture.synthetic is None else capture.synthetic,
        "exception_id": 0,
    }


def _facts(error: BaseException) -> dict[str, str]:
    facts = {"type": type_name(error), "value": message(error)}
    module = module_name(error)
    return facts if module is None else {**facts, "module": module}


def _entry(
    capture: Capture,
    facts: Mapping[str, str],
    stack: list[Located],
    mechanism: Mapping[str, object],
) -> dict[str, Any]:
    entry: dict[str, Any] = dict(facts)
    if capture.thread_id is not None and not capture.stacks:
        entry["thread_id"] = capture.thread_id
    if stack:
        entry["stacktrace"] = {"type": "raw", "frames": [located.described for located in stack]}
    entry["mechanism"] = make_mechanism(mechanism)
    capture.stacks.append(stack)
    return entry
