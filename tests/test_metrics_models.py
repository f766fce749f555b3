"""Parzen likelihood, GAM, modes, label accuracy and path length against closed forms, SciPy and scikit-learn."""

import numpy as np
import pytest
from scipy import spatial, stats
from sklearn.neighbors import KernelDensity

from kerasgan import metrics
from kerasgan.metrics.parzen import SIGMAS
from kerasgan.metrics.perceptual_path_length import interpolated


@pytest.mark.parametrize(
    ("dimensions", "sigma", "expected"),
    [(784, 0.2, 541.3515133), (784, 0.1, 1084.7789029), (2304, 0.1, 3187.9216738), (3072, 0.2, 2121.2140930)],
)
def test_parzen_density_at_its_only_center(dimensions, sigma, expected):
    center = np.random.default_rng(0).uniform(size=(1, dimensions))
    assert metrics.parzen_log_density(center, center, sigma=sigma)[0] == pytest.approx(expected, abs=1e-7)


def test_parzen_density_between_and_far_beyond_two_centers():
    points = np.array([[0.0], [0.3], [500.0]])
    found = metrics.parzen_log_density([[-2.0], [2.0]], points, sigma=0.7)
    terms = [stats.norm.logpdf(points[:, 0], loc=center, scale=0.7) for center in (-2, 2)]
    np.testing.assert_allclose(found, np.log(0.5) + np.logaddexp(*terms), rtol=1e-12)
    assert np.isfinite(found).all()  # without its row's maximum subtracted, the last would be minus infinity


def test_parzen_density_agrees_with_scikit_learn():
    samples, points = np.random.default_rng(0).uniform(size=(2, 60, 30))
    theirs = KernelDensity(bandwidth=0.3, kernel="gaussian").fit(samples).score_samples(points)
    np.testing.assert_allclose(metrics.parzen_log_density(samples, points, sigma=0.3), theirs, rtol=1e-9)


def test_the_parzen_protocol_chooses_on_validation_and_reports_on_test():
    samples, validation, test = np.random.default_rng(0).uniform(size=(3, 80, 5))
    found = metrics.parzen_log_likelihood(samples, test, validation=validation)
    theirs = {sigma: KernelDensity(bandwidth=sigma).fit(samples) for sigma in SIGMAS}
    best = max(SIGMAS, key=lambda sigma: theirs[sigma].score(validation))
    assert found.sigma == best
    assert found.validation[best] == pytest.approx(theirs[best].score(validation) / 80, rel=1e-9)
    assert found.mean == pytest.approx(theirs[best].score(test) / 80, rel=1e-9)
    assert found.standard_error == pytest.approx(theirs[best].score_samples(test).std() / np.sqrt(80), rel=1e-9)


def test_the_parzen_grid_is_the_authors():
    printed = [0.1, 0.12915, 0.16681, 0.21544, 0.27826, 0.35938, 0.46416, 0.59948, 0.77426, 1.0]
    assert pytest.approx(printed, abs=5e-6) == SIGMAS


def fight(**changes):
    """Scores of two GANs whose first discriminator errs on 1 in 4 of the second's samples, the second's on 2 in 4."""
    scores = dict(
        first_on_test=[0.9, 0.8, 0.7, 0.1],
        second_on_test=[0.9, 0.8, 0.2, 0.7],
        first_on_second=[0.1, 0.2, 0.3, 0.6],
        second_on_first=[0.1, 0.6, 0.7, 0.2],
    )
    return metrics.gam(**{**scores, **changes})


def test_a_battle_has_the_papers_ratios_of_errors_and_the_codes_ratios_of_accuracies():
    found = fight()
    assert (found.test_error_ratio, found.test_accuracy_ratio) == (1, 1)
    assert found.sample_error_ratio == pytest.approx(0.25 / 0.5)
    assert found.sample_accuracy_ratio == pytest.approx(0.75 / 0.5)
    assert found.winner() == "first"


def test_exchanging_the_models_inverts_the_ratios_and_the_winner():
    one = fight(second_on_test=[0.9, 0.1, 0.2, 0.7])
    other = metrics.gam(
        first_on_test=[0.9, 0.1, 0.2, 0.7],
        second_on_test=[0.9, 0.8, 0.7, 0.1],
        first_on_second=[0.1, 0.6, 0.7, 0.2],
        second_on_first=[0.1, 0.2, 0.3, 0.6],
    )
    for name in ("test_error_ratio", "test_accuracy_ratio", "sample_error_ratio", "sample_accuracy_ratio"):
        assert getattr(one, name) == pytest.approx(1 / getattr(other, name))
    assert (one.winner(tolerance=0.6), other.winner(tolerance=0.6)) == ("first", "second")
    assert (one.winner(), other.winner()) == ("unfair", "unfair")


