"""The readers of option values: each returns the value to use, or raises an error with the option's name.

A reader is a function of the option's name and the given value. It accepts what is unambiguous, such as
numbers and booleans as text, because the environment has nothing but text. ``rules`` has the reader of
every option. Nothing here does I/O, and no message has a key.
"""
