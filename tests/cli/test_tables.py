"""The commands on tables: batch, diff, exposures, balance."""

import json
import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet
import pytest
from click.testing import CliRunner, Result

from flagengine.cli.app import cli

_PRO = {"key": "plan", "type": "person", "value": "pro"}


def _document(rollout: int = 50) -> dict[str, Any]:
    return {
        "flags": [
            {
                "key": "half",
                "active": True,
                "filters": {"groups": [{"rollout_percentage": rollout}]},
            },
            {"key": "pro", "active": True, "filters": {"groups": [{"properties": [_PRO]}]}},
        ]
    }


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "old.json").write_text(json.dumps(_document()))
    (tmp_path / "new.json").write_text(json.dumps(_document(70)))
    plans = ["pro", "free", None, "pro"] * 250
    people = pa.table({"distinct_id": [f"id-{n}" for n in range(1_000)], "plan": plans})
    pyarrow.parquet.write_table(people, tmp_path / "people.parquet")
    return tmp_path


def run(*args: str) -> Result:
    return CliRunner().invoke(cli, args)


class TestBatch:
    def test_flags_are_written_and_counted(self, folder: Path):
        result = run("batch", "old.json", "people.parquet", "-o", "out.parquet", "--json")
        assert result.exit_code == 0, result.output
        summary = json.loads(result.output)
        assert summary["rows"] == 1_000
        assert summary["flags"]["pro"]["values"] == {
            "true": 500,
            "false": 250,
            "unresolved: missing_context": 250,
        }
        assert pyarrow.parquet.read_table(folder / "out.parquet").column_names == [
            "distinct_id",
            "half",
            "pro",
        ]

    def test_the_closing_table_says_how_many_got_what(self, folder: Path):
        result = run("batch", "old.json", "people.parquet", "-o", "out.csv", "--complete")
        assert result.exit_code == 0
        assert "50.00%" in result.output
        assert (folder / "out.csv").exists()

    @pytest.mark.parametrize(("complete", "code"), [([], 1), (["--complete"], 0)])
    def test_unresolved_answers_may_be_a_finding(
        self, folder: Path, complete: list[str], code: int
    ):
        command = ["batch", "old.json", "people.parquet", "-o", "o.parquet", "--fail-on"]
        assert run(*command, "unresolved", *complete).exit_code == code
        assert (folder / "o.parquet").exists()

    @pytest.mark.usefixtures("folder")
    def test_tables_may_come_from_a_pipe_and_go_to_one(self):
        people = '{"distinct_id": "a", "plan": "pro"}\n{"distinct_id": "b", "plan": "x"}\n'
        command = ["batch", "old.json", "-", "-o", "-", "--flag", "pro"]
        found = CliRunner().invoke(cli, command, input=people)
        assert found.exit_code == 0, found.output
        assert [json.loads(line) for line in found.stdout.splitlines()] == [
            {"distinct_id": "a", "pro": True},
            {"distinct_id": "b", "pro": False},
        ]
        more = ["--input-format", "csv", "--output-format", "csv"]
        found = CliRunner().invoke(cli, [*command, *more], input="distinct_id,plan\na,pro\n")
        assert found.stdout.splitlines()[1:] == ['"a",true']

    @pytest.mark.usefixtures("folder")
    @pytest.mark.parametrize(
        ("arguments", "stdin", "message"),
        [
            (["old.json", "-", "-o", "-", "--json"], "", "only one of the table (-o -) and --json"),
            (["-", "-", "-o", "-"], "", "only one of DEFINITIONS and INPUT can be -"),
            (["old.json", "-", "-o", "-", "--engine", "spark"], "", "must not be -"),
            (["old.json", "-", "-o", "o.csv"], "nonsense\n", "standard input"),
            (["old.json", "-", "-o", "-", "--carry", "x"], '{"distinct_id": "a"}\n', "column 'x'"),
        ],
    )
    def test_wrong_use_of_a_pipe_is_one_line(self, arguments, stdin: str, message: str):
        found = CliRunner().invoke(cli, ["batch", *arguments], input=stdin)
        assert found.exit_code == 2
        assert message in found.stderr
        assert "/tmp" not in found.stderr
        assert (found.stdout, found.stderr.count("\n")) == ("", 1)

    @pytest.mark.usefixtures("folder")
    @pytest.mark.parametrize(
        ("args", "message"),
        [
            (["nope.parquet"], "nope.parquet: no such file"),
            (["old.json"], "unknown file suffix"),
            (["people.parquet", "--distinct-id", "distinct"], "did you mean 'distinct_id'?"),
            (["people.parquet", "--property", "plan=plam"], "column 'plam'"),
            (["people.parquet", "--group", "company"], "as in company=company_id"),
            (["people.parquet", "--group-property", "tier=plan"], "company.tier=company_tier"),
            (["people.parquet", "--properties-json", "plan"], "column 'plan', row 0"),
            (["people.parquet", "--timezone", "Mars"], "--timezone must be"),
            (["people.parquet", "--now", "noon"], "--now must be a time with an offset"),
            (["people.parquet", "--flag", "halv"], "did you mean half?"),
            (["people.parquet", "--carry", "age"], "column 'age'"),
            (["people.parquet", "--input-format", "csv"], "--input-format is for INPUT -"),
            (["people.parquet", "--output-format", "csv"], "--output-format is for OUTPUT -"),
        ],
    )
    def test_wrong_input_is_one_line_that_says_where(self, args: list[str], message: str):
        result = run("batch", "old.json", *args, "-o", "out.parquet")
        assert result.exit_code == 2
        assert message in result.output
        assert result.output.count("\n") == 1
        assert not Path("out.parquet").exists()

    @pytest.mark.skipif(sys.platform == "win32", reason="signals")
    def test_an_interrupt_leaves_nothing_behind(self, folder: Path):
        # A pipe without a writer, so that the command waits in the middle of its input.
        os.mkfifo(folder / "people.jsonl")
        command = [sys.executable, "-m", "flagengine", "batch", "old.json", "people.jsonl"]
        process = subprocess.Popen(
            [*command, "-o", "out.parquet"],
            cwd=folder,
            stderr=subprocess.PIPE,
            stdin=subprocess.DEVNULL,
            # Of a shell's background jobs, the tests among them, interrupts are ignored.
            preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),  # noqa: PLW1509
        )
        with (folder / "people.jsonl").open("w") as pipe:  # opens when the other end does
            # More than a pipe holds: when the write returns, the command has read most of it.
            pipe.write('{"distinct_id": "a"}\n' * 10_000)
            pipe.flush()
            process.send_signal(signal.SIGINT)
            _, said = process.communicate(timeout=60)
        assert process.returncode == 1
        assert said.strip() == b"Aborted!"
        assert sorted(path.name for path in folder.glob("*out*")) == []


