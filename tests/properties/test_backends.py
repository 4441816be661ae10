"""The compiled flags equal the interpreter, which is the specification."""

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from flagengine import Snapshot, evaluate_flag
from tests.properties.strategies import Call, Doc, absurd_documents, calls, documents, keyless_calls


class TestBackends:
    """R5, R6.15: every evaluator gives the interpreter's answer, in any order of use."""

    @pytest.mark.rule("R5.2", "R6.15")
    @given(st.data(), documents())
    def test_compiled_flags_equal_the_interpreter(self, data: st.DataObject, document: Doc):
        snapshot = Snapshot.parse(document)
        for _ in range(2):
            call = data.draw(calls(document))
            for key in snapshot.keys:
                assert call.one(snapshot, key) == call.explain(snapshot, key).resolution

    @pytest.mark.rule("R2.18", "R7.9")
    @given(absurd_documents(), keyless_calls())
    def test_compiled_flags_equal_the_interpreter_on_absurd_documents(
        self, document: Doc, call: Call
    ):
        snapshot = Snapshot.parse(document)
        for key, resolution in call.all(snapshot).items():
            assert call.explain(snapshot, key).resolution == resolution

    @pytest.mark.rule("R6.15")
    @given(st.data(), documents())
    def test_a_call_without_options_equals_one_with_their_defaults(
        self, data: st.DataObject, document: Doc
    ):
        assume("_date_" not in repr(document))
        snapshot, call = Snapshot.parse(document), data.draw(calls(document))
        now = call.options["now"]
        spelt = Call(call.distinct_id, call.props, {"complete": False, "missing_group": "false"})
        for key in snapshot.keys:
            bare = evaluate_flag(snapshot, key, call.distinct_id, call.props)
            assert bare == spelt.one(snapshot, key)
            assert bare == spelt.having(now=now).one(snapshot, key)
