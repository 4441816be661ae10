"""Benchmarks: how fast flagengine answers, beside every rival, in one run.

Nothing here is imported by the library, and nothing here is part of the installed package.
"""