def test_identical_models_draw_even_if_neither_errs():
    scores = dict(first_on_test=[1.0], second_on_test=[1.0], first_on_second=[0.0], second_on_first=[0.0])
    found = metrics.gam(**scores)
    assert (found.sample_error_ratio, found.test_error_ratio, found.sample_accuracy_ratio) == (1, 1, 1)
    assert found.winner() == "draw"
    assert metrics.gam(**{**scores, "second_on_first": [0.9]}).sample_accuracy_ratio == float("inf")


def test_the_ring_and_the_grid_lie_where_the_papers_put_them():
    ring, grid = metrics.ring(), metrics.grid()
    assert len(np.unique(ring.round(9), axis=0)) == 8  # linspace(0, 2 pi, 8) would name one center twice
    np.testing.assert_allclose(np.linalg.norm(ring, axis=1), 1)
    assert {tuple(center) for center in grid} == {(x, y) for x in (-4, -2, 0, 2, 4) for y in (-4, -2, 0, 2, 4)}


@pytest.mark.parametrize(("centers", "deviation"), [(metrics.ring(), 0.01), (metrics.grid(), 0.05)])
def test_true_samples_reach_every_mode(centers, deviation):
    generator = np.random.default_rng(0)
    points = centers[generator.integers(len(centers), size=2500)] + deviation * generator.normal(size=(2500, 2))
    found = metrics.mode_coverage(points, centers, deviation=deviation)
    assert found.captured == len(centers)
    assert found.high_quality == pytest.approx(1 - np.exp(-4.5), abs=4 * np.sqrt(0.011 / 2500))
    assert found.divergence == pytest.approx((len(centers) - 1) / (2 * 2500), rel=2)


def test_samples_far_from_every_center_are_in_no_mode():
    points = [[1.0, 0.0], [1.02, 0.0], [1.04, 0.0], [0.0, 0.0]]
    found = metrics.mode_coverage(points, metrics.ring(), deviation=0.01)
    assert (found.captured, found.high_quality, found.divergence) == (1, 0.5, pytest.approx(np.log(8)))
    assert np.isnan(metrics.mode_coverage([[5.0, 5.0]], metrics.ring(), deviation=0.01).divergence)


def test_stacked_digits_are_read_color_by_color():
    images = np.zeros((2, 4, 4, 3), "uint8")
    images[0, 0, 0] = (1, 2, 3)
    images[1, 0, 0] = (9, 9, 9)
    found = metrics.stacked_digits(images, lambda gray: gray[:, 0, 0, 0].astype("int64"))
    np.testing.assert_array_equal(np.flatnonzero(found.counts), [123, 999])
    assert found.captured == 2
    assert found.divergence == pytest.approx(np.log(1000 / 2))


def test_even_labels_have_the_known_floor_of_divergence():
    assert metrics.label_coverage(np.arange(26_000) % 1000, modes=1000).divergence == pytest.approx(0, abs=1e-12)
    drawn = np.random.default_rng(0).integers(1000, size=26_000)
    assert metrics.label_coverage(drawn, modes=1000).divergence == pytest.approx(0.0192, rel=0.1)


def test_label_accuracy_reads_classes_and_scores():
    assert metrics.label_accuracy([0, 1, 2, 2], [0, 1, 2, 0]) == 0.75
    assert metrics.label_accuracy([[0.1, 2.0], [3.0, -1.0]], [1, 1]) == 0.5


@pytest.mark.parametrize("places", [0.0, 0.3, 1.0])
def test_spherical_interpolation_agrees_with_scipy(places):
    starts, ends = np.random.default_rng(0).normal(size=(2, 3, 5))
    found = interpolated(starts, ends, np.full((3, 1), places), interpolation="slerp_unit")
    units = [rows / np.linalg.norm(rows, axis=1, keepdims=True) for rows in (starts, ends)]
    expected = [spatial.geometric_slerp(one, other, places) for one, other in zip(*units)]
    np.testing.assert_allclose(found, expected, atol=1e-12)
    weights = interpolated(starts, ends, np.full((3, 1), places), interpolation="slerp_any")
    if places in (0.0, 1.0):
        np.testing.assert_allclose(weights, starts if places == 0 else ends, atol=1e-12)


