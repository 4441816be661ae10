"""The engine in the official client: an existing ``posthog.Posthog`` object evaluates its flags with flagengine.

::

    client = posthog.Posthog("phc_...", secret_key="phs_...")
    adopt(client)

``handle`` has the public part. ``methods`` has what replaces the client's own methods, and
``definitions`` the client's flag definitions in the engine's form. Nothing here sends, loads or stores.
"""

from .handle import Adoption, AdoptionError, adopt

__all__ = ["Adoption", "AdoptionError", "adopt"]
