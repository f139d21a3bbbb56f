"""Reads TOML: the shipped files quickly, and only as they were shipped; anybody's own files by `tomllib`.

``SHA256SUMS`` beside this file lists the shipped ones. After changing one of them, run there
``sha256sum rules/*.toml locales/*.toml > SHA256SUMS`` and then the tests, which hold them to all rules for their kind.
"""

from __future__ import annotations

import json
import os
import re
from functools import cache

from clienttone.errors import DataError, explain

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from typing import Any, NoReturn

    from clienttone.errors import ClientToneError

SUMS = "SHA256SUMS"
_HERE = os.path.dirname(os.path.abspath(__file__))
_REMEDY = f"Install clienttone again; if the change is meant, renew {SUMS}. Rules of your own belong in your own files."
_INLINE_KEY = re.compile(r"([{,] *)(\w+) = ")


def read_toml(path: str | os.PathLike[str], what: str, error: type[ClientToneError]) -> dict[str, Any]:
    """A TOML file, ``what`` says of which kind; raises ``error`` if it cannot be read or parsed."""
    import tomllib

    try:
        with open(path, "rb") as file:
            return tomllib.loads(file.read().decode("utf-8"))
    except OSError as caught:
        fail(error, path, what, caught.strerror or caught, "Check the path.")
    except (
        ValueError,
        RecursionError,
    ) as caught:  # a number of thousands of digits, or arrays within arrays within arrays
        fail(error, path, "TOML in UTF-8", caught, "Mend the file at this place.")


def read_shipped(name: str, error: type[ClientToneError]) -> dict[str, Any]:
    """The shipped file ``name``, such as ``rules/policy.toml``; raises ``error`` unless it is as it was shipped."""
    from hashlib import sha256

    raw = _bytes(name, error)
    expected, found = _sums().get(name), sha256(raw).hexdigest()
    if found != expected:
        fail(error, f"clienttone/{name}", f"SHA-256 {expected}", f"{found} ({len(raw)} bytes)", _REMEDY)
    return parse_plain(raw.decode("utf-8"))


def shipped_names() -> tuple[str, ...]:
    """The shipped files, sorted."""
    return tuple(sorted(_sums()))


def shipped_path(name: str) -> str:
    """Where the shipped file ``name`` stands."""
    return os.path.join(_HERE, name)


@cache
def _sums() -> dict[str, str]:
    lines = [line.split() for line in _bytes(SUMS, DataError).decode("utf-8", "replace").splitlines()]
    return {line[1]: line[0] for line in lines if len(line) == 2}


def _bytes(name: str, error: type[ClientToneError]) -> bytes:
    """The file with the line ends it was shipped with, whatever a checkout made of them."""
    try:
        with open(shipped_path(name), "rb") as file:
            return file.read().replace(b"\r\n", b"\n")
    except OSError as caught:
        fail(error, f"clienttone/{name}", "a file of the installation", caught.strerror or caught, _REMEDY)


def parse_plain(text: str) -> dict[str, Any]:
    """TOML as the shipped files are written, in an eighth of `tomllib`'s time.

    Keys are bare, values on one line, those of an array on one line each if not all on one, and strings in double quotes.
    Raises ``ValueError`` (or ``IndexError``) for much of what is not so written, but does not check all of it.
    """
    table: dict[str, Any] = {}
    whole, lines = table, iter(text.split("\n"))
    for line in lines:
        if line.startswith("["):
            table = _headed(whole, line)
        elif line and line[0] != "#":
            key, _, value = line.partition(" = ")
            table[key] = _value(value, lines)
    return whole


def _headed(whole: dict[str, Any], line: str) -> dict[str, Any]:
    """The table that a heading opens: ``[a.b]`` one of its own, ``[[a]]`` one more in a list."""
    table: dict[str, Any] = {}
    if line.startswith("[["):
        whole.setdefault(line[2 : line.index("]]")], []).append(table)
        return table
    *above, name = line[1 : line.index("]")].split(".")
    for part in above:
        whole = whole.setdefault(part, {})
    whole[name] = table
    return table


def _value(value: str, lines: Iterator[str]) -> Any:
    if value == "[":
        items = "".join(iter(lines.__next__, "]"))
        return json.loads(f"[{items.rstrip().rstrip(',')}]")
    if value[0] == "{":
        value = _INLINE_KEY.sub(r'\1"\2": ', value)
    return _DECODER.raw_decode(value)[0]  # a comment may follow


_DECODER = json.JSONDecoder()


def check_keys(
    where: object,
    table: Mapping[str, Any],
    required: tuple[str, ...],
    optional: tuple[str, ...],
    error: type[ClientToneError],
) -> None:
    """Raise ``error`` for a key that is unknown or missing."""
    for key in table:
        if key not in required and key not in optional:
            fail(error, where, f"only the keys {', '.join((*required, *optional))}", repr(key), "Correct or remove it.")
    for key in required:
        if key not in table:
            fail(error, where, f"the key {key}", "none", "Add it.")


def fail(error: type[ClientToneError], where: object, expected: object, found: object, remedy: str) -> NoReturn:
    """Raise ``error`` in the one wording, with what was found cut to a readable length."""
    shown = str(found) if isinstance(found, (str, Exception)) else repr(found)
    raise error(explain(where, expected, shown[:120], remedy))
