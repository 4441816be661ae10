"""The spool on disk, in which accepted events survive the process; ``records`` is its file format."""
