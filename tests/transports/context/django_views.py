"""The views of a small Django project; each returns the id of its context's person."""

from __future__ import annotations

import asyncio

from django.core.exceptions import PermissionDenied
from django.http import FileResponse, Http404, HttpResponse, StreamingHttpResponse
from django.urls import path

from flagengine.transports.context import current

from .recording import RecordingClient

recording = RecordingClient()


def user():
    return current() and current().distinct_id


def work(_request):
    recording.capture("Work")
    return HttpResponse(user() or "nobody")


async def async_work(_request):
    await asyncio.sleep(0)
    recording.capture("Work")
    return HttpResponse(user() or "nobody")


def fail(_request):
    raise ValueError("boom")


async def async_fail(_request):
    raise ValueError("boom")


def missing(_request):
    raise Http404


def forbidden(_request):
    raise PermissionDenied


def stream(_request):
    return StreamingHttpResponse(piece() for _ in range(2))


def piece():
    return f"{user()};"


def broken_stream(_request):
    def pieces():
        yield "one"
        raise ValueError("boom")

    return StreamingHttpResponse(pieces())


async def async_stream(_request):
    async def pieces():
        for _ in range(2):
            await asyncio.sleep(0)
            yield piece()

    return StreamingHttpResponse(pieces())


def file(_request):
    return FileResponse(open(__file__, "rb"))  # noqa: PTH123


urlpatterns = [
    path(view.__name__, view)
    for view in (work, async_work, fail, async_fail, missing, forbidden, stream, broken_stream)
] + [path("async_stream", async_stream)]
