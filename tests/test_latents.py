"""Priors: their moments, their seeds, and the same numbers everywhere."""

import keras
import numpy as np
import pytest
from keras import ops

from kerasgan import latents

# mean and variance; those of N(0, 1) on [-2, 2]: 1 - 4 phi(2) / (2 Phi(2) - 1)
PRIORS = {"normal": (0.0, 1.0), "truncated_normal": (0.0, 0.7737413), "uniform": (0.0, 1 / 3)}


@pytest.mark.parametrize("name", sorted(PRIORS))
def test_both_ways_of_drawing_have_the_priors_moments(name):
    prior, (mean, variance) = latents.get(name), PRIORS[name]
    sampled = ops.convert_to_numpy(prior.sample(4000, 10, keras.random.SeedGenerator(0)))
    for values in (prior.draw(4000, 10, seed=0), sampled):
        assert values.dtype == np.float32
        assert values.mean() == pytest.approx(mean, abs=0.02)
        assert values.var() == pytest.approx(variance, abs=0.02)


def test_the_unit_variance_cube_has_unit_variance():
    values = latents.Uniform(-(3**0.5), 3**0.5).draw(4000, 10, seed=0)
    assert values.var() == pytest.approx(1.0, abs=0.02)
    assert np.abs(values).max() <= 3**0.5


def test_draws_are_numpys_own_for_a_seed():
    np.testing.assert_array_equal(
        latents.get("normal").draw(2, 3, seed=5), np.random.default_rng(5).standard_normal((2, 3), dtype="float32")
    )


@pytest.mark.parametrize("name", sorted(PRIORS))
def test_the_first_rows_do_not_depend_on_the_count(name):
    prior = latents.get(name)
    np.testing.assert_array_equal(prior.draw(3, 4, seed=1), prior.draw(9, 4, seed=1)[:3])


def test_an_unknown_prior_names_the_nearest():
    with pytest.raises(ValueError, match=r"such as normal.*Received: prior='norml'"):
        latents.get("norml")


def test_an_empty_interval_is_refused():
    with pytest.raises(ValueError, match="low < high"):
        latents.Uniform(1.0, 1.0)


@pytest.mark.parametrize("threshold", [0.04, 0.5, 2.0, 9.0])
def test_a_truncated_normal_has_the_distribution_of_drawing_anew(threshold):
    prior, rng = latents.TruncatedNormal(threshold), np.random.default_rng(1)
    expected = rng.standard_normal(2_000_000)
    expected = expected[np.abs(expected) <= threshold]
    sampled = ops.convert_to_numpy(prior.sample(2000, 10, keras.random.SeedGenerator(0)))
    quantiles = np.linspace(0.05, 0.95, 19)
    for values in (prior.draw(2000, 10, seed=0), sampled):
        assert np.isfinite(values).all() and np.abs(values).max() <= np.float32(threshold)
        np.testing.assert_allclose(
            np.quantile(values, quantiles), np.quantile(expected, quantiles), atol=0.04 * min(threshold, 2)
        )


def test_a_prior_describes_itself_as_get_reads_it():
    for prior in (latents.Normal(), latents.TruncatedNormal(0.5), latents.Uniform(0.0, 2.0)):
        again = latents.get(prior.describe())
        assert type(again) is type(prior) and again.get_config() == prior.get_config()


def test_a_threshold_that_leaves_nothing_is_refused():
    with pytest.raises(ValueError, match="threshold=0"):
        latents.TruncatedNormal(0)
