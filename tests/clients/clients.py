"""The clients: which cases each can say, what reaches the server then, and what the client says of an answer."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from flagengine import Resolution
from tests.clients import wire
from tests.clients.cases import OF_SERVER, Case

__all__ = ["CLIENTS", "LOCAL", "Client"]

_ALWAYS: Final = {"distinct_id", *OF_SERVER, "missing_group"}
_PERSON: Final = {"person_properties"}
_GROUPS: Final = {"groups", "group_properties"}
_SAID: Final[Mapping[str, str]] = {
    "person_properties": "properties of a person",
    "groups": "groups",
    "group_properties": "properties of groups",
    "device_id": "a device id",
    "evaluation_contexts": "the contexts that it runs in",
    "evaluation_runtime": "another runtime than its own",
}
_ABSENT: Final = {"value": None, "payload": None}


@dataclass(frozen=True, kw_only=True)
class Client:
    """A client with one way of asking.

    Attributes:
        driver: the name of its driver.
        label: what tables call it, without its version.
        speaks: the path that it asks.
        says: the members of a case's context that its interface has.
        effective: returns the case as it reaches the server: with what the client adds and leaves out.
        runtime: the runtime that it says it has.
        is_typed: whether it asks for the shape of answers that has values of every type.
        needs_text: whether a distinct id must be text, and not empty.
        is_binary64: whether it has JavaScript's numbers.
        keeps_text: whether it gives a payload that is no JSON as text; else it gives none.
        deepest: the levels of nesting that it can send; None: no limit.
        trims_keys: whether it cuts a flag's key at its first dot.
        failed: what it says of a flag that has no answer.
        seen: returns what it says of a flag with a resolution; by default its value and its payload.
        has_device: whether it always sends a device id, its own if it is given none.
        is_local: whether it evaluates itself.
    """

    driver: str
    label: str
    speaks: str
    says: frozenset[str]
    effective: Callable[[Case], Case] = lambda case: case
    runtime: str | None = None
    is_typed: bool = False
    needs_text: bool = True
    is_binary64: bool = False
    keeps_text: bool = True
    deepest: int | None = None
    trims_keys: bool = False
    failed: Any = None
    seen: Callable[[Client, Resolution], dict[str, Any]] | None = None
    has_device: bool = False
    is_local: bool = False

    @property
    def name(self) -> str:
        """What tests call it."""
        return f"{self.driver}, local" if self.is_local else self.driver

    def why_not(self, case: Case) -> str | None:
        """Return why the client cannot be asked for a case; None if it can."""
        return wire.cannot_say(case) or next(self._unsayable(case), None)

    def _unsayable(self, case: Case) -> Iterator[str]:
        unsaid = [name for name in case.context if name not in {*_ALWAYS, *self.says}]
        if unsaid and (unsaid[0], case.context[unsaid[0]]) != ("evaluation_runtime", self.runtime):
            yield f"it cannot say {_SAID[unsaid[0]]}"
        distinct_id = case.context["distinct_id"]
        if self.needs_text and not (isinstance(distinct_id, str) and distinct_id.strip()):
            yield "it refuses distinct ids that are empty or no text"
        if self.is_binary64 and "exact-numbers" in case.needs:
            yield "it has JavaScript's numbers, which round, and write 1.0 as 1"
        device_id = case.context.get("device_id")
        if self.has_device and "devices" in case.needs and not isinstance(device_id or None, str):
            yield "it always sends a device id, and only text"
        if self.deepest is not None and _depth(case.context) > self.deepest:
            yield f"it sends no JSON with more than {self.deepest} levels"
        if self.trims_keys and "." in case.key:
            yield "it cuts the keys of flags at their first dot"
        if not self.is_typed and "rules" in case.needs:
            yield "it asks for shapes that have no flags of format 2"
        if self.is_local:
            yield from _undecidable(case)

    def question(self, case: Case, url: str) -> dict[str, Any]:
        """Return what the driver is asked."""
        said = {name: value for name, value in case.context.items() if name in self.says}
        return {
            "url": url,
            "project_key": case.project_key,
            "secret_key": case.project_key.replace("phc_", "phs_", 1),
            "flag_key": case.key,
            "distinct_id": case.context["distinct_id"],
            **said,
        }

    def wanted(self, case: Case) -> dict[str, Any]:
        """Return what the client must say of the case's flag."""
        reached = self.effective(case)
        if self.runtime is not None:
            reached = reached.with_context(evaluation_runtime=self.runtime)
        resolution = reached.resolution
        path = "/flags?v=4" if self.is_typed else "/flags?v=2"
        if resolution is None or wire.SHAPES[path][1](resolution) is None:
            return _ABSENT
        if wire.is_failed(resolution):
            return {**_ABSENT, "value": self.failed}
        return (self.seen or Client.plainly)(self, resolution)

    def plainly(self, resolution: Resolution) -> dict[str, Any]:
        """Return the value, and the payload as JSON."""
        return {"value": resolution.value, "payload": self.parsed(resolution.raw_payload)}

    def parsed(self, text: Any) -> Any:
        """Return the value of JSON text, as the client parses it: strictly, so without NaN."""
        if not isinstance(text, str):
            return text
        try:
            return json.loads(text, parse_constant=_refused)
        except ValueError:
            return text if self.keeps_text else None


