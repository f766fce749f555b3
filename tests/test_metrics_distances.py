"""FID, KID and the Inception score against closed forms, SciPy and torchmetrics."""

import numpy as np
import pytest
from scipy import linalg, special

from kerasgan import metrics


def drawn(seed, count, dimensions=6, shift=0.0):
    """Correlated features of a known seed."""
    generator = np.random.default_rng(seed)
    mixing = np.random.default_rng(99).normal(size=(dimensions, dimensions))
    return generator.normal(size=(count, dimensions)) @ mixing + shift


def with_moments(mean, deviation):
    """Rows with exactly this mean and, unbiased, these standard deviations and no correlation."""
    dimensions = len(mean)
    corners = np.concatenate([np.eye(dimensions), -np.eye(dimensions)])
    return np.asarray(mean) + corners * np.asarray(deviation) * np.sqrt((2 * dimensions - 1) / 2)


def identity_network(width):
    """A feature network for torchmetrics that returns its inputs."""
    torch = pytest.importorskip("torch")
    module = torch.nn.Identity()
    module.num_features = width
    return module


def test_frechet_distance_of_two_gaussians_on_a_line():
    first, second = with_moments([0.0], [1.0]), with_moments([3.0], [0.25])
    assert metrics.frechet_distance(first, second) == pytest.approx(3.0**2 + (1 - 0.25) ** 2, rel=1e-12)


def test_frechet_distance_of_uncorrelated_features():
    first, second = with_moments([0, 1, 2], [1, 2, 3]), with_moments([0, 3, 2], [4, 2, 0.5])
    assert metrics.frechet_distance(first, second) == pytest.approx(2**2 + 3**2 + 0 + 2.5**2, rel=1e-12)


def test_frechet_distance_agrees_with_scipys_matrix_root():
    first, second = drawn(0, 200), drawn(1, 150, shift=0.3)
    covariances = np.cov(first, rowvar=False), np.cov(second, rowvar=False)
    root = linalg.sqrtm(covariances[0] @ covariances[1]).real
    expected = np.sum((first.mean(0) - second.mean(0)) ** 2) + np.trace(covariances[0] + covariances[1] - 2 * root)
    assert metrics.frechet_distance(first, second) == pytest.approx(expected, rel=1e-9)


def test_frechet_distance_agrees_with_torchmetrics():
    torch = pytest.importorskip("torch")
    fid = pytest.importorskip("torchmetrics.image.fid")
    theirs = fid.FrechetInceptionDistance(feature=identity_network(6)).set_dtype(torch.float64)
    first, second = drawn(0, 200), drawn(1, 150, shift=0.3)
    theirs.update(torch.from_numpy(first), real=True)
    theirs.update(torch.from_numpy(second), real=False)
    assert metrics.frechet_distance(first, second) == pytest.approx(float(theirs.compute()), rel=1e-9)


@pytest.mark.parametrize(("count", "expected"), [(500, 4.46), (1000, 2.25)])
def test_frechet_distance_of_one_gaussian_to_itself_is_biased_as_known(count, expected):
    generator = np.random.default_rng(0)
    distance = metrics.frechet_distance(generator.normal(size=(count, 64)), generator.normal(size=(count, 64)))
    assert distance == pytest.approx(expected, rel=0.05)


def test_frechet_distance_is_exact_with_fewer_samples_than_dimensions():
    generator = np.random.default_rng(0)
    few = generator.normal(size=(20, 200))
    assert metrics.frechet_distance(few, few) == pytest.approx(0, abs=1e-9)
    assert metrics.frechet_distance(few, 3 * few - 2 * few.mean(axis=0)) == pytest.approx(
        4 * np.trace(np.cov(few, rowvar=False)), rel=1e-9
    )


def test_moments_in_batches_equal_those_of_the_whole_also_far_from_zero():
    features = drawn(0, 500, shift=1e6)
    gathered = metrics.Moments()
    for start in (0, 7, 130):
        gathered.update(features[start : {0: 7, 7: 130, 130: 500}[start]])
    assert gathered.count == 500
    np.testing.assert_allclose(gathered.mean, features.mean(axis=0), rtol=1e-14)
    np.testing.assert_allclose(gathered.covariance, np.cov(features - 1e6, rowvar=False), rtol=1e-8)


def test_merged_moments_equal_those_of_the_whole(tmp_path):
    features = drawn(0, 300)
    parts = [metrics.Moments().update(part) for part in np.array_split(features, 3)]
    metrics.Moments().merge([parts[1]]).save(tmp_path / "part")
    merged = metrics.Moments().merge([parts[0], metrics.Moments.load(tmp_path / "part"), metrics.Moments(), parts[2]])
    np.testing.assert_allclose(merged.covariance, np.cov(features, rowvar=False), rtol=1e-12)
    assert metrics.frechet_distance(merged, features) == pytest.approx(0, abs=1e-9)
    parts[1].update(features)  # a part that was taken in does not change what took it in
    np.testing.assert_allclose(merged.mean, features.mean(axis=0), rtol=1e-12, atol=1e-14)


