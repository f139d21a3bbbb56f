"""What carrying out a threat costs its writer: the table ``rules/threat_costs.toml``, read strictly."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from importlib.resources.abc import Traversable
from pathlib import Path
from typing import Any

from clienttone.amounts import Amount
from clienttone.errors import DataError, explain
from clienttone.results import THREAT_KINDS


@dataclass(frozen=True, slots=True)
class Cost:
    """What an act costs its writer: ``fees`` and ``full`` in USD, ``days`` until it is over, each (low, high)."""

    kind: str
    group: str
    act: str
    fees: tuple[float, float]
    full: tuple[float, float]
    full_words: str
    days: tuple[float, float]
    small_below: float
    real_from: float
    source: str
    date: str


@dataclass(frozen=True, slots=True)
class Costs:
    """The cost table: rates of currencies in USD, groups of countries, and the cost of each act."""

    rates: Mapping[str, float]
    groups: Mapping[str, tuple[str, ...]]
    entries: tuple[Cost, ...]

    def usd(self, amount: Amount) -> float | None:
        """The amount in USD, roughly, or None where its currency is not in the table."""
        rate = self.rates.get(amount.currency.upper())
        return None if rate is None else amount.value * rate

    def of(self, kind: str, place: str) -> Cost | None:
        """The cost of an act in a country (or, if that is all one knows, where a currency is used)."""
        group = next((name for name, places in self.groups.items() if place.upper() in places), "default")
        found = {entry.group: entry for entry in self.entries if entry.kind == kind}
        return found.get(group, found.get("default"))


def read_toml(path: Path | Traversable) -> dict[str, Any]:
    """A TOML file as a dict; raises ``DataError`` if it cannot be read or parsed."""
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise DataError(explain(path, "a readable file", error.strerror or "none", "Check the path.")) from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise DataError(explain(path, "TOML in UTF-8", str(error), "Correct the file at that place.")) from error


def parse_costs(table: Mapping[str, Any], where: str) -> Costs:
    """The cost table from its TOML; raises ``DataError`` with the place of the first thing that is wrong."""
    rates = _table(_table(table, "usd_rates", where), "rates", f"{where}: usd_rates")
    for code, rate in rates.items():
        _number(rate, f"{where}: usd_rates.rates.{code}")
    groups = {
        name: tuple(_strings(places, f"{where}: groups.{name}"))
        for name, places in _table(table, "groups", where).items()
    }
    entries = table.get("cost")
    if not isinstance(entries, list) or not entries:
        raise DataError(
            explain(where, "[[cost]] tables", type(entries).__name__, "Copy the shipped threat_costs.toml.")
        )
    costs = tuple(_cost(entry, f"{where}: cost {place}", groups) for place, entry in enumerate(entries, 1))
    return Costs({code.upper(): float(rate) for code, rate in rates.items()}, groups, costs)


def _cost(entry: Any, where: str, groups: Mapping[str, Any]) -> Cost:
    fields = list(Cost.__slots__)
    if not isinstance(entry, dict) or sorted(entry) != sorted(fields):
        found = ", ".join(entry) if isinstance(entry, dict) else type(entry).__name__
        raise DataError(explain(where, ", ".join(fields), found, "Give each entry exactly these keys."))
    if entry["kind"] not in THREAT_KINDS:
        raise DataError(
            explain(f"{where}, kind", ", ".join(THREAT_KINDS), repr(entry["kind"]), "Use one of these kinds.")
        )
    if entry["group"] not in ("default", *groups):
        raise DataError(
            explain(f"{where}, group", "default or a key of [groups]", repr(entry["group"]), "Add the group.")
        )
    pairs = {name: _pair(entry[name], f"{where}, {name}") for name in ("fees", "full", "days")}
    numbers = {name: _number(entry[name], f"{where}, {name}") for name in ("small_below", "real_from")}
    for name in ("act", "full_words", "source", "date"):
        _strings([entry[name]], f"{where}, {name}")
    return Cost(**{**entry, **pairs, **numbers})


def _table(table: Mapping[str, Any], key: str, where: str) -> dict[str, Any]:
    found = table.get(key)
    if not isinstance(found, dict):
        raise DataError(explain(where, f"a table [{key}]", type(found).__name__, "Copy it from the shipped file."))
    return found


def _number(value: Any, where: str) -> float:
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not 0 <= value < float("inf"):
        raise DataError(explain(where, "a number of at least 0", repr(value), "Write a plain number."))
    return float(value)


def _pair(value: Any, where: str) -> tuple[float, float]:
    if not isinstance(value, list) or len(value) != 2:
        raise DataError(explain(where, "[low, high]", repr(value), "Write two numbers."))
    low, high = (_number(part, where) for part in value)
    if low > high:
        raise DataError(explain(where, "the low number first", repr(value), "Swap the two."))
    return low, high


def _strings(values: Any, where: str) -> list[str]:
    if not isinstance(values, list) or not all(isinstance(value, str) and value for value in values):
        raise DataError(explain(where, "text", repr(values), "Write a text in quotes."))
    return values
