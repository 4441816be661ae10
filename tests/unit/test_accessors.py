"""Source that is generated from definitions: what it says, and that nothing can be smuggled into it."""

import ast
import json
import random
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flagengine import Snapshot
from flagengine.analysis.accessors.literals import docstring, literal
from flagengine.analysis.accessors.manifest import flag_manifest, without_place
from flagengine.analysis.accessors.module import python_module
from flagengine.analysis.accessors.names import attributes

HOSTILE = [
    "class",
    "None",
    "property",
    "overload",
    "str",
    "a-b",
    "a_b",
    "A B",
    "",
    "日本",
    "2024",
    "__init__",
    "__getitem__",
    "_client",
    'x"\n"""; import os; os.system("true") #',
    "\u202ebidi",
    "\x00\x1b[2J",
    "key'quote",
    "back\\slash",
    "\U0001f600",
    "x" * 500,
    "{0}",
    "Flags",
    "FlagKey",
    "a1",
    "a_1",
]


def flag(key: str = "f", payloads: Any = None, variants: Any = (), **more: Any) -> dict[str, Any]:
    filters: dict[str, Any] = {"groups": [{}]}
    if payloads is not None:
        filters["payloads"] = {
            name: value if isinstance(value, str) else json.dumps(value)
            for name, value in payloads.items()
        }
    if variants:
        share = 100 // len(variants)
        listed = [{"key": name, "rollout_percentage": share} for name in variants]
        filters["multivariate"] = {"variants": listed}
    return {"key": key, "active": True, "filters": filters, **more}


def rules(return_type: str, *values: Any, default: Any = None, key: str = "f") -> dict[str, Any]:
    made = [
        {
            "id": f"10000000-0000-4000-8000-00000000000{number}",
            "rule_type": "targeted_release",
            "targeting": {"properties": []},
            "value": value,
        }
        for number, value in enumerate(values)
    ]
    filters = {"version": 2, "return_type": return_type, "default_value": default, "rules": made}
    return {"key": key, "active": True, "filters": filters}


def module(*flags: dict[str, Any], **options: Any) -> str:
    source = python_module(Snapshot.parse({"flags": list(flags)}), **options)
    assert source.isascii()
    compile(source, "flags.py", "exec")
    return source


def declared(*flags: dict[str, Any]) -> str:
    """Return the declarations of a module: what stands between the keys and the classes."""
    source = module(*flags)
    start = source.index("\n\n", source.index("FlagKey: TypeAlias"))
    return source[start : source.index("_ATTRIBUTES: Final")].strip()


class TestModule:
    def test_a_flag_is_a_property_with_its_description(self):
        source = module(flag("new-checkout", name="The new checkout"))
        assert 'FlagKey: TypeAlias = Literal["new-checkout"]' in source
        assert (
            "    @property\n"
            "    def new_checkout(self) -> BooleanFlag[None]:\n"
            '        """The new checkout"""\n'
            '        return BooleanFlag(self._client, "new-checkout")\n'
        ) in source

    def test_variants_are_a_type(self):
        source = module(flag("page", variants=["control", "test"]))
        assert 'PageVariant: TypeAlias = Literal["control", "test"]' in source
        assert "def page(self) -> VariantFlag[PageVariant, None]:" in source
        assert 'VariantFlag(self._client, "page", ("control", "test"))' in source

    @pytest.mark.parametrize(
        ("made", "returned"),
        [
            (rules("boolean", True), "BooleanFlag[None]"),
            (rules("string", "a"), "TextFlag[None]"),
            (rules("number", 1), "NumberFlag"),
            (rules("object", {"a": 1}), "ObjectFlag[FValue]"),
            ({"key": "f", "filters": {"version": 9}}, "AnyFlag"),
        ],
    )
    def test_a_format_2_flag_has_the_type_of_its_values(self, made: dict[str, Any], returned: str):
        assert f"def f(self) -> {returned}:" in module(made)

    def test_the_default_is_one_of_the_objects(self):
        found = declared(rules("object", {"a": 1}, default={"b": "x"}))
        assert found == "class FValue(TypedDict):\n    a: NotRequired[int]\n    b: NotRequired[str]"

    def test_the_text_depends_on_no_order(self):
        flags = [flag(key, payloads={"true": {key: 1}}) for key in HOSTILE if key]
        wanted = module(*flags)
        random.Random(1).shuffle(flags)
        assert module(*flags) == wanted

    def test_flags_that_are_off_are_included_and_deleted_flags_are_not(self):
        source = module(flag("off", active=False), flag("gone", deleted=True))
        assert "def off" in source
        assert "gone" not in source

    def test_only_the_flags_that_are_asked_for_are_included(self):
        source = module(flag("a"), flag("b"), keys=["b"])
        assert 'FlagKey: TypeAlias = Literal["b"]' in source
        assert "def a" not in source

    def test_without_flags_no_key_is_right(self):
        source = module()
        assert "FlagKey: TypeAlias = Never" in source
        assert "__getitem__" not in source

    def test_each_kind_of_client_has_a_class(self):
        source = module(flag(), callers=["async-client", "client"])
        assert source.index("class Flags:") < source.index("class AsyncFlags:")
        assert "def f(self) -> AsyncBooleanFlag[None]:" in source
        assert "class Flags:" not in module(flag(), callers=["async-client"])

    def test_imports_are_those_that_are_used(self):
        for flags in ([], [flag()], [flag(), flag("g", payloads={"true": {"a": []}})]):
            tree = ast.parse(module(*flags))
            names = {
                alias.name
                for node in tree.body
                if isinstance(node, ast.ImportFrom) and node.module != "__future__"
                for alias in node.names
            }
            used = {node.id for node in ast.walk(tree) if isinstance(node, ast.Name)}
            assert names <= used


