"""Flags in the client: the query, its answer (local, from a cache or the server), snapshots, events.

``evaluate`` finds answers, ``answer`` is what it finds, ``called`` is the event that reading one
sends. What needs the whole client, the verbs, is in ``client/flags.py``.
"""
