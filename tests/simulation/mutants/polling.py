"""Bugs in definitions and flags: poller, loader, store, publisher, caches, the called-memory."""

from .mutant import Mutant

MUTANTS = (
    Mutant(
        "poll-comes-too-early", "polling/poller.py",
        "if self._due is not None and now < self._due:", "if self._due is not None and now < self._due - 1.0:",
    ),
    Mutant(
        "reload-ignores-the-pause", "polling/poller.py",
        "if self._held_until is not None and now < self._held_until:", "if self._held_until is None and now < 0:",
    ),
    Mutant(
        "two-loads-at-once", "polling/poller.py",
        "        if self._stopped or self._out is not None:\n            return Wait(None)\n",
        "        if self._stopped:\n            return Wait(None)\n",
    ),
    Mutant(
        "refusals-never-back-off", "polling/poller.py",
        "self._refusals + 1 if rule.backs_off else 0", "0",
    ),
    Mutant(
        "success-keeps-the-backoff", "polling/poller.py",
        "        self._failures = self._refusals = 0\n", "        self._failures = 0\n",
    ),
    Mutant(
        "pause-of-a-load-is-ignored", "polling/poller.py",
        "return max(delay, clamp_retry_after(failure.retry_after, RETRY_AFTER_CEILING))", "return delay",
    ),
    Mutant(
        "clear-keeps-the-version", "polling/poller.py",
        "            self._version = None\n            self._loaded = False\n", "            self._loaded = False\n",
    ),
    Mutant(
        "unchanged-forgets-the-version", "polling/poller.py",
        "self._version = result.version or self._version", "self._version = result.version and None",
    ),
    Mutant(
        "abandoned-load-blocks-for-ever", "polling/poller.py",
        "        if self._out is not None and generation in (None, self._out.generation):\n            self._out = None\n",
        "        if self._out is not None and generation in (None, self._out.generation):\n",
    ),
    Mutant(
        "stop-lets-the-next-load-begin", "polling/poller.py",
        "        self._stopped = True\n        self._out = None\n", "        self._out = None\n",
    ),
    Mutant(
        "failure-clears-the-definitions", "polling/policy.py",
        "_KEEP: Final = FailureRule()", "_KEEP: Final = FailureRule(clears=True)",
    ),
    Mutant(
        "refused-key-keeps-the-definitions", "polling/policy.py",
        "401: FailureRule(clears=True, backs_off=True),", "401: FailureRule(backs_off=True),",
    ),
    Mutant(
        "quota-keeps-the-definitions", "polling/policy.py",
        "402: FailureRule(clears=True),", "402: FailureRule(),",
    ),
    Mutant(
        "backoff-of-polls-is-unbounded", "polling/policy.py",
        "min(self.interval * 2.0**exponent, self.backoff_ceiling)", "self.interval * 2.0**exponent",
    ),
    Mutant(
        "snapshot-is-kept-by-a-publication", "polling/store.py",
        "current = replace(new, refresh=previous.refresh + 1)",
        "current = replace(new, refresh=previous.refresh + 1, snapshot=previous.snapshot or new.snapshot)",
    ),
    Mutant(
        "clear-does-not-clear", "polling/store.py",
        "            current = Published(generation=generation, refresh=previous.refresh)\n            with self._reads.changing():\n                self._current = current\n",
        "            current = Published(generation=generation, refresh=previous.refresh)\n",
    ),
    Mutant(
        "listeners-hear-before-the-swap", "polling/store.py",
        "            current = replace(new, refresh=previous.refresh + 1)\n",
        "            current = replace(new, refresh=previous.refresh + 1)\n            self._notify(previous, current)\n",
    ),
    Mutant(
        "quick-reads-know-what-was-never-read", "flags/called_tracker.py",
        "            if person.reads[read] != (changes[key] if key in changes else 0):  # noqa: SIM401 see above\n"
        "                return False\n        except KeyError:\n            return False\n        person",
        "            pass\n        except KeyError:\n            pass\n        person",
    ),
    Mutant(
        "document-is-parsed-once", "polling/publisher.py",
        "if self._last_parsed is None or self._last_parsed[0] != digest:", "if self._last_parsed is None:",
    ),
    Mutant(
        "equal-content-means-equal-length", "polling/publisher.py",
        "if snapshot == self._store.current.snapshot:",
        "if self._store.current.snapshot and len(snapshot.flags) == len(self._store.current.snapshot.flags):",
    ),
    Mutant(
        "304-without-a-version-is-trusted", "polling/sources/http.py",
        "if version is not None:\n            headers", "if version is None:\n            headers",
    ),
    Mutant(
        "etag-is-forgotten", "polling/sources/http.py",
        "return Loaded(response.body, etag, malformed)", "return Loaded(response.body, '\"1\"', malformed)",
    ),
    Mutant(
        "poll-thread-spins", "polling/poll_thread.py",
        "wake.wait(LONGEST_WAIT if delay is None else min(delay, LONGEST_WAIT))", "wake.wait(0.0)",
    ),
    Mutant(
        "poll-thread-dies-of-a-pause", "polling/poll_thread.py",
        "            if loader is None or loader.is_stopped:\n                return\n            delay = loader.tick()\n",
        "            if loader is None or loader.is_stopped:\n                return\n            delay = loader.tick()\n            if delay is not None and delay > 31:\n                return\n",
    ),
    Mutant(
        "lock-of-the-loader-survives-the-fork", "polling/loader.py",
        '        """Renew the locks in a forked child, and forget a load in progress."""\n        self._renew_locks()\n',
        '        """Renew the locks in a forked child, and forget a load in progress."""\n',
    ),
    Mutant(
        "load-of-the-parent-is-awaited", "polling/loader.py",
        "        self._poller.abandon()\n", "",
    ),
    Mutant(
        "reload-waits-without-a-deadline", "polling/loader.py",
        "return wait_for(self._load_ended, lambda: self._finished_loads > before, patience)",
        "return wait_for(self._load_ended, lambda: self._finished_loads > before, patience and patience + 5)",
    ),
    Mutant(
        "called-memory-is-never-written", "flags/called_tracker.py",
        "            person.reads[read] = changes\n", "",
    ),
    Mutant(
        "called-memory-forgets-the-value", "flags/called_tracker.py",
        "    known = value if type(value) in _PLAIN else _hashable(value)\n", "    known = None\n",
    ),
    Mutant(
        "called-memory-is-of-everybody", "flags/called_tracker.py",
        "number, read = hash(distinct_id), ", "number, read = 0, ",
    ),
)  # fmt: skip
