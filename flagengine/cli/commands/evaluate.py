"""``flagengine evaluate``: every flag for one person."""

import click

from flagengine.cli import options
from flagengine.cli.output import print_json, print_table
from flagengine.cli.person import Person
from flagengine.cli.reading import read_snapshot, shown_name
from flagengine.cli.trouble import EXIT_CODES, check_keys, wrong_argument
from flagengine.cli.wording import answer, detail, reason
from flagengine.evaluator import CallOptions, Evaluation, evaluate
from flagengine.inputs.overrides import Overrides

__all__ = ["command"]


@click.command(epilog=f"{EXIT_CODES} Findings: with --fail-on-unresolved, an unresolved flag.")
@options.source
@options.person
@options.flags
@click.option("--fail-on-unresolved", is_flag=True, help="Exit with 1 if a flag is unresolved.")
@options.as_json
def command(
    *, source: str, person: Person, keys: tuple[str, ...], fail_on_unresolved: bool, as_json: bool
) -> None:
    """Evaluate flags for one person.

    Without --flag, evaluate all flags. A flag that depends on a missing input is unresolved; the
    output names the input.

    \b
    flagengine evaluate definitions.json --distinct-id user-1 --property plan=pro
    curl ... | flagengine evaluate - --distinct-id user-1 --flag new-checkout --json
    """  # noqa: D301 (click keeps the lines after it as they are)
    snapshot = read_snapshot(source)
    overridden = Overrides.parse(person.options.get("overrides")).flags
    check_keys(shown_name(source), keys, {**snapshot.keys, **overridden})
    try:
        call_options = CallOptions(**person.options, flag_keys=keys or None)
        results = evaluate(snapshot, person.distinct_id, person.properties, **call_options)
    except (TypeError, ValueError) as error:
        raise wrong_argument(error) from None
    if as_json:
        found = {key: resolution.to_dict() for key, resolution in results.items()}
        print_json({"fingerprint": snapshot.fingerprint, "flags": found})
    else:
        _print(results)
    if fail_on_unresolved and any(resolution.unresolved_reason for resolution in results.values()):
        raise SystemExit(1)


def _print(results: Evaluation) -> None:
    rows = [
        (resolution.key, answer(resolution), reason(resolution), detail(resolution))
        for resolution in results.values()
    ]
    print_table(("flag", "value", "reason", ""), rows)
