"""The exceptions of clienttone.

ClientToneError
├── ModelError     (ValueError)  a model folder that is missing, damaged, altered or of a newer format
├── PolicyError    (ValueError)  a policy file that breaks the rules for policies
├── LocaleError    (ValueError)  an advice language or locale file that is unknown or damaged
├── DataError      (ValueError)  a rule, message or table file that cannot be used
└── MissingExtra   (ImportError) an optional dependency is not installed

Arguments of a wrong type raise the built-in ``TypeError``, naming the argument.
"""


class ClientToneError(Exception):
    """Base of every error that clienttone raises on purpose."""


class ModelError(ClientToneError, ValueError):
    """A model cannot be trusted or read."""


class PolicyError(ClientToneError, ValueError):
    """A policy file is not a valid policy."""


class LocaleError(ClientToneError, ValueError):
    """An advice language is unknown, or its file is damaged."""


class DataError(ClientToneError, ValueError):
    """A data file cannot be used."""


class MissingExtra(ClientToneError, ImportError):
    """An optional dependency is needed for this call."""


def explain(where: object, expected: object, found: object, remedy: str) -> str:
    """The one wording of file errors: where, what was expected, what was found, what to do."""
    return f"{where}: expected {expected}, found {found}. {remedy}"
