"""A planted bug, and how it gets into the client."""

import importlib.abc
import importlib.machinery
import importlib.util
import sys
from dataclasses import dataclass
from pathlib import Path

# Where the client is imported from; finding it imports nothing of it.
ROOT = Path(importlib.util.find_spec("flagengine").origin).parents[1]


@dataclass(frozen=True)
class Mutant:
    """A text in a file of ``transports/`` that occurs exactly once, and what stands there instead."""

    name: str
    file: str
    old: str
    new: str

    @property
    def path(self) -> Path:
        """The file."""
        return ROOT / "transports" / self.file

    @property
    def module(self) -> str:
        """The name under which the client imports the file."""
        return "flagengine.transports." + self.file.removesuffix(".py").replace("/", ".")

    def source(self) -> str:
        """Return the changed source.

        Raises:
            ValueError: the text does not occur exactly once.
        """
        source = self.path.read_text()
        if source.count(self.old) != 1:
            raise ValueError(
                f"{self.name}: {self.file} has the text {source.count(self.old)} times"
            )
        return source.replace(self.old, self.new)

    def plant(self) -> None:
        """Change the client, which must not have been imported yet."""
        if self.module in sys.modules:
            raise RuntimeError(f"{self.module} is imported already")
        sys.meta_path.insert(0, _Finder(self.module, self.source()))


class _Finder(importlib.abc.MetaPathFinder):
    def __init__(self, module: str, source: str) -> None:
        self._module = module
        self._source = source

    def find_spec(self, fullname, path, target=None):
        if fullname != self._module:
            return None
        spec = importlib.machinery.PathFinder.find_spec(fullname, path)
        spec.loader = _Loader(fullname, spec.origin, self._source)
        return spec


class _Loader(importlib.machinery.SourceFileLoader):
    def __init__(self, fullname: str, path: str, source: str) -> None:
        super().__init__(fullname, path)
        self._source = source

    def get_code(self, fullname):
        return compile(self._source, self.path, "exec")
