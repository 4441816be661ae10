"""Passwords on command lines whose options do not name them: ``curl -u``, ``mysql -p``, ``redis-cli -a``.

A letter is another option in each program, so only those of some programs are known. All patterns take
linear time.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any, Final

__all__ = ["MASK", "without_arguments", "without_options"]

MASK: Final = "***"

# user:password, behind an option of curl and its like; the user stays.
_USER: Final = re.compile(
    r"(?P<kept>(?<!\S)(?:-[uU]|--user|--proxy-user)(?:\s{1,4}|=)[\"']?[^\s:\"']{1,100}:)[^\s\"']+"
)
_OPTIONS: Final[Mapping[str, str]] = {
    "mysql": "-p",
    "mysqldump": "-p",
    "mysqladmin": "-p",
    "mariadb": "-p",
    "mariadb-dump": "-p",
    "sshpass": "-p",
    "redis-cli": "-a",
}
# For MySQL's programs, what is behind a blank is no password.
_SEPARATED: Final = frozenset({"sshpass", "redis-cli"})
_PROGRAM: Final = re.compile(rf"(?<![\w.\-])(?:{'|'.join(sorted(_OPTIONS, reverse=True))})(?=\s)")
_REST: Final = re.compile(r"[^|;&\r\n]*")
_ARGUMENT: Final = re.compile(r"\S+|\s+")
_USER_OPTIONS: Final = frozenset({"-u", "-U", "--user", "--proxy-user"})


def without_options(text: str) -> str:
    """Return a text in which passwords behind options of known programs are masked.

    >>> without_options("curl -u bob:hunter2 x && mysql -uroot -phunter2; sshpass -p hunter2 ssh -p 22")
    'curl -u bob:*** x && mysql -uroot -p***; sshpass -p *** ssh -p 22'
    """
    shown = _USER.sub(rf"\g<kept>{MASK}", text)
    pieces, position = [], 0
    while (program := _PROGRAM.search(shown, position)) is not None:
        rest = _REST.match(shown, program.end())
        assert rest is not None  # it may be empty
        pieces += [shown[position : program.end()]]
        pieces += without_arguments([program[0], *_ARGUMENT.findall(rest[0])])[1:]
        position = rest.end()
    return "".join([*pieces, shown[position:]])


def without_arguments(arguments: Iterable[Any]) -> list[Any]:
    """Return the arguments of a program with passwords masked; the first one names the program.

    >>> without_arguments(["/usr/bin/mysql", "-uroot", "-phunter2"])
    ['/usr/bin/mysql', '-uroot', '-p***']
    """
    found = list(arguments)
    if not found or type(found[0]) is not str:
        return found
    program = found[0].rpartition("/")[2]
    option = _OPTIONS.get(program)
    before = ""
    for index, argument in enumerate(found):
        if type(argument) is not str or argument.isspace():
            continue
        if before in _USER_OPTIONS and ":" in argument:
            found[index] = argument.partition(":")[0] + ":" + MASK
        elif option is not None and before == option and program in _SEPARATED:
            found[index], option = MASK, None
        elif option is not None and argument.startswith(option) and argument != option:
            found[index], option = option + MASK, None
        before = argument
    return found
