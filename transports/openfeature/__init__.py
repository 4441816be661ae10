"""The client as a provider for OpenFeature's SDK; needs the extra ``openfeature``.

>>> from openfeature import api
>>> api.set_provider(FlagengineProvider(client))  # doctest: +SKIP
"""

from ..extras import extra_for

with extra_for("the OpenFeature provider"):
    from .provider import FlagClient, FlagengineProvider

__all__ = ["FlagClient", "FlagengineProvider"]
