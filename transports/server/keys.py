"""Keys of a configuration, from environment variables and files; never from the configuration itself."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from re import IGNORECASE, compile  # noqa: A004 - only here
from typing import Final, TypeAlias

from ..option_values.keys import read_secret_key

__all__ = ["Environment", "keys_of", "one_key"]

Environment: TypeAlias = Mapping[str, str]

_NAME: Final = compile(r"[A-Za-z_][A-Za-z0-9_]*")
_KEY: Final = compile(r"ph[a-z]{1,2}_", IGNORECASE)
_SHORTEST: Final = 16


def keys_of(
    place: str,
    variables: Iterable[str],
    files: Iterable[str],
    environment: Environment,
    folder: Path = Path(),
) -> tuple[str, ...]:
    """Return the secret keys in these variables, then those in these files.

    Raises:
        ValueError: a variable is not set, a file cannot be read, or what is there is no secret key.
    """
    found = []
    for variable in variables:
        key = read_secret_key(variable, _variable(f"{place}_env", variable, environment))
        if not key:
            msg = f"{place}_env names {variable}, which is not set"
            raise ValueError(msg)
        found.append(key)
    for file in files:
        key = read_secret_key(f"{place}_file", _content(f"{place}_file", folder / file))
        if not key:
            msg = f"{place}_file names {file}, which is empty"
            raise ValueError(msg)
        found.append(key)
    return tuple(found)


def one_key(
    place: str,
    variable: str | None,
    file: str | None,
    environment: Environment,
    folder: Path = Path(),
) -> str | None:
    """Return a key of this server's own, which is any text of at least 16 characters; None without one.

    Raises:
        ValueError: as for ``keys_of``, or the key is shorter.
    """
    if variable is None and file is None:
        return None
    if variable is not None and file is not None:
        msg = f"{place} must be either in a variable or in a file, got both"
        raise ValueError(msg)
    if variable is not None:
        name, key = f"{place}_env", _variable(f"{place}_env", variable, environment).strip()
    else:
        name, key = f"{place}_file", _content(f"{place}_file", folder / str(file))
    if not key:
        msg = f"{name} names {variable or file}, which is {'not set' if variable else 'empty'}"
        raise ValueError(msg)
    if len(key) < _SHORTEST:
        msg = f"{name} must name a key of at least {_SHORTEST} characters, got {len(key)}"
        raise ValueError(msg)
    return key


def _variable(place: str, variable: str, environment: Environment) -> str:
    if _KEY.match(variable) or not _NAME.fullmatch(variable):
        msg = (
            f"{place} must be the name of a variable, such as POSTHOG_SECRET_KEY, got something else; "
            "if that was a key, others may have seen it"
        )
        raise ValueError(msg)
    return environment.get(variable, "")


def _content(place: str, file: Path) -> str:
    try:
        return file.read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError) as error:
        reason = getattr(error, "strerror", None) or type(error).__name__
        msg = f"{place}: cannot read {file}: {reason}"
        raise ValueError(msg) from None
