"""``flagengine plan``."""

import json


def test_a_flag_is_rendered_in_the_order_of_its_evaluation(run, definitions):
    lines = run("plan", definitions, "new-checkout").stdout.splitlines()
    assert lines[0] == "flag new-checkout"
    assert "  condition 1: 50 % by person get control (50 %) or test (50 %)" in lines
    assert '    if person plan exact ["pro","team"]' in lines
    assert "  condition 2: all by person get test" in lines
    assert lines[-1] == "  otherwise false"


def test_the_generated_source_can_be_read(run, definitions):
    source = run("plan", definitions, "new-checkout", "--source").stdout
    assert source.startswith("def evaluate(distinct_id, props, subject=None):")
    assert "# condition 1" in source
    compile(source, "shown", "exec")


def test_json_has_both(run, definitions):
    found = json.loads(run("plan", definitions, "new-checkout", "--json").stdout)
    assert found["plan"][0] == "flag new-checkout"
    assert found["source"].startswith("def evaluate(")


def test_an_unknown_flag_is_named_with_the_nearest(run, definitions):
    result = run("plan", definitions, "new-checkuot", exits=2)
    assert "new-checkout" in result.output
