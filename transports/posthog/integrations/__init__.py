"""posthog-python's integrations under their names, over ``flagengine.transports.context``.

New code needs no more than the modules there: docs/frameworks.md.
"""
