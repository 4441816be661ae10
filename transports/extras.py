"""What to install when a package that only an extra needs is missing."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

__all__ = ["extra_for"]

_INSTALL: Final = {
    "requests": "'flagengine[client]'",
    "urllib3": "'flagengine[client]'",
    "cachetools": "'flagengine[client]'",
    "openfeature": "'flagengine[openfeature]'",
    "redis": "'flagengine[redis]'",
    "django": "django",
    "asgiref": "django",
    "flask": "flask",
    "celery": "celery",
}
"""By packages that are imported on demand: what to install."""


@contextmanager
def extra_for(what: str) -> Iterator[None]:
    """Make the error of an import inside say what to install, if the package belongs to an extra.

    The original error is the cause. Any other missing module is left as it is, because it is a fault of
    somebody else.

    Raises:
        ModuleNotFoundError: a package is missing.
    """
    try:
        yield
    except ModuleNotFoundError as error:
        install = _INSTALL.get(error.name or "")
        if install is None or "pip install" in str(error):
            raise
        message = f"{what} needs {error.name}: pip install {install}"
        raise ModuleNotFoundError(message, name=error.name) from error
