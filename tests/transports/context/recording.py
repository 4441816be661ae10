"""A stand-in for the client that captures into a list, with the context's properties."""

from __future__ import annotations

from flagengine.transports.context import context, current


class RecordingClient:
    def __init__(self):
        self.events = []
        self.exceptions = []
        self.requests = 0

    def context(self, **given):
        return context(**given, on_exception=self.capture_exception)

    def capture(self, event, *, distinct_id=None, properties=None):
        active = current()
        chosen = distinct_id or (active and active.distinct_id)
        personless = {} if chosen else {"$process_person_profile": False}
        known = active.event_properties() if active else {}
        self.events.append(
            (event, chosen or "generated", {**known, **personless, **(properties or {})})
        )

    def capture_exception(self, error, **options):
        self.exceptions.append((error, current() and current().distinct_id, options))

    def evaluate_flags(self, distinct_id=None):
        active = current()
        if not (distinct_id or (active and active.distinct_id)):
            return {}
        self.requests += 1
        return {"beta": True}

    @property
    def reported(self):
        return [
            (repr(error), user, options["source"], options["handled"], options["properties"])
            for error, user, options in self.exceptions
        ]
