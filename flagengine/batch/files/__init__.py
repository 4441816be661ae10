"""Tables in files: Parquet (also a folder), CSV, JSON lines and Arrow IPC, by their suffix.

EDGE: reads and writes files. Everything streams; a result appears whole or not at all.
"""

from flagengine.batch.files.formats import SUFFIXES, FileError
from flagengine.batch.files.reading import FileTable, open_file
from flagengine.batch.files.writing import placed, write_file, write_lines

__all__ = ["SUFFIXES", "FileError", "FileTable", "open_file", "placed", "write_file", "write_lines"]
