"""Contrastive learning: the distortions of an image and the loss that finds them."""

import math

import keras
import numpy as np
import pytest
import scipy.ndimage
from keras import ops

from kerasgan.objectives.contrastive import distort, nt_xent


def test_the_loss_is_known_for_rows_that_are_orthogonal_and_for_rows_that_are_alike():
    """Of 2n - 1 = 7 others each row finds its partner at cosine 1; the rest is at 0, or at 1 too."""
    rows = np.eye(4, dtype="float32")
    scaled = rows * np.float32([[1], [2], [3], [4]])  # lengths do not count
    assert float(nt_xent(scaled, rows, temperature=0.25)) == pytest.approx(math.log(1 + 6 * math.exp(-4)))
    alike = np.ones((4, 3), "float32")
    assert float(nt_xent(alike, alike)) == pytest.approx(math.log(7))


def test_the_loss_is_the_cross_entropy_of_the_partners():
    first, second = np.random.default_rng(0).normal(size=(2, 5, 3)).astype("float32")
    rows = np.concatenate([first, second])
    rows /= np.linalg.norm(rows, axis=1, keepdims=True)
    losses = []
    for index, row in enumerate(rows):
        scores = np.exp(rows @ row / 0.5)
        losses.append(-math.log(scores[(index + 5) % 10] / (scores.sum() - scores[index])))
    assert float(nt_xent(first, second, temperature=0.5)) == pytest.approx(np.mean(losses), rel=1e-5)


def test_images_are_turned_sheared_scaled_and_shifted_about_their_center_as_scipy_does():
    images = np.random.default_rng(0).uniform(-1, 1, (3, 8, 12, 2)).astype("float32")
    found = ops.convert_to_numpy(distort(images, seed=5))
    draws = ops.convert_to_numpy(keras.random.uniform((7, 3), -1.0, 1.0, seed=5))
    for image, result, (angle, shear, across, along, right, down, gamma) in zip(images, found, draws.T):
        angle = math.radians(20) * angle
        turn = np.array([[math.cos(angle), -math.sin(angle)], [math.sin(angle), math.cos(angle)]])
        matrix = turn @ [[1, 0.35 * shear], [0, 1]] @ np.diag([1 + 0.2 * across, 1 + 0.2 * along])  # of (x, y)
        center, shift = np.array([5.5, 3.5]), np.array([0.1 * 12 * right, 0.1 * 8 * down])
        start = center - matrix @ center + shift
        for channel in range(2):
            moved = scipy.ndimage.affine_transform(
                image[..., channel], matrix[::-1, ::-1], start[::-1], order=1, mode="grid-constant", cval=-1.0
            )
            expected = 2 * np.clip((moved + 1) / 2, 1e-4, 1) ** math.exp(0.3 * gamma) - 1
            np.testing.assert_allclose(result[..., channel], expected, atol=1e-4)
