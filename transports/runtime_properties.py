"""The event properties of the Python version and the operating system.

They are computed once, at the first event. Importing reads nothing, and no process is started.
"""

from __future__ import annotations

import sys
from collections.abc import Mapping
from functools import cache
from types import MappingProxyType

__all__ = ["runtime_properties"]


@cache
def runtime_properties() -> Mapping[str, str]:
    """Return the known properties."""
    import platform  # noqa: PLC0415 - not needed before the first event

    properties = {
        "$python_runtime": platform.python_implementation(),
        "$python_version": ".".join(map(str, sys.version_info[:3])),
        **_system(sys.platform),
    }
    return MappingProxyType({name: value for name, value in properties.items() if value})


def _system(name: str) -> dict[str, str]:
    import platform  # noqa: PLC0415 - see above

    try:
        if name.startswith("linux"):
            return {"$os": "Linux", **_distribution()}
        if name == "darwin":
            return {"$os": "Mac OS X", "$os_version": platform.mac_ver()[0]}
        if name.startswith(("win", "cygwin")):
            return {"$os": "Windows", "$os_version": platform.win32_ver()[0]}
        return {"$os": platform.system(), "$os_version": platform.release()}
    except Exception:  # noqa: BLE001 - an unusual system must not cost an event
        return {"$os": name}


def _distribution() -> dict[str, str]:
    import platform  # noqa: PLC0415 - see above

    try:
        release = platform.freedesktop_os_release()
    except OSError:  # a container without /etc/os-release
        return {}
    return {"$os_version": release.get("VERSION_ID", ""), "$os_distro": release.get("NAME", "")}
