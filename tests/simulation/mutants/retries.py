"""Bugs in what answers mean and how long to wait: ``retry``, ``delivery``, ``wire_v1``, sinks, drivers."""

from .mutant import Mutant

MUTANTS = (
    Mutant(
        "backoff-does-not-grow", "retry.py",
        "self.base_delay * 2.0**exponent", "self.base_delay * 2.0**min(exponent, 0)",
    ),
    Mutant(
        "one-retry-too-many", "retry.py",
        "return attempts >= self.max_attempts", "return attempts > self.max_attempts",
    ),
    Mutant(
        "one-retry-too-few", "retry.py",
        "return self.max_retries + 1", "return max(self.max_retries, 1)",
    ),
    Mutant(
        "jitter-shortens-the-wait", "retry.py",
        "backoff * (1.0 + self.jitter * draw)", "backoff * (1.0 - self.jitter * draw)",
    ),
    Mutant(
        "retry-after-of-a-date-is-ignored", "retry.py",
        "seconds = _parse_http_date(text, wall)", "seconds = None",
    ),
    Mutant(
        "retry-after-of-a-date-by-the-wrong-clock", "batching/delivery.py",
        'parse_retry_after(response.header("retry-after"), wall=wall)\n    message',
        'parse_retry_after(response.header("retry-after"), wall=wall + 60)\n    message',
    ),
    Mutant(
        "retry-after-only-of-whole-seconds", "retry.py",
        "        seconds = float(text)\n", "        seconds = float(int(text))\n",
    ),
    Mutant(
        "retry-after-is-unbounded", "retry.py",
        "return min(seconds, most)", "return seconds",
    ),
    Mutant(
        "429-is-a-refusal", "retry.py",
        "{HTTPStatus.REQUEST_TIMEOUT, HTTPStatus.TOO_MANY_REQUESTS}", "{HTTPStatus.REQUEST_TIMEOUT}",
    ),
    Mutant(
        "408-is-a-refusal", "retry.py",
        "{HTTPStatus.REQUEST_TIMEOUT, HTTPStatus.TOO_MANY_REQUESTS}", "{HTTPStatus.TOO_MANY_REQUESTS}",
    ),
    Mutant(
        "500-is-a-refusal", "retry.py",
        "status >= (\n        HTTPStatus.INTERNAL_SERVER_ERROR\n    )", "status > 500",
    ),
    Mutant(
        "4xx-is-tried-again", "batching/delivery.py",
        "if is_retryable_status(response.status):",
        "if is_retryable_status(response.status) or response.status == 404:",
    ),
    Mutant(
        "redirect-counts-as-success", "http/base.py",
        "return 200 <= self.status < 300", "return 200 <= self.status < 400",
    ),
    Mutant(
        "unreadable-body-is-a-failure", "batching/delivery.py",
        "        return judge_status(Response(error.status, body=str(error).encode()), wall=0.0)\n",
        "        return DeliveryOutcome(Disposition.RETRY, error)\n",
    ),
    Mutant(
        "lost-connection-is-a-success", "batching/delivery.py",
        "    return DeliveryOutcome(Disposition.RETRY, error)\n\n\ndef judge_status",
        "    return DELIVERED\n\n\ndef judge_status",
    ),
    Mutant(
        "413-is-a-refusal", "batching/delivery.py",
        "return DeliveryOutcome(Disposition.SPLIT, error)",
        "return DeliveryOutcome(Disposition.REJECTED, error)",
    ),
    Mutant(
        "413-is-tried-again", "batching/delivery.py",
        "return DeliveryOutcome(Disposition.SPLIT, error)",
        "return DeliveryOutcome(Disposition.RETRY, error)",
    ),
    Mutant(
        "retry-after-is-dropped", "batching/delivery.py",
        "return DeliveryOutcome(Disposition.RETRY, error, retry_after)",
        "return DeliveryOutcome(Disposition.RETRY, error)",
    ),
    Mutant(
        "v1-retry-counts-as-delivered", "batching/wire_v1.py",
        'if result == "retry")', 'if result == "again")',
    ),
    Mutant(
        "v1-limited-counts-as-delivered", "batching/wire_v1.py",
        'frozenset({"drop", "limited"})', 'frozenset({"drop"})',
    ),
    Mutant(
        "v1-retry-after-is-dropped", "batching/wire_v1.py",
        'parse_retry_after(response.header("retry-after"), wall=wall),\n            retry,',
        "None,\n            retry,",
    ),
    Mutant(
        "v1-looks-at-no-result", "batching/wire_v1.py",
        "        if not retry and not refused:\n", "        if True:\n",
    ),
    Mutant(
        "request-has-no-deadline", "batching/sinks/http.py",
        "now=read(self._clock), timeout=timeout)", "now=read(self._clock), timeout=60.0)",
    ),
    Mutant(
        "wake-up-is-lost", "batching/drivers.py",
        "        if worker is not None:\n            worker.wakeup.set()\n", "",
    ),
    Mutant(
        "wake-up-is-cleared-too-late", "batching/drivers.py",
        "        wait = pipeline.seconds_until_due(lane)\n",
        "        wait = pipeline.seconds_until_due(lane)\n        self.wakeup.clear()\n",
    ),
    Mutant(
        "retired-worker-counts-as-usable", "batching/drivers.py",
        "return not self._retired and self.thread.is_alive()", "return True",
    ),
    Mutant(
        "worker-spins", "batching/drivers.py",
        "is_woken = self.wakeup.wait(idle_seconds if wait is None else wait)",
        "is_woken = self.wakeup.wait(0.0)",
    ),
    Mutant(
        "worker-retires-with-events", "batching/drivers.py",
        "return wait is None and not is_woken and pipeline.retire(lane, self._retire)",
        "return not is_woken and (pipeline.retire(lane, self._retire) or self._retire() is None)",
    ),
)  # fmt: skip
