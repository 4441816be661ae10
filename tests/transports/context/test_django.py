"""The Django middleware under Django's own handlers, synchronous and asynchronous."""

from __future__ import annotations

import asyncio

import pytest

django = pytest.importorskip("django")

from django.conf import settings  # noqa: E402
from django.core.exceptions import ImproperlyConfigured  # noqa: E402
from django.core.handlers.wsgi import WSGIHandler  # noqa: E402
from django.test import AsyncClient, Client, RequestFactory, override_settings  # noqa: E402

from flagengine.transports.context import current  # noqa: E402
from flagengine.transports.context.django import FlagengineMiddleware  # noqa: E402

from .django_project import recording  # noqa: E402
from .django_views import file  # noqa: E402

pytestmark = pytest.mark.contract("tracing-headers")
HEADERS = {"x-posthog-distinct-id": "user-123", "x-posthog-session-id": "session-123"}


@pytest.fixture(autouse=True)
def _recorded():
    recording.__init__()
    with override_settings(FLAGENGINE_CLIENT=recording):
        yield


MIDDLEWARE = "flagengine.transports.context.django.FlagengineMiddleware"
OTHER = f"{__package__}.django_project.other"
USERS = [
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    MIDDLEWARE,
]


def get(address, client_class=Client, **options):
    client = client_class(raise_request_exception=False)
    answer = client.get(address, headers={**HEADERS, **options})
    return answer if client_class is Client else asyncio.run(answer)


@pytest.mark.parametrize("client_class", [Client, AsyncClient])
@pytest.mark.parametrize("view", ["work", "async_work"])
def test_an_event_of_a_request_has_the_ids_of_its_headers(view, client_class):
    assert get(f"/{view}?page=2", client_class).content == b"user-123"
    (_, distinct_id, properties) = recording.events[0]
    assert distinct_id == "user-123"
    assert properties["$session_id"] == "session-123"
    assert properties["$current_url"] == f"http://testserver/{view}?page=2"
    assert properties["$request_path"] == f"/{view}"
    assert properties["$ip"] == "127.0.0.1"
    assert current() is None


@pytest.mark.contract("exception-event-metadata")
@pytest.mark.parametrize("client_class", [Client, AsyncClient])
@pytest.mark.parametrize("view", ["fail", "async_fail"])
def test_what_a_view_raises_is_reported_unhandled_with_its_status(view, client_class):
    assert get(f"/{view}", client_class).status_code == 500
    assert recording.reported == [
        (
            "ValueError('boom')",
            "user-123",
            "django.middleware",
            False,
            {"$response_status_code": 500},
        )
    ]


@pytest.mark.parametrize(("view", "status"), [("missing", 404), ("forbidden", 403)])
def test_an_answer_below_500_is_no_failure(view, status):
    assert get(f"/{view}").status_code == status
    assert recording.exceptions == []


def test_a_streamed_response_is_made_in_its_context():
    response = get("/stream")
    assert current() is None
    assert b"".join(response.streaming_content) == b"user-123;user-123;"
    assert current() is None


def test_what_a_streamed_response_raises_is_reported():
    pieces = iter(get("/broken_stream").streaming_content)
    assert next(pieces) == b"one"
    with pytest.raises(ValueError, match="boom"):
        next(pieces)
    assert recording.reported == [
        ("ValueError('boom')", "user-123", "django.middleware", False, {})
    ]


def test_an_asynchronously_streamed_response_is_made_in_its_context():
    async def read():
        response = await AsyncClient().get("/async_stream", headers=HEADERS)
        return [item async for item in response.streaming_content]

    assert asyncio.run(read()) == [b"user-123;", b"user-123;"]


def test_a_file_is_handed_on_as_it_is():
    response = FlagengineMiddleware(file)(RequestFactory().get("/file"))
    assert response.file_to_stream is not None
    response.close()


def test_the_project_names_its_user_and_tags():
    names = {
        "FLAGENGINE_IDENTIFY": lambda request: request.headers["X-User"],
        "FLAGENGINE_TAGS": lambda _: {"tenant": 7},
    }
    with override_settings(**names):
        assert get("/work", **{"x-user": "known"}).content == b"known"
    assert recording.events[0][2]["tenant"] == 7


@pytest.mark.parametrize("client_class", [Client, AsyncClient])
def test_without_a_client_requests_are_served(client_class):
    with override_settings(FLAGENGINE_CLIENT=None):
        assert get("/work", client_class).content == b"nobody"
        assert get("/fail", client_class).status_code == 500
    assert recording.exceptions == []