def test_kernel_distance_of_two_points():
    first, second = np.zeros((5, 1)), np.full((4, 1), 2.0)
    assert metrics.mmd2(first, second) == pytest.approx((2.0**2 + 1) ** 3 - 1, rel=1e-12)


def test_kernel_distance_of_shifted_gaussians():
    generator = np.random.default_rng(0)
    first, second = generator.normal(size=(4000, 8)), generator.normal(size=(4000, 8)) + 0.5
    mean, deviation = metrics.kernel_distance(first, second, subsets=40, subset_size=400)
    assert mean == pytest.approx(1.1171875, abs=4 * deviation / np.sqrt(10))
    same, deviation = metrics.kernel_distance(first, first[::-1], subsets=40, subset_size=400)
    assert same == pytest.approx(0, abs=4 * deviation / np.sqrt(10))


def test_kernel_distance_agrees_with_torchmetrics():
    torch = pytest.importorskip("torch")
    kid = pytest.importorskip("torchmetrics.image.kid")
    first, second = drawn(0, 90), drawn(1, 90, shift=0.3)
    with pytest.warns(UserWarning, match="buffer"):
        theirs = kid.KernelInceptionDistance(feature=identity_network(6), subsets=1, subset_size=90)
    theirs.update(torch.from_numpy(first), real=True)
    theirs.update(torch.from_numpy(second), real=False)
    expected = float(theirs.compute()[0])
    assert metrics.kernel_distance(first, second, subsets=2, subset_size=90).mean == pytest.approx(expected, rel=1e-6)
    assert float(metrics.mmd2(first, second)) == pytest.approx(
        float(kid.poly_mmd(torch.from_numpy(first), torch.from_numpy(second))), rel=1e-12
    )


def test_kernel_distance_in_blocks_equals_that_of_one_matrix():
    first, second = drawn(0, 2500, 3), drawn(1, 2100, 3, shift=0.1)
    kernels = [(a @ b.T / 3 + 1) ** 3 for a, b in ((first, first), (second, second), (first, second))]
    inner = [(kernel.sum() - np.trace(kernel)) / (len(kernel) * (len(kernel) - 1)) for kernel in kernels[:2]]
    expected = inner[0] + inner[1] - 2 * kernels[2].mean()
    assert metrics.mmd2(first, second) == pytest.approx(expected, rel=1e-9)


def test_inception_score_of_certain_and_even_classes_is_their_number():
    assert metrics.inception_score(np.eye(7)[np.arange(70) % 7], splits=1) == pytest.approx((7, 0))
    assert metrics.inception_score(np.full((40, 7), 1 / 7), splits=4) == pytest.approx((1, 0))


def test_inception_score_agrees_with_torchmetrics():
    torch = pytest.importorskip("torch")
    inception = pytest.importorskip("torchmetrics.image.inception")
    logits = drawn(0, 120, 9)
    with pytest.warns(UserWarning, match="buffer"):
        theirs = inception.InceptionScore(feature=identity_network(9), splits=1)
    theirs.update(torch.from_numpy(logits))
    with pytest.warns(UserWarning, match="degrees of freedom"):  # of one split
        expected = float(theirs.compute()[0])
    found = metrics.inception_score(special.softmax(logits, axis=1), splits=1)
    assert found.mean == pytest.approx(expected, rel=1e-6)


def test_inception_score_shuffles_before_it_splits():
    sorted_by_class = np.eye(10)[np.arange(500) // 50]
    assert metrics.inception_score(sorted_by_class, seed=None).mean == pytest.approx(1)
    assert metrics.inception_score(sorted_by_class, seed=0).mean > 8


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: metrics.frechet_distance(np.zeros((1, 3)), np.zeros((4, 3))), r"at least 2 rows.*\(1, 3\)"),
        (lambda: metrics.frechet_distance(np.zeros((4, 2)), np.zeros((4, 3))), "first 2, second 3"),
        (lambda: metrics.frechet_distance(np.zeros((4, 2, 2)), np.zeros((4, 4))), "Flatten images"),
        (lambda: metrics.frechet_distance(np.full((4, 2), np.nan), np.zeros((4, 2))), "NaN or infinity in first"),
        (lambda: metrics.frechet_distance(metrics.Moments(), np.zeros((4, 2))), "Expected the same dimensions"),
        (lambda: metrics.Moments().update(np.zeros((3, 2))).update(np.zeros((3, 4))), r"\(count, 2\).*\(3, 4\)"),
        (lambda: metrics.kernel_distance(np.zeros((9, 2)), np.zeros((9, 2))), "from 2 to 9.*subset_size=1000"),
        (lambda: metrics.inception_score(np.zeros((9, 2))), "sum to 1"),
        (lambda: metrics.inception_score(np.full((9, 2), 0.5)), "from 1 to 9.*splits=10"),
    ],
)
def test_unsuitable_features_are_refused_with_what_was_expected(call, message):
    with pytest.raises(ValueError, match=message):
        call()


def test_features_that_are_no_numbers_are_refused():
    with pytest.raises(TypeError, match="real numbers"):
        metrics.frechet_distance(np.full((4, 2), "a"), np.zeros((4, 2)))
