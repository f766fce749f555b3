"""The f-divergences against Fenchel's identity, closed forms of Gaussians and uniforms, and a trained discriminator."""

import math

import keras
import numpy as np
import pytest
from keras import ops
from scipy import integrate, stats

from kerasgan import gradients, objectives

WEIGHTED = "weighted_jensen_shannon"
NAMES = objectives.divergence_names()
RATIOS = np.array([0.05, 0.3, 1.0, 2.5, 9.0])


def functions(name, weight=0.3):
    return objectives.get_divergence(name, weight=weight if name == WEIGHTED else None)


def objective(name, weight=0.3, **options):
    return objectives.FDivergence(divergence=name, weight=weight if name == WEIGHTED else None, **options)


def numbers(tensor):
    return ops.convert_to_numpy(tensor)


def value(tensor):
    return float(numbers(tensor))


# the logit whose activation is f'(u), solved by hand for each row of the paper's table
BEST_LOGIT = {
    "gan": np.log,
    "jensen_shannon": np.log,
    "kl": lambda u: 1 + np.log(u),
    "neyman": lambda u: 2 * np.log(u),
    "pearson": lambda u: 2 * (u - 1),
    "reverse_kl": np.log,
    "squared_hellinger": lambda u: np.log(u) / 2,
}


def best_logit(name, ratio, weight=0.3):
    if name == WEIGHTED:
        share = (weight * ratio / (1 - weight + weight * ratio)) ** weight
        return np.log(share) - np.log1p(-share)
    return BEST_LOGIT[name](ratio)


@pytest.mark.parametrize("name", NAMES)
def test_the_conjugate_meets_fenchels_identity_at_the_slope(name):
    """f*(f'(u)) = u f'(u) - f(u)."""
    chosen = functions(name)
    slope = numbers(chosen.slope(RATIOS))
    expected = RATIOS * slope - numbers(chosen.f(RATIOS))
    np.testing.assert_allclose(numbers(chosen.conjugate(slope)), expected, atol=1e-12)


@pytest.mark.parametrize("name", NAMES)
def test_the_slope_is_the_derivative_and_the_threshold_its_value_at_one(name):
    chosen, step = functions(name), 1e-6
    ahead, behind = numbers(chosen.f(RATIOS + step)), numbers(chosen.f(RATIOS - step))
    np.testing.assert_allclose(numbers(chosen.slope(RATIOS)), (ahead - behind) / (2 * step), rtol=1e-6, atol=1e-6)
    assert value(chosen.slope(np.array(1.0))) == pytest.approx(chosen.threshold, abs=1e-12)
    assert value(chosen.activation(np.array(chosen.boundary))) == pytest.approx(chosen.threshold, abs=1e-12)
    assert chosen.boundary == pytest.approx(best_logit(name, 1.0), abs=1e-12)


@pytest.mark.parametrize("name", NAMES)
def test_the_activation_reaches_every_slope_and_its_conjugate_is_the_one_written_out(name):
    chosen = functions(name)
    logits = best_logit(name, RATIOS)
    np.testing.assert_allclose(numbers(chosen.activation(logits)), numbers(chosen.slope(RATIOS)), atol=1e-12)
    expected = RATIOS * numbers(chosen.slope(RATIOS)) - numbers(chosen.f(RATIOS))
    np.testing.assert_allclose(numbers(chosen.conjugate_of_activation(logits)), expected, atol=1e-12)


# p = N(0, 1), q = N(mu, 1); [C] of the reference sheet, by scipy.quad
GAUSSIANS = {
    "gan": {0.5: -1.32567176, 1.0: -1.16345140, 2.0: -0.71263272},
    "jensen_shannon": {0.5: 0.06062260, 1.0: 0.22284296, 2.0: 0.67366164},
    "kl": {0.5: 0.125, 1.0: 0.5, 2.0: 2.0},
    "neyman": {0.5: math.expm1(0.25), 1.0: math.expm1(1), 2.0: math.expm1(4)},
    "pearson": {0.5: math.expm1(0.25), 1.0: math.expm1(1), 2.0: math.expm1(4)},
    "reverse_kl": {0.5: 0.125, 1.0: 0.5, 2.0: 2.0},
    "squared_hellinger": {mean: 2 - 2 * math.exp(-(mean**2) / 8) for mean in (0.5, 1.0, 2.0)},
}
WEIGHTED_GAUSSIANS = {0.01: 0.01865063, 0.1: 0.14202041, 0.25: 0.26565331, 0.5: 0.33683082, 0.9: 0.14202041}


