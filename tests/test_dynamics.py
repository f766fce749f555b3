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
from games import GAMES, METHODS, OBJECTIVES, RATE  # noqa: E402

pytestmark = pytest.mark.backends("jax", "torch")
SMOOTH = [name for name, method in METHODS.items() if method.smooth]


def game(method, name, **options):
    if method == "consensus" and keras.backend.backend() == "torch":
        pytest.skip("gradients with respect to weights cannot be differentiated again on PyTorch")
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


CONVERGING = {
    "bilinear": {"consensus", "extragradient", "negative", "optimistic", "r1"},
    "dirac": {"consensus", "extragradient", "negative", "noise", "optimistic", "r1"},
}


@pytest.mark.parametrize("name", GAMES)
def test_which_methods_converge_circle_and_diverge_near_the_equilibrium(name):
    """Mescheder et al. 2018, sections 2 and 3: not descent, simultaneous or alternating, but R1 and instance noise.

    The noise has nothing to work through on the bilinear game: the losses have no curvature.
    """
    radius = {}
    for method in SMOOTH:
        several = closed_forms.eigenvalues(method, name, rate=RATE, setting=METHODS[method].setting)
        radius[method] = np.abs(several).max()
    assert {method for method in radius if radius[method] < 1 - 1e-3} == CONVERGING[name]
    assert radius["alternating"] == pytest.approx(1, abs=1e-12)
    leaving = {method for method in radius if radius[method] > 1 + 1e-3}
    assert leaving == set(SMOOTH) - CONVERGING[name] - {"alternating"}


@pytest.mark.parametrize("method", ["adam", "optimistic_adam"])
def test_both_forms_of_adam_follow_their_rules_and_do_not_come_to_rest(method):
    """Kingma and Ba 2015 (1412.6980), algorithm 1; Daskalakis et al. 2018 (1711.00141), algorithm 1."""
    rate, beta_1, beta_2 = RATE / 4, 0.5, 0.999
    weights, first, second, last = np.array([1.0, 0.5]), 0.0, 0.0, 0.0
    expected, optimizer = [weights], METHODS[method].optimizer(RATE)
    alone = [keras.Variable(value, dtype="float32") for value in weights]
    optimizer.build(alone)
    for step in range(1, 121):
        theta, psi = weights
        gradient = np.array([-psi, theta])  # the generator minimizes -theta psi, the discriminator theta psi
        first, second = beta_1 * first + (1 - beta_1) * gradient, beta_2 * second + (1 - beta_2) * gradient**2
        now = rate * first / (1 - beta_1**step) / (np.sqrt(second / (1 - beta_2**step)) + 1e-8)
        weights = weights - (2 * now - last if method == "optimistic_adam" else now)
        last = now
        expected.append(weights)
        theta, psi = (keras.ops.convert_to_numpy(each.value) for each in alone)
        optimizer.apply([keras.ops.convert_to_tensor(-psi), keras.ops.convert_to_tensor(theta)], alone)
    found = game(method, "bilinear").trajectory((1.0, 0.5), 120)
    np.testing.assert_allclose(found, expected, atol=1e-4)
    np.testing.assert_allclose([float(keras.ops.convert_to_numpy(each.value)) for each in alone], weights, atol=1e-4)
    assert np.hypot(*found.T).min() > 0.5 and found[:, 0].min() < -0.5  # around the equilibrium


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
@pytest.mark.parametrize("name", OBJECTIVES)
def test_the_lyapunov_function_of_the_flow_falls_as_it_should(method, name):
    """d/dt (theta^2 + psi^2) / 2: -x tanh(x / 2), x = theta psi, with non-saturating losses, 0 in games of sum zero.

    R1 of weight 0.6 adds -0.6 psi^2.
    """
    played = game(method, name, rate=1.0)
    for theta, psi in ((1.0, 0.5), (-2.0, 1.5), (0.3, -3.0)):
        before = np.array([theta, psi])
        slope = before @ (played.step(before) - before)
        product = theta * psi
        expected = -product * np.tanh(product / 2) if name == "dirac" else 0.0
        assert slope == pytest.approx(expected - (0.6 * psi**2 if method == "r1" else 0.0), abs=1e-5)


@pytest.mark.parametrize(("method", "bound"), [("clip", 0.5 + 1e-6), ("gradient_penalty", 3.0)])
@pytest.mark.parametrize(("name", "steps"), [("bilinear", 80), ("dirac", 120)])  # around once and more after 40
def test_clipped_weights_and_the_gradient_penalty_keep_circling(method, bound, name, steps):
    """Mescheder et al. 2018, section 3: neither comes to rest, WGAN within its bounds, WGAN-GP about a slope of one."""
    theta, psi = game(method, name).trajectory((1.0, 0.0), steps)[40:].T
    assert theta.max() > 0.1 and theta.min() < -0.1 and psi.max() > 0.3 and psi.min() < -0.3
    assert np.hypot(theta, psi).min() > 0.3 and np.abs(psi).max() <= bound
