"""The views of a small Django project that uses the shim."""

from __future__ import annotations

from django.http import HttpResponse
from django.urls import path

from flagengine.transports.posthog import contexts


def work(_request):
    return HttpResponse(contexts.get_context_distinct_id() or "nobody")


async def async_work(request):
    return work(request)


def tags(_request):
    return HttpResponse(repr(sorted(contexts.get_tags().items())))


def fail(_request):
    raise ValueError("boom")


urlpatterns = [path(view.__name__, view) for view in (work, async_work, tags, fail)]
