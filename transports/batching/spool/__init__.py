"""The disk spool: accepted events survive the process. ``records`` the format, ``spool`` its use."""
