"""Priors: their moments, densities, entropies and seeds, against closed forms, and the same numbers everywhere."""

import json
import math

import keras
import numpy as np
import pytest
import scipy.integrate
import scipy.special
import scipy.stats
from keras import ops

from kerasgan import latents
from kerasgan.gan import GAN
from kerasgan.latents import (
    Categorical,
    GaussianMixture,
    LearnedMixture,
    Normal,
    Part,
    Product,
    Tree,
    TruncatedNormal,
    Uniform,
)

pytestmark = pytest.mark.backends("jax", "torch")

MEANS, SCALES, WEIGHTS = [[0.0, 1.0], [2.0, -1.0], [-1.0, 0.5]], [[0.5, 1.0], [0.2, 0.3], [1.0, 2.0]], [0.5, 0.3, 0.2]
MIXTURE = GaussianMixture(MEANS, SCALES, WEIGHTS)
CONDITIONAL = [[0.5, 0.3, 0.2], [0.1, 0.6, 0.3]]  # of the second level, below each node of the first
TREE = Tree((2, 3), [[0.4, 0.6], CONDITIONAL], latent_dim=2, seed=1)
# with as many latents as each draws here
PRIORS = {
    "normal": (Normal(), 6),
    "truncated": (TruncatedNormal(1.5), 6),
    "uniform": (Uniform(-0.5, 2.0), 6),
    "categorical": (Categorical(5, [0.1, 0.2, 0.3, 0.4, 0]), 5),
    "mixture": (MIXTURE, 2),
    "tree": (TREE, 2),
    "product": (Product([(Uniform(), 3), Part(Categorical(4), code="kind"), Part(MIXTURE, code="component")]), 9),
    "nested": (Product([Product([(Normal(), 2), Categorical(3)]), (Uniform(variance=1.0), 1)]), 6),
    "learned": (LearnedMixture(4), 7),
}
every_prior = pytest.mark.parametrize(("prior", "size"), PRIORS.values(), ids=PRIORS)


def numbers(tensor):
    return ops.convert_to_numpy(tensor)


def test_a_truncated_normal_has_the_moments_and_density_of_scipys():
    reference = scipy.stats.truncnorm(-1.5, 1.5)
    drawn = TruncatedNormal(1.5).draw(50_000, 1, seed=0)
    assert np.abs(drawn).max() <= 1.5
    assert scipy.stats.kstest(drawn[:, 0], reference.cdf).pvalue > 0.01
    points = np.array([[-1.4], [0.0], [0.7], [1.6]], dtype="float32")
    with np.errstate(divide="ignore"):
        expected = reference.logpdf(points[:, 0])
    np.testing.assert_allclose(
        numbers(TruncatedNormal(1.5).log_prob(ops.convert_to_tensor(points))), expected, rtol=1e-5
    )


def test_a_threshold_that_leaves_nothing_is_refused():
    with pytest.raises(ValueError, match="threshold=0"):
        TruncatedNormal(0)


# What all priors keep


@every_prior
def test_the_first_rows_do_not_depend_on_the_count(prior, size):
    drawn = prior.draw(9, size, seed=1)
    assert drawn.shape == (9, size) and drawn.dtype == np.float32
    np.testing.assert_array_equal(prior.draw(3, size, seed=1), drawn[:3])
    assert not np.array_equal(drawn, prior.draw(9, size, seed=2))
    assert not np.array_equal(prior.draw(9, size), prior.draw(9, size))


@every_prior
def test_both_ways_of_drawing_have_the_same_moments(prior, size):
    drawn = prior.draw(20_000, size, seed=0)
    sampled = numbers(prior.sample(20_000, size, keras.random.SeedGenerator(0)))
    assert sampled.shape == drawn.shape and sampled.dtype == np.float32
    np.testing.assert_allclose(sampled.mean(axis=0), drawn.mean(axis=0), atol=0.05)
    np.testing.assert_allclose(np.cov(sampled.T), np.cov(drawn.T), atol=0.08)


@every_prior
def test_an_int_makes_the_samples_of_a_step_reproducible_and_parts_independent(prior, size):
    first, again = (numbers(prior.sample(2000, size, 3)) for _ in range(2))
    np.testing.assert_array_equal(first, again)
    used = first[:, first.std(axis=0) > 0]
    correlations = np.corrcoef(used.T) - np.eye(used.shape[1])
    assert np.abs(correlations).max() < 0.9


