"""Secrets in local variables: beside their name, inside of text, and by their shape."""

from __future__ import annotations

import enum
import os

import pytest

from flagengine.transports.exceptions import CodeVariables
from flagengine.transports.exceptions.code_variables import shown

pytestmark = pytest.mark.contract("exception-event-metadata")
SECRET = "hunter2"


class Field(enum.Enum):
    PASSWORD = 1
    NAME = 2


def text_of(value):
    return shown(value, CodeVariables(), "value")


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (["--password", SECRET, "--verbose"], "['--password', ***, '--verbose']"),
        (("password", SECRET), "('password', ***)"),
        ([("user", "bob"), ("api-key", SECRET)], "[('user', 'bob'), ('api-key', ***)]"),
        (["--api-key=" + SECRET], "['--api-key=***']"),
        (["Password:", SECRET], "['Password:', ***]"),
        (["--token", 7], "['--token', ***]"),
        (["password", "secret", "name"], "['password', ***, 'name']"),
        (["the password is long", "name"], "['the password is long', 'name']"),
        ({b"password": SECRET}, "{<8 bytes>: ***}"),
        ({("db", "password"): SECRET, ("db", "name"): "shop"}, None),
        ({Field.PASSWORD: SECRET, Field.NAME: "shop"}, None),
        ({"X-Api-Key": SECRET, "Accept": "text/html"}, "{'X-Api-Key': ***, 'Accept': 'text/html'}"),
        ({"name": "DB_PASSWORD", "value": SECRET}, "{'name': 'DB_PASSWORD', 'value': ***}"),
        ({"name": "LANG", "value": "C"}, "{'name': 'LANG', 'value': 'C'}"),
        ({"key": "token", "Value": SECRET, "x": 1}, "{'key': 'token', 'Value': ***, 'x': 1}"),
        ([f"DATABASE_PASSWORD={SECRET}", "LANG=C"], "['DATABASE_PASSWORD=***', 'LANG=C']"),
        ({"db_pass": SECRET, "dbPass": SECRET, "pass2": SECRET}, None),
        ({"bypass": "yes", "compass": "N"}, "{'bypass': 'yes', 'compass': 'N'}"),
        ({"sig": SECRET, "hmac": SECRET, "design": "flat"}, None),
        (["curl", "-u", f"bob:{SECRET}", "x"], "['curl', '-u', 'bob:***', 'x']"),
        (["mysql", "-uroot", f"-p{SECRET}"], "['mysql', '-uroot', '-p***']"),
        (("/usr/bin/sshpass", "-p", SECRET, "ssh"), "('/usr/bin/sshpass', '-p', '***', 'ssh')"),
        (["redis-cli", "-a", SECRET, "-p", "6379"], "['redis-cli', '-a', '***', '-p', '6379']"),
        (["ssh", "-p", "22", 7, "host"], "['ssh', '-p', '22', 7, 'host']"),
        ([7, "-phunter"], "[7, '-phunter']"),
    ],
)
def test_a_value_beside_the_name_of_a_secret_is_masked(value, text):
    found = text_of(value)
    assert SECRET not in found
    assert text is None or found == text


