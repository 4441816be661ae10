"""What a notebook shows of results on tables, and the plots of them."""

from typing import Any

import pyarrow as pa
import pytest

from flagengine import Snapshot
from flagengine.batch import balance, diff, evaluate_table, exposures, overlaps, plots, what_if
from flagengine.batch.shown.balance import balance_html
from tests.rules import document, rollout
from tests.unit.test_display import read, words

_EVIL = "<script>alert(1)</script>\x1b_$x$"
_VARIANTS = [{"key": "a", "rollout_percentage": 60}, {"key": "<b>", "rollout_percentage": 40}]
_FLAGS: list[dict[str, Any]] = [
    {"key": "half", "active": True, "filters": {"groups": [{"rollout_percentage": 50}]}},
    {
        "key": _EVIL,
        "active": True,
        "filters": {
            "groups": [{"rollout_percentage": 30}],
            "multivariate": {"variants": _VARIANTS},
        },
    },
]
_SNAPSHOT = Snapshot.parse({"flags": [*_FLAGS, *document(rollout(), key="rules")["flags"]]})
_AFTER = _SNAPSHOT.with_rollout("half", 80).with_rollout(_EVIL, 60)
_PEOPLE = pa.table({"distinct_id": [f"id-{n}" for n in range(1_000)]})
_MANY = Snapshot.parse({"flags": [{**_FLAGS[0], "key": f"flag-{n}"} for n in range(60)]})


def _read_through() -> Any:
    result = evaluate_table(_SNAPSHOT, _PEOPLE)
    result.read_all()
    return result


class TestHtml:
    """``_repr_html_`` and ``repr``."""

    def test_a_diff_shows_the_changes_with_their_causes(self):
        found = diff(_SNAPSHOT, _AFTER, _PEOPLE)
        shown = words(found)
        assert shown.startswith("2 of 3 flags change for at least 1 of 1,000 people")
        assert "false → true" in shown
        assert "condition 1: rollout 50 % → 80 %" in shown
        assert repr(found) == "<Impact: 2 of 3 flags change for some of 1,000 people>"
        changed = found.flags["half"].changed
        assert repr(found.flags["half"]) == (
            f"<FlagImpact of 'half': {changed} of 1,000 people change>"
        )

    def test_a_diff_of_a_sample_shows_the_bounds(self):
        found = diff(_SNAPSHOT, _AFTER, _PEOPLE, sample=0.5)
        shown = words(found)
        low, high = found.interval(found.flags["half"].changed)
        assert f"({low:.2%} to {high:.2%})" in shown
        assert f"a sample of {found.rows} people" in shown

    def test_a_diff_of_many_flags_is_cut(self):
        after = {"flags": [{**_FLAGS[0], "key": f"flag-{n}", "active": False} for n in range(60)]}
        shown = diff(_MANY, after, _PEOPLE)._repr_html_()
        assert shown.count("switched off") == 50
        assert "and 10 more changes" in shown

    def test_no_change_needs_no_table(self):
        shown = read(diff(_SNAPSHOT, _SNAPSHOT, _PEOPLE)._repr_html_())
        assert "table" not in shown.names

    def test_a_ramp_shows_its_steps(self):
        ramp = what_if(_SNAPSHOT, _PEOPLE, "half", [10, 90])
        shown = words(ramp)
        assert f"now it is on for {ramp.on_now}" in shown
        assert f"10 % {ramp.steps[0].on}" in shown
        assert repr(ramp).startswith("<Ramp of 'half' over 1,000 people: 10 %: ")
        assert repr(ramp.steps[1]).startswith("<Step to 90 %: on for ")

    def test_a_balance_shows_its_tests_and_what_is_left_out(self):
        found = balance(_SNAPSHOT, _PEOPLE)
        shown = words(found)
        assert "0 of 6 tests are unlikely" in shown
        assert "flags of format 2 are left out: rules" in shown
        assert repr(found) == (
            "<Balance of 2 flags over 1,000 people: 0 unlikely of 6 tests, 0 correlated pairs>"
        )
        assert repr(found.flags["half"]) == "<FlagBalance of 'half': 0 unlikely of 2 tests>"
        assert "and 30 more flags" in words(balance(_MANY, _PEOPLE))

    def test_a_balance_marks_what_is_unlikely_and_shows_pairs(self):
        people = pa.table({"distinct_id": ["id-1"] * 1_000 + [f"id-{n}" for n in range(1_000)]})
        assert "5 of 6 tests are unlikely" in words(balance(_SNAPSHOT, people))
        written = balance(_SNAPSHOT, _PEOPLE).to_dict()
        written["pairs"] = [{"left": "half", "right": _EVIL, "correlation": 0.25}]
        assert "are correlated: +0.2500" in balance_html(written, 0.001, ())

    def test_overlaps_show_shares_of_each_flag(self):
        found = overlaps(_SNAPSHOT, _PEOPLE)
        shown = words(found)
        assert f"half {found.people('half', 'half')} - {found.share('half', _EVIL):.1%}" in shown
        assert repr(found) == "<Overlaps of 3 flags over 1,000 people>"
        assert "and 48 more flags" in words(overlaps(_MANY, _PEOPLE))

    def test_showing_a_stream_does_not_read_it(self):
        for made in (evaluate_table, exposures):
            stream = made(_SNAPSHOT, _PEOPLE)
            assert "nothing read yet" in words(stream)
            assert "0" in repr(stream)
            assert stream.read_all().num_rows >= 1_000

    def test_a_stream_shows_what_was_read(self):
        result = evaluate_table(_SNAPSHOT, _PEOPLE, batch_rows=400)
        next(iter(result))
        assert words(result).startswith("3 flags, 400 rows read so far")
        assert repr(result) == "<TableEvaluation of 3 flags, 400 rows read so far>"
        result.read_all()
        assert words(result).startswith("3 flags, 1,000 rows read flag answers half")
        assert repr(result) == "<TableEvaluation of 3 flags, 1,000 rows read>"

    def test_a_flag_of_many_values_shows_the_most_frequent(self):
        variants = [{"key": f"v{n}", "rollout_percentage": 5} for n in range(20)]
        flag = {**_FLAGS[1], "filters": {"groups": [{}], "multivariate": {"variants": variants}}}
        result = evaluate_table({"flags": [flag]}, _PEOPLE)
        result.read_all()
        assert "other values" in words(result)

    def test_names_are_escaped(self):
        for value in (
            diff(_SNAPSHOT, _AFTER, _PEOPLE),
            what_if(_SNAPSHOT, _PEOPLE, _EVIL, [50]),
            balance(_SNAPSHOT, _PEOPLE),
            overlaps(_SNAPSHOT, _PEOPLE),
            evaluate_table(_SNAPSHOT, _PEOPLE),
            exposures(_SNAPSHOT, _PEOPLE),
            _read_through(),
        ):
            shown = value._repr_html_()
            assert "\x1b" not in shown
            assert "<b>" not in shown
            assert "<script>alert(1)</script>" in words(value)