@every_prior
def test_keras_and_plain_data_give_the_prior_back(prior, size):
    again = keras.saving.deserialize_keras_object(keras.saving.serialize_keras_object(prior))
    assert again.get_config() == prior.get_config()
    np.testing.assert_array_equal(again.draw(5, size, seed=2), prior.draw(5, size, seed=2))
    about = json.loads(json.dumps(prior.describe(size)))
    assert about["name"] in {
        "normal",
        "truncated_normal",
        "uniform",
        "categorical",
        "product",
        "gaussian_mixture",
    }
    np.testing.assert_array_equal(latents.get(about).draw(5, size, seed=2), prior.draw(5, size, seed=2))


@pytest.mark.parametrize("name", ["categorical", "mixture", "tree", "product", "nested", "learned"])
def test_another_number_of_latents_is_refused(name):
    prior, size = PRIORS[name]
    wrong = 4 if name == "learned" else size + 1
    for ask in (prior.check, lambda n: prior.draw(2, n), lambda n: prior.sample(2, n, 0)):
        with pytest.raises(ValueError, match=f"Expected .*latent.*Received: latent_dim={wrong}"):
            ask(wrong)


def test_names_and_tables_make_priors():
    assert latents.names() == [
        "categorical",
        "gaussian_mixture",
        "learned_mixture",
        "normal",
        "product",
        "tree",
        "truncated_normal",
        "uniform",
    ]
    parts = [{"name": "uniform", "size": 62}, {"name": "categorical", "num_categories": 10, "code": "digit"}]
    prior = latents.get({"name": "product", "parts": parts})
    assert prior.latent_dim == 72
    assert [(type(prior), place) for prior, place in prior.codes.values()] == [(Categorical, slice(62, 72))]
    assert latents.get({"name": "tree", "branching": [2, 3], "latent_dim": 4}).num_components == 6
    assert latents.get(prior) is prior


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: latents.get("norml"), r"such as normal.*Received: prior='norml'"),
        (lambda: latents.get({"name": "normal", "low": 1}), r"settings that Normal takes.*Received: prior=.*low"),
        (lambda: Uniform(1.0, 1.0), "low < high"),
        (lambda: Uniform(variance=0.0), "a positive number or None"),
        (lambda: Categorical(1), "at least two categories.*Received: num_categories=1"),
        (lambda: Categorical(2, [1.0, -0.1]), "Expected 2 probabilities"),
        (lambda: Product([]), "at least one part"),
        (lambda: Product([Normal()]), "size of the part Normal"),
        (lambda: Product([(Categorical(3), 4)]), "latent_dim=3"),
        (lambda: Product([("normal", 1, "a"), ("normal", 1, "a")]), "different names"),
        (lambda: GaussianMixture(), "Expected means, or num_components and latent_dim"),
        (lambda: GaussianMixture([1.0, 2.0]), r"\(num_components, latent_dim\)"),
        (lambda: GaussianMixture(MEANS, [1.0, 2.0]), "Expected positive scales"),
        (lambda: GaussianMixture(MEANS, 0.0), "Expected positive scales"),
        (lambda: GaussianMixture(MEANS, 1.0, [1.0]), "Expected 3 probabilities"),
        (lambda: Tree((2, 1), latent_dim=2), "at least two children"),
        (lambda: Tree((2, 3)), "either means or latent_dim"),
        (lambda: Tree((2, 3), means=MEANS), "means of 6 leaves"),
        (lambda: Tree((2, 3), [None], latent_dim=2), "probabilities of 2 levels"),
        (lambda: Tree((2, 3), [None, CONDITIONAL[:1]], latent_dim=2), "probabilities for 2 nodes"),
        (lambda: LearnedMixture(1), "at least two categories"),
        (lambda: LearnedMixture(scale=0.0), "a positive number"),
        (lambda: Normal().entropy(), "number of latents"),
        (lambda: MIXTURE.entropy(), "no entropy in closed form"),
        (lambda: Normal().responsibilities(np.zeros((1, 1))), "no components"),
    ],
)
def test_what_cannot_be_is_refused(make, message):
    with pytest.raises((TypeError, ValueError), match=message):
        make()


