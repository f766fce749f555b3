"""GRAN: a recurrent generator that paints an image as a sum of increments, each a response to the one before it.

Im, Kim, Jiang, Memisevic: Generating images with recurrent adversarial networks, 2016,
https://arxiv.org/abs/1602.05110, section 4; layer tables follow the authors' code. The recurrence, for t = 1 ... T:

    increment_t = f([h, state_(t-1)]),   state_t = tanh(norm(V g(increment_t))),   h = tanh(norm(W latents))

with a decoder f and an encoder g that are the same at every step; state_0 = 0, and the image is sigma(sum of
increments). So the encoder receives the increment and never the canvas. As in the code every step has the same latents.

Deviations: sampling uses running statistics of batch normalization, those of each step apart because the
steps' inputs differ (the code samples with batch statistics); 1e-6 is added to the variance, by the code to its root;
no L2 decay of the discriminator's dense weights (5e-6 there). The code's Adam has a decay that leaves no momentum after
the first update: Adam(beta_1=0) here, without the factor of up to ten that it has in its first updates.
"""

from collections.abc import Callable
from types import MappingProxyType
from typing import Any

import keras
import numpy as np
from keras import layers, ops

from kerasgan import gradients
from kerasgan.gan import GAN
from kerasgan.gan.constructor_checks import check_choice, check_multiple
from kerasgan.latents.inputs import seed_or_drawn
from kerasgan.layers import ScaleAndOffset, normalized

__all__ = ["GRAN", "discriminator", "generator"]

# Channels of the decoder from its first map to the last before the image, as multiples of `width`; the published width.
VARIANTS = {
    "mnist": ((8, 4), 10),
    "cifar10": ((4, 2, 1), 256),
    "lsun": ((1, 8, 4, 2), 172),
    "lsun128": ((1, 8, 4, 2, 1), 172),
}


@keras.saving.register_keras_serializable("kerasgan")
class GRAN(GAN):
    """Generative recurrent adversarial network for square images.

    Args:
        image_size: in pixels; a multiple of 4 ("mnist"), 8 ("cifar10"), 16 ("lsun") or 32 ("lsun128").
        channels: of the images.
        latent_dim: size of the latent vector, and of the recurrent state.
        steps: increments that make an image, 1 or more; 1 is a GAN without recurrence.
        width: factor of all convolutions' channels; the published one of the variant if not given.
        variant: "mnist", "cifar10", "lsun" or "lsun128", the layer table.
        discriminator_norm: what normalizes the discriminator: "batch" (the authors' code); "layer", over each image
            alone, or "none", for gradient penalties.
        prior: of the latents.

    Raises:
        ValueError: for an unknown variant or normalization, fewer than one step, or a size that the variant cannot
            make.
    """

    tiny_config = MappingProxyType(dict(image_size=8, channels=1, latent_dim=8, steps=2, width=1, variant="mnist"))

    def __init__(
        self,
        *,
        image_size: int = 32,
        channels: int = 3,
        latent_dim: int = 100,
        steps: int = 5,
        width: int | None = None,
        variant: str = "cifar10",
        discriminator_norm: str = "batch",
        prior: Any = "normal",
        name: str | None = None,
    ):
        check_choice("variant", variant, VARIANTS)
        if not (isinstance(steps, int) and steps >= 1):
            raise ValueError(f"Expected at least one step. Received: steps={steps}")
        multiples, published = VARIANTS[variant]
        check_multiple(image_size, 2 ** len(multiples), otherwise='of 4 for variant="mnist"')
        width = published if width is None else width
        shape = (image_size, image_size, channels)
        super().__init__(
            generator(shape, latent_dim, steps=steps, width=width, variant=variant),
            discriminator(shape, width=width, variant=variant, norm=discriminator_norm),
            prior=prior,
            name=name,
        )
        self.steps = steps
        self.resolve_arguments(width=width)

    def default_compile_args(self):
        """The code's rates for CIFAR-10; they fall as 1 / (1 + epoch / 50), an epoch being 500 batches of 100."""

        def adam(rate: float) -> keras.optimizers.Optimizer:
            falling = keras.optimizers.schedules.InverseTimeDecay(rate, decay_steps=25_000, decay_rate=1.0)
            return keras.optimizers.Adam(falling, beta_1=0.0)

        return {
            "objective": "non_saturating",
            "generator_optimizer": adam(1e-4),
            "discriminator_optimizer": adam(4e-5),
        }

    def canvases(self, count: int, *, seed: int | None = None) -> np.ndarray:
        """The drawing, step by step: what the image would be if it ended after 1, 2, ... T increments.

        Args:
            count: how many images.
            seed: an int that makes them reproducible; the last canvases are the images of `generate(count, seed=seed)`.

        Returns float32 (count, steps, height, width, channels) in [-1, 1].

        Raises:
            ValueError: for a count below 1.
        """
        if not (isinstance(count, (int, np.integer)) and count >= 1):
            raise ValueError(f"Expected a positive number of images. Received: count={count!r}")
        sums = [self.sampler.get_layer(f"canvas{step}").output for step in range(1, self.steps + 1)]
        painter = keras.Model(self.sampler.inputs, sums)
        points = self.prior.draw(count, self.latent_dim, seed_or_drawn(seed))
        with gradients.none():
            found = painter(ops.convert_to_tensor(points), training=False)
            found = [found] if self.steps == 1 and not isinstance(found, (list, tuple)) else found
            return ops.convert_to_numpy(ops.stack([2 * ops.sigmoid(canvas) - 1 for canvas in found], axis=1))


