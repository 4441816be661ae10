"""docs/serve-clients.md says what is counted now, as far as that needs no client."""

import json

from tests.clients.drivers import NODE
from tests.clients.table import PAGE, known_verdicts, page

# By the package's name in package.json: the rows with its version.
PINNED = {
    "posthog-node": "posthog-node",
    "@flags-sdk/posthog": "@flags-sdk/posthog",
    "posthog-js": "posthog-js",
    "@openfeature/ofrep-provider": "@openfeature/ofrep-provider (Node)",
    "@openfeature/ofrep-web-provider": "@openfeature/ofrep-web-provider",
}


def test_the_page_is_up_to_date():
    assert page(known_verdicts()) == PAGE.read_text(encoding="utf-8"), "run: make clients"


def test_the_page_names_the_pinned_versions():
    text = PAGE.read_text(encoding="utf-8")
    manifest = json.loads((NODE / "package.json").read_text(encoding="utf-8"))
    for package, label in PINNED.items():
        assert f"| {label} {manifest['dependencies'][package]} |" in text
