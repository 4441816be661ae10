"""The settings of exception reports, as frozen values."""

from __future__ import annotations

from dataclasses import dataclass, field

from ..http.secret_names import SECRET_NAMES

__all__ = ["MASKED_NAMES", "CodeVariables", "ExceptionSettings"]

# It is better to hide too much of a variable than to show a password, so these go further than a URL's.
MASKED_NAMES = (
    *SECRET_NAMES,
    r"token|cookie|session|auth(?!ors?(_|$))|salt|_otp|\bpin$|_pin$|_ssn|card|cvv|iban",
    r"^dsn$|_dsn$|connection_?string|database_?url",
)


@dataclass(frozen=True, slots=True)
class CodeVariables:
    """The settings for local variables, which are not reported by default.

    Attributes:
        masked_names: regular expressions, searched in names and dictionary keys, and in their words
            joined by underscores, regardless of case; the values of matching names are never shown.
        masked_values: regular expressions, searched in text values; matching values are never shown.
        ignored_names: regular expressions; variables with matching names are left out.
        max_value_length: the maximal number of characters of a value.
        budget: the maximal number of characters of all variables in an event.
    """

    enabled: bool = False
    masked_names: tuple[str, ...] = MASKED_NAMES
    masked_values: tuple[str, ...] = ()
    ignored_names: tuple[str, ...] = (r"^__",)
    max_value_length: int = 1024
    budget: int = 10 * 1024


@dataclass(frozen=True, slots=True)
class ExceptionSettings:
    """The settings for stacks.

    Attributes:
        project_root: the folder of the application's files; None: all files belong to the
            application, except those of Python and of installed packages.
        in_app_include: modules that belong to the application, with their submodules.
        in_app_exclude: modules that do not belong to the application, with their submodules.
        source_context_lines: the number of source lines before and after each frame's line; with 0,
            no source is sent.
        code_variables: the settings for local variables of the application's frames.
    """

    project_root: str | None = None
    in_app_include: tuple[str, ...] = ()
    in_app_exclude: tuple[str, ...] = ()
    source_context_lines: int = 5
    code_variables: CodeVariables = field(default_factory=CodeVariables)
