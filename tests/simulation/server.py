"""The simulated server: what it has taken, its flag definitions, and its limits."""

import gzip
import json

from flagengine.transports.http.base import Request, Response

BATCH_PATHS = ("/batch/", "/i/v1/analytics/events", "/i/v0/ai/batch/")
V1_PATH = "/i/v1/analytics/events"
DEFINITIONS_PATH = "/flags/definitions"
FLAGS_PATH = "/flags/"
FLAG_KEYS = ("alpha", "beta", "gamma")


class Server:
    """A server. Its flags have their version as their value, so a mixture of two is seen."""

    def __init__(self) -> None:
        self.version = 1
        # The number of events above which a batch is answered with 413.
        self.most_events = 0
        # The uuids in the order in which they were first taken.
        self.taken: dict[str, int] = {}

    def take(self, uuids: list[str]) -> None:
        """Take events."""
        for uuid in uuids:
            self.taken[uuid] = self.taken.get(uuid, 0) + 1

    def definitions(self, etag: str | None) -> Response:
        """Answer a request for definitions."""
        current = f'"{self.version}"'
        if etag == current:
            return Response(304, {"ETag": current})
        return Response(200, {"ETag": current}, document(self.version))

    def flags(self, body: dict) -> Response:
        """Answer a request for flags."""
        keys = body.get("flag_keys_to_evaluate") or FLAG_KEYS
        flags = {key: _answer(key, f"v{self.version}") for key in keys if key in FLAG_KEYS}
        answer = {"flags": flags, "errorsWhileComputingFlags": False, "requestId": "r"}
        return Response(200, {}, json.dumps(answer).encode())


def document(version: int) -> bytes:
    """Return the definitions of a version."""
    return json.dumps(
        {"flags": [_flag(number, key, version) for number, key in enumerate(FLAG_KEYS)]}
    ).encode()


def _flag(number: int, key: str, version: int) -> dict:
    variants = [{"key": f"v{version}", "rollout_percentage": 100}]
    filters = {
        "groups": [{"properties": [], "rollout_percentage": 100}],
        "multivariate": {"variants": variants},
    }
    return {"id": number + 1, "key": key, "active": True, "version": version, "filters": filters}


def _answer(key: str, variant: str) -> dict:
    return {
        "key": key,
        "enabled": True,
        "variant": variant,
        "reason": {"code": "condition_match", "condition_index": 0, "description": "matched"},
        "metadata": {"id": 1, "version": 1, "payload": None},
    }


def path_of(request: Request) -> str:
    """Return the path of a request, without the host and the query."""
    path = "/" + request.url.split("://", 1)[-1].partition("/")[2]
    path = path.partition("?")[0]
    return path.removeprefix("/moved")


def body_of(request: Request) -> dict:
    """Return the JSON object in the body."""
    body = request.body or b"{}"
    if request.headers.get("Content-Encoding") == "gzip":
        body = gzip.decompress(body)
    return json.loads(body)


def uuids_of(body: dict) -> list[str]:
    """Return the uuids of the events of a batch."""
    return [event["uuid"].lower() for event in body.get("batch", ())]
