"""The modules that posthog-python's tests import and patch, over the shim.

The tests replace the functions of posthog-python that make requests (``posthog.client.flags``). Here a
transport calls functions of these names, so that a test's answers reach the client and the test sees
its requests. Anything else inside of posthog-python is a private part: using it raises ``PrivatePart``.
"""

from __future__ import annotations

import io
import json
import logging
import sys
import weakref
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, is_dataclass
from types import ModuleType
from typing import Any, Final
from unittest import mock
from urllib.parse import urlsplit

import posthog.request as requests_there
import posthog.types as types_there

import flagengine.transports.posthog as shim
from flagengine.transports import Request, Response
from flagengine.transports.errors import RequestError
from flagengine.transports.posthog import shared_client, types

__all__ = ["NAME", "PrivatePart", "end_clients", "install"]

NAME: Final = "posthog_here"
_FLAG_FIELDS: Final = ("$feature", "locally_evaluated", "$experiment")
_CAPTURED: Final = ("$feature_flag_called", "$experiment_exposure", "$exception")
"""The events for which posthog-python calls ``capture`` itself."""
_CLEARED: Final = {"_warned_malformed_flag_dependencies": set[str]()}
"""Memories of warnings, which the tests only clear before they begin."""
_OWN: Final = {"_assigned", "_debug", "_sends", "_privacy_mode", "_full_ai_capture"}
"""The shim's own attributes."""
_PUBLIC: Final = set(dir(shim.Posthog))


_alive: weakref.WeakSet[shim.Client] = weakref.WeakSet()


def end_clients() -> None:
    """Shut down the clients that a test has left behind, so that they send nothing during others."""
    for client in list(_alive):
        shim.Client.shutdown(client, 0, discard=True)
        _alive.discard(client)


class PrivatePart(Exception):  # noqa: N818 - it is not an error of the shim
    """A test uses what is no public part of posthog-python."""


class _Private:
    """What stands for a private part: any use of it raises ``PrivatePart``."""

    def __init__(self, name: str) -> None:
        self._name = name

    def __call__(self, *_: Any, **__: Any) -> Any:
        raise PrivatePart(self._name)

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        raise PrivatePart(f"{self._name}.{name}")

    def __mro_entries__(self, _bases: Any) -> tuple[type, ...]:
        return ()


class _Module(ModuleType):
    """A module with public names, and private parts for all others."""

    def __init__(self, name: str, public: dict[str, Any], *fallbacks: ModuleType) -> None:
        super().__init__(f"{NAME}.{name}")
        self.__dict__.update(public)
        self.__dict__["_fallbacks"] = fallbacks
        self.__path__: list[str] = []

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        for each in self.__dict__["_fallbacks"]:
            if name in vars(each):
                return vars(each)[name]
        return _Private(f"{self.__name__.removeprefix(NAME + '.')}.{name}")


class _Root(ModuleType):
    """The package: the shim with the modules of this file."""

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        found = sys.modules.get(f"{NAME}.{name}")
        if found is not None:
            return found
        try:
            return getattr(shim, name)
        except AttributeError:
            return _Private(name)

    def __setattr__(self, name: str, value: Any) -> None:
        setattr(shim, name, value)

    def __delattr__(self, name: str) -> None:
        delattr(shim, name)


class Transport:
    """Requests as calls of the functions that the tests replace."""

    def __init__(self) -> None:
        self.client: Any = None

    def request(self, request: Request, /) -> Response:
        path = urlsplit(request.url).path.rstrip("/")
        host = request.url.split(urlsplit(request.url).path)[0]
        body = json.loads(request.body) if request.body else {}
        try:
            return self._answer(path, host, body, request)
        except requests_there.APIError as error:
            return Response(int(error.status) if str(error.status).isdigit() else 500)
        except (AssertionError, PrivatePart):
            raise
        except Exception as error:
            raise RequestError(str(error) or "no connection") from error

    def _answer(self, path: str, host: str, body: Any, request: Request) -> Response:
        there = sys.modules[f"{NAME}.client"]
        if path == "/flags":
            key = body.pop("token", None) or body.pop("api_key", None)
            return _json(there.flags(key, host, timeout=request.timeout, **body))
        if "definitions" in path:
            etag = request.headers.get("If-None-Match")
            url = request.url.removeprefix(host)
            found = there.get(self.client.secret_key, url, host, timeout=request.timeout, etag=etag)
            if found.not_modified:
                return Response(304, {"ETag": found.etag or ""})
            return _json(found.data, {"ETag": found.etag} if found.etag else {})
        if "remote_config" in path:
            return _json(
                there.remote_config(self.client.secret_key, self.client.api_key, host, path)
            )
        where = there if self.client.sync_mode else sys.modules[f"{NAME}.consumer"]
        where.batch_post(
            body.pop("api_key", None),
            host,
            gzip=False,
            timeout=request.timeout,
            path=path,
            batch=body["batch"],
            historical_migration=body.get("historical_migration", False),
        )
        return Response(200, body=b'{"status": 1}')


