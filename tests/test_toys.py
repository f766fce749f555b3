"""The benchmarks of objectives: what they compare, and what can be computed without training."""

import importlib.util
import math
import sys
from pathlib import Path

import numpy as np
import pytest

from kerasgan import objectives, penalties

BENCHMARKS = Path(__file__).parent.parent / "benchmarks"


def load(name):
    spec = importlib.util.spec_from_file_location(f"benchmark_{name}", BENCHMARKS / f"{name}.py")
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module  # dataclasses look their module up
    spec.loader.exec_module(module)
    return module


toys, divergences = load("toys"), load("divergences")


def test_the_toys_compare_every_objective_and_every_divergence_of_its_own_gradient():
    compared = [objective for objective, _ in toys.objectives().values()]
    assert {objective["name"] for objective in compared} == set(objectives.names())
    chosen = {objective.get("divergence") for objective in compared} - {None}
    assert chosen == set(objectives.divergence_names()) - {"gan", "jensen_shannon"}
    names = {penalty["name"] for several in toys.PENALTIES.values() for penalty in several}
    assert names == set(penalties.names())
    assert "none" not in toys.objectives()["wasserstein"][1]


@pytest.mark.parametrize("toy", ["ring", "grid"])
def test_a_toy_is_drawn_within_range_from_distinct_modes_that_its_measure_finds(toy):
    toy = toys.TOYS[toy]
    points = toy.sample(2500, seed=0)
    assert points.shape == (2500, 1, 1, 2) and np.abs(points).max() <= 1
    modes = toy.measure(points)
    assert modes.captured == len(np.unique(toy.centers.round(6), axis=0)) == len(toy.centers)
    assert modes.high_quality == pytest.approx(1 - math.exp(-4.5), abs=0.01)
    assert toy.measure(np.full((100, 1, 1, 2), np.nan)).captured == 0


def test_a_training_starts_from_new_weights_for_each_seed():
    trainer = toys.Trainer({"name": "relativistic"}, toys.PENALTIES["r1 + r2"], steps=4)
    first, other, again = (trainer.train(toys.TOYS["ring"], seed) for seed in (0, 1, 0))
    np.testing.assert_array_equal(first.counts, again.counts)
    assert not np.array_equal(first.counts, other.counts)


def test_the_report_names_the_objective_with_most_modes_and_the_share_of_chance():
    rows = [
        toys.Row("hinge", "none", {"ring": (8.0, 0.5), "grid": (3.0, 0.9)}),
        toys.Row("minimax", "none", {"ring": (8.0, 0.4), "grid": (20.0, 0.2)}),
    ]
    text = toys.report(rows, steps=5, seeds=(0,), seconds=60.0)
    assert "ring: hinge with none; grid: minimax with none" in text
    assert "| hinge | none | 8.0 | 50.0% | 3.0 | 90.0% |" in text
    assert toys.chance("grid") == "11%"  # 25 discs of radius 0.3 in a square of 8 by 8


def test_the_normal_that_minimizes_kl_has_the_moments_of_the_data():
    """KL(P || Q) over all normal Q is least where mean and variance are P's own."""
    best = divergences.minimized(divergences.CASES[0])
    mean = divergences.SHARES @ divergences.CENTERS
    variance = divergences.DEVIATION**2 + divergences.SHARES @ (divergences.CENTERS - mean) ** 2
    assert best.mean == pytest.approx(mean, abs=1e-4)
    assert best.deviation == pytest.approx(math.sqrt(variance), abs=1e-4)
    assert divergences.in_words(best) == "covers both modes"


@pytest.mark.parametrize(
    ("mean", "deviation", "words"),
    [
        (-0.16, 0.4, "covers both modes"),
        (-0.4, 0.15, "seeks the heavier mode"),
        (0.4, 0.15, "seeks the lighter mode"),
        (0.0, 0.1, "reaches neither mode"),
    ],
)
def test_the_words_follow_from_the_numbers(mean, deviation, words):
    assert divergences.in_words(divergences.measured(divergences.CASES[0], mean, deviation)) == words


def test_a_short_training_moves_a_normal_toward_the_data():
    case = divergences.CASES[0]
    start = divergences.measured(case, 0.0, 0.5)
    assert divergences.learned(case, steps=200).divergence < start.divergence
