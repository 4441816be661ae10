"""The attributes of posthog-python's clients: those that may be set at any time, and the others."""

from __future__ import annotations

import os
from collections.abc import Collection, Mapping
from dataclasses import replace
from typing import Any, NoReturn

from ..client.ai import prepare_ai_properties
from ..client.lifecycle import debug as set_debug_logging
from ..client.shared import SharedVerbs
from ..http.hosts import base_url
from ..option_values.quantities import read_boolean
from .definitions import AssignedDefinitions
from .options import Given
from .read_only import ReadOnly, fixed

__all__ = ["PosthogAttributes"]


class PosthogAttributes(SharedVerbs):
    """The attributes of ``Posthog`` and ``AsyncPosthog``."""

    api_key: ReadOnly[str] = ReadOnly(lambda options: options.project_key)
    host: ReadOnly[str] = ReadOnly(lambda options: base_url(options.host))
    secret_key: ReadOnly[str | None] = ReadOnly(lambda options: options.secret or None)
    personal_api_key: ReadOnly[str | None] = ReadOnly(lambda options: options.secret or None)
    sync_mode: ReadOnly[bool] = ReadOnly(lambda options: options.sync_mode)
    timeout: ReadOnly[float] = ReadOnly(lambda options: options.request_timeout)
    max_retries: ReadOnly[int] = ReadOnly(lambda options: options.max_retries)
    poll_interval: ReadOnly[float] = ReadOnly(lambda options: options.poll_interval)
    historical_migration: ReadOnly[bool] = ReadOnly(lambda options: options.historical_migration)
    disable_geoip: ReadOnly[bool] = ReadOnly(lambda options: options.disable_geoip)
    is_server: ReadOnly[bool] = ReadOnly(lambda options: options.is_server)
    super_properties: ReadOnly[Mapping[str, Any]] = ReadOnly(
        lambda options: options.super_properties
    )
    project_root: ReadOnly[str | os.PathLike[str] | None] = ReadOnly(
        lambda options: options.project_root
    )
    in_app_modules: ReadOnly[Collection[str] | str] = ReadOnly(
        lambda options: options.in_app_modules
    )
    enable_local_evaluation: ReadOnly[bool] = ReadOnly(
        lambda options: options.enable_local_evaluation
    )
    enable_exception_autocapture: ReadOnly[bool] = ReadOnly(
        lambda options: options.enable_exception_autocapture
    )
    capture_exception_code_variables: ReadOnly[bool] = ReadOnly(
        lambda options: options.capture_exception_code_variables
    )

    def _begin(self, given: Given) -> None:
        """Take over what the constructor was given besides the options of ``Client``."""
        options, reporting = self.components.options, self.components.exceptions
        self._assigned = AssignedDefinitions(self.components)
        self._debug = False
        self._sends = given.sends
        self._privacy_mode = options.privacy_mode
        self._full_ai_capture = options.enable_full_ai_capture
        if given.code_variables is not None:
            reporting.settings = replace(reporting.settings, code_variables=given.code_variables)
        if given.debug:
            self.debug = True
        if given.disabled:
            self.disabled = True

    @property
    def send(self) -> bool:
        """Whether events are sent; ``send=False`` is an option of the constructor."""
        return self._sends

    @send.setter
    def send(self, _value: bool) -> NoReturn:
        raise fixed(type(self), "send")

    @property
    def disabled(self) -> bool:
        """Whether the client does nothing; also True without a key. It may be set at any time."""
        components = self.components
        return not components.options.is_usable or components.status.is_disabled

    @disabled.setter
    def disabled(self, value: bool) -> None:
        self.components.status.disable(read_boolean("disabled", value))

    # In ``Client`` it is a method, to which a program may also assign.
    @property  # type: ignore[override]
    def debug(self) -> bool:
        """Whether debug logging is on; it may be set at any time."""
        return self._debug

    @debug.setter
    def debug(self, value: bool) -> None:
        self._debug = read_boolean("debug", value)
        set_debug_logging(self, self._debug)

    @property
    def privacy_mode(self) -> bool:
        """Whether ``prepare_ai_properties`` leaves the content out; it may be set at any time."""
        return self._privacy_mode

    @privacy_mode.setter
    def privacy_mode(self, value: bool) -> None:
        self._privacy_mode = read_boolean("privacy_mode", value)

    @property
    def enable_full_ai_capture(self) -> bool:
        """Whether ``prepare_ai_properties`` keeps everything; it may be set at any time."""
        return self._full_ai_capture

    @enable_full_ai_capture.setter
    def enable_full_ai_capture(self, value: bool) -> None:
        self._full_ai_capture = read_boolean("enable_full_ai_capture", value)

    def prepare_ai_properties(self, properties: Mapping[str, Any]) -> dict[str, Any]:
        """Return the properties for ``capture_ai``, shortened as the two attributes above say."""
        return prepare_ai_properties(
            properties, full=self._full_ai_capture, privacy=self._privacy_mode
        )

    # Definitions.

    @property
    def feature_flags(self) -> list[dict[str, Any]] | None:
        """The loaded definitions of the flags; None before any are loaded.

        Assigned definitions are used from then on, and none are loaded any more.
        """
        return self.feature_flag_definitions()

    @feature_flags.setter
    def feature_flags(self, definitions: list[dict[str, Any]] | None) -> None:
        self._assigned.assign("flags", definitions or [])

    @property
    def feature_flags_by_key(self) -> dict[str, dict[str, Any]] | None:
        """The loaded definitions by the flags' keys; None before any are loaded."""
        found = self.feature_flags
        return None if found is None else {each["key"]: each for each in found if _has_key(each)}

    @property
    def group_type_mapping(self) -> dict[str, str]:
        """The names of the group types by their index, which may be assigned like ``feature_flags``."""
        return _part(self._assigned.document, "group_type_mapping")

    @group_type_mapping.setter
    def group_type_mapping(self, names: dict[str, str] | None) -> None:
        self._assigned.assign("group_type_mapping", _mapping("group_type_mapping", names))

    @property
    def cohorts(self) -> dict[str, Any]:
        """The definitions of cohorts by id, which may be assigned like ``feature_flags``."""
        return _part(self._assigned.document, "cohorts")

    @cohorts.setter
    def cohorts(self, definitions: dict[str, Any] | None) -> None:
        self._assigned.assign("cohorts", _mapping("cohorts", definitions))


def _has_key(flag: object) -> bool:
    """Return whether a flag is an object with a key, which the definitions may lack."""
    return isinstance(flag, dict) and isinstance(flag.get("key"), str)


def _part(document: Mapping[str, Any], name: str) -> dict[str, Any]:
    """Return a copy of a part of the definitions; an empty dict if it is missing or no object."""
    found = document.get(name)
    return dict(found) if isinstance(found, Mapping) else {}


def _mapping(name: str, given: object) -> Mapping[str, Any]:
    if given is not None and not isinstance(given, Mapping):
        msg = f"{name} must be a mapping, got {type(given).__name__}"
        raise TypeError(msg)
    return given or {}