class TestPayloads:
    @pytest.mark.parametrize(
        ("payloads", "written"),
        [
            ([{"a": 1, "b": "x"}], "class FPayload(TypedDict):\n    a: int\n    b: str"),
            (
                [{"a": 1}, {"a": "x", "b": None}],
                "class FPayload(TypedDict):\n    a: int | str\n    b: NotRequired[None]",
            ),
            ([1, 2.5], "FPayload: TypeAlias = float"),
            ([True, 1, "x", None], "FPayload: TypeAlias = bool | int | str | None"),
            ([[1], ["x"]], "FPayload: TypeAlias = list[int | str]"),
            ([[]], "FPayload: TypeAlias = list[Any]"),
            ([{}], "FPayload: TypeAlias = dict[str, Any]"),
            ([{"": 1}], "FPayload: TypeAlias = dict[str, Any]"),
            ([{str(number): 1 for number in range(5_000)}], "FPayload: TypeAlias = dict[str, Any]"),
            (
                [{"a": 1}, [2]],
                "class FPayloadObject(TypedDict):\n    a: int\n\nFPayload: TypeAlias = FPayloadObject | list[int]",
            ),
            (
                [{"a": {"b": 1}}],
                "class FPayloadA(TypedDict):\n    b: int\n\n\nclass FPayload(TypedDict):\n    a: FPayloadA",
            ),
            (
                [{"a-b": 1, "class": 2}],
                'FPayload = TypedDict(\n    "FPayload",\n    {\n        "a-b": int,\n        "class": int,\n    },\n)',
            ),
        ],
    )
    def test_payloads_have_the_type_of_all_examples(self, payloads: list[Any], written: str):
        variants = [f"v{number}" for number in range(max(len(payloads), 2))]
        made = flag(payloads=dict(zip(variants, payloads, strict=False)), variants=variants)
        found = declared(made)
        assert found.partition("\n\n")[2].strip() == written

    @pytest.mark.parametrize("name", ["int", "str", "list", "Any", "__private", "FPayload"])
    def test_members_that_would_hide_a_type_or_be_mangled_are_written_as_text(self, name: str):
        assert f'"{name}": int' in declared(flag(payloads={"true": {name: 1, "other": 2}}))

    def test_text_that_is_no_json_is_text(self):
        assert declared(flag(payloads={"true": "{nope"})) == "FPayload: TypeAlias = str"

    def test_a_deep_payload_ends_in_any(self):
        value: Any = 1
        for _ in range(100):
            value = {"n": value}
        assert "n: Any" in declared(flag(payloads={"true": value}))
        assert declared(flag(payloads={"true": "[" * 100_000 + "]" * 100_000}))

    def test_names_of_types_never_meet(self):
        source = declared(
            flag("pricing", payloads={"true": {"payload": {"a": 1}}}),
            flag("pricing_payload", payloads={"true": {"a": 1}}),
            flag("a1", payloads={"true": 1}),
            flag("a_1", payloads={"true": 1}),
        )
        names = [
            line.split()[1].partition("(")[0]
            if line.startswith("class")
            else line.partition(":")[0]
            for line in source.splitlines()
            if line.startswith("class") or ": TypeAlias" in line
        ]
        assert len(names) == len({*names}) == 5