def game_value(name, mean, weight=0.3):
    """E_P g(v) - E_Q f*(g(v)) at the best discriminator, integrated over both normal densities."""
    chosen = functions(name, weight)

    def integrand(x):
        logit = np.array(best_logit(name, math.exp(mean**2 / 2 - mean * x), weight))
        gain = value(chosen.activation(logit)) * stats.norm.pdf(x)
        return gain - value(chosen.conjugate_of_activation(logit)) * stats.norm.pdf(x, loc=mean)

    low, high = -9.0 - mean, 9.0 + 2 * mean  # chi-squares weigh tails by the squared density
    return integrate.quad(integrand, low, high, epsabs=1e-9, epsrel=1e-9, limit=100)[0]


@pytest.mark.parametrize("name", sorted(GAUSSIANS))
@pytest.mark.parametrize("mean", [0.5, 1.0, 2.0])
def test_the_objectives_value_at_the_best_discriminator_is_the_divergence(name, mean):
    assert game_value(name, mean) == pytest.approx(GAUSSIANS[name][mean], rel=1e-6, abs=1e-6)


@pytest.mark.parametrize("weight", sorted(WEIGHTED_GAUSSIANS))
def test_the_weighted_objective_has_the_value_of_the_lambda_divergence(weight):
    assert game_value(WEIGHTED, 2.0, weight) == pytest.approx(WEIGHTED_GAUSSIANS[weight], abs=1e-6)


@pytest.mark.parametrize(("weight", "expected"), [(1e-3, 1.97867), (1e-4, 1.99746)])
def test_the_weighted_divergence_tends_to_either_kl(weight, expected):
    """JS_w / w tends to KL(P || Q) = 2 for w = 0 and, by the symmetry of two normals, JS_w / (1 - w) to KL(Q || P)."""
    assert game_value(WEIGHTED, 2.0, weight) / weight == pytest.approx(expected, abs=1e-5)
    assert game_value(WEIGHTED, 2.0, 1 - weight) / weight == pytest.approx(expected, abs=1e-5)


@pytest.mark.parametrize("shift", [0.25, 1.0])
def test_shifted_uniforms_are_their_shift_times_the_entropy_of_the_weight_apart(shift):
    """p = U[0, 1], q = U[a, 1 + a]: where only one has mass the best logit is infinite; 80 stands for it."""
    weight, tested = 0.3, objective(WEIGHTED)
    positions = (np.arange(20_000) + 0.5) / 20_000

    def logits(x):
        return np.where(x < shift, 80.0, np.where(x > 1, -800.0, best_logit(WEIGHTED, 1.0))).astype("float32")

    entropy = -weight * math.log(weight) - (1 - weight) * math.log(1 - weight)
    loss = tested.discriminator_loss(logits(positions), logits(positions + shift))
    assert -value(loss) == pytest.approx(shift * entropy, abs=1e-5)


@pytest.mark.parametrize("name", NAMES)
def test_two_coins_are_as_far_apart_as_their_sum_says(name):
    real, fake = np.array([0.5, 0.5]), np.array([0.9, 0.1])
    chosen, logits = functions(name), best_logit(name, real / fake)
    direct = (fake * numbers(chosen.f(real / fake))).sum()
    found = (real * numbers(chosen.activation(logits)) - fake * numbers(chosen.conjugate_of_activation(logits))).sum()
    assert found == pytest.approx(direct, abs=1e-12)