def _json(found: Any, headers: dict[str, str] | None = None) -> Response:
    def plain(value: Any) -> Any:
        return asdict(value) if is_dataclass(value) and not isinstance(value, type) else str(value)

    return Response(200, headers or {}, json.dumps(found, default=plain).encode())


class Client(shim.Client):
    """The shim's client with this file's transport, whose flag events pass ``capture`` if it is a mock."""

    def __init__(self, *arguments: Any, **options: Any) -> None:
        transport = Transport()
        options.setdefault("transport", transport)
        options.setdefault("gzip", False)
        options.setdefault("feature_flags_request_pause", 0)
        options.setdefault("lib_name", "posthog-python")
        super().__init__(*arguments, **options)
        transport.client = self
        _alive.add(self)
        self.on("capture", self._queued)

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        raise PrivatePart(f"Client.{name}")

    def __setattr__(self, name: str, value: Any) -> None:
        if isinstance(value, mock.NonCallableMock) and name in _PUBLIC:
            object.__setattr__(self, name, value)
            return
        if name.startswith("_") and name not in _OWN:
            raise PrivatePart(f"Client.{name}")
        super().__setattr__(name, value)

    def _queued(self, message: dict[str, Any]) -> None:
        capture = self.capture
        name, properties = message["event"], message["properties"]
        if not isinstance(capture, mock.NonCallableMock) or name not in _CAPTURED:
            return
        own = {each: value for each, value in properties.items() if each.startswith(_FLAG_FIELDS)}
        own = properties if name == "$exception" else own
        is_hidden = properties.get("$geoip_disable", False)
        capture(  # type: ignore[operator] # a mock that can be called
            name,
            distinct_id=message["distinct_id"],
            properties=own,
            groups=properties.get("$groups", {}),
            disable_geoip=None if is_hidden is self.disable_geoip else is_hidden,
        )


class Posthog(Client):
    """The other name."""


def _unreachable(*_: Any, **__: Any) -> Any:
    msg = "nothing is patched in place of the network"
    raise OSError(msg)


def _accepted(*_: Any, **__: Any) -> None:
    """Accept a batch."""


@contextmanager
def _messages(level: int = logging.DEBUG) -> Iterator[io.StringIO]:
    """Do as posthog-python's helper of this name, for the log of the shim."""
    logger, stream = logging.getLogger("flagengine"), io.StringIO()
    handler, before = logging.StreamHandler(stream), logger.level
    logger.addHandler(handler)
    logger.setLevel(level)
    try:
        yield stream
    finally:
        logger.removeHandler(handler)
        logger.setLevel(before)


def install() -> None:
    """Put the modules where the rewritten tests import them."""
    root = _Root(NAME)
    object.__setattr__(root, "__path__", [])
    root.__dict__.update(Client=Client, Posthog=Posthog)
    sys.modules[NAME] = root
    shared_client.Client = Client  # type: ignore[misc] # the default client is one of these, too
    functions = {"flags": _unreachable, "get": _unreachable, "remote_config": _unreachable}
    for module in (
        _Module(
            "client", {"Client": Client, "batch_post": _accepted, "Poller": object, **functions}
        ),
        _Module("consumer", {"batch_post": _accepted}),
        _Module(
            "async_client", {"AsyncPosthog": shim.AsyncPosthog, "AsyncClient": shim.AsyncClient}
        ),
        _Module("contexts", {}, sys.modules[f"{shim.__name__}.contexts"]),
        _Module("feature_flags", _CLEARED, sys.modules[f"{shim.__name__}.feature_flags"]),
        _Module(
            "feature_flag_evaluations", {"FeatureFlagEvaluations": shim.FeatureFlagEvaluations}
        ),
        _Module("request", {}, requests_there),
        _Module("types", {}, types, types_there),
        _Module("capture_compression", {"CaptureCompression": shim.CaptureCompression}),
        _Module("capture_mode", {"CaptureMode": shim.CaptureMode}),
        _Module("flag_definition_cache", {}, sys.modules[f"{shim.__name__}.flag_definition_cache"]),
        _Module("utils", {}),
        _Module("test", {}),
        _Module("test.test_utils", {"FAKE_TEST_API_KEY": "random_key"}),
        _Module("test.logging_helpers", {"capture_message_only_logs": _messages}),
        _Module("version", {"VERSION": shim.VERSION}),
    ):
        sys.modules[module.__name__] = module
