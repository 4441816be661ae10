"""``Posthog``: this client with the constructor, the methods and the attributes of posthog-python's.

Everything of ``flagengine.transports.Client`` is there as well.
"""

from __future__ import annotations

import logging
from collections.abc import Iterable
from typing import Any, Unpack

from ..client.client import Client as FlagengineClient
from ..client.fetch import remote_config_as_sent
from ..client.flag_reads import ReadOptions
from ..client.flags import FlagValue
from ..client.verbs import blocking
from ..flags.query import FlagOptions
from .types import FeatureFlagResult, FlagsAndPayloads, payload_text
from .verbs import PosthogVerbs

__all__ = ["Client", "Posthog"]

logger: logging.Logger = logging.getLogger("flagengine.client")

_remote_config = blocking(remote_config_as_sent)


class Client(PosthogVerbs, FlagengineClient):
    """A client with posthog-python's names. Thread-safe; make one and keep it.

    Args:
        api_key: the project key, first as in posthog-python; ``project_api_key=`` by name.
        host: the base URL; None: PostHog's US cloud.
        positional: further options in posthog-python's order.
        options: the options of posthog-python and of this client. docs/posthog-names.md says what
            each means; one without effect is named in a warning.

    >>> with Client("phc_x", send=False, disabled=True) as client:
    ...     client.capture("signed up", distinct_id="user-1"), client.disabled
    (None, True)

    Raises:
        TypeError: an unknown option, or one of the wrong type.
        ValueError: a value makes no sense.
    """

    def flush(  # type: ignore[override]
        self, timeout_seconds: float | None = 10, *, timeout: float | None = None
    ) -> bool:
        """Try once to send all queued events; return whether all went well.

        ``timeout_seconds``, or ``timeout``, is the maximum time in seconds; None: no limit.
        """
        return super().flush(timeout_seconds if timeout is None else timeout)

    def join(self) -> None:
        """Deliver what is queued and stop, as ``shutdown`` does."""
        self.shutdown()

    def load_feature_flags(self) -> None:
        """Load the definitions now; log a warning without a secret key."""
        if self.components.loader is None and not self.disabled:
            logger.warning("load_feature_flags() needs a secret_key; no definitions are loaded")
        self.reload_feature_flags()

    def get_feature_flag_result(
        self, key: str, distinct_id: object = None, **options: Unpack[ReadOptions]
    ) -> FeatureFlagResult | None:
        """Return value, payload and reason together; None if the flag is unknown."""
        found = super().get_feature_flag_result(key, distinct_id, **options)
        return None if found is None else FeatureFlagResult.of(found)

    def get_all_flags_and_payloads(  # type: ignore[override]
        self,
        distinct_id: object = None,
        *,
        flag_keys: Iterable[str] | None = None,
        flag_keys_to_evaluate: Iterable[str] | None = None,
        **options: Unpack[FlagOptions],
    ) -> FlagsAndPayloads:
        """Return the values, and the payloads as JSON text, in posthog-python's form; send no event."""
        wanted = flag_keys_to_evaluate if flag_keys is None else flag_keys
        found = self.evaluate_flags(distinct_id, flag_keys=wanted, **options).flags
        values = {key: each.own_value for key, each in found.items()}
        return {"featureFlags": values, "featureFlagPayloads": payload_text(found)}

    def get_remote_config_payload(self, key: str) -> Any:  # type: ignore[override]
        """Return the payload of a remote config flag as the server sends it: often JSON text.

        None if it cannot be fetched. It needs a secret key.
        """
        return _remote_config(self, key)

    def get_feature_variants(
        self,
        distinct_id: object,
        groups: dict[str, Any] | None = None,
        person_properties: dict[str, Any] | None = None,
        group_properties: dict[str, dict[str, Any]] | None = None,
        disable_geoip: bool | None = None,
        flag_keys_to_evaluate: Iterable[str] | None = None,
        device_id: str | None = None,
    ) -> dict[str, FlagValue | None]:
        """Return the values of the flags, as ``get_all_flags``; local flags are decided locally."""
        return self.get_all_flags(
            distinct_id,
            groups=groups,
            person_properties=person_properties,
            group_properties=group_properties,
            disable_geoip=disable_geoip,
            flag_keys=flag_keys_to_evaluate,
            device_id=device_id,
        )

    def get_feature_payloads(
        self,
        distinct_id: object,
        groups: dict[str, Any] | None = None,
        person_properties: dict[str, Any] | None = None,
        group_properties: dict[str, dict[str, Any]] | None = None,
        disable_geoip: bool | None = None,
        flag_keys_to_evaluate: Iterable[str] | None = None,
        device_id: str | None = None,
    ) -> dict[str, str]:
        """Return the payloads as JSON text, as ``get_all_flags_and_payloads``."""
        return self.get_all_flags_and_payloads(
            distinct_id,
            groups=groups,
            person_properties=person_properties,
            group_properties=group_properties,
            disable_geoip=disable_geoip,
            flag_keys=flag_keys_to_evaluate,
            device_id=device_id,
        )["featureFlagPayloads"]


class Posthog(Client):
    """The name of ``Client`` that posthog-python's documentation uses."""
