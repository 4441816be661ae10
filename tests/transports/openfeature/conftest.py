"""A fixture that registers providers with OpenFeature's SDK and removes them again."""

from __future__ import annotations

import pytest


@pytest.fixture
def use():
    """Register a provider; return OpenFeature's client."""

    api = pytest.importorskip("openfeature.api", reason="needs the extra `openfeature`")

    def register(provider):
        api.set_provider_and_wait(provider)
        return api.get_client()

    yield register
    api.shutdown()
    api.clear_providers()
