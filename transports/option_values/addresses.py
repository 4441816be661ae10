"""The reader of the host."""

from __future__ import annotations

import ipaddress
import re
from typing import Any, Final
from urllib.parse import SplitResult, urlsplit

from .messages import wrong_type, wrong_value
from .texts import read_names

__all__ = ["QUOTES", "read_host", "read_host_names", "read_origins"]

QUOTES: Final = "\"'`\u201c\u201d\u2018\u2019<>"

_MUST: Final = "a URL such as https://us.i.posthog.com"
_MUST_BE_NAME: Final = "the name of a host such as flags.test or *.example.com"
_SCHEME: Final = re.compile(r"^[a-z][a-z0-9+.-]*://", re.IGNORECASE)
_MUST_BE_ORIGIN: Final = "an origin such as https://shop.example, or *"
_ORIGIN: Final = re.compile(r"[a-z][a-z0-9+.-]*://([a-z0-9._-]+|\[[0-9a-f:.]+\])(:\d{1,5})?")
_USUAL_PORT: Final = re.compile(r"^(http://.*):80$|^(https://.*):443$")
_LABELS: Final = re.compile(r"(?!-)[\w-]{1,63}(?<!-)(\.(?!-)[\w-]{1,63}(?<!-))*\.?")


def read_host(name: str, given: Any) -> str | None:
    """Return the URL of the host; None: the default host.

    Add ``https://`` to a host without a scheme, and ``http://`` if it is this machine. Remove quotes,
    which some tools keep around values of the environment.

    >>> read_host("host", "eu.i.posthog.com"), read_host("host", "localhost:8000")
    ('https://eu.i.posthog.com', 'http://localhost:8000')
    """
    if given is None:
        return None
    if not isinstance(given, str):
        raise wrong_type(name, _MUST, given)
    text = given.strip().strip(QUOTES).strip().rstrip("/")
    if not text:
        return None
    if not text.isprintable() or " " in text or "\\" in text:
        raise wrong_value(name, f"{_MUST}, without blanks", given)
    if not _SCHEME.match(text):
        text = _with_scheme(name, text, given)
    _check(name, _split(name, text, given), given)
    return text


def read_host_names(name: str, given: Any) -> tuple[str, ...]:
    """Return names of hosts as a tuple, in small letters and as DNS has them; ``*`` may be all or the first part.

    >>> read_host_names("allowed_hosts", ["Flags.Test", "*.bücher.example", "*"])
    ('flags.test', '*.xn--bcher-kva.example', '*')
    >>> read_host_names("allowed_hosts", "http://flags.test")
    Traceback (most recent call last):
        ...
    ValueError: allowed_hosts[0] must be the name of a host such as flags.test or *.example.com, got 'http://flags.test'
    """
    texts = enumerate(read_names(name, given))
    return tuple(_host_name(f"{name}[{at}]", text) for at, text in texts)


def read_origins(name: str, given: Any) -> tuple[str, ...]:
    """Return origins as a tuple, written as browsers write them; ``*`` is all, ``null`` that of a local file.

    >>> read_origins("origins", ["https://Shop.example:443/", "capacitor://localhost"])
    ('https://shop.example', 'capacitor://localhost')
    >>> read_origins("origins", "shop.example")
    Traceback (most recent call last):
        ...
    ValueError: origins[0] must be an origin such as https://shop.example, or *, got 'shop.example'
    """
    texts = enumerate(read_names(name, given))
    return tuple(_origin(f"{name}[{at}]", text) for at, text in texts)


def _origin(name: str, text: str) -> str:
    plain = text.lower().rstrip("/")
    if plain not in ("*", "null") and not _ORIGIN.fullmatch(plain):
        raise wrong_value(name, _MUST_BE_ORIGIN, text)
    return _USUAL_PORT.sub(r"\1\2", plain)


def _host_name(name: str, text: str) -> str:
    if text == "*":
        return text
    star = "*." if text.startswith("*.") else ""
    bare = text.removeprefix(star).lower().removesuffix(".")
    try:
        is_address = bool(ipaddress.ip_address(bare.removeprefix("[").removesuffix("]")))
    except ValueError:
        is_address = False
    if not (is_address or _LABELS.fullmatch(bare)):
        raise wrong_value(name, _MUST_BE_NAME, text)
    try:
        return bare if is_address else star + bare.encode("idna").decode()
    except UnicodeError:
        raise wrong_value(name, _MUST_BE_NAME, text) from None


def _with_scheme(name: str, text: str, given: str) -> str:
    host = _split(name, f"https://{text}", given).hostname or ""
    is_here = _is_this_machine(host)
    # A single word is a mistake: a region ("eu"), a key, or a variable's name.
    if not is_here and "." not in host and ":" not in host:
        raise wrong_value(name, _MUST, given)
    return f"{'http' if is_here else 'https'}://{text}"


def _is_this_machine(host: str) -> bool:
    if host == "localhost" or host.endswith(".localhost"):
        return True
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        return False
    return address.is_loopback or address.is_unspecified


def _split(name: str, text: str, given: str) -> SplitResult:
    try:
        parts = urlsplit(text)
        # Reading the port raises ValueError for a port that is none.
        is_right = parts.port != 0
    except ValueError:
        is_right = False
    if not is_right:
        raise wrong_value(name, _MUST, given)
    return parts


def _check(name: str, parts: SplitResult, given: str) -> None:
    if parts.scheme.lower() not in ("http", "https"):
        raise wrong_value(name, "an http:// or https:// URL", given)
    host = parts.hostname or ""
    is_name = _LABELS.fullmatch(host) is not None
    if ":" not in host and not is_name:
        raise wrong_value(name, _MUST, given)
    if parts.query or parts.fragment:
        raise wrong_value(name, f"{_MUST}, without ? and #", given)
