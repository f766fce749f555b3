"""Exploring styles: mixtures, directions, edits and projections of style-based models."""

import numpy as np
import pytest
from keras import ops

from kerasgan import exploration
from kerasgan.models import DCGAN, StyleGAN, StyleGAN2, StyleGAN3


@pytest.fixture(scope="module")
def gan():
    """Its images are paler than those of other untrained models, so that none of their pixels are clipped."""
    gan = StyleGAN2(**{**StyleGAN2.tiny_config, "style_dim": 6})
    for name in ("image1", "image2"):
        layer = gan.generator.get_layer(name)
        layer.kernel.assign(layer.kernel * 0.1)
    return gan


def test_a_mixture_has_some_of_the_columns_styles(gan):
    images = exploration.mix(gan, [0, 1], [5, 6, 7], layers=[1, 2]).reshape(3, 4, 8, 8, 1)
    assert (images[0, 0] == -1).all()
    for index, seed in enumerate([0, 1], start=1):
        np.testing.assert_allclose(images[index, 0], gan.generate(1, seed=seed)[0], atol=1e-6)
    np.testing.assert_allclose(images[0, 3], gan.generate(1, seed=7)[0], atol=1e-6)
    styles = gan.styles(1, seed=1)
    styles[:, [1, 2]] = gan.styles(1, seed=6)[:, [1, 2]]
    np.testing.assert_allclose(images[2, 2], gan.render(styles)[0], atol=1e-6)
    alone = exploration.mix(gan, [0], [5], layers=[0, 1, 2, 3])
    np.testing.assert_allclose(alone[3], alone[1], atol=1e-6)  # all of the column's styles: its image


def test_a_truncation_grid_ends_in_the_same_mean_image(gan):
    grid = exploration.truncation_grid(gan, [3, 4], truncations=(1.0, -1.0, 0.0)).reshape(2, 3, 8, 8, 1)
    np.testing.assert_allclose(grid[1, 0], gan.generate(1, seed=4)[0], atol=1e-6)
    np.testing.assert_allclose(grid[0, 2], grid[1, 2], atol=1e-6)
    latents = DCGAN(**DCGAN.tiny_config, prior="normal")
    assert exploration.truncation_grid(latents, [0, 1]).shape == (8, 16, 16, 1)


def test_semantic_directions_are_left_singular_vectors_of_the_normalized_kernels(gan):
    columns = np.concatenate(gan.style_kernels(), axis=1)
    columns = columns / np.linalg.norm(columns, axis=0)
    vectors, values, _ = np.linalg.svd(columns)
    directions, strengths = exploration.semantic_directions(gan)
    np.testing.assert_allclose(strengths, values**2, rtol=1e-4)
    np.testing.assert_allclose(np.abs(np.sum(directions * vectors.T, axis=1)), 1, atol=1e-4)
    own, _ = exploration.semantic_directions(gan, layers=[0])
    assert not np.allclose(np.abs(own), np.abs(directions), atol=1e-3)


def test_a_layers_kernel_is_that_of_the_style_it_reads():
    gan = StyleGAN2(**StyleGAN2.tiny_config)
    names = ["conv1", "up2", "conv2"]
    for kernel, name in zip(gan.style_kernels(), names, strict=True):
        np.testing.assert_array_equal(kernel, ops.convert_to_numpy(gan.generator.get_layer(name).affine.kernel))
    assert [kernel.shape for kernel in StyleGAN(**StyleGAN.tiny_config).style_kernels()] == [(4, 8)] * 4
    gan = StyleGAN3(**StyleGAN3.tiny_config)
    assert [kernel.shape for kernel in gan.style_kernels()] == [(4, 4)] * 4  # all but the colors'
    assert np.isfinite(exploration.semantic_directions(gan)[0]).all()  # though the waves' kernel begins at 0


def test_the_first_principal_direction_is_the_one_along_which_styles_vary_most(gan):
    directions, deviations = exploration.principal_directions(gan, count=500, seed=2)
    styles = gan.styles(500, seed=2)[:, 0]
    np.testing.assert_allclose((styles @ directions.T).std(axis=0), deviations, rtol=1e-3, atol=1e-6)
    np.testing.assert_allclose(directions @ directions.T, np.eye(6), atol=1e-5)
    assert (np.diff(deviations) <= 0).all()


def test_an_edit_moves_the_chosen_styles_along_a_direction(gan):
    styles, direction = gan.styles(2, seed=0), np.arange(6, dtype="float32")
    images = exploration.edit(gan, styles, direction, amounts=(0.0, 2.0), layers=[3]).reshape(2, 2, 8, 8, 1)
    np.testing.assert_allclose(images[:, 0], gan.generate(2, seed=0), atol=1e-6)
    styles[:, 3] += 2 * direction
    np.testing.assert_allclose(images[:, 1], gan.render(styles), atol=1e-6)


@pytest.mark.parametrize(
    "explore",
    [
        lambda gan: exploration.mix(gan, [0], [1]),
        lambda gan: exploration.edit(gan, np.zeros((1, 2, 3)), np.zeros(3)),
        lambda gan: exploration.style_groups(gan, np.zeros((1, 2, 3)), np.zeros((1, 2, 3))),
        exploration.semantic_directions,
        exploration.principal_directions,
        lambda gan: exploration.project(gan, np.zeros((1, *gan.image_shape))),
    ],
)
def test_a_model_without_styles_is_refused_with_the_families_that_have_them(explore):
    with pytest.raises(ValueError, match=r"style-based model \(StyleGAN, StyleGAN2, StyleGAN3\).*Received: DCGAN"):
        explore(DCGAN(**DCGAN.tiny_config))


@pytest.mark.parametrize("each_layer", [False, True])
def test_a_projection_finds_an_image_that_the_model_makes(gan, each_layer):
    styles = gan.styles(2, seed=8)
    found = exploration.project(gan, gan.render(styles), steps=100, each_layer=each_layer)
    assert found.distances.shape == (100,) and found.distances[-1] < 0.1 * found.distances[0]
    assert found.styles.shape == styles.shape
    assert np.isclose(found.styles, found.styles[:, :1]).all() != each_layer
    np.testing.assert_allclose(found.images, gan.render(found.styles), atol=1e-6)


@pytest.mark.parametrize(
    ("explore", "message"),
    [
        (lambda gan: exploration.mix(gan, [0], [1], layers=[4]), r"0 to 3\. Received: layers=\[4\]"),
        (lambda gan: exploration.semantic_directions(gan, layers=[3]), r"0 to 2\. Received: layers=\[3\]"),
        (lambda gan: exploration.edit(gan, gan.styles(1), np.zeros(5)), r"direction.shape=\(5,\)"),
        (lambda gan: exploration.project(gan, gan.generate(1), steps=0), "steps=0"),
    ],
)
def test_what_does_not_suit_the_model_is_refused(gan, explore, message):
    with pytest.raises(ValueError, match=message):
        explore(gan)
