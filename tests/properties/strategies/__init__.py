"""Hypothesis strategies for whole definitions documents and for calls that fit them.

``documents()`` draws a document in the format of the definitions endpoint, ``absurd_documents()``
draws a document with odd values anywhere, and ``calls(document)`` draws a person and options. Drawn
values are printed as plain Python, so that a failure can be pasted into a test.
"""

from tests.properties.strategies.absurd import (
    absurd_documents,
    absurd_values,
    documents_with_an_absurd_flag,
)
from tests.properties.strategies.calls import Call, calls, keyless_calls, property_values
from tests.properties.strategies.completions import completed, partial_calls, supplied
from tests.properties.strategies.documents import Doc, documents, small_documents

__all__ = [
    "Call",
    "Doc",
    "absurd_documents",
    "absurd_values",
    "calls",
    "completed",
    "documents",
    "documents_with_an_absurd_flag",
    "keyless_calls",
    "partial_calls",
    "property_values",
    "small_documents",
    "supplied",
]
