"""The views of a Django project whose page for errors fails itself."""

from .django_views import urlpatterns

__all__ = ["handler500", "urlpatterns"]


def handler500(_request):
    return 1 / 0
