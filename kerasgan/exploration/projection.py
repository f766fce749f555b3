"""Projection: the styles whose image is nearest to a given one."""

import math
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from kerasgan.exploration.styles import style_based

if TYPE_CHECKING:
    from kerasgan.models.style_based import StyleBasedGAN

__all__ = ["Projection", "project"]


class Projection(NamedTuple):
    """What `project` found.

    Attributes:
        styles: (count, styles, style_dim), for `gan.render` and `kerasgan.exploration.edit`.
        images: their images.
        distances: after each step, the sum over all images.
    """

    styles: np.ndarray
    images: np.ndarray
    distances: np.ndarray


def project(
    gan: "StyleBasedGAN",
    images: Any,
    *,
    steps: int = 1000,
    each_layer: bool = False,
    features: Callable[[Any], Any] | None = None,
    learning_rate: float = 0.1,
    seed: int = 0,
) -> Projection:
    """Finds the styles of images with Adam, starting from the mean style (Karras et al. 2020, 1912.04958, appendix D).

    The learning rate rises over the first twentieth of the steps and falls over the last quarter; noise on the styles,
    which ends after three quarters, helps the search. Unlike in the paper, the layers' noise inputs are kept.

    Args:
        gan: a style-based model without classes.
        images: (count, height, width, channels), uint8 or float in [-1, 1].
        steps: number of steps of the search.
        each_layer: whether each layer has a style of its own (W+, Abdal et al. 2019, 1904.03189): closer to the image,
            but harder to edit.
        features: a Keras network or another differentiable function from images in [-1, 1] to features (count, ...),
            whose squared distance is minimized; if not given, the pixels of the image and of its repeated halvings.
        learning_rate: the largest learning rate.
        seed: seed of the noise and of the styles whose spread scales it.

    Raises:
        TypeError, ValueError: for images of another kind or size, a model without styles or with classes, or no steps.
    """
    from keras import ops

    from kerasgan import data, gradients

    style_based(gan, "projections")
    if gan.num_classes is not None or steps < 1:
        received = f"num_classes={gan.num_classes}, steps={steps}"
        raise ValueError(f"Expected a model without classes, and a positive number of steps. Received: {received}")
    features = features or _pyramid
    pixels, _ = data.batch(images, image_shape=gan.image_shape)
    wanted = ops.stop_gradient(features(ops.convert_to_tensor(pixels)))
    random = np.random.default_rng(seed)
    spread = _spread(gan, seed)
    layers = gan.num_styles if each_layer else 1
    found = np.tile(gan.mean_style, (len(pixels), layers, 1)).astype("float32")
    first, second, distances = np.zeros_like(found), np.zeros_like(found), []

    def distance(styles: Any) -> Any:
        styles = ops.broadcast_to(styles, (len(pixels), gan.num_styles, styles.shape[-1]))
        made = features(gan.unbounded(styles, training=False))
        return ops.sum(ops.reshape(ops.square(made - wanted), (len(pixels), -1)), axis=1)

    for step in range(1, steps + 1):
        share = (step - 1) / steps
        noise = 0.05 * spread * max(0.0, 1 - share / 0.75) ** 2
        tried = found + noise * random.standard_normal(found.shape, dtype="float32")
        slope = ops.convert_to_numpy(gradients.input_gradients(distance, ops.convert_to_tensor(tried)))
        first, second = 0.9 * first + 0.1 * slope, 0.999 * second + 0.001 * slope**2
        rate = learning_rate * _rate(share) / (1 - 0.9**step)
        found = found - rate * first / (np.sqrt(second / (1 - 0.999**step)) + 1e-8)
        found = found.astype("float32")
        with gradients.none():
            distances.append(float(np.sum(ops.convert_to_numpy(distance(ops.convert_to_tensor(found))))))
    styles = np.repeat(found, gan.num_styles // layers, axis=1)
    return Projection(styles, gan.render(styles), np.array(distances))


def _rate(share: float) -> float:
    return 0.5 * (1 - math.cos(math.pi * min(1.0, (1 - share) / 0.25))) * min(1.0, share / 0.05)


def _spread(gan: "StyleBasedGAN", seed: int) -> float:
    """The root of the mean squared distance of styles from their mean."""
    styles = gan.styles(10_000, seed=seed)[:, 0]
    return float(np.sqrt(np.square(styles - styles.mean(axis=0)).sum(axis=1).mean()))


def _pyramid(images: Any) -> Any:
    """The pixels (count, features) of images and of their halvings down to 4 pixels, each size with the same weight."""
    from keras import ops

    levels = []
    while True:
        count = ops.shape(images)[0]
        size = math.prod(images.shape[1:])
        levels.append(ops.reshape(images, (count, size)) / math.sqrt(size))
        if min(images.shape[1:3]) < 8 or any(side % 2 for side in images.shape[1:3]):
            return ops.concatenate(levels, axis=1)
        images = ops.average_pool(images, 2, strides=2)
