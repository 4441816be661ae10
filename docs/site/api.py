"""What griffe needs to know of this project to write the reference from the sources.

The methods of a client are attributes in its class: ``get_all_flags = blocking(_flags.get_all_flags)``.
On the page they are the functions that they are made of, without the first parameter, the client. The
fields of a value, the options of a call and the members of an enumeration are rows of a table.
"""

import re
from collections.abc import Iterator
from typing import Any

import griffe

__all__ = ["Docstrings", "Verbs"]

ROLE = re.compile(r":(?:mod|class|func|meth|attr|data|exc):`~?([^`]+)`")
EXAMPLE = re.compile(r"^>>> .*\n(?:.+\n)*", re.MULTILINE)
VALUES = {"Record", "TypedDict", "NamedTuple"}
ENUMERATIONS = {"Enum", "StrEnum", "IntEnum"}
DESCRIBED = re.compile(r"^    (\w+)(?: \([^)]*\))?:", re.MULTILINE)
LITERAL = re.compile(r"(\S)::$", re.MULTILINE)


class Verbs(griffe.Extension):
    """Show the attributes of a class that are made of functions as methods."""

    def __init__(self) -> None:
        self._functions: dict[str, griffe.Function] = {}

    def on_function_instance(self, *, func: griffe.Function, **_: Any) -> None:
        """Remember a function, whose name a decorated form may take later."""
        self._functions[func.path] = func

    def on_package(self, *, pkg: griffe.Module, **_: Any) -> None:
        """Replace the attributes in all classes of the package."""
        for each in list(_classes(pkg)):
            seen: dict[str, str] = {}
            for name, member in list(each.members.items()):
                if isinstance(member, griffe.Attribute):
                    made_of = {*_names(member.value)} & self._functions.keys()
                    if len(made_of) == 1:
                        verb = self._functions[made_of.pop()]
                        first = seen.setdefault(verb.path, name)
                        each.set_member(name, _method(name, verb, first))


class Docstrings(griffe.Extension):
    """Make Markdown of what is none: names in Sphinx's roles, literal blocks, and examples."""

    def on_object(self, *, obj: griffe.Object, **_: Any) -> None:
        """Rewrite a docstring."""
        if obj.docstring is not None:
            text = ROLE.sub(r"`\1`", obj.docstring.value)
            text = EXAMPLE.sub(r"\n```pycon\n\g<0>```\n", f"{text}\n")
            obj.docstring.value = LITERAL.sub(r"\1:\n", text).rstrip()


class Fields(griffe.Extension):
    """Show the attributes of a class as a table in its docstring."""

    def on_package(self, *, pkg: griffe.Module, **_: Any) -> None:
        """Move them there, in all classes of the package."""
        for each in list(_classes(pkg)):
            text = each.docstring.value if each.docstring else ""
            before, heading, described = text.partition("Attributes:\n")
            rows = []
            for name, field in _fields(each):
                each.del_member(name)
                meaning = _meaning(field, is_value=_is_value(each))
                if meaning is not None and name not in DESCRIBED.findall(described):
                    kind = f" ({field.annotation})" if field.annotation and meaning else ""
                    rows.append(f"    {name}{kind}: {meaning or f'`{field.annotation}`'}\n")
            if rows:
                apart = "" if heading else "\n\n"
                text = "".join([before, apart, "Attributes:\n", *rows, described])
                each.docstring = griffe.Docstring(text, parent=each, parser="google")


def _fields(each: griffe.Class) -> list[tuple[str, griffe.Attribute]]:
    return [
        (name, member)
        for name, member in each.members.items()
        if isinstance(member, griffe.Attribute)
        and not name.startswith("_")
        and "property" not in member.labels
    ]


def _is_value(each: griffe.Class) -> bool:
    bases = {str(base).rpartition(".")[2] for base in each.bases}
    return "dataclass" in each.labels or bool(bases & (VALUES | ENUMERATIONS))


def _meaning(field: griffe.Attribute, *, is_value: bool) -> str | None:
    """Return what the row says; None for an attribute that is nobody's business."""
    if field.docstring is not None:
        return " ".join(field.docstring.value.split())
    if not is_value:
        return None
    return "" if field.value is None else f"`{field.value}`"


def _classes(module: griffe.Module) -> Iterator[griffe.Class]:
    for member in module.members.values():
        if isinstance(member, griffe.Module):
            yield from _classes(member)
        elif isinstance(member, griffe.Class):
            yield member


def _names(value: object) -> Iterator[str]:
    """Yield the full paths of ``_module.name`` in an expression."""
    if isinstance(value, griffe.ExprAttribute):
        yield value.canonical_path
    elif isinstance(value, griffe.Expr) and not isinstance(value, griffe.ExprName):
        for part in value.iterate(flat=False):
            yield from _names(part)


def _method(name: str, verb: griffe.Function, first_name: str) -> griffe.Function:
    """Return the method that a function becomes; a second name for it refers to the first."""
    own = list(verb.parameters)[1:]
    client = griffe.Parameter("self", kind=griffe.ParameterKind.positional_or_keyword)
    method = griffe.Function(
        name,
        parameters=griffe.Parameters(client, *own),
        returns=_returned(verb.returns),
        lineno=verb.lineno,
        endlineno=verb.endlineno,
    )
    own_text = verb.docstring.value if verb.docstring else ""
    text = own_text if name == first_name else f"Another name of `{first_name}`."
    method.docstring = griffe.Docstring(text, parent=method, parser="google")
    return method


def _returned(annotation: Any) -> Any:
    """Return what the steps of a verb return."""
    is_steps = isinstance(annotation, griffe.ExprSubscript) and str(annotation.left) == "Steps"
    return annotation.slice if is_steps else annotation
