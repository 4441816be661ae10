"""``flagengine requirements``."""

import json


def test_every_flag_says_what_it_needs(run, definitions):
    result = run("requirements", definitions)
    lines = [" ".join(line.split()) for line in result.stdout.splitlines()]
    assert "new-checkout always email, plan, distinct id" in lines
    assert "gold always company.tier, group company" in lines
    assert "on-device always device id" in lines
    assert "off always" in lines


def test_json_is_by_flag(run, definitions):
    result = run("requirements", definitions, "--flag", "gold", "--json")
    found = json.loads(result.stdout)
    assert found["gold"]["group_properties"] == {"company": ["tier"]}
    assert list(found) == ["gold"]


def test_flags_that_only_the_server_decides_can_fail_a_build(run, definitions, save):
    def asking(*others):
        tests = [{"key": "id", "type": "cohort", "value": 7}, *others]
        flag = {"key": "a", "active": True, "filters": {"groups": [{"properties": tests}]}}
        return save({"flags": [flag]})

    run("requirements", definitions, "--fail-on", "sometimes")
    never = asking()
    assert "cohort 7 is not in the definitions" in run("requirements", never).stdout
    run("requirements", never, "--fail-on", "never", exits=1)
    sometimes = asking({"key": "plan", "type": "person", "value": "pro"})
    run("requirements", sometimes, "--fail-on", "never")
    run("requirements", sometimes, "--fail-on", "sometimes", exits=1)
