"""Write findings.md from the catalogue of codes: ``python docs/write_findings.py``."""

from pathlib import Path

from flagengine.analysis.lint import CATALOGUE, Severity

TARGET = Path(__file__).with_name("findings.md")

HEAD = """\
# Findings of `flagengine validate`

Written from `flagengine/analysis/lint/catalogue.py` by `docs/write_findings.py`; a test fails when they
differ.

An **error** is something that cannot be read as it is written. A **warning** can be read, but is
rarely what was meant, or leaves people to the server. An **info** is worth knowing. `flagengine
validate` exits with 1 for errors, with `--strict` for warnings too.

Each finding names its place by a JSON pointer (RFC 6901): `/flags/3/filters/groups/0` is the first
condition of the fourth flag.
"""


def render() -> str:
    """Return the page."""
    parts = [HEAD]
    for severity in Severity:
        parts.append(f"## {severity.value.capitalize()}\n")
        for code, entry in CATALOGUE.items():
            if entry.severity is severity:
                parts.append(f"### `{code}`\n\n{entry.meaning}\n\n*Way out:* {entry.way_out}\n")
    return "\n".join(parts)


if __name__ == "__main__":
    TARGET.write_text(render(), encoding="utf-8")