# Each against its closed form


def test_draws_of_a_normal_are_numpys_own_for_a_seed():
    np.testing.assert_array_equal(
        latents.get("normal").draw(2, 3, seed=5), np.random.default_rng(5).standard_normal((2, 3), dtype="float32")
    )


def test_a_uniform_states_its_variance():
    prior = Uniform(variance=1.0)
    assert (prior.low, prior.high) == pytest.approx((-math.sqrt(3), math.sqrt(3)))
    assert prior.draw(4000, 10, seed=0).var() == pytest.approx(1.0, abs=0.02)
    assert Uniform().draw(4000, 10, seed=0).var() == pytest.approx(1 / 3, abs=0.02)


def test_densities_are_scipys():
    points = np.random.default_rng(0).normal(size=(6, 2)).astype("float32")
    normal = scipy.stats.multivariate_normal(np.zeros(2)).logpdf(points)
    np.testing.assert_allclose(numbers(Normal().log_prob(points)), normal, rtol=1e-5)
    components = [scipy.stats.multivariate_normal(m, np.diag(np.square(s))) for m, s in zip(MEANS, SCALES)]
    joint = np.stack([w * each.pdf(points) for w, each in zip(WEIGHTS, components)], axis=1)
    np.testing.assert_allclose(numbers(MIXTURE.log_prob(points)), np.log(joint.sum(axis=1)), rtol=1e-4)
    expected = joint / joint.sum(axis=1, keepdims=True)
    np.testing.assert_allclose(numbers(MIXTURE.responsibilities(points)), expected, atol=1e-5)


def test_a_uniform_density_is_constant_inside_and_zero_outside():
    found = numbers(Uniform(-0.5, 1.5).log_prob(np.array([[0.0, 1.0], [0.0, 2.0]], "float32")))
    np.testing.assert_allclose(found, [-2 * math.log(2), -np.inf])


def test_entropies_are_scipys():
    assert Normal().entropy(3) == pytest.approx(scipy.stats.multivariate_normal(np.zeros(3)).entropy())
    assert Uniform(0, 4).entropy(2) == pytest.approx(2 * scipy.stats.uniform(0, 4).entropy())
    assert Categorical(10).entropy() == pytest.approx(math.log(10)) == pytest.approx(2.302585)
    assert Categorical(3, [0.5, 0.5, 0.0]).entropy() == pytest.approx(math.log(2))
    assert MIXTURE.component_entropy() == pytest.approx(scipy.stats.entropy(WEIGHTS))
    infogan = Product([(Uniform(), 62), Categorical(10), (Uniform(), 2)])
    assert infogan.latent_dim == 74
    assert infogan.entropy() == pytest.approx(64 * math.log(2) + math.log(10))


def test_categories_have_their_probabilities():
    prior, size = PRIORS["categorical"]
    drawn = prior.draw(20_000, size, seed=0)
    assert set(np.unique(drawn)) == {0.0, 1.0}
    np.testing.assert_array_equal(drawn.sum(axis=1), 1)
    np.testing.assert_allclose(drawn.mean(axis=0), [0.1, 0.2, 0.3, 0.4, 0], atol=0.01)
    expected = [*np.log([0.1, 0.2, 0.3, 0.4]), -np.inf]
    np.testing.assert_allclose(numbers(prior.log_prob(np.eye(5, dtype="f4"))), expected, rtol=1e-6)


def test_a_mixture_has_the_mean_and_covariance_of_its_formula():
    means, variances, weights = np.array(MEANS), np.square(SCALES), np.array(WEIGHTS)
    mean = sum(w * m for w, m in zip(weights, means))
    second = sum(w * (np.diag(v) + np.outer(m, m)) for w, m, v in zip(weights, means, variances))
    np.testing.assert_allclose(MIXTURE.mean(), mean, atol=1e-6)
    np.testing.assert_allclose(MIXTURE.covariance(), second - np.outer(mean, mean), atol=1e-6)
    drawn = MIXTURE.draw(50_000, 2, seed=0)
    np.testing.assert_allclose(drawn.mean(axis=0), mean, atol=0.03)
    np.testing.assert_allclose(np.cov(drawn.T), MIXTURE.covariance(), atol=0.05)


