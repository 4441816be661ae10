"""A posthog client without threads and network, whose events and requests are kept."""

import copy
from unittest import mock

import pytest

from tests.transports.posthog.adoption.documents import document


class Server:
    """What the client asks the server: flags of people, and definitions."""

    def __init__(self):
        self.flags = {}
        self.flag_requests = []
        self.document = document()

    def answer(self, *_, **request):
        from posthog.types import normalize_flags_response  # noqa: PLC0415 - may be missing

        self.flag_requests.append(request)
        return normalize_flags_response(copy.deepcopy({"flags": self.flags, "requestId": "r1"}))

    def definitions(self, *_, **__):
        from posthog.request import GetResponse  # noqa: PLC0415 - may be missing

        return GetResponse(data=copy.deepcopy(self.document), etag=None, not_modified=False)


@pytest.fixture
def server():
    server = Server()
    with (
        mock.patch("posthog.client.flags", side_effect=server.answer),
        mock.patch("posthog.client.get", side_effect=server.definitions),
    ):
        yield server


@pytest.fixture
def events():
    return []


@pytest.fixture
def client(server, events):
    from posthog.client import Client  # noqa: PLC0415 - may be missing

    def keep(event):
        events.append(event)

    client = Client(
        "phc_test",
        secret_key="phs_test",
        send=False,
        enable_local_evaluation=False,
        before_send=keep,
        flag_fallback_cache_url="memory://local/?ttl=60&size=100",
    )
    client.load_feature_flags()
    yield client
    client.shutdown()
