"""Flags in the client: a ``query`` leads to answers from the engine, a cache or the server.

``evaluate`` finds the answers, ``answer`` and ``evaluations`` hold them, and ``called`` makes the
event that a read sends. The client's verbs are in ``client/flags.py``.
"""
