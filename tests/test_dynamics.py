"""The games of two numbers, played by `GAN.fit`'s own step: eigenvalues and Lyapunov functions in closed form."""

import dataclasses
import sys
from pathlib import Path

import keras
import numpy as np
import pytest

import kerasgan

PROGRAM = Path(kerasgan.__file__).parents[1] / "benchmarks" / "dynamics"
if not PROGRAM.is_dir():
    pytest.skip("installed without the checkout", allow_module_level=True)
sys.path.insert(0, str(PROGRAM))

import closed_forms  # noqa: E402
from games import GAMES, METHODS, RATE  # noqa: E402

pytestmark = pytest.mark.backends("jax", "torch")
SMOOTH = [name for name, method in METHODS.items() if method.smooth]


def game(method, name, **options):
    if method == "consensus" and keras.backend.backend() == "torch":
        pytest.skip("second derivatives with respect to weights")
    method = METHODS[method]
    if method.batch > 1:
        method = dataclasses.replace(method, batch=20_000)  # the mean of its noise's squares is known to 1 %
    return method.game(name, run_eagerly=True, **options)


def distance(found, expected):
    """The farthest that one of `found` is from its own of `expected`."""
    left, farthest = list(found), 0.0
    for value in expected:
        nearest = min(left, key=lambda other: abs(other - value))
        left.remove(nearest)
        farthest = max(farthest, abs(nearest - value))
    return farthest


@pytest.mark.parametrize("name", GAMES)
@pytest.mark.parametrize("method", SMOOTH)
def test_a_steps_eigenvalues_at_the_equilibrium_are_those_of_the_equations(method, name):
    found = np.linalg.eigvals(game(method, name).jacobian())
    expected = closed_forms.eigenvalues(method, name, rate=RATE, setting=METHODS[method].setting)
    assert len(found) == len(expected)
    assert distance(found, expected) < (2e-3 if method == "noise" else 2e-5)


def test_which_methods_converge_on_the_bilinear_game():
    """Instance noise has nothing to work through there: the losses have no curvature."""
    radius = {}
    for method in SMOOTH:
        several = closed_forms.eigenvalues(method, "bilinear", rate=RATE, setting=METHODS[method].setting)
        radius[method] = np.abs(several).max()
    assert {method for method in radius if radius[method] < 1 - 1e-3} == {
        "consensus",
        "extragradient",
        "negative",
        "optimistic",
        "r1",
    }
    assert radius["alternating"] == pytest.approx(1, abs=1e-12)
    assert {method for method in radius if radius[method] > 1 + 1e-3} == {"simultaneous", "clip", "momentum", "noise"}


def test_alternating_steps_keep_to_an_ellipse():
    """psi' = psi - rate theta, theta' = theta + rate psi' keep theta^2 + psi^2 - rate theta psi."""
    theta, psi = game("alternating", "bilinear").trajectory((1.0, 0.5), 40).T
    np.testing.assert_allclose(theta**2 + psi**2 - RATE * theta * psi, 1.25 - 0.5 * RATE, rtol=1e-5)
    assert theta.min() < -0.9  # once around


@pytest.mark.parametrize(
    ("method", "factor"), [("simultaneous", 1 + RATE**2), ("extragradient", 1 - RATE**2 + RATE**4)]
)
def test_on_the_bilinear_game_each_step_multiplies_the_squared_distance(method, factor):
    squares = (game(method, "bilinear").trajectory((1.0, 0.5), 10) ** 2).sum(axis=1)
    np.testing.assert_allclose(squares[1:] / squares[:-1], factor, rtol=1e-5)


@pytest.mark.parametrize("method", ["simultaneous", "r1"])
@pytest.mark.parametrize("name", GAMES)
def test_the_lyapunov_function_of_the_flow_falls_as_it_should(method, name):
    """d/dt (theta^2 + psi^2) / 2: 0 in the bilinear game, -x tanh(x / 2), x = theta psi, with non-saturating losses.

    R1 of weight 0.6 adds -0.6 psi^2.
    """
    played = game(method, name, rate=1.0)
    for theta, psi in ((1.0, 0.5), (-2.0, 1.5), (0.3, -3.0)):
        before = np.array([theta, psi])
        slope = before @ (played.step(before) - before)
        product = theta * psi
        expected = 0.0 if name == "bilinear" else -product * np.tanh(product / 2)
        assert slope == pytest.approx(expected - (0.6 * psi**2 if method == "r1" else 0.0), abs=1e-5)


def test_clipped_weights_and_the_gradient_penalty_keep_circling():
    """Mescheder et al. 2018, section 3: neither comes to rest, WGAN within its bounds, WGAN-GP about a slope of one."""
    for method in ("clip", "gradient_penalty"):
        theta, psi = game(method, "bilinear").trajectory((1.0, 0.0), 80)[40:].T
        assert theta.max() > 0.1 and theta.min() < -0.1 and psi.max() > 0.3 and psi.min() < -0.3, method
        assert np.abs(psi).max() <= (0.5 + 1e-6 if method == "clip" else 3.0)