class TestHostileText:
    def test_hostile_keys_descriptions_and_payloads_are_only_literals(self):
        flags = [flag(key, payloads={"true": {key: key}}, name=f'{key}""" \\') for key in HOSTILE]
        flags.append(flag("many", variants=[key for key in HOSTILE if key]))
        tree = ast.parse(module(*flags))
        kinds = {type(node) for node in tree.body}
        assert kinds == {ast.Expr, ast.ImportFrom, ast.Assign, ast.AnnAssign, ast.ClassDef}
        called = {
            node.func.id if isinstance(node.func, ast.Name) else ast.unparse(node.func)
            for node in ast.walk(tree)
            if isinstance(node, ast.Call)
        }
        assert called == {"TypedDict", "getattr", "BooleanFlag", "VariantFlag"}

    def test_every_key_can_be_looked_up(self):
        namespace: dict[str, Any] = {}
        exec(module(*map(flag, HOSTILE)), namespace)
        flags = namespace["Flags"](None)
        assert [flags[key].key for key in HOSTILE] == HOSTILE

    @given(st.text())
    def test_a_literal_is_its_text_again(self, text: str):
        written = literal(text)
        assert written.isascii()
        assert written.isprintable()
        assert ast.literal_eval(written) == text

    @given(st.text())
    def test_a_docstring_is_one_literal(self, text: str):
        (statement,) = ast.parse(docstring(text)).body
        assert isinstance(statement, ast.Expr)
        assert isinstance(statement.value, ast.Constant)

    @given(st.lists(st.text(), unique=True))
    def test_names_are_different_identifiers(self, keys: list[str]):
        names = attributes(keys)
        assert list(names) == keys
        assert len({*names.values()}) == len(keys)
        assert all(name.isidentifier() and name.isascii() for name in names.values())

    def test_keys_that_would_have_one_name_all_get_another(self):
        alone = attributes(["a-b", "c"])
        both = attributes(["c", "a_b", "a-b"])
        assert alone["a-b"] == "a_b"
        assert "a_b" not in both.values()
        assert both["a-b"].startswith("a_b_x")
        assert both["c"] == "c"


class TestManifest:
    @pytest.mark.parametrize(
        ("made", "entry"),
        [
            (flag(name="Words"), {"flagType": "boolean", "defaultValue": False, "description": "Words"}),
            (flag(variants=["a", "b"]), {"flagType": "string", "defaultValue": ""}),
            (rules("string", "x", default="y"), {"flagType": "string", "defaultValue": "y"}),
            (rules("number", 1, 2), {"flagType": "integer", "defaultValue": 0}),
            (rules("number", 1, default=2.5), {"flagType": "float", "defaultValue": 2.5}),
            (rules("number"), {"flagType": "float", "defaultValue": 0}),
            (rules("object", {"a": 1}), {"flagType": "object", "defaultValue": {}}),
            (rules("boolean", False, default=True), {"flagType": "boolean", "defaultValue": True}),
        ],
    )  # fmt: skip
    def test_each_flag_has_its_type_and_default(self, made: dict[str, Any], entry: dict[str, Any]):
        assert flag_manifest(Snapshot.parse({"flags": [made]}))["flags"] == {"f": entry}

    def test_flags_without_a_place_are_left_out(self):
        odd = {"key": "odd", "filters": {"version": 9}}
        snapshot = Snapshot.parse({"flags": [flag(""), flag("a\nb"), odd, flag("ok")]})
        assert list(flag_manifest(snapshot)["flags"]) == ["ok"]
        assert without_place(snapshot) == ["", "a\nb", "odd"]
        assert flag_manifest(snapshot, ["odd"])["flags"] == {}
