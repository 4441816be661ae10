"""The kit as a product: its manifest is true, and its runners count what an SDK answers."""

import json
import runpy
import shutil
import subprocess
import sys
import tarfile
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator

KIT = Path(__file__).parents[2] / "fixtures" / "kit"
MANIFEST = json.loads((KIT / "manifest.json").read_text(encoding="utf-8"))
ENGINE = KIT / "adapters" / "engine.py"
ANSWERS: list[dict[str, Any]] = [
    {"value": True},
    {"value": False},
    {"value": 1},
    {"value": "a"},
    {"value": True, "payload": '{"a": 1}'},
    {"value": True, "payload": None, "reason": "condition_match"},
    {"value": {"b": 1, "a": [1, 2]}},
    {"unresolved": True},
    {"unresolved": True, "missing": {"groups": [], "person_properties": ["b", "a"]}},
    {"unresolved": True, "missing": {"person_properties": ["a"]}},
    {"crash": "TypeError"},
]
EXPECTED: list[dict[str, Any]] = [
    {"value": True, "reason": "condition_match"},
    {"value": True, "payload": '{"a": 1}'},
    {"value": False},
    {"value": "a"},
    {"value": {"a": [1, 2], "b": 1}},
    {"unresolved_reason": "missing_context", "missing": {"person_properties": ["a", "b"]}},
]
CASES = [
    *({"expected": each} for each in EXPECTED),
    {"expected": {"value": True}, "also_acceptable": {"unresolved_reason": "missing_context"}},
]
needs_node = pytest.mark.skipif(shutil.which("node") is None, reason="there is no node here")


def _module(name: str) -> dict[str, Any]:
    return runpy.run_path(str(KIT / f"{name}.py"))


def _manifest() -> dict[str, Any]:
    written: dict[str, Any] = _module("write_manifest")["manifest"](MANIFEST["version"])
    return written


def test_the_manifest_is_written_anew_and_its_version_raised_when_a_file_changes() -> None:
    assert _manifest() == MANIFEST, "run: python fixtures/kit/write_manifest.py --version ..."


def test_every_capability_that_a_case_needs_has_words_and_every_capability_has_cases() -> None:
    needed = {name for names in MANIFEST["needs"].values() for name in names}
    assert needed == MANIFEST["capabilities"].keys()


def test_the_cases_that_may_hang_are_there() -> None:
    assert set(MANIFEST["may_hang"]) <= MANIFEST["needs"].keys()


def test_the_schema_of_the_cases_holds_for_those_of_other_suites_but_for_their_source() -> None:
    schema = json.loads((KIT.parent / "schema" / "case.v1.json").read_text(encoding="utf-8"))
    case = {"$defs": schema["$defs"], **schema["$defs"]["case"]}
    case["required"] = [name for name in case["required"] if name != "rules"]
    case["properties"] = {**case["properties"], "source": {"type": "string"}, "note": {}}
    validator = Draft202012Validator(case)
    suites = json.loads((KIT.parent / "suites" / "cases.json").read_text(encoding="utf-8"))
    assert [
        error.message for each in suites["cases"] for error in validator.iter_errors(each)
    ] == []


def test_the_archive_has_the_same_bytes_from_the_same_files(tmp_path: Path) -> None:
    archive = _module("write_manifest")["_archive"]
    first, second = (archive(tmp_path / name, "1.2.3").read_bytes() for name in ("a", "b"))
    assert first == second
    with tarfile.open(tmp_path / "a" / "flagengine-conformance-kit-1.2.3.tar.gz") as packed:
        names = {name.partition("/")[2] for name in packed.getnames()}
    assert {"LICENSE", "SPEC.md", "fixtures/kit/run.mjs"} <= names
    assert {f"fixtures/{name}" for name in MANIFEST["sha256"]} <= names


def _run(command: list[str], adapter: Path, tmp_path: Path) -> tuple[int, dict[str, Any], str]:
    target = tmp_path / "report.json"
    done = subprocess.run(
        [*command, str(adapter), "--json", str(target)],
        capture_output=True,
        encoding="utf-8",
        check=False,
    )
    report = json.loads(target.read_text(encoding="utf-8")) if target.exists() else {}
    return done.returncode, report, done.stdout + done.stderr


def test_the_engine_is_right_on_all_cases_with_the_runner_in_python(tmp_path: Path) -> None:
    code, report, printed = _run([sys.executable, str(KIT / "run.py")], ENGINE, tmp_path)
    assert (code, report["failing"]) == (0, {}), printed
    counted = sum(counts["right"] for counts in report["topics"].values())
    assert counted == len(MANIFEST["needs"]) >= 1_797


@pytest.fixture
def guessing(tmp_path: Path) -> Path:
    """An adapter in JavaScript that says true to all, but for three cases and what it does not claim."""
    adapter = tmp_path / "guessing.mjs"
    adapter.write_text(
        "export const NAME = 'guessing', VERSION = '1', CLAIMED = ['clock'];\n"
        "export function evaluate(definitions, flagKey, context) {\n"
        "  if (flagKey === 'flag-a' && context.distinct_id === 'user-2') throw new Error('no');\n"
        "  if (context.distinct_id === 'b0') process.exit(1);\n"
        "  return { value: true };\n"
        "}\n",
        encoding="utf-8",
    )
    return adapter


