"""What carrying out a threat costs its writer: the table ``rules/threat_costs.toml``, read strictly."""

from __future__ import annotations

from clienttone.errors import DataError
from clienttone.results import THREAT_KINDS
from clienttone.tomlfiles import check_keys, fail

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping
    from dataclasses import dataclass
    from typing import Any

    from clienttone.amounts import Amount
else:
    from clienttone.records import dataclass


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
    """The cost table: ``rates`` of currencies in USD, the group of each country or currency, the cost of each act.

    ``entries`` are found by kind and group.
    """

    rates: Mapping[str, float]
    groups: Mapping[str, str]
    entries: Mapping[tuple[str, str], Cost]

    def usd(self, amount: Amount) -> float | None:
        """The amount in USD, roughly, or None where its currency is not in the table."""
        rate = self.rates.get(amount.currency.upper())
        return None if rate is None else amount.value * rate

    def of(self, kind: str, place: str) -> Cost | None:
        """The cost of an act in a country (or, if that is all one knows, where a currency is used)."""
        group = self.groups.get(place.upper(), "default")
        return self.entries.get((kind, group)) or self.entries.get((kind, "default"))


def parse_costs(table: Mapping[str, Any], where: str) -> Costs:
    """The cost table from its TOML; raises ``DataError`` with the place of the first thing that is wrong."""
    rates = _table(_table(table, "usd_rates", where), "rates", f"{where}: usd_rates")
    rates = {code.upper(): _number(rate, f"{where}: usd_rates.rates.{code}") for code, rate in rates.items()}
    groups = _table(table, "groups", where)
    places: dict[str, str] = {}  # a place belongs to the first group that lists it
    for name, listed in groups.items():
        for place in _strings(listed, f"{where}: groups.{name}"):
            places.setdefault(place, name)
    entries = table.get("cost")
    if not isinstance(entries, list) or not entries:
        fail(DataError, where, "[[cost]] tables", type(entries).__name__, "Copy the shipped threat_costs.toml.")
    costs = [_cost(entry, f"{where}: cost {number}", groups) for number, entry in enumerate(entries, 1)]
    return Costs(rates, places, {(cost.kind, cost.group): cost for cost in costs})


def _cost(entry: Any, where: str, groups: Mapping[str, Any]) -> Cost:
    if not isinstance(entry, dict):
        fail(DataError, where, "a table", type(entry).__name__, "Head it [[cost]].")
    check_keys(where, entry, Cost.__match_args__, (), DataError)
    if entry["kind"] not in THREAT_KINDS:
        fail(DataError, f"{where}, kind", ", ".join(THREAT_KINDS), repr(entry["kind"]), "Use one of these kinds.")
    if entry["group"] not in ("default", *groups):
        fail(DataError, f"{where}, group", "default or a key of [groups]", repr(entry["group"]), "Add the group.")
    pairs = {name: _pair(entry[name], f"{where}, {name}") for name in ("fees", "full", "days")}
    numbers = {name: _number(entry[name], f"{where}, {name}") for name in ("small_below", "real_from")}
    for name in ("act", "full_words", "source", "date"):
        _strings([entry[name]], f"{where}, {name}")
    return Cost(**{**entry, **pairs, **numbers})


def _table(table: Mapping[str, Any], key: str, where: str) -> dict[str, Any]:
    found = table.get(key)
    if not isinstance(found, dict):
        fail(DataError, where, f"a table [{key}]", type(found).__name__, "Copy it from the shipped file.")
    return found


def _number(value: Any, where: str) -> float:
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not 0 <= value < float("inf"):
        fail(DataError, where, "a number of at least 0", repr(value), "Write a plain number.")
    return float(value)


def _pair(value: Any, where: str) -> tuple[float, float]:
    if not isinstance(value, list) or len(value) != 2:
        fail(DataError, where, "[low, high]", repr(value), "Write two numbers.")
    low, high = (_number(part, where) for part in value)
    if low > high:
        fail(DataError, where, "the low number first", repr(value), "Swap the two.")
    return low, high


def _strings(values: Any, where: str) -> list[str]:
    if not isinstance(values, list) or not all(isinstance(value, str) and value for value in values):
        fail(DataError, where, "text", repr(values), "Write a text in quotes.")
    return values
