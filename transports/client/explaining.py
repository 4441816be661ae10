"""The methods that tell what the engine knows: explanations, requirements, and the definitions.

They ask no server, send no event, and use the loaded definitions as reads of flags do.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Unpack, overload

from flagengine import Snapshot

from ..polling.store import Published
from ..steps import Steps
from .components import NO_DEFINITIONS, Components, HasComponents
from .flag_reads import ReadOptions, first_definitions, query_of
from .verbs import guarded_steps, nothing

if TYPE_CHECKING:  # few programs ask why
    from flagengine import Explanation, Requirements

__all__ = ["explain", "loaded_snapshot", "requirements"]

logger: logging.Logger = logging.getLogger("flagengine.client")


@guarded_steps(nothing, ReadOptions)
def explain(
    client: HasComponents,
    key: str,
    distinct_id: object = None,
    *,
    redact: bool = False,
    **options: Unpack[ReadOptions],
) -> Steps[Explanation | None]:
    """Explain how the loaded definitions decide the flag: every condition, filter and hash.

    ``str()`` draws the explanation as a tree; ``to_dict()`` and ``to_line()`` have it as data;
    ``smallest_missing`` has the inputs that would decide a flag without an answer. With ``redact``, the
    values of properties are left out, for logs.

    The person, the properties and the overrides are those that a read with the same arguments has. Ask no
    server and send no event. Return None, with a line in the log, without definitions, without a distinct
    id, and after a failure. The first call waits for definitions as the first read does.
    """
    components = client.components
    query = query_of(components, distinct_id, (key,), options)
    if query is None:
        return None
    published = yield from _published(components)
    incidents = components.evaluator.incidents
    found = components.evaluator.explain(key, query, published, redact=redact)
    if found is not None:
        incidents.resolve("explain")
    elif incidents.opens("explain"):
        logger.warning("explain(): no flag definitions are loaded, so nothing can be explained")
    return found


@overload
def requirements(client: HasComponents, key: None = None) -> Steps[Mapping[str, Requirements]]: ...
@overload
def requirements(client: HasComponents, key: str) -> Steps[Requirements | None]: ...
@guarded_steps(nothing)
def requirements(client: HasComponents, key: str | None = None) -> Steps[Any]:
    """Return which inputs a loaded flag can need, and whether it is decided locally; without a key, for all.

    For all flags, return a mapping by key, which is empty without definitions. For one flag, return None if
    it is unknown. The flags of ``never_evaluate_locally`` are never decided locally. The first call waits
    for definitions as the first read does.
    """
    components = client.components
    published = yield from _published(components)
    if published.snapshot is None:
        return None if key is not None else MappingProxyType({})
    if key is None:
        return components.evaluator.local.requirements(published.snapshot)
    if key not in published.snapshot.keys:
        return None
    return components.evaluator.local.requirements_of(published.snapshot, key)


def loaded_snapshot(components: Components) -> Snapshot | None:
    """Return the definitions in use; None, without loading any, while the client is disabled."""
    return components.published.snapshot if components.status.is_usable else None


def _published(components: Components) -> Steps[Published]:
    if not components.status.is_usable:
        return NO_DEFINITIONS
    if components.published.snapshot is None and components.awaits_definitions:
        yield from first_definitions(components)
    return components.published
