"""The base of both clients: construction, and a list of the methods that do no I/O.

The functions are defined in the imported modules.
"""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Any, ClassVar, Unpack

from flagengine import Snapshot

from ..exceptions import ReportingPolicy
from . import capture as _capture
from . import contexts as _contexts
from . import definitions as _definitions
from . import exceptions as _exceptions
from . import explaining as _explaining
from . import identity as _identity
from . import lifecycle as _lifecycle
from . import overrides as _overrides
from . import privacy as _privacy
from . import stored_properties as _properties
from .assembly import assemble
from .attributes import CheckedAttributes, SettableDebug
from .components import Components
from .many_clients import note_client
from .option_types import ClientOptions
from .options import Options, read_options

if TYPE_CHECKING:
    from .signatures import SharedMethods
else:
    SharedMethods = object

__all__ = ["SharedVerbs"]

logger: logging.Logger = logging.getLogger("flagengine.client")


class SharedVerbs(CheckedAttributes, SharedMethods):
    """The base of ``Client`` and ``AsyncClient``."""

    _blocks: ClassVar[bool]

    def __init__(
        self,
        api_key: str | Options | None = None,
        host: str | None = None,
        **options: Unpack[ClientOptions],
    ) -> None:
        self._start(read_options(api_key, options, host))

    def _start(self, options: Options) -> None:
        self.components: Components = assemble(options, blocks=self._blocks)
        if not options.is_usable and not options.disabled:
            forced = self.components.evaluator.layers.of_client
            does = "has only the development overrides" if forced else "does nothing"
            logger.error("no api_key: this client %s", does)
        for sentence in options.without_effect:
            logger.warning("%s", sentence)
        if options.debug:
            self.debug()
        if options.is_usable:
            note_client(self.components)
        self.components.exceptions.install()

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self.components.user_agent}>"

    def __reduce_ex__(self, _protocol: object) -> Any:
        """Refuse to be copied and pickled: threads, connections and queued events stay here."""
        msg = (
            f"{type(self).__name__} cannot be copied or pickled: pass the same client on,"
            " or make one in each process from the same Options"
        )
        raise TypeError(msg)

    @property
    def snapshot(self) -> Snapshot | None:
        """The definitions in use, for the functions of ``flagengine``; None before any are loaded.

        The first access starts loading. A snapshot never changes: the next definitions are another one.
        It has no overrides of the client or of blocks; pass them to the functions if need be.
        """
        return _explaining.loaded_snapshot(self.components)

    @property
    def exception_policy(self) -> ReportingPolicy:
        """Which exceptions are failures; the middleware and other automatic capture ask it."""
        return self.components.exceptions.policy

    debug: SettableDebug = SettableDebug(_lifecycle.debug)

    if not TYPE_CHECKING:  # for type checkers, the methods are in ``signatures``
        # Events.
        capture = _capture.capture
        capture_ai = _capture.capture_ai
        prepare_ai_properties = _capture.prepare_ai_properties
        capture_exception = _exceptions.capture_exception
        prepare_event_message = _capture.prepare_event_message

        # People and groups.
        alias = _identity.alias
        identify = _identity.identify
        group_identify = _identity.group_identify
        set = _identity.set_properties
        set_once = _identity.set_once
        set_person_properties = _identity.set_person_properties
        unset_person_properties = _identity.unset_person_properties
        get_distinct_id = _identity.get_distinct_id

        # Flags.
        override_feature_flags = _overrides.override_feature_flags
        overridden_flags = _overrides.overridden_flags

        # Definitions.
        is_local_evaluation_ready = _definitions.is_local_evaluation_ready
        definitions_health = _definitions.definitions_health
        feature_flag_definitions = _definitions.feature_flag_definitions
        get_feature_flag_evaluation_runtime = _definitions.get_feature_flag_evaluation_runtime
        get_feature_flag_keys_by_evaluation_runtime = (
            _definitions.get_feature_flag_keys_by_evaluation_runtime
        )

        # Stored properties.
        register = _properties.register
        unregister = _properties.unregister
        get_persisted_property = _properties.get_persisted_property
        set_persisted_property = _properties.set_persisted_property
        set_person_properties_for_flags = _properties.set_person_properties_for_flags
        reset_person_properties_for_flags = _properties.reset_person_properties_for_flags
        set_group_properties_for_flags = _properties.set_group_properties_for_flags
        reset_group_properties_for_flags = _properties.reset_group_properties_for_flags

        # Contexts.
        context = _contexts.context
        new_context = _contexts.context
        scoped = _contexts.context
        request_context = _contexts.request_context
        with_context = _contexts.with_context
        get_context = _contexts.get_context
        enter_context = _contexts.enter_context
        exit_context = _contexts.exit_context
        tag = _contexts.tag
        identify_context = _contexts.identify_context
        set_context_session = _contexts.set_context_session
        set_context_device = _contexts.set_context_device

        # Privacy.
        opt_in = _privacy.opt_in
        opt_out = _privacy.opt_out
        enable = _privacy.enable
        disable = _privacy.disable
        is_opted_out = _privacy.is_opted_out
        reset = _privacy.reset

        # The client.
        tick = _lifecycle.tick
        on = _lifecycle.on
        pending_count = _lifecycle.pending_count
        counters = _lifecycle.counters
        get_library_id = _lifecycle.get_library_id
        get_library_version = _lifecycle.get_library_version
        get_custom_user_agent = _lifecycle.get_custom_user_agent
