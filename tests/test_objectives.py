"""Objectives against hand-computed values and the closed forms of two Gaussians and of shifted uniforms."""

import math

import keras
import numpy as np
import pytest
from scipy import integrate, stats

from kerasgan import objectives
from kerasgan.gan.compile_checks import refuse_other_order


def value(tensor):
    return float(keras.ops.convert_to_numpy(tensor))


REAL, FAKE = np.array([[2.0], [0.0]], "float32"), np.array([[-1.0], [1.0]], "float32")


def softplus(x):
    return math.log1p(math.exp(x))


# by hand, from the equations of the papers
HAND = {
    "f_divergence": (  # Jensen-Shannon: g(v) = log 2 - sp(-v), f*(g(v)) = sp(v) - log 2
        (softplus(-1) + softplus(1)) / 2 + (softplus(-2) + softplus(0)) / 2 - 2 * math.log(2),
        (softplus(1) + softplus(-1)) / 2 - math.log(2),
    ),
    "minimax": (
        (softplus(-2) + softplus(0)) / 2 + (softplus(-1) + softplus(1)) / 2,
        -(softplus(-1) + softplus(1)) / 2,
    ),
    "non_saturating": (
        (softplus(-2) + softplus(0)) / 2 + (softplus(-1) + softplus(1)) / 2,
        (softplus(1) + softplus(-1)) / 2,
    ),
    "maximum_likelihood": (
        (softplus(-2) + softplus(0)) / 2 + (softplus(-1) + softplus(1)) / 2,
        -(math.exp(-1) + math.exp(1)) / 2,
    ),
    "least_squares": (0.5 * ((2 - 1) ** 2 + 1) / 2 + 0.5 * (1 + 1) / 2, 0.5 * (4 + 0) / 2),
    "hinge": ((0 + 1) / 2 + (0 + 2) / 2, 0.0),
    "wasserstein": (0.0 - 1.0, 0.0),
    "relativistic": ((softplus(-3) + softplus(1)) / 2, (softplus(3) + softplus(-1)) / 2),
    "boundary_seeking": ((softplus(-2) + softplus(0)) / 2 + (softplus(-1) + softplus(1)) / 2, 0.5 * (1 + 1) / 2),
    "softmax": (
        math.log(math.exp(2) + 1 + math.exp(-1) + math.exp(1)) - (2 + 0) / 2,
        math.log(math.exp(2) + 1 + math.exp(-1) + math.exp(1)) - (2 + 0 - 1 + 1) / 4,
    ),
    "relativistic_average": (  # the averages are 1 of real images and 0 of fakes
        (softplus(-2) + softplus(0)) / 2 + (softplus(-2) + softplus(0)) / 2,
        (softplus(2) + softplus(0)) / 2 + (softplus(2) + softplus(0)) / 2,
    ),
}


def test_every_objective_has_hand_computed_values():
    assert sorted(HAND) == objectives.names()


@pytest.mark.parametrize("name", sorted(HAND))
def test_both_sides_equal_the_values_computed_by_hand(name):
    objective = objectives.get(name)
    real = REAL if objective.paired else None
    assert value(objective.discriminator_loss(REAL, FAKE)) == pytest.approx(HAND[name][0], abs=1e-6)
    assert value(objective.generator_loss(real, FAKE)) == pytest.approx(HAND[name][1], abs=1e-6)


def test_least_squares_takes_its_three_targets():
    objective = objectives.LeastSquares(fake_target=-1.0, real_target=1.0, generator_target=0.0)
    expected = 0.5 * ((1 + 1) / 2 + (0 + 4) / 2)
    assert value(objective.discriminator_loss(REAL, FAKE)) == pytest.approx(expected)
    assert value(objective.generator_loss(None, FAKE)) == pytest.approx(0.5)
    bare = objectives.get({"name": "least_squares", "factor": 1.0})
    halved = objectives.get("least_squares")
    assert value(bare.generator_loss(None, FAKE)) == pytest.approx(2 * value(halved.generator_loss(None, FAKE)))
    assert value(bare.discriminator_loss(REAL, FAKE)) == pytest.approx(2 * value(halved.discriminator_loss(REAL, FAKE)))
    with pytest.raises(ValueError, match="Received: factor=0"):
        objectives.LeastSquares(factor=0)


def test_one_sided_smoothing_moves_the_target_of_real_images_only():
    plain, smooth = objectives.Minimax(), objectives.Minimax(label_smoothing=0.1)
    real = (0.9 * softplus(-2) + 0.1 * softplus(2) + softplus(0)) / 2
    assert value(smooth.discriminator_loss(REAL, FAKE)) == pytest.approx(real + (softplus(-1) + softplus(1)) / 2)
    assert value(smooth.generator_loss(None, FAKE)) == value(plain.generator_loss(None, FAKE))


