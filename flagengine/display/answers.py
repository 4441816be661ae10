"""Resolutions and requirements as HTML; both come as their ``to_dict`` gives them."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, Final

from flagengine.display.parts import Html, block, code, dim, html, joined, table, tag
from flagengine.values.excerpts import excerpt, name_excerpt

__all__ = ["answer_html", "answers_html", "requirement_html", "requirements_html", "value_tag"]

_MOST: Final = 200
"""The most rows that a table shows: a page with all of a large project's flags would be slow."""

_LOCALLY: Final = {"always": "yes", "sometimes": "doubt", "never": "bad"}


def answer_html(found: Mapping[str, Any]) -> str:
    """Return one resolution as a table of what is known."""
    title = joined([code(name_excerpt(found["key"])), " is ", value_tag(found)])
    return block(title, table((), _facts(found)))


def answers_html(title: str, found: Sequence[Mapping[str, Any]]) -> str:
    """Return resolutions as a table, a row for each."""
    rows = (
        (code(name_excerpt(one["key"])), value_tag(one), one["reason"], dim(one["description"]))
        for one in found[:_MOST]
    )
    return block(title, table(("flag", "value", "reason", ""), rows), _more(len(found)))


def requirement_html(found: Mapping[str, Any]) -> str:
    """Return the requirements of one flag."""
    title = joined([code(name_excerpt(found["key"])), " is ", _locality(found)])
    rows = [*_inputs(found)]
    if found["flags"]:
        rows.append(("other flags", _names(found["flags"])))
    rows += [("because" if place == 0 else "", why) for place, why in enumerate(found["why"])]
    nothing = [] if rows else [dim("no input is needed")]
    return block(title, *(nothing or [table((), rows)]))


def requirements_html(found: Sequence[Mapping[str, Any]]) -> str:
    """Return the requirements of flags as a table, a row for each."""
    rows = (
        (
            code(name_excerpt(one["key"])),
            joined([html(_short(one)), *_because(one)]),
            joined((joined([dim(f"{name}: "), names]) for name, names in _inputs(one)), "; "),
        )
        for one in found[:_MOST]
    )
    title = f"What {len(found):,} flags need"
    return block(title, table(("flag", "decided locally", "inputs"), rows), _more(len(found)))


def value_tag(found: Mapping[str, Any]) -> Html:
    """Return the value of a resolution, coloured by whether the flag is on."""
    if found["unresolved_reason"] is not None:
        return tag("unresolved", "doubt")
    if found["caller_default"]:
        return tag("the caller's default", "no")
    if found["value"] is None:
        return tag("an error" if found["reason"] == "error" else "without a value", "bad")
    return tag(excerpt(found["value"]), "yes" if found["enabled"] else "no")


def _facts(found: Mapping[str, Any]) -> Iterator[tuple[object, object]]:
    yield "reason", joined([html(found["reason"]), html(" "), dim(found["description"])])
    if found["unresolved_reason"]:
        yield "unresolved because", found["unresolved_reason"]
    missing = found["missing"]
    yield from ((f"missing {name}", names) for name, names in _inputs(missing))
    rule = found["rule"]
    if rule is not None:
        variant = f", variant {name_excerpt(rule['variant_key'])}" if rule["variant_key"] else ""
        yield "rule", f"{rule['index'] + 1}, {rule['type']}{variant}"
    elif found["condition_index"] is not None:
        yield "condition", found["condition_index"] + 1
    if found["payload"] is not None:
        yield "payload", code(excerpt(found["payload"]))
    if found["flag_version"] is not None:
        yield "version of the flag", found["flag_version"]


def _inputs(found: Mapping[str, Any]) -> Iterator[tuple[str, Html]]:
    """Yield the names of each kind of input that ``Missing.to_dict`` has."""
    if found.get("person_properties"):
        yield "person properties", _names(found["person_properties"])
    for group, names in found.get("group_properties", {}).items():
        yield f"properties of {name_excerpt(group)}", _names(names)
    if found.get("groups"):
        yield "groups", _names(found["groups"])
    ids = [word for word in ("distinct id", "device id") if found.get(word.replace(" ", "_"))]
    if ids:
        yield "ids", html(", ".join(ids))


def _names(names: Iterable[str]) -> Html:
    known = list(names)
    shown = joined((code(name_excerpt(name)) for name in known[:_MOST]), ", ")
    return joined([shown, f" and {len(known) - _MOST} more"]) if len(known) > _MOST else shown


def _locality(found: Mapping[str, Any]) -> Html:
    return joined([_short(found), " decided locally"])


def _short(found: Mapping[str, Any]) -> Html:
    return tag(found["decided_locally"], _LOCALLY.get(found["decided_locally"], "doubt"))


def _because(found: Mapping[str, Any]) -> list[Html]:
    return [joined([" ", dim("; ".join(found["why"][:3]))])] if found["why"] else []


def _more(rows: int) -> Html:
    return dim(f"and {rows - _MOST:,} more") if rows > _MOST else Html()