@needs_node
def test_both_runners_count_the_same(guessing: Path, tmp_path: Path) -> None:
    code, report, _ = _run([sys.executable, str(KIT / "run.py")], guessing, tmp_path)
    others_code, others, printed = _run(["node", str(KIT / "run.mjs")], guessing, tmp_path)
    assert others == report, printed
    assert code == others_code == 1
    kinds = set(report["failing"].values())
    assert kinds == {"crash", "wrong value", "guess"}
    assert report["failing"]["roll-04"] == report["failing"]["roll-13"] == "crash"
    assert report["topics"]["overrides"].keys() == {"not claimed"}


@needs_node
def test_both_judge_alike() -> None:
    pairs = [(case, answer) for case in CASES for answer in ANSWERS]
    judged = _module("judging")["judged"]
    script = (
        f"import {{ judged }} from {json.dumps((KIT / 'judging.mjs').as_uri())};"
        "import { readFileSync } from 'node:fs';"
        "const pairs = JSON.parse(readFileSync(0, 'utf8'));"
        "console.log(JSON.stringify(pairs.map(([each, answer]) => judged(each, answer))));"
    )
    done = subprocess.run(
        ["node", "--input-type=module", "--eval", script],
        input=json.dumps(pairs),
        capture_output=True,
        encoding="utf-8",
        check=True,
    )
    kinds = [judged(*pair) for pair in pairs]
    assert json.loads(done.stdout) == kinds
    assert set(kinds) == set(_module("judging")["KINDS"]) - {"time limit", "not claimed"}


def test_an_sdk_that_never_answers_is_replaced_and_asked_the_next_case(tmp_path: Path) -> None:
    adapter = tmp_path / "hanging.py"
    adapter.write_text(
        "NAME, VERSION = 'hanging', '1'\n"
        "def evaluate(definitions, flag_key, context):\n"
        "    while context['distinct_id'] == 'user-0':\n"
        "        pass\n"
        "    print('not an answer')\n"
        "    return {'value': True}\n",
        encoding="utf-8",
    )
    case = {"definitions": {"flags": []}, "flag_key": "a", "expected": {"value": True}}
    cases = [
        ("topic", {**case, "id": name, "context": {"distinct_id": person}})
        for name, person in (("roll-01", "user-0"), ("roll-02", "user-1"))
    ]
    report = _module("run")["run"](adapter, time_limit=2.0, cases=cases)
    assert report["topics"] == {"topic": {"time limit": 1, "right": 1}}


@pytest.mark.parametrize("runner", ["run.py", pytest.param("run.mjs", marks=needs_node)])
def test_a_file_that_is_no_adapter_is_refused_in_words(runner: str, tmp_path: Path) -> None:
    program = sys.executable if runner.endswith("py") else "node"
    code, _, printed = _run([program, str(KIT / runner)], tmp_path / "missing.rb", tmp_path)
    assert code == 2
    assert "the adapter must be a file .py or .mjs" in printed


RUNNERS = ["run.py", pytest.param("run.mjs", marks=needs_node)]


@pytest.mark.parametrize("runner", RUNNERS)
@pytest.mark.parametrize("text", ["raise RuntimeError('boom')", "VERSION = '1'"])
def test_an_adapter_that_cannot_be_imported_is_named_without_a_traceback_of_the_runner(
    runner: str, text: str, tmp_path: Path
) -> None:
    adapter = tmp_path / "broken.py"
    adapter.write_text(text, encoding="utf-8")
    program = sys.executable if runner.endswith("py") else "node"
    code, _, printed = _run([program, str(KIT / runner)], adapter, tmp_path)
    assert code == 2
    assert printed.splitlines()[-1].endswith(
        "must have NAME and VERSION and be importable; the adapter's process ended (see above)"
    )


NONSENSE = {
    "py": ["[1]", "None", "float('nan')", "{}", "{'value': float('nan')}", "{'value': {1}}"],
    "mjs": ["[1]", "null", "NaN", "{}", "{ value: NaN }", "undefined", "{ value: 1n }"],
}


@needs_node
@pytest.mark.parametrize("kind", ["py", "mjs"])
def test_what_is_no_answer_counts_as_a_crash_and_ends_no_process(kind: str, tmp_path: Path) -> None:
    """Each answer of the list in turn, beside what the SDK prints without a line's end."""
    adapter, answers = tmp_path / f"nonsense.{kind}", NONSENSE[kind]
    if kind == "py":
        source = f"""
NAME, VERSION, asked = "nonsense", "1", []
def evaluate(definitions, flag_key, context):
    print("noise", end="")
    asked.append(1)
    return [{", ".join(answers)}][len(asked) - 1]
"""
    else:
        source = f"""
export const NAME = "nonsense", VERSION = "1";
const answers = [{", ".join(answers)}];
export function evaluate() {{
  process.stdout.write("noise");
  return answers.shift();
}}
"""
    adapter.write_text(source, "utf-8")
    case = {
        "definitions": {"flags": []},
        "flag_key": "a",
        "context": {},
        "expected": {"value": None},
    }
    cases = [("topic", {**case, "id": "roll-01"})] * len(answers)
    report = _module("run")["run"](adapter, cases=cases)
    assert report["topics"] == {"topic": {"crash": len(answers)}}


@pytest.mark.parametrize("runner", RUNNERS)
def test_the_first_crash_is_printed(runner: str, tmp_path: Path) -> None:
    adapter = tmp_path / "listing.py"
    adapter.write_text("NAME = VERSION = '1'\ndef evaluate(*call): return [1]\n", "utf-8")
    program = sys.executable if runner.endswith("py") else "node"
    code, _, printed = _run([program, str(KIT / runner)], adapter, tmp_path)
    assert code == 1
    assert printed.count("evaluate must return a dict with value or unresolved, got [1]") == 1
