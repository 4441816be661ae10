"""Benchmarks of flagengine and its rivals in a single run.

The library does not import this package, and the wheel does not contain it.
"""
