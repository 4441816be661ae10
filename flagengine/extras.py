"""What to install when a package that only an extra needs is missing. Pure: it imports nothing."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

__all__ = ["extra_for"]

_INSTALL: Final = {
    "click": "'flagengine[cli]'",
    "rich": "'flagengine[cli]'",
    "jsonschema": "'flagengine[cli]'",
    "referencing": "'flagengine[cli]'",
    "pyarrow": "'flagengine[batch]'",
    "numpy": "'flagengine[batch]'",
    "pyspark": "'flagengine[spark]'",
    "py4j": "'flagengine[spark]'",
    "polars": "polars",
    "duckdb": "duckdb",
    "dask": "'dask[dataframe]'",
    "pandas": "pandas",
    "tqdm": "'flagengine[notebook]'",
    "matplotlib": "'flagengine[plot]'",
    "ray": "'ray[data]'",
    "requests": "'flagengine[client]'",
    "urllib3": "'flagengine[client]'",
    "cachetools": "'flagengine[client]'",
    "filelock": "'flagengine[client]'",
    "openfeature": "'flagengine[openfeature]'",
    "opentelemetry": "'flagengine[otel]'",
    "opentelemetry.instrumentation": "'flagengine[traces]'",
    "opentelemetry.instrumentation.asgi": "'flagengine[traces]'",
    "prometheus_client": "'flagengine[prometheus]'",
    "uvicorn": "'flagengine[server]'",
    "httptools": "'flagengine[server]'",
    "uvloop": "'flagengine[server]'",
    "hypothesis": "'flagengine[hypothesis]'",
    "django": "django",
    "asgiref": "django",
}
"""By packages that the engine or the client imports on demand: what to install."""


@contextmanager
def extra_for(what: str) -> Iterator[None]:
    """Make the error of an import inside say what to install, if the package belongs to an extra.

    The original error is the cause. Any other missing module is left as it is, because it is a fault of
    somebody else.

    Raises:
        ModuleNotFoundError: a package is missing.
    """
    try:
        yield
    except ModuleNotFoundError as error:
        install = _INSTALL.get(error.name or "")
        if install is None or "pip install" in str(error):
            raise
        message = f"{what} needs {error.name}: pip install {install}"
        raise ModuleNotFoundError(message, name=error.name) from error
