"""Flags over columns: rows are sorted into cases, and each case is answered once.

This package is pure; :mod:`flagengine.batch` reads the files and starts the threads.
"""
