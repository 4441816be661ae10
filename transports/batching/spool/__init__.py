"""The disk spool, where accepted events survive the process; ``records`` is the file format."""
