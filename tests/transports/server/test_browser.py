"""What posthog-js loads besides flags and events."""

from __future__ import annotations

import json
import re
import subprocess
from shutil import which

import pytest

from flagengine.transports.server import ProjectSettings
from tests.transports.server.support import KEY, Bench


def test_the_configuration_names_every_feature_and_says_that_there_are_flags():
    found = Bench()("GET", f"/array/{KEY}/config", headers={"origin": "https://a.example"})
    assert found.json["token"] == KEY
    assert found.json["hasFeatureFlags"] is True
    for feature in (
        "sessionRecording",
        "heatmaps",
        "surveys",
        "capturePerformance",
        "productTours",
    ):
        assert found.json[feature] is False
    assert "gzip-js" in found.json["supportedCompression"]
    assert found.header("access-control-allow-origin") == "https://a.example"


def test_the_configuration_as_a_script_can_be_run():
    found = Bench()("GET", f"/array/{KEY}/config.js")
    assert str(found.header("content-type")).startswith("application/javascript")
    node = which("node")
    if node is None:
        pytest.skip("needs Node")
    program = f"globalThis.window = {{}};\n{found.text}\nconsole.log(JSON.stringify(window))"
    shown = subprocess.run([node, "-e", program], capture_output=True, text=True, check=True)
    config = json.loads(shown.stdout)["_POSTHOG_REMOTE_CONFIG"][KEY]
    assert config["siteApps"] == []
    assert config["config"]["token"] == KEY


@pytest.mark.parametrize(
    ("token", "status"), [("phc_other", 404), ("a%22%3Cscript%3E", 400), ("x" * 201, 400)]
)
def test_another_key_has_no_configuration(token: str, status: int):
    for form in ("config", "config.js"):
        assert Bench()("GET", f"/array/{token}/{form}").status == status


def test_nothing_of_a_key_leaves_the_text_of_the_script():
    bench = Bench(ProjectSettings(source=Bench().source))
    found = bench("GET", "/array/phc_any-KEY_1/config.js").text
    assert not re.search(r"[<>&]", found)


@pytest.mark.parametrize(
    ("path", "name"),
    [
        ("/api/surveys/?token=a&_=1", "surveys"),
        ("/api/web_experiments/", "experiments"),
        ("/api/early_access_features/?token=a", "earlyAccessFeatures"),
        ("/api/product_tours", "product_tours"),
    ],
)
def test_what_else_a_page_may_ask_for_is_an_empty_list(path: str, name: str):
    assert Bench()("GET", path).json[name] == []


def test_scripts_of_features_that_are_off_are_empty_scripts():
    found = Bench()("GET", "/static/1.449.0/recorder.js?v=1.449.0")
    assert (found.status, found.header("x-content-type-options")) == (200, "nosniff")
    assert str(found.header("content-type")).startswith("application/javascript")
    assert b"console" not in found.body
    assert Bench()("GET", "/static/other.css").status == 404


@pytest.mark.parametrize(
    "path", ["/static/array.js", "/static/array.full.js?v=1", "/static/1.449.0/array.js"]
)
def test_the_script_of_posthog_js_says_that_it_is_not_here(path: str):
    found = Bench()("GET", path)
    assert found.status == 200
    assert found.body.startswith(
        b'console.error("flagengine serve does not have posthog-js: install'
    )
