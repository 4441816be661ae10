"""Tables in files: Parquet (also a folder), CSV, JSON lines and Arrow IPC, by suffix.

EDGE: read and write files. All tables stream; an output file appears only when it is complete.
"""

from flagengine.batch.files.formats import SUFFIXES, FileError
from flagengine.batch.files.placing import placed
from flagengine.batch.files.reading import FileTable, open_file
from flagengine.batch.files.writing import write_file, write_lines

__all__ = ["SUFFIXES", "FileError", "FileTable", "open_file", "placed", "write_file", "write_lines"]
