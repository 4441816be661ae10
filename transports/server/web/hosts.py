"""The names that a server is asked by, in the header ``Host``: its own, or one that somebody made point at it.

A page of ``evil.example`` whose name is made to lead to 127.0.0.1 while it is open (DNS rebinding) has the
server's address for its browser, which then lets it read every answer. Only the name tells such a request from
others. An attack needs a name, so every literal address is allowed.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from ipaddress import ip_address
from typing import Final

__all__ = ["AllowedHosts", "host_name"]

_HOST: Final = re.compile(r"(?:\[([^\]]*)\]|([^:\[\]]*))(?::[0-9]*)?")
_LOCAL: Final = "localhost"
_ALL: Final = "*"


class AllowedHosts:
    """The names by which a server may be asked: literal addresses, ``localhost`` and below, and those given.

    ``*.example.com`` is every name below ``example.com``, and ``*`` every name.

    >>> hosts = AllowedHosts(["flags.test", "*.example.com"])
    >>> hosts.allow("flags.test:8765"), hosts.allow("a.example.com"), hosts.allow("example.com")
    (True, True, False)
    >>> hosts.allow("127.0.0.1:8765"), hosts.allow("[::1]"), hosts.allow("a.localhost:1"), hosts.allow(None)
    (True, True, True, True)
    """

    def __init__(self, names: Iterable[str] = ()) -> None:
        self._names: set[str] = {_LOCAL}
        self._ends: tuple[str, ...] = (f".{_LOCAL}",)
        self._allows_all = False
        for name in names:
            self.add(name)

    def add(self, name: str) -> None:
        """Allow one more name or pattern."""
        known = name.lower().removesuffix(".")
        if known == _ALL:
            self._allows_all = True
        elif known.startswith("*."):
            self._ends = (*self._ends, known[1:])
        else:
            self._names.add(known)

    def allow(self, host: str | None) -> bool:
        """Return whether a request with this header is allowed; one without, which no browser sends, is."""
        if host is None or self._allows_all:
            return True
        name = host_name(host)
        return name in self._names or name.endswith(self._ends) or _is_address(name)


def host_name(host: str) -> str:
    """Return the name in a header ``Host``, in small letters, without a port, brackets and a dot at its end.

    What is no name with a port comes back whole.

    >>> host_name("Flags.Test.:8765"), host_name("[::1]:80"), host_name("10.0.0.1")
    ('flags.test', '::1', '10.0.0.1')
    """
    found = _HOST.fullmatch(host)
    name = host if found is None else found[1] or found[2]
    return name.lower().removesuffix(".")


def _is_address(name: str) -> bool:
    try:
        ip_address(name)
    except ValueError:
        return False
    return True