@pytest.mark.parametrize("name", ["minimax", "non_saturating", "maximum_likelihood", "hinge", "relativistic"])
def test_losses_stay_finite_for_large_logits(name):
    objective = objectives.get(name)
    logits = np.array([[60.0]], "float32")
    assert math.isfinite(value(objective.discriminator_loss(-logits, logits)))
    assert math.isfinite(value(objective.generator_loss(-logits, logits)))


def own(discriminator_loss=lambda self, real_logits, fake_logits: 0.0, generator_loss=None):
    losses = {"discriminator_loss": discriminator_loss, "generator_loss": generator_loss or discriminator_loss}
    return type("Mine", (objectives.Objective,), losses)()


@pytest.mark.parametrize(
    ("losses", "received"),
    [
        (
            {"generator_loss": lambda self, fake_logits, real_logits=None: 0.0},
            "fake_logits, real_logits",
        ),
        ({"generator_loss": lambda self, fakes, reals: 0.0}, r"Mine.generator_loss\(fakes, reals\)"),
        ({"generator_loss": lambda self, fake_logits: 0.0}, r"Mine.generator_loss\(fake_logits\)"),
        ({"generator_loss": lambda self, logits: 0.0}, r"Mine.generator_loss\(logits\)"),
        ({"discriminator_loss": lambda self, b_fake, a_real: 0.0}, r"Mine.discriminator_loss\(b_fake, a_real\)"),
    ],
)
def test_an_objective_that_takes_its_logits_in_another_order_is_refused(losses, received):
    with pytest.raises(
        ValueError, match=rf"Expected Mine\..*order \(real_logits, fake_logits\).*Received: .*{received}"
    ):
        refuse_other_order(own(**losses))


@pytest.mark.parametrize("loss", [lambda self, a, b: 0.0, lambda self, real, fake, k=1: 0.0, lambda self, *x: 0.0])
def test_an_objective_may_name_its_logits_as_it_likes(loss):
    refuse_other_order(own(loss))
    for name in objectives.names():
        refuse_other_order(objectives.get(name))


# Closed forms. A loss averages over its logits, so an expectation under a density is a mean over quantiles of it;
# p = N(0, 1), q = N(mu, 1): the optimal logit is log p/q = mu^2 / 2 - mu x.

QUANTILES = (np.arange(200_000) + 0.5) / 200_000
JENSEN_SHANNON = {0.5: 0.03031130, 1.0: 0.11142148, 2.0: 0.33683082, 3.0: 0.52677731, 4.0: 0.63272019}
HINGE_OPTIMUM = {0.5: 1.60517470, 1.0: 1.23415015, 2.0: 0.63462102, 3.0: 0.26722881, 4.0: 0.09100053}


def gaussians(mean):
    real = stats.norm.ppf(QUANTILES)
    return real, real + mean


def optimal_logit(x, mean):
    return (mean**2 / 2 - mean * x).astype("float32")


@pytest.mark.parametrize("mean", sorted(JENSEN_SHANNON))
def test_the_optimal_discriminator_reaches_two_jensen_shannon_minus_log_four(mean):
    real, fake = gaussians(mean)
    loss = objectives.get("minimax").discriminator_loss(optimal_logit(real, mean), optimal_logit(fake, mean))
    assert -value(loss) == pytest.approx(2 * JENSEN_SHANNON[mean] - math.log(4), abs=2e-5)


@pytest.mark.parametrize("mean", sorted(HINGE_OPTIMUM))
def test_the_hinge_loss_of_the_sign_of_the_density_ratio_is_twice_the_overlap(mean):
    real, fake = gaussians(mean)
    loss = objectives.get("hinge").discriminator_loss(
        np.sign(optimal_logit(real, mean)), np.sign(optimal_logit(fake, mean))
    )
    assert value(loss) == pytest.approx(HINGE_OPTIMUM[mean], abs=2e-5)


@pytest.mark.parametrize(("mean", "expected"), [(0.0, 1.0), (1.0, 0.79594573), (2.0, 0.44959951)])
def test_least_squares_with_targets_minus_one_one_zero_reaches_its_closed_form(mean, expected):
    real, fake = gaussians(mean)

    def best(x):  # (b p + a q) / (p + q)
        ratio = np.exp(optimal_logit(x, mean))
        return ((ratio - 1) / (ratio + 1)).astype("float32")

    objective = objectives.LeastSquares(fake_target=-1.0, real_target=1.0, generator_target=0.0)
    assert value(objective.discriminator_loss(best(real), best(fake))) == pytest.approx(expected, abs=2e-5)


