"""posthog-python's own tests of its public client, run with its import changed.

``bridge`` stands where they expect posthog-python's modules, ``sources`` changes the imports in the
installed copy of the tests, and ``python -m tests.transports.posthog.upstream`` prints what came out.
"""
