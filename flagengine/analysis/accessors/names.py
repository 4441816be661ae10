"""Python names for keys that may be any text.

A name depends on its key and on which other keys have the same name, never on the order of flags. Keys
that would have the same name all get a suffix from their hash, so that none of them is taken for another.
"""

import re
from collections import Counter
from collections.abc import Iterable, Mapping
from hashlib import blake2b
from keyword import iskeyword
from typing import Final

__all__ = ["Names", "attributes", "camel", "is_member_name"]

_OTHER: Final = re.compile(r"[^a-z0-9]+")
_HUMP: Final = re.compile(r"(?<=[a-z0-9])(?=[A-Z])")
_LONGEST: Final = 60
_TAKEN: Final = frozenset({"property", "overload"})
"""Names that the body of a generated class uses."""

_TYPES: Final = frozenset({"bool", "dict", "float", "int", "list", "str"})


def attributes(keys: Iterable[str]) -> Mapping[str, str]:
    """Return an attribute's name for each key, all different.

    >>> dict(attributes(["new-checkout", "2024 sale", "class"]))
    {'new-checkout': 'new_checkout', '2024 sale': 'flag_2024_sale', 'class': 'class_'}
    """
    plain = {key: _attribute(key) for key in keys}
    counts = Counter(plain.values())
    return {
        key: name if counts[name] == 1 else f"{name.rstrip('_')}_{_suffix(key)}"
        for key, name in plain.items()
    }


def _attribute(key: str) -> str:
    words = _OTHER.sub("_", _HUMP.sub("_", key).lower()).strip("_")
    # Without ASCII letters, or so long that it is cut, the name alone would say too little.
    if not words or len(words) > _LONGEST:
        words = f"{words[:_LONGEST].rstrip('_')}_{_suffix(key)}".strip("_")
    if words[0].isdigit():
        words = f"flag_{words}"
    return f"{words}_" if iskeyword(words) or words in _TAKEN else words


def _suffix(key: str) -> str:
    return "x" + blake2b(key.encode("utf-8", "surrogatepass"), digest_size=4).hexdigest()


def camel(name: str) -> str:
    """Return an attribute's name or a member's name in the form of class names.

    >>> camel("new_checkout"), camel("colour-scheme"), camel("2x")
    ('NewCheckout', 'ColourScheme', '2x')
    """
    words = _OTHER.split(_HUMP.sub("_", name).lower())
    return "".join(word[:1].upper() + word[1:] for word in words)[:_LONGEST]


def is_member_name(name: str) -> bool:
    """Tell whether a member can be declared in the body of a class.

    It is a name, is not mangled, and hides no type that other members of the class use.
    """
    is_name = name.isidentifier() and name.isascii() and not iskeyword(name)
    return is_name and not name.startswith("__") and name not in _TYPES and not name[0].isupper()


class Names:
    """The names at the top of a module, which are all different."""

    def __init__(self, taken: Iterable[str]) -> None:
        self._taken = set(taken)

    def new(self, wanted: str) -> str:
        """Return the name that is wanted, with a number if it is taken."""
        name, number = wanted, 1
        while name in self._taken:
            number += 1
            name = f"{wanted}{number}"
        self._taken.add(name)
        return name

    def is_taken(self, name: str) -> bool:
        """Tell whether a name is taken."""
        return name in self._taken
