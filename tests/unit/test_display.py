"""What a notebook shows of answers: escaped, without a script, and readable in light and dark."""

import re
import subprocess
import sys
from html.parser import HTMLParser
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flagengine import Snapshot, compare, evaluate, evaluate_flag, explain, requirements
from flagengine.analysis.explanation import Line
from flagengine.display.parts import bar, colours, html, stack
from flagengine.display.style import STYLE
from flagengine.display.trees import tree_html
from tests.architecture.layers import ROOT
from tests.rules import document, experiment, rollout

_PRO = {"key": "plan", "type": "person", "value": "pro"}


def _flag(key: str, *conditions: Any, **more: Any) -> dict[str, Any]:
    return {"key": key, "active": True, "filters": {"groups": list(conditions), **more}}


_EVIL = "<script>alert(1)</script>\x1b[31m\u202e"
_SNAPSHOT = Snapshot.parse(
    {
        "flags": [
            _flag("f", {"properties": [_PRO], "rollout_percentage": 50}, payloads={"true": "[1]"}),
            {**_flag("sticky", {"rollout_percentage": 40}), "ensure_experience_continuity": True},
            _flag(_EVIL, {"properties": [{**_PRO, "key": _EVIL, "value": _EVIL}]}),
        ]
    }
)


class _Reader(HTMLParser):
    """The elements and the text of HTML, which must be closed in order."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.names: list[str] = []
        self.text: list[str] = []

    def handle_starttag(self, tag: str, attrs: Any) -> None:
        self.open.append(tag)
        self.names.append(tag)
        assert not any(name.startswith("on") for name, _ in attrs)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        if "style" not in self.open:
            self.text.append(data)


def read(shown: str) -> _Reader:
    """Return the parts of HTML that is well-formed and has no script."""
    found = _Reader()
    found.feed(shown)
    found.close()
    assert found.open == []
    assert "script" not in found.names
    return found


def words(value: Any) -> str:
    """Return the text that a notebook shows of a value."""
    return " ".join(" ".join(read(value._repr_html_()).text).split())


class TestResolution:
    """A resolution in a notebook and as text."""

    def test_the_table_says_the_value_the_reason_and_the_payload(self):
        shown = words(evaluate_flag(_SNAPSHOT, "f", "id-1", {"plan": "pro"}))
        assert shown.startswith("f is true")
        assert "condition_match" in shown
        assert "payload [1]" in shown

    def test_what_is_missing_is_listed_by_kind(self):
        shown = words(evaluate_flag(_SNAPSHOT, "f", "id-1"))
        assert shown.startswith("f is unresolved")
        assert "unresolved because missing_context" in shown
        assert "missing person properties plan" in shown

    @pytest.mark.parametrize(
        ("rules", "default", "shown"),
        [
            ([experiment(values=(1, 2))], 0, "rule 1, experiment, variant"),
            ([rollout(share=0)], None, "f is the caller's default"),
        ],
    )
    def test_a_flag_of_format_2_shows_its_rule_or_its_default(
        self, rules: list[Any], default: Any, shown: str
    ):
        kind = "number" if default == 0 else "boolean"
        snapshot = Snapshot.parse(document(*rules, kind=kind, default=default))
        assert snapshot.issues == ()
        assert shown in words(evaluate_flag(snapshot, "f", "id-1"))

    def test_an_unknown_flag_is_without_a_value(self):
        assert "without a value" in words(evaluate_flag(_SNAPSHOT, "nope", "id-1"))

    def test_the_text_leaves_out_what_says_nothing(self):
        found = evaluate_flag(_SNAPSHOT, "f", "id-1", {"plan": "pro"})
        assert repr(found) == (
            "Resolution(key='f', value=True, reason='condition_match', condition_index=0, "
            "description='Matched condition set 1', raw_payload='[1]')"
        )
        missing = repr(evaluate_flag(_SNAPSHOT, "f", "id-1").missing)
        assert missing == "Missing(person_properties=('plan',))"


class TestOthers:
    """Explanations, evaluations and requirements."""

    def test_an_explanation_has_every_line_of_its_text(self):
        found = explain(_SNAPSHOT, "f", "id-1", {"plan": "pro"})
        shown = words(found)
        for line in str(found).splitlines()[1:]:
            assert re.sub(r"^[ │├└─]+", "", line) in shown
        assert "details" in read(found._repr_html_()).names

    def test_an_evaluation_is_a_table_of_all_flags(self):
        shown = words(evaluate(_SNAPSHOT, "id-1", {"plan": "pro"}))
        assert shown.startswith("3 flags for one person")
        assert "f true condition_match" in shown
        assert "sticky unresolved" in shown

    def test_requirements_say_what_a_flag_needs_and_why_it_is_not_local(self):
        assert "person properties plan ids distinct id" in words(requirements(_SNAPSHOT, "f"))
        sticky = words(requirements(_SNAPSHOT, "sticky"))
        assert sticky.startswith("sticky is never decided locally")
        assert "because experience continuity" in sticky
        assert "no input is needed" in words(requirements({"flags": [_flag("all", {})]}, "all"))

    def test_the_requirements_of_all_flags_are_a_table(self):
        found = requirements(_SNAPSHOT)
        assert repr(found) == "<Requirements of 3 flags>"
        assert "f always person properties: plan" in words(found)
        assert dict(found) == {key: requirements(_SNAPSHOT, key) for key in _SNAPSHOT.keys}
        assert repr(found["f"]) == (
            "Requirements(key='f', inputs=Missing(person_properties=('plan',), distinct_id=True), "
            "flags=(), decided_locally='always')"
        )

    def test_a_large_project_is_cut(self):
        many = {"flags": [_flag(f"flag-{n}", {}) for n in range(300)]}
        for found in (requirements(many), evaluate(many, "id-1")):
            shown = words(found)
            assert "flag-199" in shown
            assert "flag-200" not in shown
            assert "and 100 more" in shown


def test_text_of_definitions_and_people_is_escaped():
    props = {_EVIL: "<b>"}
    for value in (
        evaluate_flag(_SNAPSHOT, _EVIL, "id-1", props),
        evaluate(_SNAPSHOT, "id-1", props),
        explain(_SNAPSHOT, _EVIL, "id-1", props),
        requirements(_SNAPSHOT, _EVIL),
        requirements(_SNAPSHOT),
    ):
        shown = value._repr_html_()  # type: ignore[attr-defined]
        assert "<script" not in shown
        assert "\x1b" not in shown
        assert "\u202e" not in shown
        assert "<script>alert(1)</script>" in words(value)


def test_a_comparison_has_a_row_for_each_flag_that_differs():
    flags = [_flag(f"flag-{n}", {"rollout_percentage": n % 50}) for n in range(101)]
    before, after = {"flags": [flags[7], _flag(_EVIL, {})]}, {"flags": flags}
    shown = words(compare(before, after))
    assert shown.startswith("101 flags differ")
    assert "flag-1 added" in shown
    assert "flag-7 " not in shown
    assert "and 1 more; print the comparison to see all" in shown
    alone = words(compare({"flags": [_flag(_EVIL, {})]}, {"flags": []}))
    assert alone.startswith("1 flag differs")
    assert "<script>alert(1)</script>" in alone
    assert "removed" in alone
    assert words(compare(before, before)) == "no changes"


def test_a_comparison_begins_with_what_all_flags_share():
    before = {"flags": [], "group_type_mapping": {"0": "company"}}
    shown = words(compare(before, {"flags": [], "group_type_mapping": {"0": "team"}}))
    assert shown.startswith("0 flags differ changes the project")


@given(st.text())
def test_any_text_is_text(text: str):
    found = read(f"<p>{html(text)}</p>")
    assert found.names == ["p"]


def test_a_tree_stops_after_500_lines_and_says_so():
    tree = Line("all", tuple(Line(f"✓ test {n}") for n in range(600))).children
    shown = tree_html("title", tree)
    assert "test 499" in shown
    assert "test 500" not in shown
    assert "only the first 500 lines are shown" in shown
    assert "only the first" not in tree_html("title", tree[:500])


def test_bars_stay_within_their_track():
    assert "width:100.00%" in bar(1.5)
    assert "<i" not in bar(0)
    counts = {"a": 1, "b": 3, "c": 0}
    assert re.findall(r"width:([\d.]+)%", stack(counts, colours(counts))) == ["25.00", "75.00"]


def test_a_value_has_the_same_colour_among_the_same_values():
    assert colours(["b", "a", "false"]) == colours(["false", "b", "a"])
    assert len(set(colours("abcdefg").values())) == 7


def test_the_style_has_a_dark_form_for_the_system_and_for_the_themes_of_jupyter():
    assert "@media (prefers-color-scheme:dark)" in STYLE
    assert '[data-jp-theme-light="false"] .flagengine' in STYLE
    assert "var(--jp-content-font-color1," in STYLE
    names = set(re.findall(r"var\((--fe-\w+)\)", STYLE))
    for name in names:  # in the light and the dark form, for the system and for a theme
        assert STYLE.count(f"{name}:") == 4, name


def test_evaluating_and_explaining_import_nothing_that_shows():
    program = (
        "from flagengine import *; import sys; snapshot = {'flags': [{'key': 'f', 'active': True}]};"
        "str(explain(snapshot, 'f', 'a')), repr(requirements(snapshot, 'f'));"
        "print([name for name in sys.modules if 'display' in name])"
    )
    command = [sys.executable, "-c", program]
    found = subprocess.run(command, capture_output=True, text=True, check=True, cwd=ROOT)
    assert found.stdout.strip() == "[]"
