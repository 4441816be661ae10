"""Flags for one person: overrides, then the engine, then a cache or the server.

Written as steps, so that asking the server blocks a thread or suspends a task, whichever the client
is made for. Sends no event: what is read of the answers is told by whoever reads.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from dataclasses import replace
from types import MappingProxyType
from typing import Any, NamedTuple

from flagengine import Resolution

from ..errors import TransportError
from ..flags.evaluated import EvaluatedFlag, from_remote, merged, needs_remote
from ..flags.missing_keys import MissingKeys
from ..flags.result_cache import CacheMode, FlagCache, subject
from ..incidents import Incidents
from ..polling.store import Published
from ..remote.flags_api import RemoteFlags
from ..remote.outcome import RemoteOutcome
from ..remote.response import FlagsResponse
from ..steps import Call, Steps
from .local import LocalAnswers, LocalFlags
from .overrides import OverrideSetting
from .questions import Question

__all__ = ["Answers", "FlagEvaluation"]

logger = logging.getLogger("flagengine.flags")


class Answers(NamedTuple):
    """``unresolved``: what the engine could not decide and the server did not answer either.

    ``words`` say what went wrong with the request, if there was one. A tuple, because one is made
    for every read.
    """

    flags: Mapping[str, EvaluatedFlag] = MappingProxyType({})
    unresolved: Mapping[str, Resolution] = MappingProxyType({})
    words: tuple[str, ...] = ()


class FlagEvaluation:
    """``remote`` is None where there is no key to ask with."""

    def __init__(
        self,
        local: LocalFlags,
        remote: RemoteFlags | None,
        overrides: OverrideSetting,
        *,
        cache: FlagCache | None = None,
        cache_mode: CacheMode = CacheMode.PRIMARY,
        contexts: tuple[str, ...] = (),
        on_failure: Callable[[TransportError], object] = lambda _error: None,
    ) -> None:
        self.local = local
        self.missing = MissingKeys()
        self.cache = cache
        self._cache_mode = cache_mode
        self._remote = remote
        self._overrides = overrides
        self._contexts = contexts
        self._on_failure = on_failure
        self.incidents = Incidents()

    def answer(
        self, question: Question, published: Published, *, may_ask: bool = True
    ) -> Steps[Answers]:
        """Answer with at most one request."""
        local = self.local.answer(question, published, self._overrides.current)
        if not may_ask or question.only_locally or self._remote is None:
            return Answers(local.flags, local.unresolved)
        if not self._needs_remote(question, local, published):
            return Answers(local.flags)
        cached = self._cached(question, local)
        if cached is not None:
            return cached
        outcome = yield Call(self._remote.evaluate, (question.query(self._contexts),))
        return self._combined(question, local, published, outcome)

    def _needs_remote(self, question: Question, local: LocalAnswers, published: Published) -> bool:
        is_loaded = published.snapshot is not None
        if question.keys is None and not is_loaded:
            return True
        known_missing = self.missing.at(published.refresh) if is_loaded else ()
        return needs_remote(
            question.keys, local.solved, local.unresolved, known_missing=known_missing
        )

    def _combined(
        self,
        question: Question,
        local: LocalAnswers,
        published: Published,
        outcome: RemoteOutcome,
    ) -> Answers:
        response = outcome.response
        if response is None:
            self._failed(outcome)
            flags = {**self._stale(question, local), **local.flags}
            return Answers(flags, _without(local.unresolved, flags), outcome.words)
        self.incidents.resolve("remote")
        if question.keys is not None and published.snapshot is not None:
            self.missing.learn(question.keys, local.solved, response, published.refresh)
        self._remember(question, response)
        flags = merged(local.flags, response, question.keys)
        for key in local.hidden:
            flags.pop(key, None)
        flags = self._with_payload_overrides(flags)
        return Answers(flags, _without(local.unresolved, flags), outcome.words)

    def _failed(self, outcome: RemoteOutcome) -> None:
        error = outcome.error
        if error is None:
            return
        if self.incidents.opens("remote"):
            logger.warning("flags could not be asked of the server: %s", error)
        self._on_failure(error)

    def _with_payload_overrides(self, flags: dict[str, EvaluatedFlag]) -> dict[str, EvaluatedFlag]:
        for key, payload in self._overrides.current.payloads.items():
            if key in flags:
                flags[key] = replace(flags[key], raw_payload=payload)
        return flags

    # The cache.

    def _cached(self, question: Question, local: LocalAnswers) -> Answers | None:
        """The answer without the server, when the cache has every flag that is lacking."""
        if self.cache is None or self._cache_mode is not CacheMode.PRIMARY or not question.keys:
            return None
        lacking = [key for key in question.keys if key not in local.solved]
        found = self._look_up(_subject(question), lacking)
        if len(found) < len(lacking):
            return None
        return Answers(self._with_payload_overrides({**found, **local.flags}))

    def _stale(self, question: Question, local: LocalAnswers) -> dict[str, EvaluatedFlag]:
        """What is known from before, when the server gave no answer."""
        if self.cache is None or self._cache_mode is not CacheMode.FALLBACK:
            return {}
        wanted = [*local.unresolved, *local.unknown] if question.keys is None else question.keys
        found = self._look_up(_person(question), [key for key in wanted if key not in local.solved])
        return self._with_payload_overrides(found)

    def _look_up(self, whom: Any, keys: list[str]) -> dict[str, EvaluatedFlag]:
        if self.cache is None:
            return {}
        try:
            found = {key: self.cache.get(whom, key) for key in keys}
        except Exception as error:  # noqa: BLE001 - a foreign cache may raise anything
            logger.warning("the flag cache cannot be read (%s)", type(error).__name__)
            return {}
        return {key: flag for key, flag in found.items() if flag is not None}

    def _remember(self, question: Question, response: FlagsResponse) -> None:
        if self.cache is None:
            return
        is_primary = self._cache_mode is CacheMode.PRIMARY
        whom = _subject(question) if is_primary else _person(question)
        try:
            for flag in response.flags.values():
                self.cache.put(whom, from_remote(flag, response))
        except Exception as error:  # noqa: BLE001 - a foreign cache may raise anything
            logger.warning("the flag cache cannot be written (%s)", type(error).__name__)

    def forget(self) -> None:
        """Empty the cache: at reset, and when the definitions change."""
        if self.cache is not None:
            try:
                self.cache.clear()
            except Exception as error:  # noqa: BLE001 - a foreign cache may raise anything
                logger.warning("the flag cache cannot be cleared (%s)", type(error).__name__)


def _subject(question: Question) -> Any:
    properties = (question.person_properties, question.group_properties)
    given = properties if any(properties) else None
    return subject(question.distinct_id, question.groups, question.device_id, given)


def _person(question: Question) -> Any:
    return subject(question.distinct_id, question.groups, question.device_id)


def _without(
    unresolved: Mapping[str, Resolution], flags: Mapping[str, EvaluatedFlag]
) -> dict[str, Resolution]:
    return {key: each for key, each in unresolved.items() if key not in flags}
