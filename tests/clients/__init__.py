"""`flagengine serve`, judged by clients that others wrote, and by requests without any SDK.

Every client is a driver: a program in the client's language that answers lines of JSON (see ``drivers.py``).
A client is asked all published cases that its interface can say, and each answer must equal ``evaluate``.
``python -m tests.clients.table`` counts them into docs/serve-clients.md.
"""