@pytest.mark.parametrize(
    ("mean", "minimax", "non_saturating"),
    [
        (0.5, 0.2352635, 0.2647365),
        (1.0, 0.3979729, 0.6020271),
        (2.0, 0.4495995, 1.5504005),
        (3.0, 0.2958638, 2.7041362),
    ],
)
def test_generator_gradients_at_the_optimum_descend_the_known_divergences(mean, minimax, non_saturating):
    """d/dmu of the generator's loss with D frozen: 2 JSD' (minimax), KL' - 2 JSD' (non-saturating), KL' = mu (ML)."""
    _, fake = gaussians(mean)
    logits = (mean**2 / 2 - mean * fake).astype("float64")
    step = 1e-3

    def slope(name):
        # moving a fake by dx moves its logit by -mean dx
        ahead, behind = (logits - sign * mean * step for sign in (1, -1))
        loss = objectives.get(name).generator_loss
        return (value(loss(None, ahead)) - value(loss(None, behind))) / (2 * step)

    keras.config.set_floatx("float64")
    try:
        assert slope("minimax") == pytest.approx(minimax, abs=1e-4)
        assert slope("non_saturating") == pytest.approx(non_saturating, abs=1e-4)
    finally:
        keras.config.set_floatx("float32")


def test_maximum_likelihood_has_the_gradient_of_the_divergence_from_data_to_model():
    """E_q exp(logit) = 1 and its slope is mu; integrated exactly, because its tail is too heavy for quantiles."""
    mean = 1.0

    def integrand(x):
        logit = np.array([mean**2 / 2 - mean * x])
        loss = value(objectives.get("maximum_likelihood").generator_loss(None, logit))
        return loss * stats.norm.pdf(x, loc=mean)

    total = integrate.quad(integrand, -8, 10, limit=40, epsabs=1e-5)[0]
    assert total == pytest.approx(-1.0, abs=1e-4)  # and d/dmu at frozen D is -E[exp(logit)] * (-mean) = mu


@pytest.mark.parametrize("shift", [0.25, 0.5, 1.0])
def test_shifted_uniforms_give_their_closed_forms(shift):
    """p = U[0, 1], q = U[a, 1 + a]: V = -(1 - a) log 4 and the hinge optimum is 2 (1 - a)."""

    def ratio(x):
        return np.where(x < shift, 80.0, np.where(x > 1, -80.0, 0.0)).astype("float32")

    real, fake = ratio(QUANTILES), ratio(QUANTILES + shift)
    assert -value(objectives.get("minimax").discriminator_loss(real, fake)) == pytest.approx(
        -(1 - shift) * math.log(4), abs=1e-5
    )
    hinge = objectives.get("hinge").discriminator_loss(np.sign(real), np.sign(fake))
    assert value(hinge) == pytest.approx(2 * (1 - shift), abs=1e-5)


def test_equal_densities_give_the_value_at_equilibrium():
    logits = np.zeros((4, 1), "float32")
    assert value(objectives.get("minimax").discriminator_loss(logits, logits)) == pytest.approx(math.log(4))
    assert value(objectives.get("hinge").discriminator_loss(logits, logits)) == pytest.approx(2.0)
    assert value(objectives.get("relativistic").discriminator_loss(logits, logits)) == pytest.approx(math.log(2))


def test_an_unknown_objective_names_the_nearest():
    with pytest.raises(ValueError, match=r"such as hinge.*Received: objective='hing'"):
        objectives.get("hing")


@pytest.mark.parametrize("smoothing", [-0.1, 1.0])
def test_smoothing_outside_its_range_is_refused(smoothing):
    with pytest.raises(ValueError, match="label_smoothing"):
        objectives.Minimax(label_smoothing=smoothing)


def test_equal_least_squares_targets_are_refused():
    with pytest.raises(ValueError, match="different targets"):
        objectives.LeastSquares(fake_target=1.0)


@pytest.mark.parametrize("name", sorted(HAND))
def test_objectives_survive_serialization(name):
    objective = objectives.get(name)
    again = keras.saving.deserialize_keras_object(keras.saving.serialize_keras_object(objective))
    assert type(again) is type(objective)
    assert again.get_config() == objective.get_config()


def test_the_softmax_gans_losses_are_least_where_they_should_be():
    """log 2 of two real images where fakes have no share, log 4 of all four where all logits are equal."""
    objective = objectives.get("softmax")
    far, equal = np.full((2, 1), -50.0, "float32"), np.full((2, 1), 3.0, "float32")
    assert value(objective.discriminator_loss(equal, far)) == pytest.approx(math.log(2), rel=1e-6)
    assert value(objective.generator_loss(equal, equal)) == pytest.approx(math.log(4), rel=1e-6)
    rng = np.random.default_rng(0)
    for _ in range(20):
        real, fake = rng.normal(size=(2, 2, 1)).astype("float32")
        assert value(objective.discriminator_loss(real, fake)) > math.log(2)
        assert value(objective.generator_loss(real, fake)) > math.log(4)
