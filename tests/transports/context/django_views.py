"""The views of a small Django project; each returns the id of its context's person."""

from __future__ import annotations

import asyncio

from django.core.exceptions import PermissionDenied, SuspiciousOperation
from django.http import FileResponse, Http404, HttpResponse, StreamingHttpResponse
from django.template import Template
from django.template.response import SimpleTemplateResponse
from django.urls import path

from flagengine.transports.context import current

from .django_project import recording


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


def suspicious(_request):
    raise SuspiciousOperation


def nothing(_request):
    return None


def template(_request):
    class Broken:
        def __str__(self):
            raise ValueError("boom")

    return SimpleTemplateResponse(Template("{{ broken }}"), {"broken": Broken()})


def end_of_iteration(_request):
    return next(iter(()))


def other_frameworks_404(_request):
    fields = {"__module__": "starlette.exceptions", "status_code": 404}
    raise type("HTTPException", (Exception,), fields)


def exit_with_0(_request):
    raise SystemExit(0)


def exit_with_1(_request):
    raise SystemExit(1)


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


VIEWS = (work, async_work, fail, async_fail, missing, forbidden, suspicious, nothing, template)
VIEWS += (end_of_iteration, other_frameworks_404, exit_with_0, exit_with_1, stream, broken_stream)
urlpatterns = [path(view.__name__, view) for view in (*VIEWS, async_stream)]
