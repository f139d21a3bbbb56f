"""The cost table, the shipped one and one's own."""

from pathlib import Path

import pytest
from candidates import one

from clienttone.amounts import Amount
from clienttone.errors import DataError
from clienttone.threats import load_rules

SHIPPED_COSTS = Path(__file__).parents[1] / "src" / "clienttone" / "rules" / "threat_costs.toml"


def test_costs_can_be_replaced(tmp_path):
    path = tmp_path / "costs.toml"
    path.write_text(SHIPPED_COSTS.read_text(encoding="utf-8").replace("[30, 400]", "[1, 2]"), encoding="utf-8")
    threat = one("I'll sue over $10.", rules=load_rules(path))
    assert "at least 1-2 USD" in threat.reasons[0].text


@pytest.mark.parametrize(
    ("old", "new", "found"),
    [
        ("version = 1", "version = = 1", "TOML"),
        ("fees = [30, 400]", "fees = [400, 30]", "cost 1, fees"),
        ("fees = [30, 400]", "fees = 30", "cost 1, fees"),
        ("days = [30, 700]\n", "", "cost 1"),
        ('kind = "legal"', 'kind = "lawsuit"', "cost 1, kind"),
        ('group = "nordic"', 'group = "mars"', "cost 2, group"),
        ("EUR = 1.1", "EUR = -1", "usd_rates.rates.EUR"),
        ("[usd_rates.rates]", "[rates]", "usd_rates"),
        ('act = "a lawsuit"', "act = 5", "cost 1, act"),
        ("[[cost]]", "[[price]]", "cost"),
    ],
)
def test_damaged_costs_say_where(tmp_path, old, new, found):
    path = tmp_path / "costs.toml"
    path.write_text(SHIPPED_COSTS.read_text(encoding="utf-8").replace(old, new), encoding="utf-8")
    with pytest.raises(DataError, match=r"expected .* found ") as caught:
        load_rules(path)
    assert found in str(caught.value)
    assert str(path) in str(caught.value)


def test_missing_costs_file(tmp_path):
    with pytest.raises(DataError, match="a table of costs"):
        load_rules(tmp_path / "none.toml")
    with pytest.raises(TypeError, match="costs_path"):
        load_rules(5)  # type: ignore[arg-type]


def test_every_cost_has_source_and_date():
    costs = load_rules().costs
    assert all(entry.source and entry.date for entry in costs.entries.values())
    assert {kind for kind, group in costs.entries if group == "default"} >= {
        "legal",
        "regulator",
        "payment",
        "churn",
    }
    assert costs.usd(Amount(100, "nok")) == pytest.approx(9.5)