@pytest.mark.usefixtures("folder")
class TestDiff:
    def test_who_changes_is_counted_with_the_cause(self):
        result = run("diff", "old.json", "new.json", "people.parquet")
        assert result.exit_code == 0, result.output
        assert "1 of 2 flags change for at least 1 of 1,000 people" in result.output
        assert "condition 1: rollout 50 % → 70 %" in result.output

    @pytest.mark.parametrize(
        ("rule", "code"),
        [("half:>5%", 1), ("half:>30%", 0), ("*:>100", 1), ("*:>500", 0), ("pro:>0", 0)],
    )
    def test_too_many_changes_are_a_finding(self, rule: str, code: int):
        command = ["diff", "old.json", "new.json", "people.parquet", "--fail-if-changed", rule]
        assert run(*command).exit_code == code

    def test_a_broken_rule_names_the_flag(self):
        command = ["diff", "old.json", "new.json", "people.parquet", "--fail-if-changed", "*:>1%"]
        *_, last = run(*command).output.splitlines()
        assert last.startswith("half changes for ")
        assert last.endswith(" of the people; *:>1% allows less")

    def test_causes_are_structured(self):
        command = ["diff", "old.json", "new.json", "people.parquet", "--json"]
        found = json.loads(run(*command).output)["flags"]["half"]
        (cause,) = found["transitions"][0]["causes"]
        assert cause == {
            "rows": found["changed"],
            "kind": "rollout",
            "part": "condition",
            "index": 0,
            "name": None,
            "before": 50.0,
            "after": 70.0,
            "text": "condition 1: rollout 50 % → 70 %",
        }

    @pytest.mark.parametrize("rule", ["half", "half:5%", "half:>x", "halv:>5%"])
    def test_a_rule_that_makes_no_sense_is_wrong_usage(self, rule: str):
        command = ["diff", "old.json", "new.json", "people.parquet", "--fail-if-changed", rule]
        assert run(*command).exit_code == 2

    def test_a_sample_says_how_far_off_it_may_be(self):
        command = ["diff", "old.json", "new.json", "people.parquet", "--json", "--sample", "0.5"]
        found = json.loads(run(*command).output)
        low, high = found["flags"]["half"]["share_95"]
        assert low < found["flags"]["half"]["share"] < high
        assert found["people"] == 1_000 > found["looked_at"]

    @pytest.mark.parametrize("sample", ["-1", "half", "0"])
    def test_a_sample_that_makes_no_sense_is_wrong_usage(self, sample: str):
        command = ["diff", "old.json", "new.json", "people.parquet", "--sample", sample]
        assert run(*command).exit_code == 2

    def test_the_page_needs_nothing_else_and_escapes_what_it_shows(self, folder: Path):
        document = _document()
        document["flags"].append({**document["flags"][0], "key": "<script>alert(1)</script>"})
        (folder / "bad.json").write_text(json.dumps(document))
        run("diff", "bad.json", "new.json", "people.parquet", "--html", "page.html")
        page = (folder / "page.html").read_text()
        assert "<script" not in page
        assert "//" not in page
        assert "&lt;script&gt;" in page
        assert 'name="viewport"' in page

    @pytest.mark.parametrize(
        "page", ["old.json", "new.json", "people.parquet", ".", "made/page.html"]
    )
    def test_the_page_takes_no_inputs_place(self, page: str, folder: Path):
        before = {path.name: path.read_bytes() for path in folder.iterdir()}
        found = run("diff", "old.json", "new.json", "people.parquet", "--html", page)
        assert found.exit_code == 2
        assert found.stderr.startswith(f"Error: {page}: ")
        assert {path.name: path.read_bytes() for path in folder.iterdir()} == before