@pytest.mark.parametrize(
    "text",
    [
        '{"password": "hunter2", "user": "bob"}',
        "{'password': 'hunter2'}",
        '{"password":"hun\\"ter2 hunter2"}',
        '{"body": "{\\"password\\": \\"hunter2\\"}"}',
        '{"a": {"passwords": ["hunter2"]}}',
        '["--password", "hunter2"]',
        "('password', 'hunter2')",
        "config={'token': b'hunter2'}",
        "login --user bob --password hunter2",
        "login --token=hunter2",
        "login --token 'hunter2 hunter2'",
        "export DB_PASSWORD=hunter2",
        'PASSWORD = "hunter2"',
        "password: hunter2",
        "password := hunter2",
        "Authorization: Bearer hunter2",
        "Authorization: Basic hunter2==",
        "Authorization: Token token=hunter2, x=hunter2",
        'curl -H "X-Api-Key: hunter2" https://x',
        "GET / HTTP/1.1\r\nCookie: a=hunter2; b=hunter2\r\nAccept: */*",
        "Server=db;User Id=sa;Password=hunter2;Encrypt=yes",
        "DefaultEndpointsProtocol=https;AccountName=a;AccountKey=hunter2==;Suffix=x",
        "host=db user=bob password='hunter2 hunter2' port=5432",
        "postgres://me:hunter2@host/db",
        "postgres://me:hunter2/@hunter2@host/db",
        "redis://:hunter2@host:6379/0",
        "user=bob&password=hunter2&next=/",
        "https://host/path?access_token=hunter2&v=2",
        "user=bob&pass=hunter2&x=1",
        "https://x.blob.core.example/?sv=1&sig=hunter2",
        "PASSWORD\thunter2",
        "machine h login bob password hunter2",
        "curl -u bob:hunter2 https://host",
        "curl --user 'bob:hunter2' https://host",
        "mysql -uroot -phunter2 shop",
        "cat x | mysqldump --host h -phunter2 > y",
        "sshpass -p hunter2 ssh host",
        "redis-cli -h h -a hunter2 ping",
        "https://hooks.slack.com/services/T0/B0/hunter2",
        "<login><user>bob</user><password>hunter2</password></login>",
        "-----BEGIN RSA PRIVATE KEY-----\nhunter2\n-----END RSA PRIVATE KEY-----",
        "-----BEGIN OPENSSH PRIVATE KEY-----\nhunter2",
    ],
)
def test_text_with_a_secret_is_shown_without_it(text):
    found = text_of(text)
    assert "unter2" not in found
    assert "ter2" not in found
    assert "***" in found or "://" in found


@pytest.mark.parametrize(
    "token",
    [
        "sk-ant-api03-" + "a1B2" * 10,
        "sk-proj-" + "a1B2" * 10,
        "sk_live_" + "a1B2" * 6,
        "AKIAIOSFODNN7EXAMPLE",
        "ghp_" + "a1B2" * 9,
        "github_pat_" + "a1B2" * 9,
        "glpat-" + "a1B2" * 5,
        "xoxb-123456789012-abcdef",
        "AIza" + "a1B2" * 9,
        "npm_" + "a1B2" * 9,
        "SG." + "a1B2" * 6 + "." + "a1B2" * 6,
        "hf_" + "a1B2" * 6,
        "eyJhbGciOiJI.eyJzdWIiOiI.x-y",
        "phc_abcdefgh",
    ],
)
def test_a_token_is_known_by_its_shape(token):
    assert text_of(f"see {token} there") == "'see *** there'"
    assert text_of([token]) == "['***']"


@pytest.mark.parametrize(
    "text",
    [
        "the author: Bob said: fine",
        "12:30:45",
        "https://host:8080/path?x=1",
        '{"user": "bob", "roles": ["admin"]}',
        "disk-usage-of-something-long",
        "SELECT * FROM users WHERE id = 7",
        "--name bob --verbose",
        "ssh -p 22 host && docker run -p 80:80 -u root x",
        "mysql -p shop",
        "mysqlclient -phunter",
        "login bob said the word",
        "the password is long",
        "name\tvalue",
        "<b>bold</b>",
        "a\\b\\'c\"",
        "",
    ],
)
def test_text_without_secrets_is_shown_as_it_is(text):
    assert text_of(text) == repr(text)


def test_the_environment_is_shown_without_its_secrets(monkeypatch):
    monkeypatch.setenv("DJANGO_SECRET_KEY", SECRET)
    monkeypatch.setenv("PGPASSWORD", SECRET)
    chosen = {name: os.environ[name] for name in ("DJANGO_SECRET_KEY", "PGPASSWORD")}
    assert text_of({**chosen, "LANG": "C"}) == (
        "{'DJANGO_SECRET_KEY': ***, 'PGPASSWORD': ***, 'LANG': 'C'}"
    )
    assert SECRET not in text_of(os.environ)


def test_a_secret_that_is_cut_off_is_not_shown_in_part():
    options = CodeVariables(max_value_length=100)
    text = "postgres://" + "x" * 150 + ":" + SECRET * 10 + "@host/db"
    assert SECRET not in shown(text, options, "value")
    tokens = " ".join("sk-" + "a" * 60 for _ in range(4))
    assert "aaa" not in shown(tokens, options, "value")


@pytest.mark.parametrize(
    "text", ["'a':" * 600, '{"a":' * 600, "--a " * 600, "\\" * 3000, "a=" * 900]
)
def test_nested_and_repeated_names_do_no_harm(text):
    assert text_of(text)
