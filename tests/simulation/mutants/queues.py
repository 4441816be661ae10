"""Bugs in the queue of a lane, in the making of batches, and in the pipeline around them."""

from .mutant import Mutant

_QUEUE, _BATCHES, _WORK = "batching/queue.py", "batching/batches.py", "batching/work.py"
_PIPELINE, _TELLING = "batching/pipeline.py", "batching/announcements.py"
_INTAKE = "batching/intake.py"

MUTANTS = (
    Mutant(
        "queue-holds-one-too-many", _QUEUE,
        "            len(self._open) >= self.limits.max_queue_size\n",
        "            len(self._open) >= self.limits.max_queue_size + self._max_batch_size * 3\n",
    ),
    Mutant(
        "batch-is-one-too-big", _BATCHES,
        "islice(waiting, max(most, 1))", "islice(waiting, max(most, 1) + 1)",
    ),
    Mutant(
        "bytes-of-a-batch-are-unbounded", _BATCHES,
        "while left < 0 and fit > 1:", "while left < 0 and fit > len(taken):",
    ),
    Mutant(
        "events-stay-in-the-queue-when-batched", _QUEUE,
        "        for _ in events:\n            self._open.popleft()\n", "        for _ in events[1:]:\n            self._open.popleft()\n",
    ),
    Mutant(
        "retried-batch-goes-to-the-end", _QUEUE,
        "self._sealed.appendleft(waiting)", "self._sealed.append(waiting)",
    ),
    Mutant(
        "halves-are-swapped", _QUEUE,
        "self._sealed.extendleft(reversed(halves))", "self._sealed.extendleft(halves)",
    ),
    Mutant(
        "half-of-a-split-batch-is-lost", _QUEUE,
        "parts = (batch.events[:half], batch.events[half:])",
        "parts = (batch.events[:half], batch.events[half + (half > 1) :])",
    ),
    Mutant(
        "split-does-not-lower-the-limit", _QUEUE,
        "        self._batch_cap = half\n", "        self._batch_cap = self._max_batch_size + 1\n",
    ),
    Mutant(
        "limit-grows-beyond-the-option", _QUEUE,
        "self._batch_cap = min(self._batch_cap + 1, self._max_batch_size)", "self._batch_cap += 1",
    ),
    Mutant(
        "two-batches-in-flight", _QUEUE,
        "        if self._in_flight:\n            return None\n        if self._sealed:", "        if self._sealed:",
    ),
    Mutant(
        "late-answer-is-taken", _QUEUE,
        "        if self._in_flight is not batch:\n            return []\n", "",
    ),
    Mutant(
        "flush-ignores-retry-after", _QUEUE,
        "        if self._sealed and self._sealed[0].retry_after_until > now:\n            self._stop_flush()\n", "",
    ),
    Mutant(
        "failure-does-not-stop-the-flush", _QUEUE,
        "        self._stops += 1\n        self._flush_through = 0\n", "        self._stops += 1\n",
    ),
    Mutant(
        "flush-waits-for-ever-after-a-failure", _QUEUE,
        "        self._stops += 1\n        self._flush_through = 0\n", "        self._flush_through = 0\n",
    ),
    Mutant(
        "flush-forgets-what-is-in-flight", _QUEUE,
        "batches = [*self._sealed, self._in_flight] if self._in_flight else self._sealed", "batches = self._sealed",
    ),
    Mutant(
        "flush-forgets-what-waits-again", _QUEUE,
        "batches = [*self._sealed, self._in_flight] if self._in_flight else self._sealed",
        "batches = [self._in_flight] if self._in_flight else []",
    ),
    Mutant(
        "flush-is-reached-one-too-early", _QUEUE,
        "return self._open_seq > goal.last_seq", "return self._open_seq >= goal.last_seq",
    ),
    Mutant(
        "interval-starts-anew-with-each-event", _QUEUE,
        "        if count == 1:\n            self._open_first = self._last_seq\n            self._opened_at = now\n            return True\n",
        "        self._opened_at = now\n        if count == 1:\n            self._open_first = self._last_seq\n            return True\n",
    ),
    Mutant(
        "first-event-wakes-nobody", _QUEUE,
        "            self._opened_at = now\n            return True\n", "            self._opened_at = now\n",
    ),
    Mutant(
        "full-batch-wakes-nobody", _QUEUE,
        "            count % min(limits.flush_at, self._batch_cap) == 0\n            or", "           ",
    ),
    Mutant(
        "full-batch-waits-for-the-interval", _QUEUE,
        "if self._due_through >= self._open_seq or self._has_full_batch():", "if self._due_through >= self._open_seq:",
    ),
    Mutant(
        "newest-event-is-evicted", _QUEUE,
        "        evicted = self._open.popleft()\n", "        evicted = self._open.pop()\n",
    ),
    Mutant(
        "eviction-is-not-counted", _QUEUE,
        "        self.tally.dropped[DropReason.EVICTED] += 1\n", "",
    ),
    Mutant(
        "new-event-overtakes-those-on-disk", _QUEUE,
        "return bool(self._spilled) or self.is_full", "return self.is_full",
    ),
    Mutant(
        "recovered-events-are-not-due", _QUEUE,
        "        self._spill(count)\n        self._due_through = self._last_seq\n", "        self._spill(count)\n",
    ),
    Mutant(
        "closed-queue-takes-events", _QUEUE,
        "        if self._draining:\n            return DropReason.CLOSED\n", "",
    ),
    Mutant(
        "large-event-is-taken", _QUEUE,
        "return DropReason.TOO_LARGE if len(event.body) > self.limits.max_event_bytes else None", "return None",
    ),
    Mutant(
        "flying-batch-is-forgotten-at-shutdown", _BATCHES,
        "if flying else []", "if flying and unsent.events else []",
    ),
    Mutant(
        "failures-count-twice", _BATCHES,
        "    failures = batch.failures + 1\n", "    failures = batch.failures + 2\n",
    ),
    Mutant(
        "failures-are-not-counted", _BATCHES,
        "        failures=failures,\n", "        failures=0,\n",
    ),
    Mutant(
        "retained-batch-has-no-new-budget", _BATCHES,
        "failures, delay = 0, limits.retain_cooldown", "delay = limits.retain_cooldown",
    ),
    Mutant(
        "retained-batch-has-no-cooldown", _BATCHES,
        "failures, delay = 0, limits.retain_cooldown", "failures, delay = 0, 0.0",
    ),
    Mutant(
        "backoff-begins-at-the-next-step", _BATCHES,
        "limits.retry.delay(failures - 1, draw=draw)", "limits.retry.delay(failures, draw=draw)",
    ),
    Mutant(
        "backoff-from-the-first-attempt", _BATCHES,
        "not_before=now.monotonic + delay,", "not_before=batch.created_at - now.wall + now.monotonic + delay,",
    ),
    Mutant(
        "backoff-by-the-wall-clock", _BATCHES,
        "not_before=now.monotonic + delay,", "not_before=now.wall - 1_749_999_000.0 + delay,",
    ),
    Mutant(
        "refused-events-are-sent-again", _BATCHES,
        "again = tuple(event for event in events if event.uuid.lower() in outcome.retry)",
        "again = tuple(event for event in events if event.uuid.lower() in outcome.retry | outcome.refused.keys())",
    ),
    Mutant(
        "partial-answer-retries-all", _BATCHES,
        "again = tuple(event for event in events if event.uuid.lower() in outcome.retry)",
        "again = events if outcome.retry else ()",
    ),
    Mutant(
        "answer-is-lost-after-an-error", _WORK,
        "            if batch is not None:\n                self._conclude(batch, outcome)\n",
        "            if batch is not None and outcome.error is None:\n                self._conclude(batch, outcome)\n",
    ),
    Mutant(
        "request-outlives-the-flush", _WORK,
        "allowed if timeout is None else min(allowed, timeout)", "allowed",
    ),
    Mutant(
        "flush-is-not-woken", _WORK,
        "                self._announcer.post(Loss.of(action, self._lanes[action.lane].limits))\n        self._progress.notify_all()\n",
        "                self._announcer.post(Loss.of(action, self._lanes[action.lane].limits))\n",
    ),
    Mutant(
        "loss-is-not-told", _WORK,
        "                self._announcer.post(Loss.of(action, self._lanes[action.lane].limits))\n", "                pass\n",
    ),
    Mutant(
        "deadline-of-a-flush-starts-anew", _WORK,
        "                left = self._seconds_until(until)\n                if left is not None and left <= 0:\n                    return False\n",
        "                left = timeout\n",
    ),
    Mutant(
        "lock-is-held-during-the-request", _WORK,
        "            outcome = self._send(batch, allowed if timeout is None else min(allowed, timeout))\n",
        "            with self._lock:\n                outcome = self._send(batch, allowed if timeout is None else min(allowed, timeout))\n",
    ),
    Mutant(
        "child-sends-the-events-of-its-parent", _PIPELINE,
        "        self._announcer.after_fork()\n        self._start_anew()\n",
        "        self._announcer.after_fork()\n        queues = self._queues\n        self._start_anew()\n        self._queues = queues\n",
    ),
    Mutant(
        "locks-survive-the-fork", _PIPELINE,
        "        self._announcer.after_fork()\n        self._start_anew()\n",
        "        self._announcer.after_fork()\n        lock, progress = self._lock, self._progress\n        self._start_anew()\n        self._lock, self._progress = lock, progress\n",
    ),
    Mutant(
        "child-writes-into-the-spool-of-its-parent", _PIPELINE,
        "            if lane.spool is not None:\n                lane.spool.after_fork()\n", "            pass\n",
    ),
    Mutant(
        "push-does-not-wake-the-worker", _INTAKE,
        "            if admission.wake:\n                self._driver.wake(lane)\n", "",
    ),
    Mutant(
        "blocking-push-waits-without-a-deadline", _INTAKE,
        "self._progress.wait_for(lambda: not queue.is_full, seconds)",
        "self._progress.wait_for(lambda: not queue.is_full)",
    ),
    Mutant(
        "shutdown-delivers-nothing", _PIPELINE,
        "            self._wake(self._lanes)\n        return self._work_until(lambda: not self.pending_count(), self._lanes, timeout)",
        "            self._wake(self._lanes)\n        return not self.pending_count()",
    ),
    Mutant(
        "shutdown-tells-no-losses", _PIPELINE,
        "                actions += queue.give_up(reason)\n                continue\n",
        "                queue.give_up(reason)\n                continue\n",
    ),
    Mutant(
        "exit-does-not-shut-down", _PIPELINE,
        '        """Shut down within ``timeout`` seconds."""\n        self.shutdown(timeout)',
        '        """Shut down within ``timeout`` seconds."""\n        self.flush(0.0)',
    ),
    Mutant(
        "losses-are-told-twice", _TELLING,
        "        call = self._telling = self._waiting.popleft()\n",
        "        call = self._telling = self._waiting[0]\n        self._waiting.popleft() if call.unnamed or len(call.events) > 1 else call.events.extend(call.events)\n",
    ),
    Mutant(
        "losses-are-not-collected", _TELLING,
        "                changed.wait_for(self._is_urgent, _PAUSE)\n", "                changed.wait_for(lambda: True, _PAUSE)\n",
    ),
)  # fmt: skip
