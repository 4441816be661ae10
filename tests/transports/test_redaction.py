"""URLs without secrets, in events, logs and errors; ordinary parameters stay."""

from __future__ import annotations

import pytest

from flagengine.transports.context.http_request import request_data
from flagengine.transports.http.redaction import redact_text, redact_url

pytestmark = pytest.mark.contract("http-client")

NAMES = [
    *("password", "passwd", "pwd", "pw", "pass", "user_pass", "userPass", "new-password2"),
    *("secret", "client_secret", "token", "Token", "TOKEN", "access_token", "refreshToken"),
    *("id_token", "reset_token", "csrfmiddlewaretoken", "authToken", "api_key", "apikey"),
    *("API-Key", "personal_api_key", "project_key", "subscription-key", "key", "auth"),
    *("authorization", "jwt", "otp", "sig", "hmac", "X-Amz-Signature", "X-Amz-Credential"),
    *("X-Amz-Security-Token", "oauth_signature", "code_verifier", "device_code", "SAMLResponse"),
    *("client_assertion", "sessionid", "session_id", "PHPSESSID", "connect.sid", "credentials"),
    *("%74oken", "%2574oken", "a[token]", "user%5Bpassword%5D", "user[password][0]", "user.token"),
]


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("place", ["?{}", "?a=1&{}", "#{}", "#/next?{}", "/cart;{}", "?a=1;{}"])
def test_the_value_of_a_secret_parameter_is_hidden(name: str, place: str) -> None:
    url = "https://host/path" + place.format(f"{name}=hunter2")
    assert redact_url(url) == url.replace("hunter2", "***")


@pytest.mark.parametrize(
    "query",
    [
        "page=2&sort=price&q=tokens",
        "code=SUMMER10",
        "code=DE&country=DE",
        "state=CA&city=LA",
        "token_type=bearer&max_tokens=100",
        "author=bob&authority=x&authors=1",
        "keyword=x&monkey=1&keys=2",
        "design=1&signal=2&passage=3&compass=4&bypass=5",
        "card=visa&pin=1&cookie_consent=yes&session_type=free",
        "utm_source=x&gclid=y&ref=a%26b",
        "a&b=&=c&?&&",
        "next=%2Fpath%3Fpage%3D2",
    ],
)
def test_ordinary_parameters_stay(query: str) -> None:
    assert redact_url(f"https://host/?{query}") == f"https://host/?{query}"
    assert redact_url(f"https://host/#{query}") == f"https://host/#{query}"


@pytest.mark.parametrize(
    "others", ["state=x", "client_id=7&redirect_uri=y", "scope=email&authuser=0", "iss=https:"]
)
def test_a_code_is_a_secret_beside_another_parameter_of_oauth(others: str) -> None:
    assert (
        redact_url(f"https://host/cb?code=hunter2&{others}") == f"https://host/cb?code=***&{others}"
    )
    assert (
        redact_url(f"https://host/cb#{others}&code=hunter2") == f"https://host/cb#{others}&code=***"
    )
    assert redact_text(f"https://host/?code=1 https://host/?{others}").startswith(
        "https://host/?code=1 "
    )


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("/?next=%2Fa%3Ftoken%3Dhunter2%26page%3D2", "/?next=%2Fa%3Ftoken%3D***%26page%3D2"),
        ("/?next=%2Fa%3Ftoken%3Dhunter2&page=2", "/?next=%2Fa%3Ftoken%3D***&page=2"),
        ("/?next=%252Fa%253Fpassword%253Dhunter2%2526b%253D1", None),
        ("/?next=/a%3Ftoken=hunter2&page=2", "/?next=/a%3Ftoken=***&page=2"),
        ("/?password=hunt%26er2%23&page=2", "/?password=***&page=2"),
        ("/?next=https%3A%2F%2Fu%3Ahunter2%40h%2Fa%40b", "/?next=https%3A%2F%2Fh%2Fa%40b"),
        ("/?next=https%3A%2F%2Fh%3Fmail%3Da%40b", "/?next=https%3A%2F%2Fh%3Fmail%3Da%40b"),
        ("/a;token=hunter2;v=1/b?c=1", "/a;token=***;v=1/b?c=1"),
        ("/?token=&page=2", "/?token=***&page=2"),
        ("/reset/eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiI3In0.hunter2/", "/reset/***/"),
    ],
)
def test_secrets_are_found_where_they_are_hidden(url: str, shown: str | None) -> None:
    found = redact_url(url)
    assert "hunt" not in found
    assert shown is None or found == shown


def test_the_event_of_a_request_has_no_secrets_in_its_urls() -> None:
    path = "/reset;token=hunter2"
    data = request_data({}, url=f"https://shop{path}?user[password]=hunter2#id_token=x", path=path)
    assert data["properties"] == {
        "$current_url": "https://shop/reset;token=***?user[password]=***#id_token=***",
        "$request_path": "/reset;token=***",
    }


def test_text_around_a_url_stays() -> None:
    text = "GET https://host/?sig=hunter2&v=1 failed: timeout=5; retry=2, page 3 of 4"
    assert redact_text(text) == text.replace("hunter2", "***")
