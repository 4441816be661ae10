"""Hypothesis strategies for whole definitions documents and for calls that fit them.

``documents()`` draws a document as the definitions endpoint serves it; ``absurd_documents()``
one with anything anywhere; ``calls(document)`` who is evaluated and with which options.
Everything drawn is printed as plain Python, so that a failure can be pasted into a test.
"""

from tests.properties.strategies.absurd import absurd_documents, absurd_values
from tests.properties.strategies.calls import Call, calls, keyless_calls, property_values
from tests.properties.strategies.completions import completed, given, partial_calls
from tests.properties.strategies.documents import Doc, documents, plain_documents

__all__ = [
    "Call",
    "Doc",
    "absurd_documents",
    "absurd_values",
    "calls",
    "completed",
    "documents",
    "given",
    "keyless_calls",
    "partial_calls",
    "plain_documents",
    "property_values",
]
