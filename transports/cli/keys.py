"""The keys of a command: from the environment or a file, and never in a message."""

from __future__ import annotations

import os
import re
from typing import Final

from flagengine.cli.reading import read_bytes, shown_name
from flagengine.cli.trouble import Trouble

from ..option_values.keys import read_project_key, read_secret_key

__all__ = ["PROJECT_VARIABLES", "SECRET_VARIABLES", "project_key", "secret_key"]

PROJECT_VARIABLES: Final = ("POSTHOG_PROJECT_KEY", "POSTHOG_API_KEY")
SECRET_VARIABLES: Final = ("POSTHOG_SECRET_KEY", "POSTHOG_PERSONAL_API_KEY")

_ELSEWHERE: Final = f"goes into the variable {SECRET_VARIABLES[0]}"
_NAME: Final = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_KEY: Final = re.compile(r"ph[a-z]_", re.IGNORECASE)


def project_key(given: str | None) -> str:
    """Return the project key of the option or of the environment."""
    name = "--project-key"
    if given is None:
        name, given = _first_of(PROJECT_VARIABLES)
    found = _checked(read_project_key, name, given)
    if not found:
        names = " or ".join(PROJECT_VARIABLES)
        message = f"the project key is missing: give --project-key phc_..., or set {names}"
        raise Trouble(message)
    return found


def secret_key(variable: str | None, file: str | None) -> str:
    """Return the secret key of a variable or a file."""
    if variable is not None and file is not None:
        message = "only one of --secret-key-env and --secret-key-file can be given"
        raise Trouble(message)
    name, given = _secret(variable, file)
    found = _checked(read_secret_key, name, given)
    if not found:
        message = f"the secret key is missing: {name} is {'empty' if given == '' else 'not set'}"
        raise Trouble(message)
    return found


def _secret(variable: str | None, file: str | None) -> tuple[str, str | None]:
    if file is not None:
        name = f"the content of {shown_name(file)}"
        return name, read_bytes(file).decode("utf-8", "replace").strip()
    if variable is None:
        name, given = _first_of(SECRET_VARIABLES)
        return (" or ".join(SECRET_VARIABLES) if given is None else name), given
    if _KEY.match(variable) or not _NAME.fullmatch(variable):
        message = (
            "--secret-key-env must be the name of a variable, such as POSTHOG_SECRET_KEY, "
            "got something else; if that was a key, others may have seen it"
        )
        raise Trouble(message)
    return variable, os.environ.get(variable)


def _first_of(names: tuple[str, ...]) -> tuple[str, str | None]:
    """Return the first variable that is set and not blank, and its value."""
    for name in names:
        given = os.environ.get(name, "").strip()
        if given:
            return name, given
    return names[0], None


def _checked(read: object, name: str, given: str | None) -> str | None:
    assert callable(read)
    try:
        found: str | None = read(name, given)
    except ValueError as error:
        raise Trouble(str(error).replace("goes to secret_key", _ELSEWHERE)) from None
    return found