@pytest.mark.usefixtures("folder")
class TestExposures:
    def test_a_second_run_writes_the_same_ids(self):
        for name in ("one.parquet", "two.parquet"):
            result = run("exposures", "old.json", "people.parquet", "-o", name)
            assert result.exit_code == 0, result.output
        one, two = (pyarrow.parquet.read_table(name) for name in ("one.parquet", "two.parquet"))
        assert one.column("uuid") == two.column("uuid")
        assert one.num_rows == 1_750

    def test_events_are_lines_of_json(self):
        command = ["exposures", "old.json", "people.parquet", "-o", "e.jsonl", "--events"]
        assert run(*command, "--enabled-only", "--flag", "pro").exit_code == 0
        events = [json.loads(line) for line in Path("e.jsonl").read_text().splitlines()]
        assert len(events) == 500
        assert {event["properties"]["$feature_flag"] for event in events} == {"pro"}

    @pytest.mark.parametrize("options", [[], ["--events"]])
    def test_a_document_without_flags_gives_no_rows(self, options: list[str]):
        Path("none.json").write_text('{"flags": []}')
        command = ["exposures", "none.json", "people.parquet", "-o", "e.jsonl", *options]
        result = run(*command)
        assert (result.exit_code, result.output) == (0, "wrote 0 exposures to e.jsonl\n")
        assert Path("e.jsonl").read_text() == ""

    def test_standard_output_is_no_file(self):
        result = run("exposures", "old.json", "people.parquet", "-o", "-")
        assert result.exit_code == 2
        assert "--output must be a file, got -" in result.output
        assert not Path("-").exists()

    def test_events_in_another_format_are_wrong_usage(self):
        command = ["exposures", "old.json", "people.parquet", "-o", "e.parquet", "--events"]
        assert run(*command).exit_code == 2


@pytest.mark.usefixtures("folder")
class TestBalance:
    def test_a_healthy_population_has_no_findings(self):
        result = run("balance", "old.json", "people.parquet", "--fail")
        assert result.exit_code == 0, result.output
        assert "rollout 50 %" in result.output

    def test_one_person_many_times_is_a_finding(self, folder: Path):
        people = pa.table({"distinct_id": ["id-1"] * 1_000})
        pyarrow.parquet.write_table(people, folder / "one.parquet")
        assert run("balance", "old.json", "one.parquet", "--fail").exit_code == 1
        found = json.loads(run("balance", "old.json", "one.parquet", "--json").output)
        assert found["flags"]["half"]["tests"][0]["p"] < 1e-9

    def test_flags_of_format_2_are_named_as_left_out(self, folder: Path):
        filters = {"version": 2, "return_type": "boolean", "default_value": True, "rules": []}
        document = _document()
        document["flags"].append({"key": "ruled", "active": True, "filters": filters})
        (folder / "rules.json").write_text(json.dumps(document))
        line = "flags of format 2 are left out: ruled"
        assert line in run("balance", "rules.json", "people.parquet").output
        assert line in run("balance", "rules.json", "people.parquet", "--flag", "ruled").output
        assert line not in run("balance", "rules.json", "people.parquet", "--flag", "half").output
