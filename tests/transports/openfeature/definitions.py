"""Definitions of flags with each kind of value."""

from __future__ import annotations


def flag(key, *, payloads=None, variant=None, **fields):
    filters = {"groups": [{"properties": [], "rollout_percentage": 100}]}
    if payloads is not None:
        filters["payloads"] = payloads
    if variant is not None:
        filters["multivariate"] = {"variants": [{"key": variant, "rollout_percentage": 100}]}
    return {"id": len(key), "key": key, "active": True, "filters": {**filters, **fields}}


PRO = [{"key": "plan", "type": "person", "value": "pro", "operator": "exact"}]
ACME = [{"key": "tier", "type": "group", "group_type_index": 0, "value": "gold"}]
DOCUMENT = {
    "flags": [
        flag("on"),
        {**flag("off"), "active": False},
        flag("pro", groups=[{"properties": PRO, "rollout_percentage": 100}]),
        flag("color", variant="red", payloads={"red": '{"hex": "#f00"}'}),
        flag("limit", payloads={"true": "7"}),
        flag("ratio", payloads={"true": "0.5"}),
        flag("sized", variant="42"),
        flag("greeting", payloads={"true": '"hello"'}),
        flag("huge", payloads={"true": "1" + "0" * 400}),
        flag(
            "gold",
            aggregation_group_type_index=0,
            groups=[{"properties": ACME, "rollout_percentage": 100}],
        ),
    ],
    "group_type_mapping": {"0": "company"},
}
