"""The protocol of a driver: a line of JSON in, a line of JSON out. The first line says what the client is."""

from __future__ import annotations

import json
import sys
import traceback
from collections.abc import Callable, Mapping
from typing import Any

__all__ = ["drive", "in_turn"]


def drive(about: Mapping[str, str], verbs: Mapping[str, Callable[..., Any]]) -> None:
    """Answer the lines of standard input with the functions in ``verbs``, each by its name."""
    _say(about)
    for line in sys.stdin:
        asked = json.loads(line)
        try:
            _say({"answer": verbs[asked.pop("do")](**asked)})
        except Exception:  # noqa: BLE001 - whatever it is, the test shows it
            _say({"crash": traceback.format_exc()})


def in_turn(ask: Callable[[Mapping[str, Any]], Any]) -> Callable[..., list[Any]]:
    """Return a verb that asks for all cases."""

    def answers(cases: list[Mapping[str, Any]]) -> list[Any]:
        return [_answer(ask, case) for case in cases]

    return answers


def _answer(ask: Callable[[Mapping[str, Any]], Any], case: Mapping[str, Any]) -> Any:
    try:
        return ask(case)
    except Exception as error:  # noqa: BLE001 - counted as a crash
        return {"crash": repr(error)}


def _say(answer: Any) -> None:
    print(json.dumps(answer), flush=True)
