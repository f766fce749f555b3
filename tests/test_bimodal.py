"""The demonstration of two futures: what squared errors and an adversarial loss make of them, against theory."""

import importlib.util
import sys
from pathlib import Path

import numpy as np
import pytest

BENCHMARK = Path(__file__).parent.parent / "benchmarks" / "bimodal.py"
spec = importlib.util.spec_from_file_location("benchmark_bimodal", BENCHMARK)
bimodal = importlib.util.module_from_spec(spec)
sys.modules[spec.name] = bimodal  # dataclasses look their module up
spec.loader.exec_module(bimodal)


@pytest.fixture(scope="module")
def scene():
    return bimodal.block()


def test_the_futures_are_the_frame_moved_and_differ_as_theory_needs(scene):
    assert scene.difference == pytest.approx(4 * 6 / 16)  # six pixels of sixteen differ, by 2
    np.testing.assert_array_equal(scene.futures[0, 0, 0, :, 0], [1] * 3 + [-1] * 13)
    np.testing.assert_array_equal(scene.futures[1, 7, 0, :, 0], [-1] * 13 + [1] * 3)
    digits = bimodal.digits()
    assert len(digits.frames[digits.measured]) == 297
    np.testing.assert_array_equal(digits.futures[0, 0, :, :8], digits.frames[0, :, 2:10])


def test_squared_errors_learn_the_mean_which_is_neither_future(scene):
    found = bimodal.evaluate(bimodal.by_squared_errors(scene, width=128, steps=500), scene)
    assert found.error == pytest.approx(scene.difference / 4, abs=0.02)
    assert found.from_mean < 0.02 and found.nearest > 0.2


@pytest.mark.slow
def test_an_adversarial_loss_learns_one_or_the_other_at_twice_the_error(scene):
    found = bimodal.evaluate(bimodal.adversarially(scene, width=128, steps=1500, penalty=1.0), scene)
    assert found.nearest < 0.08
    assert 1.7 < found.error / (scene.difference / 4) < 2.3
    assert 0.1 < found.share < 0.9
