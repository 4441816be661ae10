"""The settings of a small Django project with users, its middleware and its callbacks."""

from __future__ import annotations

import atexit
import tempfile

import django
from asgiref.sync import iscoroutinefunction, markcoroutinefunction
from django.conf import settings
from django.http import Http404

from .recording import RecordingClient

recording = RecordingClient()
_folder = tempfile.TemporaryDirectory()
atexit.register(_folder.cleanup)

settings.configure(
    SECRET_KEY="test",
    ROOT_URLCONF=f"{__package__}.django_views",
    ALLOWED_HOSTS=["testserver"],
    MIDDLEWARE=["flagengine.transports.context.django.FlagengineMiddleware"],
    LOGGING_CONFIG=None,
    INSTALLED_APPS=["django.contrib.contenttypes", "django.contrib.auth"],
    DATABASES={
        "default": {
            "ENGINE": "django.db.backends.sqlite3",
            "NAME": f"{_folder.name}/db.sqlite3",
        }
    },
    SESSION_ENGINE="django.contrib.sessions.backends.signed_cookies",
    PASSWORD_HASHERS=["django.contrib.auth.hashers.MD5PasswordHasher"],
    TEMPLATES=[{"BACKEND": "django.template.backends.django.DjangoTemplates"}],
)
django.setup()


def other(get_response):
    """Return another middleware, which fails where the request asks for it."""

    def fail_at(place, request):
        if request.GET.get("fail") == place:
            raise RuntimeError(place)
        if place == "before" and request.GET.get("fail") == "missing":
            raise Http404

    if iscoroutinefunction(get_response):

        @markcoroutinefunction
        async def serve(request):
            fail_at("before", request)
            response = await get_response(request)
            fail_at("after", request)
            return response

    else:

        def serve(request):
            fail_at("before", request)
            response = get_response(request)
            fail_at("after", request)
            return response

    serve.process_view = lambda request, *_: fail_at("process_view", request)
    return serve


other.async_capable = other.sync_capable = True


def synchronous(get_response):
    """Return middleware that is synchronous in every stack."""
    return lambda request: get_response(request)  # noqa: PLW0108 - without the marks of a coroutine


def identify_by_user(request):
    return request.user.pk if request.user.is_authenticated else None


async def identify_by_async_user(request):
    user = await request.auser()
    return user.pk if user.is_authenticated else None


def identify_by_hidden_coroutine(request):
    return identify_by_async_user(request)


def identify_by_user_id(request):
    return str(request.user.id)


def identify_by_object(request):
    return request.user
