"""Contrastive learning: two distortions of an image, or two patches of one place, are more alike than others."""

import math
from typing import Any

import keras
from keras import ops

__all__ = ["distort", "nt_xent", "patch_nce"]

ANGLE = math.radians(20)  # of rotation
SHEAR, SCALE, SHIFT = 0.35, 0.2, 0.1  # the shift in parts of the image
GAMMA = 0.3  # of the logarithm of the exponent that makes light strokes thinner or thicker


def distort(images: Any, seed: Any) -> Any:
    """The images with small random rotations, shears, scales, shifts and changes of lightness.

    Args:
        images: (batch, height, width, channels) in [-1, 1]; the result is too. Differentiable with respect to them.
        seed: an int or a `keras.random.SeedGenerator`.

    The rotation is that of the code of Ojha et al. 2020 (1910.01112) for MNIST, up to 20 degrees; scales of 0.8 to 1.2
    are wider than its 0.9 to 1.1. Pixels outside the image are -1.
    """
    count, (height, width) = ops.shape(images)[0], images.shape[1:3]
    angle, shear, *scales, right, down, gamma = ops.unstack(
        keras.random.uniform((7, count), -1.0, 1.0, seed=seed, dtype="float32")
    )
    angle, shear, scales = angle * ANGLE, shear * SHEAR, [1 + SCALE * scale for scale in scales]
    cosine, sine = ops.cos(angle), ops.sin(angle)
    # Where pixel (x, y) comes from: a rotation of a shear of a scaling, about the center, and a shift.
    across = [cosine * scales[0], (cosine * shear - sine) * scales[1]]
    along = [sine * scales[0], (sine * shear + cosine) * scales[1]]
    center = (width - 1) / 2, (height - 1) / 2
    across.append(center[0] - across[0] * center[0] - across[1] * center[1] + right * SHIFT * width)
    along.append(center[1] - along[0] * center[0] - along[1] * center[1] + down * SHIFT * height)
    rest = ops.zeros((count, 2), "float32")
    moved = ops.image.affine_transform(
        images,
        ops.concatenate([ops.stack([*across, *along], axis=1), rest], axis=1),
        fill_value=-1.0,
        data_format="channels_last",
    )
    exponent = ops.reshape(ops.exp(GAMMA * gamma), (-1, 1, 1, 1))
    lightness = ops.clip((moved + 1) / 2, 1e-4, 1.0)  # the power has no slope at 0
    return 2 * ops.power(lightness, exponent) - 1


def nt_xent(first: Any, second: Any, *, temperature: float = 0.5) -> Any:
    """The normalized, temperature-scaled cross-entropy of Chen et al. 2020 (SimCLR, 2002.05709), equation 1: a scalar.

    Row i of `first` and row i of `second`, both (batch, size), are positives, compared by their cosine; all other rows
    of both are negatives.
    """
    rows = ops.normalize(ops.concatenate([first, second], axis=0), axis=-1)
    count = ops.shape(first)[0]
    likeness = ops.matmul(rows, ops.transpose(rows)) / temperature
    others = likeness - 1e9 * ops.eye(2 * count)  # no row is its own negative
    partners = ops.concatenate([ops.arange(count, 2 * count), ops.arange(count)], axis=0)
    return ops.mean(keras.losses.sparse_categorical_crossentropy(partners, others, from_logits=True))


def patch_nce(queries: Any, keys: Any, *, temperature: float = 0.07) -> Any:
    """The cross-entropy of finding each query's own key among those of its image (2007.15651, section 3): a scalar.

    Args:
        queries: (batch, patches, size); compared by their cosine.
        keys: likewise; their gradient is stopped, as in the authors' code.
        temperature: by which the cosines are divided.
    """
    rows = (ops.cast(ops.convert_to_tensor(each), "float32") for each in (queries, keys))
    queries, keys = (ops.normalize(each, axis=-1) for each in rows)
    keys = ops.stop_gradient(keys)
    likeness = ops.matmul(queries, ops.transpose(keys, (0, 2, 1))) / temperature
    own = ops.sum(queries * keys, axis=-1) / temperature
    return ops.mean(ops.logsumexp(likeness, axis=-1) - own)
