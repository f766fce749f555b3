"""Ways through the latent space: closed forms of the curves, what the prior allows, and what the images then show."""

import numpy as np
import pytest

from kerasgan import GAN, exploration, latents, models

RANDOM = np.random.default_rng(0)


@pytest.fixture(scope="module")
def normal():
    return models.DCGAN(image_size=8, channels=1, latent_dim=4, width=4, prior="normal")


@pytest.fixture(scope="module")
def conditional():
    return models.ConditionalGAN(image_size=8, latent_dim=4, width=0.02)


class Coins(latents.Prior):
    """Latents of zeros and ones: nothing lies between them."""

    def draw(self, count, latent_dim, seed=None):
        return np.random.default_rng(seed).integers(2, size=(count, latent_dim)).astype("float32")

    def sample(self, count, latent_dim, seed):
        return self.draw(count, latent_dim, seed)


def test_a_chord_is_the_weighted_mean_of_its_ends():
    points = exploration.linear([0.0, 2.0], [4.0, 0.0], [0, 0.25, 1])
    assert points.dtype == np.float32
    np.testing.assert_allclose(points, [[0, 2], [1, 1.5], [4, 0]])


def test_an_arc_between_perpendicular_unit_vectors_is_the_circle():
    shares = np.linspace(0, 1, 7)
    points = exploration.spherical([1.0, 0.0, 0.0], [0.0, 0.0, 1.0], shares)
    expected = np.stack([np.cos(shares * np.pi / 2), 0 * shares, np.sin(shares * np.pi / 2)], axis=1)
    np.testing.assert_allclose(points, expected, atol=1e-7)


def test_an_arc_between_vectors_of_equal_length_is_shoemakes_formula():
    first, second = RANDOM.standard_normal((2, 5, 64))
    second *= np.linalg.norm(first, axis=1, keepdims=True) / np.linalg.norm(second, axis=1, keepdims=True)
    cosine = (first * second).sum(1) / np.linalg.norm(first, axis=1) ** 2
    angle = np.arccos(cosine)[:, None]
    points = exploration.spherical(first, second, [0.2, 0.7])
    for share, found in zip([0.2, 0.7], points):
        expected = (np.sin((1 - share) * angle) * first + np.sin(share * angle) * second) / np.sin(angle)
        np.testing.assert_allclose(found, expected, atol=1e-6)


def test_lengths_change_linearly_on_an_arc_and_both_ends_are_met():
    first, second = np.float32([3, 0, 4]), np.float32([0, 1, 0])
    points = exploration.spherical(first, second, np.linspace(0, 1, 5))
    np.testing.assert_allclose(np.linalg.norm(points, axis=1), [5, 4, 3, 2, 1], rtol=1e-6)
    np.testing.assert_allclose(points[[0, -1]], [first, second], atol=1e-6)


@pytest.mark.parametrize("gap", [0.0, 1e-12, 1e-7, 1e-4])
@pytest.mark.parametrize("sign", [1.0, -1.0])
def test_arcs_between_nearly_parallel_and_nearly_opposite_vectors_stay_on_the_sphere(gap, sign):
    first = RANDOM.standard_normal(16)
    second = sign * first + gap * RANDOM.standard_normal(16)
    shares = np.linspace(0, 1, 9)
    points = exploration.spherical(first, second, shares)
    np.testing.assert_allclose(np.linalg.norm(points, axis=1), np.linalg.norm(first), rtol=1e-3)
    np.testing.assert_allclose(points[[0, -1]], [first, second], atol=1e-5)
    steps = np.linalg.norm(np.diff(points, axis=0), axis=1)  # equal chords: constant speed
    np.testing.assert_allclose(steps, steps.mean(), rtol=1e-3, atol=1e-6)
    if sign < 0:
        np.testing.assert_allclose(points[4] @ first, 0, atol=1e-3)  # half way round


def test_an_arc_from_the_origin_takes_the_other_ends_direction():
    np.testing.assert_allclose(exploration.spherical([0.0, 0.0], [0.0, 2.0], [0.5]), [[0, 1]])
    np.testing.assert_allclose(exploration.spherical([0.0, 0.0], [0.0, 0.0], [0.5]), [[0, 0]])


def test_a_loop_passes_through_all_points_at_equal_intervals_and_closes():
    points = np.float32([[0, 0], [3, 0], [0, 6]])
    way = exploration.loop(latents.Uniform(-9, 9), points, frames=9)
    np.testing.assert_allclose(way[::3], points)
    np.testing.assert_allclose(way[1:3], [[1, 0], [2, 0]])
    np.testing.assert_allclose(way[7:], [[0, 4], [0, 2]], rtol=1e-6)  # on the way home; the next frame is the first
    assert exploration.loop(latents.Normal(), points, frames=10).shape == (10, 2)