def test_the_client_may_be_a_dotted_path_and_exceptions_unwanted():
    wanted = {
        "FLAGENGINE_CLIENT": f"{__name__}.recording",
        "FLAGENGINE_CAPTURE_EXCEPTIONS": False,
    }
    with override_settings(**wanted):
        assert get("/work").content == b"user-123"
        assert get("/fail").status_code == 500
    assert recording.exceptions == []


LAYERS = [[MIDDLEWARE, OTHER], [OTHER, MIDDLEWARE], [OTHER, MIDDLEWARE, OTHER]]


@pytest.mark.parametrize("client_class", [Client, AsyncClient])
@pytest.mark.parametrize("layers", LAYERS, ids=["above", "below", "between"])
@pytest.mark.parametrize(
    ("address", "status", "reports"),
    [
        ("work?fail=before", 500, 1),
        ("work?fail=after", 500, 1),
        ("work?fail=process_view", 500, 1),
        ("work?fail=missing", 404, 0),
        ("fail", 500, 1),
        ("nothing", 500, 1),
        ("template", 500, 1),
        ("other_frameworks_404", 500, 1),
        ("missing", 404, 0),
        ("suspicious", 400, 0),
        ("work", 200, 0),
    ],
)
def test_whatever_is_answered_with_500_is_reported_once(
    client_class, layers, address, status, reports
):
    with override_settings(MIDDLEWARE=layers):
        assert get(f"/{address}", client_class).status_code == status
    assert len(recording.exceptions) == reports
    for _, user, options in recording.exceptions:
        assert user == "user-123"
        assert options["properties"] == {"$response_status_code": 500}
        assert options["source"] == "django.middleware"


def test_the_end_of_an_iteration_that_leaves_a_view_is_a_failure():
    # Under ASGI, asyncio itself never ends the call of such a view.
    assert get("/end_of_iteration").status_code == 500
    assert len(recording.exceptions) == 1


@pytest.mark.parametrize("client_class", [Client, AsyncClient])
def test_an_error_page_that_fails_is_reported_once_beside_its_reason(client_class):
    layers = [OTHER, MIDDLEWARE, OTHER]
    wanted = {"MIDDLEWARE": layers, "ROOT_URLCONF": f"{__package__}.django_broken_pages"}
    with override_settings(**wanted), pytest.raises(ZeroDivisionError):
        get("/fail", client_class)
    assert [repr(error) for error, *_ in recording.exceptions] == [
        "ValueError('boom')",
        "ZeroDivisionError('division by zero')",
    ]


def test_errors_that_are_propagated_in_development_are_reported_once():
    with (
        override_settings(DEBUG_PROPAGATE_EXCEPTIONS=True),
        pytest.raises(ValueError, match="boom"),
    ):
        get("/fail")
    assert len(recording.exceptions) == 1


@pytest.mark.parametrize(("address", "reports"), [("exit_with_1", 1), ("exit_with_0", 0)])
def test_an_exit_of_a_view_is_a_failure_if_it_has_a_status(address, reports):
    with pytest.raises(SystemExit):
        get(f"/{address}")
    assert len(recording.exceptions) == reports


@pytest.mark.parametrize("client_class", [Client, AsyncClient])
@pytest.mark.parametrize(
    "identify",
    [
        "identify_by_user",
        "identify_by_async_user",
        "identify_by_hidden_coroutine",
        "identify_by_user_id",
    ],
)
@pytest.mark.parametrize("neighbour", [[], [f"{__package__}.django_project.synchronous"]])
def test_the_logged_in_user_is_known_in_every_stack(client_class, identify, neighbour, user):
    wanted = {
        "MIDDLEWARE": [*USERS, *neighbour],
        "FLAGENGINE_IDENTIFY": f"{__package__}.django_project.{identify}",
    }
    with override_settings(**wanted):
        client = client_class(raise_request_exception=False)
        if client_class is Client:
            client.force_login(user)
            answer = client.get("/work")
        else:

            async def visit():
                await client.aforce_login(user)
                return await client.get("/async_work")

            answer = asyncio.run(visit())
    assert answer.content.decode() == str(user.pk)


@pytest.mark.parametrize("client_class", [Client, AsyncClient])
def test_a_visitor_is_nobody_and_a_user_is_no_id(client_class, caplog):
    for name in ("identify_by_user", "identify_by_object"):
        wanted = {
            "MIDDLEWARE": USERS,
            "FLAGENGINE_IDENTIFY": f"{__package__}.django_project.{name}",
        }
        with override_settings(**wanted):
            assert get("/work", client_class).content == b"user-123"


