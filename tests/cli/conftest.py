"""Fixtures: a document, and the command line in this process."""

import json

import pytest
from click.testing import CliRunner

from flagengine.cli.app import cli

DOCUMENT = {
    "flags": [
        {
            "id": 1,
            "key": "new-checkout",
            "active": True,
            "filters": {
                "groups": [
                    {
                        "properties": [{"key": "plan", "type": "person", "value": ["pro", "team"]}],
                        "rollout_percentage": 50,
                    },
                    {
                        "properties": [
                            {
                                "key": "email",
                                "type": "person",
                                "operator": "icontains",
                                "value": "@example.com",
                            }
                        ],
                        "variant": "test",
                    },
                ],
                "multivariate": {
                    "variants": [
                        {"key": "control", "rollout_percentage": 50},
                        {"key": "test", "rollout_percentage": 50},
                    ]
                },
                "payloads": {"test": '{"color": "green"}'},
            },
        },
        {"key": "beta", "active": True, "filters": {"groups": [{}]}},
        {
            "key": "gold",
            "active": True,
            "filters": {
                "aggregation_group_type_index": 0,
                "groups": [{"properties": [{"key": "tier", "type": "group", "value": "gold"}]}],
            },
        },
        {
            "key": "loyal",
            "active": True,
            "filters": {
                "groups": [
                    {
                        "properties": [
                            {
                                "key": "joined",
                                "type": "person",
                                "operator": "is_date_before",
                                "value": "-1y",
                            }
                        ]
                    }
                ]
            },
        },
        {
            "key": "on-device",
            "active": True,
            "bucketing_identifier": "device_id",
            "evaluation_runtime": "client",
            "evaluation_contexts": ["app"],
            "filters": {"groups": [{"rollout_percentage": 50}]},
        },
        {"key": "off", "active": False, "filters": {"groups": [{}]}},
    ],
    "group_type_mapping": {"0": "company"},
}


@pytest.fixture
def definitions(tmp_path):
    path = tmp_path / "definitions.json"
    path.write_text(json.dumps(DOCUMENT))
    return str(path)


@pytest.fixture
def save(tmp_path):
    def write(content, name="other.json"):
        path = tmp_path / name
        if isinstance(content, bytes):
            path.write_bytes(content)
        else:
            path.write_text(content if isinstance(content, str) else json.dumps(content))
        return str(path)

    return write


@pytest.fixture
def run():
    """Call the command line; ``exits`` is the expected exit code."""

    def call(*arguments, stdin=None, exits=0):
        result = CliRunner().invoke(cli, list(arguments), input=stdin)
        assert result.exit_code == exits, result.output
        return result

    return call
