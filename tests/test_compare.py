"""The benchmark's own arithmetic, on made-up result files."""

import json
import sys
from pathlib import Path
from xml.etree import ElementTree

import pytest

sys.path.insert(0, str(Path(__file__).parents[1] / "benchmarks"))

import bench_growth
import bench_speed
import compare
import corpus
import plot
import plot_growth
import scorers

OLD = {
    "scikit-learn": {"batch_per_s": 1.0},
    "clienttone (C)": {"batch_per_s": 90.0, "one_50_us": 500.0},
    "VADER": {"batch_per_s": 4.0},
}
MACHINE = {"cpu": "x", "cores": 2, "python": "3.11.7", "date": "2026-01-01"}


def result(ratios):
    return {"format": compare.FORMAT, "kind": "speed", "machine": MACHINE, "ratios": ratios}


def compared(tmp_path, new, *options):
    old_file, new_file = tmp_path / "old.json", tmp_path / "new.json"
    old_file.write_text(json.dumps(result(OLD)), encoding="utf-8")
    new_file.write_text(new if isinstance(new, str) else json.dumps(result(new)), encoding="utf-8")
    return compare.main([str(old_file), str(new_file), *options])


def changed(scorer, **ratios):
    return {**OLD, scorer: {**OLD[scorer], **ratios}}


def test_the_same_file_is_no_regression(tmp_path):
    assert compared(tmp_path, OLD) == 0


@pytest.mark.parametrize(("ratio", "status"), [(81.1, 0), (80.9, 1), (200.0, 0)])
def test_a_ratio_may_fall_by_a_tenth_and_no_more(tmp_path, ratio, status):
    assert compared(tmp_path, changed("clienttone (C)", batch_per_s=ratio)) == status


def test_one_regression_among_improvements_fails_and_is_named(tmp_path, capsys):
    assert compared(tmp_path, changed("clienttone (C)", batch_per_s=300.0, one_50_us=100.0)) == 1
    (line,) = [x for x in capsys.readouterr().out.splitlines() if "REGRESSION" in x]
    assert line.split()[:3] == ["clienttone", "(C)", "one_50_us"]
    assert "-80.0%" in line


def test_peers_are_judged_too_unless_left_out(tmp_path):
    slower_peer = changed("VADER", batch_per_s=2.0)
    assert compared(tmp_path, slower_peer) == 1
    assert compared(tmp_path, slower_peer, "--only", "clienttone") == 0


def test_a_wider_tolerance(tmp_path):
    assert compared(tmp_path, changed("clienttone (C)", batch_per_s=60.0), "--tolerance", "0.5") == 0


def test_a_ratio_that_is_gone_is_shown_but_is_no_regression(tmp_path, capsys):
    assert compared(tmp_path, {k: v for k, v in OLD.items() if k != "VADER"}) == 0
    assert "not in both" in capsys.readouterr().out


@pytest.mark.parametrize(
    "new",
    ["{", "[]", '{"kind": "growth", "format": 1}', '{"kind": "speed", "format": 2}', {"other": {"batch_per_s": 1.0}}],
)
def test_files_that_cannot_be_compared_are_status_2(tmp_path, capsys, new):
    assert compared(tmp_path, new) == 2
    assert capsys.readouterr().err


def test_a_missing_file_is_status_2(tmp_path):
    assert compare.main([str(tmp_path / "a.json"), str(tmp_path / "b.json")]) == 2


def test_ratios_above_one_are_better_whatever_the_unit():
    found = {
        scorers.REFERENCE: {"median": {"batch_per_s": 1000.0, "one_50_us": 2000.0, "memory_mb": 200.0}},
        "ours": {"median": {"batch_per_s": 50_000.0, "one_50_us": 4.0, "assess_50_us": 100.0, "memory_mb": 40.0}},
        "absent": {"status": "not installed"},
    }
    ours = bench_speed.ratios(found)["ours"]
    assert ours == {"batch_per_s": 50.0, "one_50_us": 500.0, "assess_50_us": 20.0, "memory_mb": 5.0}


@pytest.mark.parametrize("power", [0.5, 1.0, 2.0])
def test_the_exponent_of_a_power_law(power):
    assert bench_growth.exponent([(n, 3 * n**power) for n in (10, 100, 1000, 5000)]) == pytest.approx(power)


def test_a_bend_shows_in_the_steepest_decade():
    bent = [(10, 1.0), (100, 10.0), (1000, 1000.0)]
    assert bench_growth.steepest(bent) == pytest.approx(2)
    assert bench_growth.exponent(bent) == pytest.approx(1.5)


def test_average_precision():
    assert scorers.average_precision([1, 0, 1, 0], [0.9, 0.8, 0.7, 0.1]) == pytest.approx((1 + 2 / 3) / 2)


def test_messages_have_the_length_asked_for():
    texts = corpus.of_length(["short", "a longer one", ""], 20, 10)
    assert {len(t) for t in texts} == {20}
    assert len(corpus.of_length(["short", "a longer one"], 3, 4)) == 4


def test_the_plot_is_an_svg_with_a_bar_for_each_ratio():
    root = ElementTree.fromstring(plot.svg(result(OLD)))
    bars = [r for r in root.iter("{http://www.w3.org/2000/svg}rect") if r.get("fill") in (plot.OURS, plot.OTHERS)]
    assert len(bars) == 3


def test_the_growth_plot_has_a_line_an_engine_and_panel():
    points = [(n, n / 1e6) for n in (1, 10, 100)]
    engine = {
        "status": "measured",
        "exponent": {"length": 1.0, "batch": 1.0},
        "seconds": {"length": points, "batch": points},
    }
    engines = {"clienttone (C)": engine, "clienttone (numpy)": {"status": "not installed: no compiler"}}
    root = ElementTree.fromstring(plot_growth.svg({"machine": MACHINE, "read": 100_000, "engines": engines}))
    assert len(list(root.iter("{http://www.w3.org/2000/svg}polyline"))) == 2
