"""``flagengine plan``: the evaluation of a flag, in words or as generated Python."""

import click

from flagengine.cli import options
from flagengine.cli.output import print_json, print_lines
from flagengine.cli.reading import read_snapshot, shown_name
from flagengine.cli.trouble import EXIT_CODES, check_keys
from flagengine.compiled.source import source_of
from flagengine.plan.render import render_flag
from flagengine.snapshot import evaluators_of

__all__ = ["command"]


@click.command(epilog=EXIT_CODES)
@options.source
@options.flag_key
@click.option("--source", "as_source", is_flag=True, help="Print the generated Python instead.")
@options.as_json
def command(*, source: str, key: str, as_source: bool, as_json: bool) -> None:
    """Print how one flag is evaluated, step by step.

    \b
    flagengine plan definitions.json new-checkout
    flagengine plan definitions.json new-checkout --source
    """  # noqa: D301 (click keeps the lines after it as they are)
    snapshot = read_snapshot(source)
    check_keys(shown_name(source), (key,), snapshot.keys)
    evaluators = evaluators_of(snapshot)
    plan = evaluators.plans.plan(key)
    assert plan is not None  # the key was checked
    words = render_flag(plan)
    code = source_of(snapshot.evaluator(key)) if as_source or as_json else None
    if as_json:
        print_json({"key": key, "plan": words.splitlines(), "source": code})
        return
    shown = (code or _why_no_code(evaluators.is_interpreted(key))) if as_source else words
    print_lines(([line] for line in shown.splitlines()), wraps=not as_source)


def _why_no_code(is_interpreted: bool) -> str:
    if is_interpreted:
        return "no code is generated: this flag is so large that the interpreter evaluates it"
    return "no code is generated: this flag has the same answer for everyone"