class TestPlots:
    """``flagengine.batch.plots``, without a display."""

    @pytest.fixture(autouse=True)
    def _no_display(self):
        matplotlib = pytest.importorskip("matplotlib")
        matplotlib.use("Agg")
        yield
        matplotlib.pyplot.close("all")

    def test_a_ramp_is_a_line_over_its_percentages(self):
        ramp = what_if(_SNAPSHOT, _PEOPLE, "half", [90, 10])
        axes = plots.ramp(ramp)
        line, now = axes.get_lines()
        assert list(line.get_xdata()) == [10, 90]
        assert list(line.get_ydata()) == [100 * step.share for step in reversed(ramp.steps)]
        assert set(now.get_ydata()) == {100 * ramp.on_now / 1_000}
        axes.figure.canvas.draw()

    def test_shares_are_bars_that_add_up(self):
        for found, names in (
            (_read_through(), ["half", None, "rules"]),
            (diff(_SNAPSHOT, _AFTER, _PEOPLE), ["half, before", "half, after", None, None]),
            (balance(_SNAPSHOT, _PEOPLE), [None, None]),
        ):
            axes = plots.shares(found)
            shown = [label.get_text() for label in axes.get_yticklabels()]
            wanted = [name for name in names if name]
            assert len(shown) == len(names)
            assert set(wanted) <= set(shown)
            for row in range(len(names)):
                bars = [bar.get_width() for group in axes.containers for bar in [group[row]]]
                assert sum(bars) == pytest.approx(100)
            axes.figure.canvas.draw()
            axes.figure.clear()

    def test_overlaps_are_a_grid_of_shares(self):
        figure = pytest.importorskip("matplotlib.figure")
        found = overlaps(_SNAPSHOT, _PEOPLE)
        axes = figure.Figure().subplots()
        assert plots.overlaps(found, axes) is axes
        (image,) = axes.get_images()
        assert image.get_array()[0][1] == pytest.approx(found.share("half", _EVIL))
        assert r"\$x\$" in axes.get_xticklabels()[1].get_text()
        axes.figure.canvas.draw()

    def test_no_flags_and_nobody_are_no_error(self):
        nobody = _PEOPLE.slice(0, 0)
        plots.shares(diff(_SNAPSHOT, _SNAPSHOT, _PEOPLE))
        plots.shares(evaluate_table(_SNAPSHOT, _PEOPLE))
        plots.overlaps(overlaps({"flags": []}, _PEOPLE))
        axes = plots.ramp(what_if(_SNAPSHOT, nobody, "half", [50]))
        axes.figure.canvas.draw()

    def test_a_value_of_another_type_is_an_error_that_says_what_must_be(self):
        for plot, wanted in (
            (plots.ramp, "a Ramp, from what_if"),
            (plots.shares, "a TableEvaluation, an Impact or a Balance"),
            (plots.overlaps, "an Overlaps, from overlaps"),
        ):
            with pytest.raises(TypeError, match=f"found must be {wanted}, got dict"):
                plot({})
