"""What of an exception is reported, as one frozen value."""

from __future__ import annotations

from dataclasses import dataclass, field

__all__ = ["MASKED_NAMES", "CodeVariables", "ExceptionSettings"]

MASKED_NAMES = (
    r"passw|passphrase|passcode|pwd|secret|token|credential|cookie|session|jwt|csrf|xsrf",
    r"(api|access|private|encryption|signing|service|account|license)_?key",
    r"auth(?!ors?(_|$))|signature|salt|\botp|_otp|\bpin$|_pin$|\bssn|_ssn|card|cvv|iban",
    r"^dsn$|_dsn$|connection_?string|database_?url",
)


@dataclass(frozen=True, slots=True)
class CodeVariables:
    """Which local variables are reported, and how much of them. Off by default.

    Attributes:
        masked_names: regular expressions, searched in names and dictionary keys regardless of
            case; a value under such a name is never shown.
        masked_values: the same for text values.
        ignored_names: variables left out altogether.
        max_value_length: characters shown of one value.
        budget: characters shown in one event.
    """

    enabled: bool = False
    masked_names: tuple[str, ...] = MASKED_NAMES
    masked_values: tuple[str, ...] = ()
    ignored_names: tuple[str, ...] = (r"^__",)
    max_value_length: int = 1024
    budget: int = 10 * 1024


@dataclass(frozen=True, slots=True)
class ExceptionSettings:
    """How stacks are read.

    Attributes:
        project_root: files below it are the application's; None: every file outside of Python
            and of installed packages.
        in_app_include: modules, each with those below it, that count as the application's.
        in_app_exclude: modules that do not.
        source_context_lines: lines of source before and after each; 0 leaves all source out.
        code_variables: local variables of the application's frames.
    """

    project_root: str | None = None
    in_app_include: tuple[str, ...] = ()
    in_app_exclude: tuple[str, ...] = ()
    source_context_lines: int = 5
    code_variables: CodeVariables = field(default_factory=CodeVariables)
