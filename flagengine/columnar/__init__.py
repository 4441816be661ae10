"""Flags over columns: rows are sorted into cases, and each case is answered once.

Pure: it reads no file and starts no thread; :mod:`flagengine.batch` does.
"""