def test_several_walks_go_side_by_side():
    points = RANDOM.standard_normal((3, 5, 8)).astype("float32")  # five walks through three points
    together = exploration.loop(latents.Normal(), points, frames=7)
    alone = [exploration.loop(latents.Normal(), points[:, index], frames=7) for index in range(5)]
    np.testing.assert_allclose(together, np.stack(alone, axis=1), rtol=1e-6)


def test_chords_stay_inside_the_cube_and_arcs_are_refused_there():
    cube = latents.Uniform(-1, 1)
    way = exploration.loop(cube, cube.draw(5, 16, seed=0), frames=50)
    assert np.abs(way).max() <= 1
    with pytest.raises(ValueError, match=r"Expected method='linear'.*Received: method='spherical'.*uniform"):
        exploration.path(cube, "spherical")


def test_an_interpolation_is_spherical_for_a_normal_prior_and_linear_for_others():
    assert exploration.path(latents.Normal()) is exploration.spherical
    assert exploration.path(latents.Uniform()) is exploration.linear
    assert exploration.path(latents.Normal(), "linear") is exploration.linear
    with pytest.raises(ValueError, match=r"linear, spherical\. Received: method='cubic'"):
        exploration.path(latents.Normal(), "cubic")


def test_between_latents_that_are_categories_lies_nothing(normal):
    gan = GAN(normal.generator, normal.discriminator, prior=Coins())
    for explore in (
        lambda: exploration.interpolate(gan, 0, 1),
        lambda: exploration.walk(gan, [0, 1]),
        lambda: exploration.arithmetic(gan, [0], [1], [2]),
        lambda: gan.generate(2, truncation=0.5),
    ):
        with pytest.raises(
            ValueError, match=r"Cannot \w+: the prior is discrete\. Received: prior=\{'name': 'coins'\}"
        ):
            explore()


def test_on_the_way_between_products_categories_change_halfway_and_the_rest_moves():
    parts = [("uniform", 2), latents.Categorical(3), latents.Part("normal", 2)]
    prior = latents.Product(parts)
    first, second = prior.draw(2, prior.latent_dim, seed=3)
    points = exploration.path(prior)(first, second, [0, 0.4, 0.6, 1])
    np.testing.assert_allclose(points[[0, 3]], [first, second], atol=1e-6)
    np.testing.assert_allclose(points[:, :2], exploration.linear(first[:2], second[:2], [0, 0.4, 0.6, 1]), atol=1e-6)
    np.testing.assert_array_equal(points[:, 2:5], [first[2:5], first[2:5], second[2:5], second[2:5]])
    arcs = exploration.spherical(first[5:], second[5:], [0, 0.4, 0.6, 1])
    np.testing.assert_allclose(points[:, 5:], arcs, atol=1e-6)
    assert exploration.loop(prior, prior.draw(6, prior.latent_dim, 0).reshape(3, 2, -1), frames=7).shape == (7, 2, 7)
    halved = prior.truncate(points, 0.5)
    np.testing.assert_array_equal(halved[:, 2:5], points[:, 2:5])
    np.testing.assert_allclose(halved[:, 5:], points[:, 5:] / 2, rtol=1e-6)
    with pytest.raises(ValueError, match="Expected a truncation from 0 to 1"):
        prior.truncate(points, 2)


def test_an_interpolation_runs_from_the_one_seeds_image_to_the_others(normal):
    images = exploration.interpolate(normal, 3, 7, frames=5, batch_size=2)
    assert images.shape == (5, 8, 8, 1) and images.dtype == np.float32
    np.testing.assert_allclose(images[0], normal.generate(1, seed=3)[0], atol=1e-6)
    np.testing.assert_allclose(images[-1], normal.generate(1, seed=7)[0], atol=1e-6)
    middle = exploration.spherical(*(normal.prior.draw(1, 4, seed)[0] for seed in (3, 7)), [0.5])
    np.testing.assert_allclose(images[2], normal.generate(latents=middle)[0], atol=1e-6)


def test_a_walk_takes_seeds_or_latents(normal):
    points = np.concatenate([normal.prior.draw(1, 4, seed) for seed in (5, 6)])
    images = exploration.walk(normal, [5, 6], frames=6)
    np.testing.assert_array_equal(images, exploration.walk(normal, points, frames=6))
    np.testing.assert_allclose(images[[0, 3]], normal.generate(latents=points), atol=1e-6)
    np.testing.assert_allclose(images[1:3], images[:3:-1], atol=1e-5)  # through two points: there and back


def test_arithmetic_is_that_of_the_means_and_is_not_renormalized(normal):
    woman, man, smile = (normal.prior.draw(3, 4, seed) for seed in range(3))
    result = exploration.combine(smile, woman, man)
    np.testing.assert_allclose(result, smile.mean(0) - woman.mean(0) + man.mean(0), rtol=1e-5)
    images = exploration.arithmetic(normal, smile, woman, man)
    expected = np.stack([smile.mean(0), woman.mean(0), man.mean(0), result])
    np.testing.assert_allclose(images, normal.generate(latents=expected), atol=1e-6)
    np.testing.assert_allclose(exploration.combine([[3.0, 0]], [[0, 0.0]], [[3.0, 0]]), [6, 0])


