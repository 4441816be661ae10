"""A server that SDKs take for PostHog's: for development and tests, as a relay, and for other languages.

It answers from the engine, with the sources of definitions and the sinks of events that the client has.
``flagengine serve`` runs it; ``Server(settings).application()`` is an ASGI application.
"""

from __future__ import annotations

__all__: list[str] = []
