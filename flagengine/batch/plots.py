"""Plots of the results of tables: ramps, shares and overlaps, each drawn into matplotlib's Axes.

This module needs the extra ``plot`` (matplotlib). Each function draws into ``ax``, or into the current
Axes as pyplot's functions do, and returns the Axes, so that a caller can change all of it.
"""

from collections import Counter
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Final

from flagengine.batch.evaluation import TableEvaluation
from flagengine.batch.impact.ramp import Ramp
from flagengine.batch.impact.results import Impact
from flagengine.batch.statistics.balance_results import Balance
from flagengine.batch.statistics.overlaps import Overlaps
from flagengine.columnar.answer_columns import value_text
from flagengine.display.parts import colours
from flagengine.extras import extra_for
from flagengine.results.resolution import Resolution
from flagengine.values.printable import printable

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = ["overlaps", "ramp", "shares"]

_LONGEST: Final = 40
_MOST: Final = 30
"""The most flags that a plot shows: the names of more would not be readable."""


def ramp(found: Ramp, ax: "Axes | None" = None) -> "Axes":
    """Draw for how many people a flag is on at each percentage of a ramp, from ``what_if``.

    A dashed line shows the share that it has now.
    """
    if not isinstance(found, Ramp):
        raise _wrong("found", "a Ramp, from what_if", found)
    axes = _axes(ax)
    steps = sorted(found.steps, key=lambda step: step.percentage)
    percentages = [step.percentage for step in steps]
    axes.plot(percentages, [100 * step.share for step in steps], marker="o", label="on")
    now = 100 * found.on_now / max(found.rows, 1)
    axes.axhline(now, linestyle="--", linewidth=1, color="gray", label="now")
    axes.set(xlabel="rollout (%)", ylabel="share of people (%)", title=_name(found.key))
    axes.set_ylim(bottom=0)
    axes.legend()
    return axes


def shares(found: TableEvaluation | Impact | Balance, ax: "Axes | None" = None) -> "Axes":
    """Draw what share of people gets each value, a bar per flag.

    A ``TableEvaluation`` shows the rows read so far. An ``Impact`` has two bars for each flag that
    changes, before and after. A ``Balance`` has two bars for each flag with variants: the weights, and the
    variants that were given. At most 30 bars are drawn.
    """
    if isinstance(found, TableEvaluation):
        bars: dict[str, Mapping[str, float]] = {
            key: _by_value(found.stats.answers[key]) for key in found.keys
        }
    elif isinstance(found, Impact):
        bars = {}
        for flag in (found.flags[key] for key in found.changed_keys):
            bars[f"{flag.key}, before"], bars[f"{flag.key}, after"] = flag.before, flag.after
    elif isinstance(found, Balance):
        bars = {}
        for test in (test for test in found.tests() if test.name == "given"):
            bars[f"{test.flag}, weights"], bars[f"{test.flag}, given"] = test.wanted, test.found
    else:
        raise _wrong("found", "a TableEvaluation, an Impact or a Balance", found)
    return _stacked(_axes(ax), dict([*bars.items()][:_MOST]))


def overlaps(found: Overlaps, ax: "Axes | None" = None) -> "Axes":
    """Draw which flags are on for the same people: each row has the shares of one flag's people.

    At most 30 flags are drawn.
    """
    if not isinstance(found, Overlaps):
        raise _wrong("found", "an Overlaps, from overlaps", found)
    axes = _axes(ax)
    keys = found.keys[:_MOST]
    grid = [[found.share(key, other) for other in keys] for key in keys]
    axes.imshow(grid or [[0.0]], vmin=0, vmax=1, cmap="Blues")
    names = list(map(_name, keys))
    axes.set_xticks(range(len(keys)), names, rotation=45, ha="right", rotation_mode="anchor")
    axes.set_yticks(range(len(keys)), names)
    for row, line in enumerate(grid):
        for column, share in enumerate(line):
            ink = "white" if share > 0.5 else "black"
            axes.text(
                column, row, f"{share:.0%}", ha="center", va="center", color=ink, size="small"
            )
    axes.set(xlabel="is on for this share of them", ylabel="of the people with")
    return axes


def _stacked(axes: "Axes", bars: Mapping[str, Mapping[str, float]]) -> "Axes":
    values = list(dict.fromkeys(value for counts in bars.values() for value in counts))
    colour = colours(values)
    left = [0.0] * len(bars)
    names = list(map(_name, bars))
    for value in values:
        widths = [
            100 * counts.get(value, 0) / (sum(counts.values()) or 1) for counts in bars.values()
        ]
        places = range(len(bars))
        axes.barh(places, widths, left=left, color=colour[value], label=_name(value))
        left = [start + width for start, width in zip(left, widths, strict=True)]
    axes.set_yticks(range(len(bars)), names)
    axes.invert_yaxis()
    axes.set(xlabel="share of people (%)", xlim=(0, 100))
    if values:
        axes.legend(loc="upper left", bbox_to_anchor=(1.0, 1.0))
    return axes


def _by_value(answers: Mapping[Resolution, int]) -> Counter[str]:
    found: Counter[str] = Counter()
    for resolution, rows in answers.items():
        decided = resolution.value is not None
        words = "the caller's default" if resolution.caller_default else "unresolved"
        found[str(value_text(resolution.value)) if decided else words] += rows
    return found


def _name(text: str) -> str:
    """Return a name that matplotlib shows as it is: no formula between dollars, and not too long."""
    short = text if len(text) <= _LONGEST else text[: _LONGEST - 1] + "…"
    shown = printable(short).replace("$", r"\$")
    # A legend leaves out labels that begin with an underscore.
    return f" {shown}" if shown.startswith("_") else shown


def _axes(ax: "Axes | None") -> "Axes":
    if ax is not None:
        return ax
    with extra_for("flagengine.batch.plots"):
        import matplotlib.pyplot as plt  # noqa: PLC0415 an extra
    return plt.gca()


def _wrong(name: str, wanted: str, given: Any) -> TypeError:
    return TypeError(f"{name} must be {wanted}, got {type(given).__name__}")