def generator(shape: tuple[int, int, int], latent_dim: int, *, steps: int, width: int, variant: str) -> keras.Model:
    """Latents (batch, latent_dim) to images (batch, height, width, channels) in [-1, 1]."""
    decode, encode = _decoder(shape, width, variant), _encoder(width, variant)
    remember, normalize = layers.Dense(latent_dim, use_bias=False, name="state"), _normalization("state")
    latents = keras.Input((latent_dim,), name="latents")
    hidden = layers.Dense(latent_dim, use_bias=False, name="hidden")(latents)
    hidden = layers.Activation("tanh", name="hidden_tanh")(_normalization("hidden")(hidden, 1))
    state = layers.Rescaling(0.0, name="no_state")(hidden)  # zeros for every image of the batch
    canvas = None
    for step in range(1, steps + 1):
        increment = decode(layers.Concatenate(name=f"joined{step}")([hidden, state]), step)
        if canvas is None:
            canvas = layers.Activation("linear", dtype="float32", name="canvas1")(increment)
        else:
            canvas = layers.Add(dtype="float32", name=f"canvas{step}")([canvas, increment])
        if step < steps:  # the last increment is not encoded
            state = normalize(remember(encode(increment, step)), step)
            state = layers.Activation("tanh", name=f"state_tanh{step}")(state)
    x = layers.Activation("sigmoid", dtype="float32", name="sigmoid")(canvas)
    images = layers.Rescaling(2.0, -1.0, dtype="float32", name="to_range")(x)
    return keras.Model(latents, images, name="generator")


def discriminator(shape: tuple[int, int, int], *, width: int, variant: str, norm: str = "batch") -> keras.Model:
    """Images to logits (batch, 1); the code reads images in [0, 1]."""
    images = keras.Input(shape, name="images")
    x = layers.Rescaling(0.5, 0.5, name="to_unit")(images)
    for index, multiple in enumerate(sorted(VARIANTS[variant][0], reverse=True), start=1):
        x = _convolution(multiple * width, f"down{index}", use_bias=False)(x)
        shared = norm == "batch"
        x = _normalization(f"down{index}")(x, 1) if shared else normalized(x, norm, name=f"down{index}_norm")
        x = layers.ReLU(name=f"down{index}_relu")(x)
    x = layers.Dense(100, activation="tanh", name="dense")(layers.Flatten(name="flat")(x))
    logits = layers.Dense(1, dtype="float32", name="logit")(x)
    return keras.Model(images, logits, name="discriminator")


def _decoder(shape: tuple[int, int, int], width: int, variant: str) -> Callable:
    """f: [h, state] (batch, 2 latent_dim) to an increment (batch, height, width, channels), without a nonlinearity."""
    first, *others = [multiple * width for multiple in VARIANTS[variant][0]]
    side = shape[0] // 2 ** (len(others) + 1)
    normalizing = variant == "mnist"
    project = layers.Dense(side * side * first, use_bias=not normalizing, name="decode")
    normalize = _normalization("decode") if normalizing else lambda x, step: x
    unfold = layers.Reshape((side, side, first), name="decode_map")
    ups = [_transposed(filters, f"up{index}") for index, filters in enumerate(others, start=1)]
    last = _transposed(shape[-1], "increment")

    def decode(x: Any, step: int) -> Any:
        x = layers.ReLU(name=f"decode_relu{step}")(unfold(normalize(project(x), step)))
        for up in ups:
            x = layers.ReLU(name=f"{up.name}_relu{step}")(up(x))
        return last(x)

    return decode


def _encoder(width: int, variant: str) -> Callable:
    """g: an increment to a flat code; the decoder's mirror. The deepest layer is normalized for MNIST only."""
    stages = []
    for index, multiple in enumerate(reversed(VARIANTS[variant][0]), start=1):
        normalized = variant == "mnist" or index < len(VARIANTS[variant][0])
        convolution = _convolution(multiple * width, f"encode{index}", use_bias=not normalized)
        stages.append((convolution, _normalization(f"encode{index}") if normalized else lambda x, step: x))

    def encode(x: Any, step: int) -> Any:
        for convolution, normalize in stages:
            x = layers.ReLU(name=f"{convolution.name}_relu{step}")(normalize(convolution(x), step))
        return layers.Flatten(name=f"code{step}")(x)

    return encode


def _normalization(name: str) -> Callable:
    """Batch normalization with statistics of each step, and a scale and an offset that all steps share."""
    affine = ScaleAndOffset(name=f"{name}_affine")

    def normalize(x: Any, step: int) -> Any:
        options = {"center": False, "scale": False, "momentum": 0.9, "epsilon": 1e-6}
        return affine(layers.BatchNormalization(**options, name=f"{name}_norm{step}")(x))

    return normalize


def _normal() -> keras.initializers.Initializer:
    return keras.initializers.RandomNormal(0.0, 0.01)


def _convolution(filters: int, name: str, *, use_bias: bool) -> keras.layers.Layer:
    return layers.Conv2D(filters, 5, 2, "same", use_bias=use_bias, kernel_initializer=_normal(), name=name)


def _transposed(filters: int, name: str) -> keras.layers.Layer:
    return layers.Conv2DTranspose(filters, 5, 2, "same", kernel_initializer=_normal(), name=name)