def test_the_gan_row_is_the_objective_of_the_first_gan():
    logits = np.random.default_rng(0).normal(scale=3, size=(2, 9, 1)).astype("float32")
    tested, direct = objective("gan"), objective("gan", direct=True)
    minimax, non_saturating = objectives.get("minimax"), objectives.get("non_saturating")
    assert value(tested.discriminator_loss(*logits)) == pytest.approx(
        value(minimax.discriminator_loss(*logits)), rel=1e-6
    )
    for first, second in ((tested, non_saturating), (direct, minimax)):
        losses = [value(each.generator_loss(None, logits[0])) for each in (first, second)]
        assert losses[0] == pytest.approx(losses[1])


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("direct", [False, True])
def test_losses_and_their_slopes_stay_finite_for_extreme_logits(name, direct):
    tested = objective(name, weight=0.01, direct=direct)
    for extreme in (-1000.0, -100.0, 14.999, 15.001, 100.0, 1000.0):
        logits = keras.Variable(np.full((64, 1), extreme, "float32"))
        for loss in (
            lambda x=logits: tested.discriminator_loss(x, x),
            lambda x=logits: tested.generator_loss(None, x),
        ):
            total, (slope,) = gradients.gradients(loss, [logits])
            assert np.isfinite(value(total)), extreme
            # Optimizers square the gradient, to which a network adds its own factor.
            assert np.isfinite(np.square(np.float32(1e3) * numbers(slope))).all(), extreme


def quantiles(count, mean):
    return stats.norm.ppf((np.arange(count) + 0.5) / count).reshape(-1, 1).astype("float32") + np.float32(mean)


@pytest.mark.parametrize(("name", "expected"), [("gan", -0.71263272), (WEIGHTED, 0.14202041)])
def test_a_trained_discriminator_finds_the_density_ratio_and_the_divergence(name, expected):
    """p = N(0, 1), q = N(2, 1): D = p / (p + q) = sigma(2 - 2 x) and V = 2 JSD - log 4; JS at weight 0.1."""
    keras.utils.set_random_seed(0)
    layers = [keras.layers.Dense(32, activation="tanh") for _ in range(2)]
    network = keras.Sequential([keras.Input((1,)), *layers, keras.layers.Dense(1)])
    tested, optimizer = objective(name, weight=0.1), keras.optimizers.Adam(0.02)
    optimizer.build(network.trainable_variables)
    real, fake = (ops.convert_to_tensor(quantiles(500, mean)) for mean in (0.0, 2.0))

    def loss():
        return tested.discriminator_loss(network(real), network(fake))

    for _ in range(150):
        _, grads = gradients.gradients(loss, network.trainable_variables)
        gradients.apply(optimizer, grads, network.trainable_variables)
    real, fake = quantiles(20_000, 0.0), quantiles(20_000, 2.0)
    assert -value(tested.discriminator_loss(network(real), network(fake))) == pytest.approx(expected, rel=0.02)
    if name == "gan":
        points = np.linspace(-1.5, 3.5, 21, dtype="float32").reshape(-1, 1)
        np.testing.assert_allclose(numbers(ops.sigmoid(network(points))), 1 / (1 + np.exp(2 * points - 2)), atol=0.03)


def test_a_divergence_comes_from_a_recipes_table():
    tested = objectives.get({"name": "f_divergence", "divergence": "kl", "direct": True})
    assert value(tested.generator_loss(None, np.array([[1.0], [1.0]]))) == pytest.approx(-1.0)  # -E exp(b - 1)
    assert objectives.get("f_divergence").divergence == "jensen_shannon"


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"divergence": "revers_kl"}, r"such as reverse_kl.*Received: divergence='revers_kl'"),
        ({"divergence": WEIGHTED}, "weight between 0 and 1.*Received: weight=None"),
        ({"divergence": WEIGHTED, "weight": 1.0}, "Received: weight=1.0"),
        ({"divergence": "kl", "weight": 0.5}, "Received: divergence='kl', weight=0.5"),
    ],
)
def test_a_divergence_that_cannot_be_is_refused(arguments, message):
    with pytest.raises(ValueError, match=message):
        objectives.FDivergence(**arguments)


def test_a_divergence_survives_serialization():
    tested = objectives.FDivergence(divergence=WEIGHTED, weight=0.2, direct=True)
    again = keras.saving.deserialize_keras_object(keras.saving.serialize_keras_object(tested))
    assert again.get_config() == tested.get_config() == {"divergence": WEIGHTED, "weight": 0.2, "direct": True}