def test_a_mixtures_density_integrates_to_one():
    line = GaussianMixture([[-1.0], [0.5]], [0.3, 0.6], [0.25, 0.75])
    points = np.linspace(-6, 6, 4001, dtype="float32")
    density = np.exp(numbers(line.log_prob(points[:, None])))
    assert scipy.integrate.trapezoid(density, points) == pytest.approx(1.0, abs=1e-4)


def test_the_density_of_a_product_is_that_of_its_parts_multiplied():
    prior = Product([(Uniform(-1, 3), 1), Categorical(3, [0.2, 0.3, 0.5]), (Normal(), 2), Part(TREE, code="leaf")])
    points = prior.draw(4, prior.latent_dim, seed=0)
    leaves = [scipy.stats.multivariate_normal(m, np.diag(np.square(s))) for m, s in zip(TREE.means, TREE.scales)]
    expected = (
        -math.log(4)
        + np.log(points[:, 1:4] @ [0.2, 0.3, 0.5])
        + scipy.stats.norm.logpdf(points[:, 4:6]).sum(axis=1)
        + np.log(sum(w * leaf.pdf(points[:, 6:]) for w, leaf in zip(TREE.weights, leaves)))
    )
    np.testing.assert_allclose(numbers(prior.log_prob(points)), expected, rtol=1e-5)


def test_a_mixture_can_be_given_by_a_number_of_components_and_a_seed():
    prior = GaussianMixture(num_components=7, latent_dim=3, seed=4)
    np.testing.assert_array_equal(prior.means, np.random.default_rng(4).uniform(-1, 1, (7, 3)).astype("float32"))
    assert prior.component_entropy() == pytest.approx(math.log(7))


def test_leaves_have_the_product_of_the_probabilities_on_their_paths():
    expected = [p * q for p, row in zip([0.4, 0.6], CONDITIONAL) for q in row]
    np.testing.assert_allclose(TREE.weights, expected)
    assert TREE.weights.sum() == pytest.approx(1.0)
    np.testing.assert_allclose(TREE.level_probabilities(1), [0.4, 0.6])
    np.testing.assert_array_equal(TREE.path(3), [1, 0])
    np.testing.assert_array_equal(TREE.leaf([[0, 2], [1, 1]]), [2, 4])


def test_the_entropy_of_the_leaf_is_the_sum_of_the_levels_entropies():
    below = 0.4 * scipy.stats.entropy(CONDITIONAL[0]) + 0.6 * scipy.stats.entropy(CONDITIONAL[1])
    assert TREE.level_entropies == pytest.approx([scipy.stats.entropy([0.4, 0.6]), below])
    assert TREE.component_entropy() == pytest.approx(sum(TREE.level_entropies))
    assert sum(Tree((2, 3, 4), latent_dim=1).level_entropies) == pytest.approx(math.log(24))


def test_the_posterior_of_a_node_is_that_of_the_leaves_below_it():
    points = TREE.draw(5, 2, seed=0)
    leaves = numbers(TREE.responsibilities(points))
    np.testing.assert_allclose(numbers(TREE.posterior(points, 2)), leaves, atol=1e-6)
    expected = np.stack([leaves[:, :3].sum(axis=1), leaves[:, 3:].sum(axis=1)], axis=1)
    np.testing.assert_allclose(numbers(TREE.posterior(points, 1)), expected, atol=1e-6)
    with pytest.raises(ValueError, match="level from 1 to 2"):
        TREE.posterior(points, 3)


def test_near_in_the_tree_is_near():
    means = Tree((4, 4), latent_dim=50, seed=0).means.reshape(4, 4, 50)
    siblings = np.linalg.norm(means[:, :1] - means[:, 1:], axis=-1)
    cousins = np.linalg.norm(means[:1] - means[1:], axis=-1)
    assert siblings.max() < cousins.min()


# Asking for values


