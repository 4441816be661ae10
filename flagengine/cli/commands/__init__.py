"""The commands: each module defines ``command``, which has the module's name."""
