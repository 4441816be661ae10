"""EDGE: the ``flagengine`` command."""
