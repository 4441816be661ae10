"""Write options.md from the options of the client: ``python docs/write_options.py``."""

import ast
import inspect
import re
from collections.abc import Iterator
from dataclasses import MISSING, Field, fields, is_dataclass
from itertools import pairwise
from pathlib import Path
from textwrap import dedent

from flagengine.transports import Options
from flagengine.transports.client.option_names import POSTHOG_NAMES

TARGET = Path(__file__).with_name("options.md")

HEAD = """\
# Options of the client

Written from `transports/client/options.py` by `docs/write_options.py`; a test fails when they differ.

`Client(api_key, host, **options)`, `AsyncClient` likewise; or `Client(Options(...))`. Times are in seconds.

Every value is read when the client is made. A mistake raises a `TypeError` or `ValueError` that names the
option ("request_timeout must be a number of seconds such as 10, got '5s'"), so no option fails later, in a
thread. What is unambiguous is converted, because the environment has only text:

| for | also accepted |
|---|---|
| a number | text (`"30"`, `" 2.5 "`), a `Decimal`; for a time a `timedelta` |
| True and False | `"true"`, `"false"`, `"1"`, `"0"`, `"yes"`, `"no"`, `"on"`, `"off"` in any case; 1 and 0 |
| one of a few words | any case, `-` for `_`, a member of an enumeration with that value |
| a list of texts | a single text; None for an empty list |
| `super_properties` | None for an empty mapping |
| a key, a host | blanks and quotes around it, as some tools leave them |
| a host | no scheme: `https://` is added, `http://` for this machine (`localhost:8000`) |

What the program says beats the environment. The client reads `POSTHOG_CAPTURE_MODE` and
`POSTHOG_CAPTURE_COMPRESSION` by the same rules, and only for what the program leaves open; and
`FLAGENGINE_OVERRIDES` and `FLAGENGINE_OVERRIDES_FILE`, see `development_overrides`. An option that
has no effect beside another one is named in a warning.

An unknown option raises a `TypeError` with the most similar name. Type checkers know the names and types.
After a client is made, only `client.disabled` and `client.debug` can be set; any other attribute raises
`AttributeError`.
"""

TAIL = """\
## Names of posthog-python and others

`project_api_key` is accepted for `api_key`, and the host may be the second positional argument. An option of
posthog-python that is not in the table has the same name here.

| there | here |
|---|---|
"""


def render() -> str:
    """Return the page."""
    parts = [HEAD]
    for section, name, text in _described():
        heading = f"## {section}\n"
        if heading not in parts:
            parts.append(heading)
        parts.append(f"- **`{name}`** ({_default(name)}): {text}\n")
    names = "".join(f"| `{name}` | {hint} |\n" for name, hint in POSTHOG_NAMES.items())
    return "\n".join([*parts, TAIL + names])


def _described() -> Iterator[tuple[str, str, str]]:
    """Yield section, name and description of every option."""
    for kind in Options.__mro__:
        if is_dataclass(kind):
            source = dedent(inspect.getsource(kind))
            body = ast.parse(source).body[0].body  # type: ignore[attr-defined] # a class
            for node, text in pairwise(body):
                if isinstance(node, ast.AnnAssign):
                    section = _section(source, node.lineno) or "HTTP"
                    yield section, ast.unparse(node.target), _markdown(ast.literal_eval(text.value))


def _section(source: str, line: int) -> str | None:
    above = source.splitlines()[:line]
    found = re.findall(r"^    # (.+)\.$", "\n".join(above), re.MULTILINE)
    return found[-1] if found else None


def _markdown(text: str) -> str:
    return " ".join(text.replace("``", "`").split())


def _default(name: str) -> str:
    (option,) = [each for each in fields(Options) if each.name == name]
    return f"`{str(option.type).replace('|', 'or')}`, {_value(option)}"


def _value(option: "Field[object]") -> str:
    if option.default is not MISSING:
        shown = getattr(option.default, "value", option.default)
        return f"default `{shown!r}`"
    return "default empty" if option.name != "staleness" else "default `StalenessBudget()`"


if __name__ == "__main__":
    TARGET.write_text(render(), encoding="utf-8")
