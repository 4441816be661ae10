"""The manifest that ``openfeature pull`` reads, and the configuration that providers once read."""

from __future__ import annotations

import pytest

from flagengine.transports.clock import ManualClock
from tests.rules import document, targeted

from .schemas import assert_fits
from .support import ask, flag, serving, serving_flags, variants

PATH = "/openfeature/v0/manifest"
SECRET = "phs_secret_of_the_shop"


def read(server, path=PATH, *, method="GET", **headers):
    return ask(server, path, method=method, **headers)


def test_the_flags_have_their_types_and_a_value_each():
    server = serving_flags(
        variants("color") | {"name": "The color"},
        flag("beta"),
        *document(targeted(value=1.5), default=0.5, kind="number", key="share")["flags"],
        *document(targeted(value={"a": 1}), default=None, kind="object", key="menu")["flags"],
        *document(targeted(value=3), default=7, kind="number", key="most")["flags"],
        flag("hidden", has_encrypted_payloads=True),
    )
    answer = read(server)
    assert (answer.status, answer.headers["x-manifest-capabilities"]) == (200, "read")
    assert_fits(answer.json, "ManifestEnvelope", "sync.yaml")
    assert answer.json["flags"] == [
        {"key": "beta", "type": "boolean", "defaultValue": False},
        {"key": "color", "type": "string", "defaultValue": "", "description": "The color"},
        {"key": "menu", "type": "object", "defaultValue": {}},
        {"key": "most", "type": "integer", "defaultValue": 7},
        {"key": "share", "type": "float", "defaultValue": 0.5},
    ]


def test_an_unchanged_manifest_is_304():
    server = serving_flags(flag("beta"))
    etag = read(server).headers["etag"]
    answer = read(server, if_none_match=etag)
    assert (answer.status, answer.body) == (304, b"")
    server.projects.only.loader.publish({"flags": [flag("gamma")]})
    changed = read(server, if_none_match=etag)
    assert (changed.status, changed.json["flags"][0]["key"]) == (200, "gamma")


def test_only_a_secret_key_reads_the_manifest():
    server = serving_flags(flag("beta"), project_key="phc_shop", secret_keys=(SECRET,))
    assert read(server, authorization=f"Bearer {SECRET}").status == 200
    errors = [
        read(server),
        read(server, authorization="Bearer wrong"),
        read(server, x_api_key=SECRET),
        read(server, authorization="Bearer phc_shop"),
    ]
    assert [answer.status for answer in errors] == [401, 401, 401, 403]
    for answer in errors:
        assert_fits(answer.json, "ErrorResponse", "sync.yaml")
        assert answer.json["error"]["status"] == answer.status


@pytest.mark.parametrize(
    ("method", "path"),
    [("POST", "/flags"), ("PUT", "/flags/beta"), ("DELETE", "/flags/a%2Fb"), ("PUT", "/flags/a/b")],
)
def test_nothing_changes_the_flags(method, path):
    server = serving_flags(flag("beta"), project_key="phc_shop", secret_keys=(SECRET,))
    answer = read(server, PATH + path, method=method, authorization=f"Bearer {SECRET}")
    assert (answer.status, answer.headers["x-manifest-capabilities"]) == (403, "read")
    assert_fits(answer.json, "ErrorResponse", "sync.yaml")
    assert read(server, PATH + path, method=method).status == 401


def test_errors_have_the_form_of_the_interface():
    answer = read(serving(None))
    assert (answer.status, answer.headers["retry-after"]) == (500, "1")
    assert_fits(answer.json, "ErrorResponse", "sync.yaml")
    server = serving_flags(flag("beta"), requests_per_second=1, clock=ManualClock())
    answers = [read(server) for _ in range(3)]
    assert [each.status for each in answers] == [200, 200, 429]
    assert answers[-1].headers["retry-after"] == "1"
    assert_fits(answers[-1].json, "ErrorResponse", "sync.yaml")


# The configuration.


def test_the_configuration_has_the_last_published_form():
    server = serving_flags(flag("beta"), poll_interval=15.0, project_key="phc_shop")
    answer = read(server, "/ofrep/v1/configuration", x_api_key="phc_shop")
    assert answer.json == {
        "name": "flagengine",
        "capabilities": {
            "cacheInvalidation": {"polling": {"enabled": True, "minPollingIntervalMs": 15000}},
            "flagEvaluation": {"supportedTypes": ["boolean", "string", "int", "float", "object"]},
            "caching": {"enabled": False, "ttl": 0},
        },
    }
    etag = answer.headers["etag"]
    path = "/ofrep/v1/configuration"
    again = read(server, path, x_api_key="phc_shop", if_none_match=etag)
    assert (again.status, again.body) == (304, b"")
    assert read(server, path).status == 401