@pytest.mark.parametrize("client_class", [Client, AsyncClient])
def test_a_callback_that_ends_an_iteration_costs_only_its_result(client_class, caplog):
    with override_settings(FLAGENGINE_IDENTIFY=lambda _: next(iter(()))):
        assert get("/work", client_class).content == b"user-123"
    assert "A callback for the request raised (FLAGENGINE_IDENTIFY)" in caplog.text


def test_asynchronous_tags_are_awaited_in_a_synchronous_stack():
    async def tags(_request):
        await asyncio.sleep(0)
        return {"tenant": 7}

    with override_settings(FLAGENGINE_TAGS=tags):
        get("/work")
    assert recording.events[0][2]["tenant"] == 7


def test_a_callback_that_cannot_be_awaited_here_costs_only_its_result(caplog):
    async def tags(_request):
        return {"tenant": 7}

    async def inside_of_a_loop():
        return WSGIHandler().get_response(RequestFactory().get("/work", headers=HEADERS))

    with override_settings(FLAGENGINE_TAGS=tags):
        assert asyncio.run(inside_of_a_loop()).content == b"user-123"
    assert "tenant" not in recording.events[0][2]
    assert "A callback for the request raised (FLAGENGINE_TAGS)" in caplog.text


@pytest.mark.parametrize(
    ("wanted", "message"),
    [
        ({"FLAGENGINE_CLIENT": "shop.nowhere.client"}, "FLAGENGINE_CLIENT must be the dotted path"),
        (
            {"FLAGENGINE_CLIENT": f"{__name__}.no_such_client"},
            "FLAGENGINE_CLIENT must be the dotted",
        ),
        ({"FLAGENGINE_CLIENT": "client"}, "FLAGENGINE_CLIENT must be the dotted path"),
        ({"FLAGENGINE_CLIENT": ""}, "FLAGENGINE_CLIENT must be the dotted path"),
        ({"FLAGENGINE_CLIENT": 7}, "FLAGENGINE_CLIENT must be a client, .* got int"),
        ({"FLAGENGINE_CLIENT": type(recording)}, "got the class RecordingClient"),
        ({"FLAGENGINE_CLIENT": f"{__name__}.HEADERS"}, "got dict at '.*HEADERS'"),
        ({"FLAGENGINE_CAPTURE_EXCEPTIONS": "no"}, "FLAGENGINE_CAPTURE_EXCEPTIONS must be True or"),
        ({"FLAGENGINE_IDENTIFY": 7}, "FLAGENGINE_IDENTIFY must be a function of the request"),
        ({"FLAGENGINE_TAGS": "shop.nowhere"}, "FLAGENGINE_TAGS must be the dotted path"),
        ({"FLAGENGINE_TAG": dict}, "FLAGENGINE_TAG is no setting .* did you mean FLAGENGINE_TAGS"),
    ],
)
def test_a_wrong_setting_stops_the_start_and_is_named(wanted, message):
    with override_settings(**wanted), pytest.raises(ImproperlyConfigured, match=message):
        WSGIHandler()


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("FLAGENGINE_CLEINT", "FLAGENGINE_CLEINT is no setting .* did you mean FLAGENGINE_CLIENT"),
        ("FLAGENGIN_CLIENT", "did you mean FLAGENGINE_CLIENT"),
        ("SOMETHING", "FLAGENGINE_CLIENT must be set to a client, or to its dotted path"),
    ],
)
def test_a_missing_client_stops_the_start(name, message):
    with override_settings(**{name: recording}):
        del settings.FLAGENGINE_CLIENT
        with pytest.raises(ImproperlyConfigured, match=message):
            WSGIHandler()


def test_settings_of_the_project_itself_may_have_similar_names():
    with override_settings(FLAGENGINE_CLIENT_KEY="phc_x", FLAGENGINE_HOST="x"):
        WSGIHandler()


@pytest.fixture(scope="module")
def user():
    from django.contrib.auth.models import User  # noqa: PLC0415 - after the set-up
    from django.core.management import call_command  # noqa: PLC0415

    call_command("migrate", verbosity=0)
    return User.objects.create_user("ada")


def test_a_host_that_is_not_allowed_costs_the_url_alone():
    assert get("/work", host="evil.example").content == b"user-123"
    assert "$current_url" not in recording.events[0][2]