def test_a_product_fills_in_the_codes_that_are_given():
    prior, size = PRIORS["product"]
    free = prior.draw(4, size, seed=1)
    drawn = prior.draw_given({"kind": [0, 1, 2, 3], "component": 1}, 4, size, seed=1)
    np.testing.assert_array_equal(drawn[:, :3], free[:, :3])  # the noise stays
    np.testing.assert_array_equal(drawn[:, 3:7], np.eye(4))
    np.testing.assert_array_less(np.abs((drawn[:, 7:] - MEANS[1]) / SCALES[1]), 4)
    continuous = Product([Part(Uniform(), 2, "pair")])
    np.testing.assert_allclose(continuous.draw_given({"pair": [0.5, -0.5]}, 3, 2), [[0.5, -0.5]] * 3)


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"king": 1}, "kind, component.*Received: king"),
        ({"kind": 4}, "The code kind: Expected ints from 0 to 3"),
        ({"kind": 0.5}, "Expected an int or 2 ints"),
        ({"component": [0, 1, 2]}, "The code component: Expected an int or 2 ints"),
    ],
)
def test_values_that_a_code_cannot_have_are_refused(values, message):
    prior, size = PRIORS["product"]
    with pytest.raises(ValueError, match=message):
        prior.draw_given(values, 2, size)


# What is learned


def linear(latent_dim):
    layer = keras.layers.Dense(4, name="linear")
    latent = keras.Input((latent_dim,), name="latents")
    return keras.Model(latent, keras.layers.Reshape((2, 2, 1))(layer(latent)), name="generator")


def flat():
    images = keras.Input((2, 2, 1))
    return keras.Model(images, keras.layers.Dense(1)(keras.layers.Flatten()(images)))


def test_a_plain_prior_leaves_the_generator_alone():
    generator = linear(5)
    assert GAN(generator, flat(), prior="normal").generator is generator
    with pytest.raises(ValueError, match=r"Expected latent_dim=3.*Received: latent_dim=5"):
        GAN(generator, flat(), prior=Categorical(3))


def test_a_learned_mixture_is_the_generators_first_layer():
    inner = linear(3)
    gan = GAN(inner, flat(), prior=LearnedMixture(4))
    assert gan.latent_dim == 7
    first = next(layer for layer in gan.generator.layers if type(layer).__name__ == "SelectedGaussian")
    assert gan.generator.get_layer("linear") is inner.get_layer("linear")
    means, scales = numbers(first.means.value), numbers(first.scales.value)
    assert means.shape == (4, 3) and np.abs(means).max() <= 1
    np.testing.assert_allclose(scales, 0.2)
    drawn = gan.prior.draw_given([2, 0], 2, 7, seed=0)
    read = means[[2, 0]] + scales[[2, 0]] * drawn[:, :3]
    np.testing.assert_allclose(gan.generate(latents=drawn), numbers(inner(read)), atol=1e-6)


def test_a_learned_mixture_trains_with_the_generator_and_is_averaged_and_kept(tmp_path):
    gan = GAN(linear(3), flat(), prior=Product([Part(LearnedMixture(4), 2), Part(Normal(), 1)]))
    gan.compile(ema_half_life=10)
    before = [numbers(v.value) for v in gan.generator.trainable_variables]
    gan.fit(np.zeros((8, 2, 2, 1), "float32"), batch_size=4, verbose=0)
    changed = {v.name for v, old in zip(gan.generator.trainable_variables, before) if np.any(numbers(v.value) != old)}
    assert {"means", "scales"} <= changed
    assert len(gan.ema_generator.weights) == len(gan.generator.weights)
    gan.save(tmp_path / "gan.keras")
    again = keras.saving.load_model(tmp_path / "gan.keras")
    np.testing.assert_array_equal(again.generate(3, seed=1), gan.generate(3, seed=1))


def test_the_penalty_draws_the_scales_toward_one():
    """Under a blind discriminator, descent on w mean((1 - s)^2) moves each of n scales by rate 2 w (1 - s) / n."""
    gan = GAN(linear(3), flat(), prior=LearnedMixture(4, scale_penalty=0.5))
    for weight in gan.discriminator.weights:
        weight.assign(ops.zeros(weight.shape))
    gan.compile(generator_optimizer=keras.optimizers.SGD(1.0), discriminator_optimizer=keras.optimizers.SGD(0.0))
    gan.fit(np.zeros((4, 2, 2, 1), "float32"), batch_size=4, verbose=0)
    scales = next(numbers(v.value) for v in gan.generator.trainable_variables if v.name == "scales")
    np.testing.assert_allclose(scales, 0.2 + 2 * 0.5 * 0.8 / 12, rtol=1e-5)
