"""The names of posthog-python: the tables here are those of its source."""

from __future__ import annotations

import inspect
from typing import Any

import pytest

import flagengine.transports.posthog as shim
from flagengine.transports.client.option_types import ClientOptions
from flagengine.transports.posthog.missing import OF_CLIENTS, OF_THE_MODULE
from flagengine.transports.posthog.names import ASYNC_POSITIONS, OPTIONS, POSITIONS
from flagengine.transports.posthog.option_types import PosthogOptions

posthog: Any = pytest.importorskip(
    "posthog", reason="needs posthog-python, of the group `differential`"
)

pytestmark = pytest.mark.contract("setup")


def _parameters(kind: type) -> tuple[str, ...]:
    return tuple(inspect.signature(kind).parameters)


def _functions(module: Any) -> dict[str, Any]:
    return {
        name: found
        for name, found in vars(module).items()
        if inspect.isfunction(found) and not name.startswith(("_", "inner_", "watch_"))
    }


def test_every_option_of_the_constructor_is_in_the_table_in_its_order():
    assert _parameters(posthog.Posthog) == POSITIONS
    assert len(OPTIONS) == 53


def test_the_positions_of_the_asynchronous_client_are_its_own():
    assert _parameters(posthog.AsyncPosthog) == ASYNC_POSITIONS


def test_every_option_has_a_type():
    typed = PosthogOptions.__annotations__.keys() | {"host"}
    assert {each.old for each in OPTIONS} <= typed
    assert ClientOptions.__annotations__.keys() <= typed


def test_every_new_name_is_an_option_here():
    known = ClientOptions.__annotations__.keys() | {"api_key", "host"}
    assert {each.new for each in OPTIONS if each.new} <= known


def test_every_public_function_of_the_module_is_there():
    there = _functions(posthog)
    missing = there.keys() - _functions(shim).keys()
    # The package's own imports from its modules, under another name.
    assert missing == set()
    assert len(there) == 40


@pytest.mark.parametrize("name", sorted(_functions(posthog)))
def test_a_function_takes_the_arguments_of_posthog_python_in_their_order(name):
    there = inspect.signature(getattr(posthog, name)).parameters.values()
    here = inspect.signature(getattr(shim, name)).parameters.values()
    shape = [(each.name, each.kind) for each in there]
    found = [(each.name, each.kind) for each in here]
    if name == "capture_exception":
        # Here the keywords are named by a TypedDict, too.
        assert [kind for _, kind in found] == [kind for _, kind in shape]
        return
    # The value of a tag may be positional under either name.
    assert [(n.replace("key", "name") if name == "tag" else n, k) for n, k in found] == shape


def test_every_setting_of_the_module_is_there():
    there = {
        name
        for name, value in vars(posthog).items()
        if not name.startswith("__")
        and not callable(value)
        and not inspect.ismodule(value)
        and name.islower()
    }
    assert there - vars(shim).keys() == set()


def test_every_other_name_is_there_or_its_message_says_what_to_use():
    for name, value in vars(posthog).items():
        if name.startswith(("_", "inner_")) or inspect.ismodule(value):
            continue
        if getattr(value, "__module__", "").startswith("typing") and name[0].isupper():
            continue  # Any, Dict and other names that the package imports
        if not hasattr(shim, name):
            assert name in OF_THE_MODULE, name


@pytest.mark.parametrize(
    ("theirs", "ours"), [("Posthog", shim.Posthog), ("AsyncPosthog", shim.AsyncPosthog)]
)
def test_every_method_and_attribute_of_the_clients_is_there_or_named(theirs, ours):
    kind = getattr(posthog, theirs)
    public = {name for base in kind.__mro__[:-1] for name in vars(base) if name[0] != "_"}
    lacking = {name for name in public if not hasattr(ours, name)} - {"log"}
    assert lacking <= OF_CLIENTS.keys()


@pytest.mark.parametrize("name", ["FeatureFlagResult", "FeatureFlagEvaluations"])
def test_what_the_methods_return_has_the_methods_of_posthog_python(name):
    there = {each for each in vars(getattr(posthog, name)) if not each.startswith("_")}
    lacking = {each for each in there if not hasattr(getattr(shim, name), each)}
    # It takes a record of posthog-python's own.
    assert lacking <= {"from_flag_details"}


@pytest.mark.parametrize(
    "name",
    ["CaptureMode", "CaptureCompression", "FeatureFlagEvaluationRuntime", "UnresolvedFlagReason"],
)
def test_an_enumeration_has_the_members_of_posthog_python(name):
    there = {each.name: each.value for each in getattr(posthog, name)}
    here = {each.name: each.value for each in getattr(shim, name)}
    assert there.items() <= here.items()
