"""Definitions on which posthog-python 7.91.1 and the engine agree, and some on which they do not."""

__all__ = ["document", "flag", "of_format_2", "property_filter"]


def property_filter(key, value, operator="exact", **more):
    return {"key": key, "type": "person", "operator": operator, "value": value, **more}


def flag(key, *filters, rollout=100, number=1, **more):
    groups = [{"properties": list(filters), "rollout_percentage": rollout}]
    filters = {"groups": groups, **more.pop("filters", {})}
    return {"id": number, "version": 3, "key": key, "active": True, "filters": filters, **more}


def of_format_2(key):
    """Return a flag of configuration format 2, which the engine decides: 500 for everybody."""
    rule = {
        "id": "11111111-1111-4111-8111-111111111111",
        "rule_type": "targeted_release",
        "targeting": {"properties": []},
        "value": 500,
    }
    filters = {"version": 2, "return_type": "number", "default_value": None, "rules": [rule]}
    return {"key": key, "id": 9, "active": True, "filters": filters}


def document():
    """Return definitions: three flags that need a property, one of a group, and one of each mistake."""
    variants = [{"key": "blue", "rollout_percentage": 100}]
    return {
        "flags": [
            flag(
                "plan",
                property_filter("plan", "pro"),
                filters={"payloads": {"true": '{"seats": 5}', "false": '"none"'}},
            ),
            flag(
                "colour",
                property_filter("plan", "pro"),
                number=2,
                has_experiment=True,
                filters={"multivariate": {"variants": variants}, "payloads": {"blue": '"#00f"'}},
            ),
            flag(
                "team",
                {**property_filter("tier", "gold"), "type": "group", "group_type_index": 0},
                number=3,
                filters={"aggregation_group_type_index": 0},
            ),
            # posthog-python takes the pre-release for 2.0.0; the server does not (SPEC R8.7).
            flag("version", property_filter("app", "2.0.0", "semver_gte"), number=4),
            # posthog-python asks the server (SPEC R8.6).
            flag("seats", property_filter("seats", [5, 10], "between"), number=5),
        ],
        "group_type_mapping": {"0": "company"},
        "cohorts": {},
    }