def test_a_class_grid_has_the_same_latents_in_every_class(conditional):
    images = exploration.class_grid(conditional, 2, labels=[3, 1, 8], seed=4)
    points = conditional.prior.draw(2, 4, seed=4)
    for index, image in enumerate(images):
        expected = conditional.generate(latents=points[index // 3][None], labels=[3, 1, 8][index % 3])
        np.testing.assert_allclose(image, expected[0], atol=1e-6)
    assert exploration.class_grid(conditional, 3).shape == (30, 8, 8, 1)


def test_a_walk_of_a_conditional_model_stays_in_its_class_or_takes_each_frames(conditional):
    images = exploration.walk(conditional, [0, 1], frames=4, labels=7)
    changing = exploration.walk(conditional, [0, 1], frames=4, labels=[7, 7, 2, 7])
    same = [np.array_equal(one, other) for one, other in zip(images, changing)]
    assert same == [True, True, False, True]


def test_truncation_shrinks_latents_toward_the_priors_mean():
    points = np.float32([[1.0, 3.0]])
    np.testing.assert_allclose(latents.Normal().truncate(points, 0.5), [[0.5, 1.5]])
    np.testing.assert_allclose(latents.Uniform(0, 4).truncate(points, 0.5), [[1.5, 2.5]])
    np.testing.assert_allclose(latents.Uniform(0, 4).truncate(points, 0), [[2, 2]])
    np.testing.assert_array_equal(latents.Normal().truncate(points, 1), points)


def test_truncated_samples_are_those_of_the_shrunk_latents(conditional):
    whole = conditional.generate(4, truncation=1.0, seed=2)
    np.testing.assert_array_equal(whole, conditional.generate(4, seed=2))
    shrunk = 0.5 + 0.3 * (conditional.prior.draw(4, 4, 2) - 0.5)
    drawn = conditional.generate(4, truncation=0.3, labels=5, seed=2)
    np.testing.assert_allclose(drawn, conditional.generate(latents=shrunk, labels=5), atol=1e-6)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda gan, cgan: exploration.walk(gan, [1]), r"2 or more seeds.*\(count, 4\)\. Received: an array of shape"),
        (lambda gan, cgan: exploration.walk(gan, np.zeros((1, 4))), r"2 or more.*Received: an array of shape \(1, 4\)"),
        (lambda gan, cgan: exploration.walk(gan, np.zeros((3, 5))), r"\(count, 4\).*shape \(3, 5\)"),
        (lambda gan, cgan: exploration.walk(gan, [0.5, 1.5]), r"seeds.*Received: \[0.5, 1.5\]"),
        (lambda gan, cgan: exploration.walk(gan, np.full((3, 4), np.nan)), "finite"),
        (lambda gan, cgan: exploration.walk(gan, [1, 2, 3], frames=2), r"from 3 on\. Received: frames=2"),
        (lambda gan, cgan: exploration.walk(gan, [1, 2], labels=3), r"not class-conditional\. Received: labels=3"),
        (
            lambda gan, cgan: exploration.walk(cgan, [1, 2]),
            r"a class from 0 to 9 for all images\. Received: labels=None",
        ),
        (lambda gan, cgan: exploration.walk(cgan, [1, 2], labels=10), r"labels from 0 to 9\. Received: labels=10"),
        (lambda gan, cgan: exploration.interpolate(gan, 1, 2, frames=1), r"from 2 on\. Received: frames=1"),
        (lambda gan, cgan: exploration.interpolate(gan, 1, np.zeros(3)), r"\(count, 4\).*shape \(1, 3\)"),
        (lambda gan, cgan: exploration.interpolate(gan, 1, 2, truncation=1.5), r"0 to 1\. Received: truncation=1.5"),
        (lambda gan, cgan: exploration.class_grid(gan), r"class-conditional model.*Received: DCGAN"),
        (lambda gan, cgan: exploration.class_grid(cgan, 0), r"positive whole number\. Received: rows=0"),
        (lambda gan, cgan: exploration.class_grid(cgan, labels=[1, 12]), r"labels from 0 to 9\. Received"),
        (lambda gan, cgan: exploration.linear([1.0], [1.0, 2.0], [0.5]), r"one shape.*\(1,\).*\(2,\)"),
        (lambda gan, cgan: exploration.loop(gan.prior, [1.0, 2.0], frames=3), r"two or more points.*shape=\(2,\)"),
    ],
)
def test_what_does_not_suit_is_refused_with_what_was_expected_and_what_arrived(normal, conditional, call, message):
    with pytest.raises(ValueError, match=message):
        call(normal, conditional)