def _undecidable(case: Case) -> Iterator[str]:
    if OF_SERVER & case.context.keys():
        yield "it has no such option, or no settable clock"
    if case.may_hang:
        yield "it may never answer"


def _refused(name: str) -> Any:
    raise ValueError(name)


def _depth(value: Any) -> int:
    """Return the levels of lists and objects, counted without recursion."""
    level, depth = [value], 0
    while level:
        inner = [each for each in level if isinstance(each, dict | list)]
        level = [
            part for each in inner for part in (each.values() if isinstance(each, dict) else each)
        ]
        depth += bool(inner)
    return depth


# What the clients add and leave out.


def _known_groups(case: Case) -> Case:
    """Leave out the properties of groups that are not named, as the server SDKs do."""
    groups = case.context.get("groups", {})
    found = case.context.get("group_properties")
    if found is None:
        return case
    return case.with_context(group_properties={name: found.get(name, {}) for name in groups})


def _seen_by_python(client: Client, resolution: Resolution) -> dict[str, Any]:
    """A number or an object is the payload of a flag that is on; no text is no variant."""
    value = resolution.value
    if value is None or isinstance(value, bool):
        return {"value": bool(value), "payload": client.parsed(resolution.raw_payload)}
    if isinstance(value, str):
        return {"value": value or True, "payload": client.parsed(resolution.raw_payload)}
    return {"value": True, "payload": value}


def _seen_without_empty_payloads(client: Client, resolution: Resolution) -> dict[str, Any]:
    return {"value": resolution.value, "payload": client.parsed(resolution.raw_payload or None)}


def _seen_by_flags_sdk(client: Client, resolution: Resolution) -> dict[str, Any]:
    """A payload that JavaScript takes for false is none."""
    payload = client.parsed(resolution.raw_payload)
    is_false = payload is None or payload is False or payload in ("", 0)
    return {"value": resolution.value, "payload": None if is_false else payload}


_BROWSER_SDK: Final = frozenset({*_PERSON, *_GROUPS, "device_id"})
_SERVER_SDK: Final = frozenset({*_PERSON, *_GROUPS})

CLIENTS: Final = (
    Client(
        driver="posthog-node",
        label="posthog-node",
        speaks="`/flags/?v=2`",
        says=_SERVER_SDK | {"evaluation_contexts"},
        effective=_known_groups,
        runtime="server",
        is_binary64=True,
        failed=False,
    ),
    Client(
        driver="posthog-python",
        label="posthog-python",
        speaks="`/flags/?v=4`",
        says=_SERVER_SDK | {"device_id"},
        effective=_known_groups,
        runtime="server",
        is_typed=True,
        needs_text=False,
        keeps_text=False,
        seen=_seen_by_python,
    ),
    Client(
        driver="posthog-ruby",
        label="posthog-ruby",
        speaks="`/flags/?v=2`",
        says=_SERVER_SDK,
        effective=_known_groups,
        runtime="server",
        is_binary64=True,
        deepest=96,
        failed=False,
        seen=_seen_without_empty_payloads,
    ),
    Client(
        driver="flags-sdk",
        label="@flags-sdk/posthog",
        speaks="`/decide/?v=4`",
        says=_SERVER_SDK,
        effective=_known_groups,
        runtime="server",
        is_binary64=True,
        trims_keys=True,
        failed=False,
        seen=_seen_by_flags_sdk,
    ),
    Client(
        driver="posthog-js",
        label="posthog-js",
        speaks="`/flags/?v=2`",
        says=_BROWSER_SDK | {"evaluation_contexts"},
        runtime="client",
        is_binary64=True,
        has_device=True,
    ),
    Client(
        driver="posthog-js-1.297",
        label="posthog-js",
        speaks="`/flags/?v=2&config=true`",
        says=_BROWSER_SDK - {"device_id"},
        runtime="client",
        is_binary64=True,
        failed=False,
        seen=_seen_without_empty_payloads,
    ),
    Client(
        driver="posthog-js-1.187",
        label="posthog-js",
        speaks="`/decide/?v=3`",
        says=_BROWSER_SDK - {"device_id"},
        runtime="client",
        is_binary64=True,
        failed=False,
    ),
)
"""The clients that ask the server for flags."""

LOCAL: Final = tuple(
    Client(
        driver=client.driver,
        label=client.label,
        speaks=client.speaks,
        says=client.says - {"evaluation_contexts"},
        is_binary64=client.is_binary64,
        deepest=client.deepest,
        is_local=True,
    )
    for client in CLIENTS[:4]
)
"""The same clients, evaluating definitions that they have polled."""
