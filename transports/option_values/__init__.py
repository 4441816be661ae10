"""The readers of the values that a program gives when it makes something: a client, a source, a sink.

Each returns the value to use, or raises an error with the option's name.

A reader is a function of the option's name and the given value. It accepts what is unambiguous, such as
numbers and booleans as text, because the environment has nothing but text. ``client/option_rules`` has the
reader of every option of a client. Nothing here does I/O, and no message has a key.
"""
