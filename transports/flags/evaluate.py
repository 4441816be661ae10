"""The evaluation of flags for a person: overrides, then the engine, then a cache or the server.

It is a generator of steps, so that a request to the server blocks a thread in ``Client`` and
suspends a task in ``AsyncClient``. It sends no events.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Collection, Mapping
from typing import TYPE_CHECKING, Any, TypeVar

from flagengine import Overrides

from ..derived import Derived
from ..errors import ClientBusyError, TransportError
from ..incidents import Incidents
from ..log_fields import log_fields
from ..polling.store import Published
from ..steps import Call, Steps
from .answer import FlagAnswer
from .cache import AnswerCache, CacheMode
from .local import EvaluatedFlags, LocalFlags
from .missing_keys import MissingKeys
from .override_forms import NO_OVERRIDES
from .override_layers import OverrideLayers
from .query import FlagQuery
from .remote import RemoteFlags, RemoteOutcome
from .response import FlagsResponse

if TYPE_CHECKING:
    from flagengine import Explanation

__all__ = ["FlagEvaluator"]

logger: logging.Logger = logging.getLogger("flagengine.flags")

T = TypeVar("T")


class FlagEvaluator:
    """The evaluator of a client's flags.

    ``remote`` is None without a project key, ``cache`` without the option ``flag_cache``.
    ``layers`` has the overrides, which apply to every query; ``reads`` is derived from them.
    """

    def __init__(
        self,
        local: LocalFlags,
        remote: RemoteFlags | None = None,
        *,
        cache: AnswerCache | None = None,
        on_failure: Callable[[TransportError], object] = lambda _error: None,
        reads: Derived[Any] | None = None,
        for_development: Overrides | None = None,
    ) -> None:
        self.layers: OverrideLayers = OverrideLayers(for_development, reads=reads)
        self.cache = cache
        self.local = local
        self._remote = remote
        self._missing = MissingKeys()
        self._on_failure = on_failure
        self.incidents: Incidents = Incidents()

    def evaluate(
        self, query: FlagQuery, published: Published, *, may_ask: bool = True
    ) -> Steps[EvaluatedFlags]:
        """Answer the query, with at most one request."""
        # Taken once, because the overrides may change while the server is asked.
        overrides = self._overrides(query)
        local = self.local.evaluate(query, published, overrides)
        remote = self._remote
        if remote is None or not may_ask or query.only_locally:
            return local
        if not self._needs_server(query, local, published):
            return local
        cached = self._cached(query, local, overrides)
        if cached is not None:
            return cached
        # A pause needs no thread to be noticed.
        paused = remote.paused()
        try:
            outcome: RemoteOutcome = paused or (yield Call(remote.evaluate, (query,)))
        except ClientBusyError as error:
            outcome = RemoteOutcome(error=error)
        return self._combined(query, local, published, outcome, overrides)

    def with_value(
        self, key: str, value: Any, query: FlagQuery, published: Published
    ) -> FlagAnswer | None:
        """Return the flag's answer if its value were ``value``; None if the flag is not defined."""
        return self.local.with_value(key, value, query, published, self._overrides(query))

    def explain(
        self, key: str, query: FlagQuery, published: Published, *, redact: bool
    ) -> Explanation | None:
        """Explain the flag's local answer; return None if nothing is known of any flag."""
        return self.local.explain(key, query, published, self._overrides(query), redact=redact)

    def _overrides(self, query: FlagQuery) -> Overrides:
        """Return the overrides in force, of which the call's own win."""
        # A layer that only clears is not true either.
        is_given = query.overrides is not NO_OVERRIDES
        return self.layers.current | query.overrides if is_given else self.layers.current

    def prepare(self) -> None:
        """See ``LocalFlags.prepare``."""
        self.local.prepare()

    def forget(self) -> None:
        """Empty the cache."""
        if self.cache is not None:
            self.cache.clear()

    def flags_changed(self, keys: Collection[str]) -> None:
        """Remove the answers of these flags from the cache."""
        if self.cache is not None:
            self.cache.forget(keys)

    def after_fork(self) -> None:
        """Renew the locks in a forked child."""
        self._missing.after_fork()
        self.layers.after_fork()
        if self._remote is not None:
            self._remote.after_fork()
        if self.cache is not None:
            self.cache.after_fork()

    def _needs_server(self, query: FlagQuery, local: EvaluatedFlags, published: Published) -> bool:
        """Return whether a request could add an answer."""
        is_loaded = published.snapshot is not None
        if query.keys is None:
            has_answers = bool(local.answers or local.withheld)
            return not is_loaded or bool(local.unresolved) or not has_answers
        lacking = local.lacking(query.keys)
        if not lacking or not is_loaded:
            return bool(lacking)
        return not self._missing.at(published.refresh).issuperset(lacking)

    def _combined(
        self,
        query: FlagQuery,
        local: EvaluatedFlags,
        published: Published,
        outcome: RemoteOutcome,
        overrides: Overrides,
    ) -> EvaluatedFlags:
        """Add those answers of the server that the query asks for and that have no local answer."""
        response = outcome.response
        failures = dict(local.failures)
        if response is None:
            if outcome.attempts:
                self._request_failed(outcome.error)
            found = self._stale(query, local)
        else:
            self.incidents.resolve("remote")
            self._log_unreadable(response)
            if query.keys is not None and published.snapshot is not None:
                self._missing.learn(local.lacking(query.keys), response, published.refresh)
            if self.cache is not None:
                self.cache.store(query, response.flags)
            found = _wanted(response.flags, query, local)
            failures |= _wanted(response.failures, query, local)
        answers = {**_with_payloads(found, overrides), **local.answers}
        unresolved = {key: why for key, why in local.unresolved.items() if key not in answers}
        failures = {key: failure for key, failure in failures.items() if key not in answers}
        return EvaluatedFlags(
            answers,
            unresolved,
            withheld=local.withheld,
            request_errors=outcome.errors,
            failures=failures,
        )

    def _log_unreadable(self, response: FlagsResponse) -> None:
        for key, failure in response.failures.items():
            wrong = failure.wrong_field
            if wrong is not None and self.incidents.opens(("unreadable", key)):
                message = "cannot read the server's record of flag %r: wrong %s"
                logger.warning(message, key, wrong, extra=log_fields(flag=key))

    def _request_failed(self, error: TransportError | None) -> None:
        if error is None:
            return
        if self.incidents.opens("remote"):
            message = "could not fetch flags from the server: %s"
            logger.warning(message, error, extra=log_fields(error=error))
        self._on_failure(error)

    def _cached(
        self, query: FlagQuery, local: EvaluatedFlags, overrides: Overrides
    ) -> EvaluatedFlags | None:
        """Return the answers if the cache has every flag without a local answer; otherwise None."""
        if self.cache is None or self.cache.mode is not CacheMode.PRIMARY or not query.keys:
            return None
        lacking = local.lacking(query.keys)
        found = self.cache.find(query, lacking)
        if len(found) < len(lacking):
            return None
        answers = {**_with_payloads(found, overrides), **local.answers}
        return EvaluatedFlags(answers, withheld=local.withheld, failures=local.failures)

    def _stale(self, query: FlagQuery, local: EvaluatedFlags) -> dict[str, FlagAnswer]:
        """Return the cached answers to use after a failed request."""
        if self.cache is None or self.cache.mode is not CacheMode.FALLBACK:
            return {}
        wanted = [*local.unresolved, *local.undefined] if query.keys is None else query.keys
        found = self.cache.find(query, local.lacking(wanted))
        return {key: answer.as_stale() for key, answer in found.items()}


def _with_payloads(found: dict[str, FlagAnswer], overrides: Overrides) -> dict[str, FlagAnswer]:
    """Apply the payload overrides to the server's answers; the engine has applied its own."""
    for key, payload in overrides.payloads.items():
        if key in found:
            found[key] = found[key].with_payload(payload)
    return found


def _wanted(records: Mapping[str, T], query: FlagQuery, local: EvaluatedFlags) -> dict[str, T]:
    """Return the server's records that the query asks for and that are not withheld."""
    asked = records if query.keys is None else frozenset(query.keys)
    return {
        key: record for key, record in records.items() if key in asked and key not in local.withheld
    }
