"""Exceptions and objects that are broken in every way."""

from __future__ import annotations


def refuse(*_args, **_kwargs):
    raise RuntimeError("broken")


class BrokenTextError(Exception):
    __str__ = __repr__ = refuse


class BrokenAttributesError(Exception):
    __getattribute__ = refuse
    __setattr__ = refuse
    __eq__ = refuse
    __hash__ = refuse


class BrokenChainError(Exception):
    __cause__ = property(refuse)
    __context__ = property(refuse)
    __traceback__ = property(refuse)
    __notes__ = property(refuse)


class LyingText(str):
    __slots__ = ()
    strip = lower = __getitem__ = __str__ = refuse


class BrokenMeta(type):
    __name__ = property(refuse)
    __module__ = property(refuse)
    __instancecheck__ = __eq__ = refuse
    __hash__ = type.__hash__


class BrokenClassError(Exception, metaclass=BrokenMeta):
    pass


class BrokenObject:
    __getattribute__ = __str__ = __repr__ = __eq__ = __len__ = __iter__ = __bool__ = refuse
    __hash__ = refuse


class Liar:
    @property
    def __class__(self):
        return ValueError


class BrokenDict(dict):
    get = items = keys = __iter__ = __getitem__ = __len__ = refuse


class OddTextError(Exception):
    def __str__(self):
        return LyingText("boom")
