"""``adopt``: whom it takes, what it puts in place, and how it is undone."""

from __future__ import annotations

import sys
from types import MethodType, ModuleType
from typing import TYPE_CHECKING, Any, Final, Self

from flagengine import Snapshot

if TYPE_CHECKING:
    from posthog.client import Client

__all__ = ["SUPPORTED_VERSIONS", "Adoption", "AdoptionError", "adopt"]

SUPPORTED_VERSIONS: Final = ("7.91.1",)
"""The versions of posthog-python that ``adopt`` is tested with."""

_MARK: Final = "_flagengine_adoption"
"""Where an adopted client has its handle."""


class AdoptionError(RuntimeError):
    """The client cannot be adopted: another version of posthog, or other code has changed the client."""


class Adoption:
    """An adopted client. As a context manager, it releases the client at the end of the block."""

    def __init__(self, client: Client) -> None:
        """Make a handle that is not in place yet; use :func:`adopt`."""
        from .methods import REPLACED, LocalEvaluation  # noqa: PLC0415 - needs posthog

        self._client = client
        self._evaluation = LocalEvaluation(client)
        self._methods = {
            name: MethodType(method, self._evaluation) for name, method in REPLACED.items()
        }

    @property
    def client(self) -> Client:
        """The adopted client."""
        return self._client

    @property
    def is_active(self) -> bool:
        """Whether the engine evaluates for the client: True until :meth:`release`."""
        return vars(self._client).get(_MARK) is self

    @property
    def snapshot(self) -> Snapshot:
        """The client's current definitions, for ``explain`` and ``requirements``; empty if none are loaded."""
        from .publications import adopted_from  # noqa: PLC0415 - needs posthog

        return adopted_from(self._evaluation.definitions()).snapshot

    def release(self) -> None:
        """Give the client its own evaluation back, and remove whatever :func:`adopt` has put there.

        Calls that are running end with the engine's answers. A second release does nothing.
        """
        self._remove_from(self._client)

    def _remove_from(self, client: Client) -> None:
        """Release the client or a copy of it, if this handle is there."""
        own = vars(client)
        if own.get(_MARK) is not self:
            return
        for name, method in self._methods.items():
            if own.get(name) is method:
                del own[name]
        own.pop(_MARK, None)

    def _install(self) -> None:
        vars(self._client).update(self._methods)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.release()

    def __repr__(self) -> str:
        state = "active" if self.is_active else "released"
        return f"<Adoption of {type(self._client).__name__}, {state}>"


def adopt(posthog_client: Client) -> Adoption:
    """Let the engine compute the local flags of a ``posthog.Posthog`` client of the official SDK.

    From now on every call of this client that evaluates flags by loaded definitions has the engine's answer.
    What the client does beside it stays: how it loads definitions, when it asks the server, its caches,
    contexts and events. A flag that the engine leaves unresolved goes to the server. Adopting a client
    again returns the same handle. Clients that share nothing with this one, such as another default client
    of the module ``posthog``, are not affected.

    Raises:
        TypeError: ``posthog_client`` is no ``posthog.Posthog`` object.
        AdoptionError: the installed version of posthog is none of :data:`SUPPORTED_VERSIONS`, or a method
            that ``adopt`` replaces was replaced already, by a subclass or a mock.
    """
    _check_type(posthog_client)
    _check_version()
    own = vars(posthog_client)
    adopted = own.get(_MARK)
    if isinstance(adopted, Adoption):
        if adopted.client is posthog_client:
            return adopted
        adopted._remove_from(posthog_client)  # a copy of an adopted client
    _check_methods(posthog_client)
    handle = Adoption(posthog_client)
    known: Adoption = own.setdefault(_MARK, handle)  # another thread may have been faster
    if known is handle:
        handle._install()
    return known


def _check_type(client: object) -> None:
    module = sys.modules.get("posthog.client")
    if module is None or not issubclass(type(client), module.Client):
        raise TypeError(f"adopt() needs a posthog.Posthog object, got {_described(client)}")


def _described(client: object) -> str:
    """Return what was given instead of a client, and what to give."""
    if isinstance(client, ModuleType) and client.__name__ == "posthog":
        return "the module posthog; its default client is posthog.setup()"
    if isinstance(client, type):
        return f"the class {client.__name__}; make an object of it first"
    home, name = type(client).__module__, type(client).__name__
    if home == "posthog.async_client":
        return f"{name}, which evaluates no flag locally; use flagengine.transports.AsyncClient"
    if home.startswith("flagengine."):
        return f"flagengine's own {name}, which uses the engine already"
    return name


def _check_version() -> None:
    version = sys.modules["posthog.version"].VERSION
    if version not in SUPPORTED_VERSIONS:
        known = ", ".join(SUPPORTED_VERSIONS)
        raise AdoptionError(
            f"adopt() replaces private methods of posthog, and is tested with {known}, not {version}; "
            f"install posthog=={SUPPORTED_VERSIONS[-1]}, or change the import to flagengine.transports.posthog"
        )


def _check_methods(client: Any) -> None:
    from posthog.client import Client  # noqa: PLC0415 - the caller has posthog

    from .methods import REPLACED  # noqa: PLC0415 - needs posthog

    for name in REPLACED:
        if name in vars(client) or getattr(type(client), name) is not getattr(Client, name):
            raise AdoptionError(
                f"adopt() must replace {name}, which something else has replaced in this "
                f"{type(client).__name__} already: a subclass, a mock or another tool"
            )
