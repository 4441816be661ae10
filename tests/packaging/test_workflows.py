"""The workflows: they parse, pin what they run, and ask for no more rights than they need."""

import re
import shutil
import subprocess
import tomllib

import pytest

from tests.packaging.building import ROOT

yaml = pytest.importorskip("yaml", reason="PyYAML comes with Dask")
FOLDER = ROOT / ".github"
WORKFLOWS = sorted((FOLDER / "workflows").glob("*.yml"))
PINNED = re.compile(r"[\w.-]+/[\w.-]+@[0-9a-f]{40}")
SAYS_VERSION = re.compile(r"uses: \S+@[0-9a-f]{40} # v\d+\.\d+\.\d+$")

# A source distribution has no workflows.
pytestmark = pytest.mark.skipif(not FOLDER.is_dir(), reason="there are no workflows here")
each_workflow = pytest.mark.parametrize("path", WORKFLOWS, ids=lambda path: path.stem)


def read(path):
    return yaml.safe_load(path.read_text("utf-8"))


def steps_of(path):
    return [step for job in read(path)["jobs"].values() for step in job["steps"]]


def test_there_is_a_workflow_for_each_purpose():
    assert {path.stem for path in WORKFLOWS} == {"tests", "nightly", "docs", "wheels"}


@each_workflow
def test_every_action_is_pinned_to_a_commit_and_says_its_version(path):
    used = [step["uses"] for step in steps_of(path) if "uses" in step]
    assert used
    assert [name for name in used if not PINNED.fullmatch(name)] == []
    lines = [line for line in path.read_text("utf-8").splitlines() if "uses:" in line]
    assert [line for line in lines if not SAYS_VERSION.search(line)] == []


@each_workflow
def test_a_workflow_has_no_rights_and_a_job_only_those_that_it_names(path):
    workflow = read(path)
    assert workflow["permissions"] == {}
    rights = {name: set(job["permissions"].items()) for name, job in workflow["jobs"].items()}
    writing = {name for name, given in rights.items() if given - {("contents", "read")}}
    assert writing <= {"publish"}


@each_workflow
def test_no_job_runs_for_ever_and_no_checkout_leaves_a_token_behind(path):
    assert all("timeout-minutes" in job for job in read(path)["jobs"].values())
    checkouts = [step for step in steps_of(path) if "checkout" in step.get("uses", "")]
    assert all(step["with"]["persist-credentials"] is False for step in checkouts)


def test_only_a_tag_publishes_and_without_a_token():
    path = FOLDER / "workflows" / "wheels.yml"
    job = read(path)["jobs"]["publish"]
    assert job["permissions"] == {"id-token": "write"}
    assert job["environment"]["name"] == "pypi"
    assert "refs/tags/v" in job["if"]
    assert set(job["needs"]) == set(read(path)["jobs"]) - {"publish"}
    assert "password" not in path.read_text("utf-8")


def test_every_python_that_the_metadata_names_is_tested_and_has_wheels():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))
    named = re.findall(r"Python :: (3\.\d+)", "\n".join(project["project"]["classifiers"]))
    assert named[0] == project["project"]["requires-python"].removeprefix(">=")
    jobs = read(FOLDER / "workflows" / "tests.yml")["jobs"]
    assert jobs["systems"]["strategy"]["matrix"]["python"] == named
    (without_gil,) = jobs["free-threading"]["strategy"]["matrix"]["python"]
    wheels = project["tool"]["cibuildwheel"]["build"].split()
    assert wheels == [f"cp{name.replace('.', '')}-*" for name in [*named, without_gil]]


@pytest.mark.parametrize(
    "command", [("actionlint",), ("zizmor", "--offline", "--quiet", ".github")]
)
def test_the_linters_of_workflows_find_nothing(command):
    if shutil.which(command[0]) is None:
        pytest.skip(f"{command[0]} is not installed")
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


def test_the_forms_of_issues_are_complete():
    forms = [read(path) for path in (FOLDER / "ISSUE_TEMPLATE").glob("*.yml")]
    forms = [form for form in forms if "body" in form]
    assert len(forms) == 3
    for form in forms:
        assert {"name", "description", "labels"} <= set(form)
        fields = [field for field in form["body"] if field["type"] != "markdown"]
        assert len({field["id"] for field in fields}) == len(fields)
        assert any(field.get("validations", {}).get("required") for field in fields)
