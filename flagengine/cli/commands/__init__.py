"""The commands: a module here holds one, as ``command``, and its name is the module's."""