def test_interpolation_between_equal_latents_stays_there():
    starts = np.random.default_rng(0).normal(size=(3, 5))
    for interpolation in ("lerp", "slerp_any"):
        found = interpolated(starts, starts, np.full((3, 1), 0.4), interpolation=interpolation)
        np.testing.assert_allclose(found, starts, atol=1e-12)


def test_path_length_of_a_linear_generator_is_the_squared_way():
    starts, ends = np.random.default_rng(0).normal(size=(2, 200, 4))
    mixing = np.random.default_rng(1).normal(size=(4, 12))

    found = metrics.perceptual_path_length(
        lambda latents: latents.astype("float64") @ mixing,
        starts,
        ends,
        distance=metrics.squared_feature_distance(lambda images: images),
        interpolation="lerp",
        epsilon=2.0**-6,
        discard=0.0,
    )
    expected = np.sum(((ends - starts) @ mixing) ** 2, axis=1)
    assert found == pytest.approx((expected.mean(), expected.std()), rel=1e-4)  # latents are float32


def test_path_length_on_the_sphere_is_the_squared_angle_at_every_place():
    starts, ends = np.random.default_rng(0).normal(size=(2, 100, 8))
    angles = np.arccos(1 - np.array([spatial.distance.cosine(*pair) for pair in zip(starts, ends)]))
    for seed in (0, None):
        found = metrics.perceptual_path_length(
            lambda latents: latents,
            starts,
            ends,
            distance=metrics.squared_feature_distance(lambda images: images),
            interpolation="slerp_unit",
            seed=seed,
            epsilon=1e-2,
            discard=0.0,
        )
        assert found.mean == pytest.approx(np.mean(angles**2), rel=1e-3)


def test_path_length_discards_the_extremes():
    lengths = np.arange(1.0, 101.0)
    options = dict(distance=lambda first, _: first[:, 0], epsilon=0.5, interpolation="lerp", seed=None)
    columns = np.stack([lengths, lengths], axis=1)
    found = metrics.perceptual_path_length(lambda latents: latents, columns, columns, discard=0.02, **options)
    # The quantiles 0.02 and 0.98 of 1..100 fall between 2 and 3, and 98 and 99: those between stay.
    assert found.mean == pytest.approx(4 * np.mean(np.arange(2, 100)), rel=1e-6)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: metrics.parzen_log_density(np.eye(2), np.eye(2), sigma=0), "sigma=0"),
        (lambda: metrics.parzen_log_likelihood(np.eye(2), np.eye(2), validation=np.eye(3)), "same dimensions"),
        (lambda: fight(first_on_test=[0.5]), "1 and 4"),
        (lambda: fight(first_on_second=np.zeros((2, 2))), "first_on_second.shape"),
        (lambda: metrics.mode_coverage(np.zeros((3, 3)), metrics.ring(), deviation=1), "same dimensions"),
        (lambda: metrics.mode_coverage(np.zeros((3, 2)), metrics.ring(), deviation=0), "deviation=0"),
        (lambda: metrics.label_coverage([0, 10], modes=10), "a label 10"),
        (lambda: metrics.stacked_digits(np.zeros((2, 4, 4, 1)), len), r"\(count, height, width, 3\)"),
        (lambda: metrics.stacked_digits(np.zeros((2, 4, 4, 3)), lambda gray: [10, 1]), "from 0 to 9"),
        (lambda: metrics.label_accuracy([0, 1], [0, -1]), "smallest -1"),
        (lambda: metrics.label_accuracy([0, 1, 1], [0, 1]), "3 and 2"),
        (lambda: metrics.label_accuracy(np.eye(2), [0, 2]), "a label 2"),
        (lambda: path(interpolation="cubic"), "interpolation='cubic'"),
        (lambda: path(epsilon=0), "epsilon=0"),
        (lambda: path(discard=0.5), "discard=0.5"),
        (lambda: path(seed=-1), "seed=-1"),
    ],
)
def test_unsuitable_arguments_are_refused_with_what_was_expected(call, message):
    with pytest.raises(ValueError, match=message):
        call()


def path(**options):
    """A path length of a generator that returns its latents."""
    return metrics.perceptual_path_length(lambda z: z, np.eye(2), np.eye(2), distance=lambda a, b: a[:, 0], **options)
