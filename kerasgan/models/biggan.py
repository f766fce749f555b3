"""BigGAN: very wide networks and batches, latents at every scale, orthogonal regularization and truncated sampling.

Brock, Donahue, Simonyan: Large Scale GAN Training for High Fidelity Natural Image Synthesis, 2019,
https://arxiv.org/abs/1809.11096. Layers follow ajbrock/BigGAN-PyTorch (an author's) and google/compare_gan, whose
parameter counts the tests hold; past blocks that halve without widening, where the latter has no shortcut, the former
is followed. Truncation: `gan.prior = kerasgan.latents.TruncatedNormal(0.5)`, after
`gan.accumulate_statistics()`. Deviations: fakes are given the labels of the real batch instead of labels of their own;
the moving average of the weights starts with a short half-life that grows, where the authors start it at step 20,000;
spectral normalization makes its power iteration in every pass in training mode, real images and fakes apart; batch
normalization uses the batch of one device.
"""

from functools import partial
from types import MappingProxyType
from typing import Any

import keras
from keras import layers, ops

from kerasgan.gan import GAN, Batch
from kerasgan.gan.constructor_checks import check_classes, check_doublings
from kerasgan.layers import (
    ConditionalBatchNormalization,
    Split,
    class_embedding,
    label_input,
    modulated_norm,
    norm_relu_images,
    orthogonal_convolution,
    orthogonal_dense,
    projection_logits,
    residual_down,
    residual_up,
    self_attention,
)
from kerasgan.layers.pyramid import power_below

__all__ = ["BigGAN", "LargeScaleGAN", "discriminator", "generator", "orthogonal_penalty"]

# By the largest power of two that an image is no smaller than: channels of the generator's maps from the smallest on,
# and of the discriminator's blocks, in units of the width. The paper begins at 128; 32 and 64 are those of
# BigGAN-PyTorch; 8 and 16 continue 32, for tests.
UP = {
    8: (4, 4),
    16: (4, 4, 4),
    32: (4, 4, 4, 4),
    64: (16, 16, 8, 4, 2),
    128: (16, 16, 8, 4, 2, 1),
    256: (16, 16, 8, 8, 4, 2, 1),
    512: (16, 16, 8, 8, 4, 2, 1, 1),
}
DOWN = {
    8: (4, 4),
    16: (4, 4, 4),
    32: (4, 4, 4, 4),
    64: (1, 2, 4, 8, 16),
    128: (1, 2, 4, 8, 16, 16),
    256: (1, 2, 4, 8, 8, 16, 16),
    512: (1, 1, 2, 4, 8, 8, 16, 16),
}


class LargeScaleGAN(GAN):
    """Base of BigGAN and BigGAN-deep: their training."""

    def __init__(
        self,
        generator: keras.Model,
        discriminator: keras.Model,
        *,
        orthogonal_weight: float,
        prior: Any,
        **options: Any,
    ):
        super().__init__(generator, discriminator, prior=prior or "normal", **options)
        self.orthogonal_weight = orthogonal_weight
        self.extra_metrics = ("orthogonal_penalty",) if orthogonal_weight else ()

    def default_compile_args(self) -> dict[str, Any]:
        """Hinge loss, two discriminator steps, Adam at two rates, averages of decay 0.9999 at a batch of 2048."""

        def adam(learning_rate: float) -> keras.optimizers.Optimizer:
            return keras.optimizers.Adam(learning_rate, beta_1=0.0, beta_2=0.999, epsilon=1e-6)

        return {
            "objective": "hinge",
            "generator_optimizer": adam(5e-5),
            "discriminator_optimizer": adam(2e-4),
            "discriminator_steps": 2,
            "ema_half_life": 14_195_000,
        }

    def generator_loss(self, batch: Batch) -> Any:
        """Adds orthogonal regularization (equation 3) of all kernels but the classes' shared embedding."""
        loss = super().generator_loss(batch)
        if not self.orthogonal_weight:
            return loss
        shared = {id(layer.embeddings) for layer in self.generator.layers if layer.name == "classes"}
        kernels = [v for v in self.generator.trainable_variables if len(v.shape) > 1 and id(v) not in shared]
        penalty = sum(orthogonal_penalty(kernel) for kernel in kernels)
        self.log("orthogonal_penalty", penalty)
        return loss + self.orthogonal_weight * penalty


def orthogonal_penalty(kernel: Any) -> Any:
    """|W W^T * (1 - I)|^2 / 2: how far a kernel's output channels, the rows of W, are from orthogonal to each other.

    The norms of the rows are free, unlike in earlier regularizations (1809.11096, equation 3). The half is the authors'
    code's, whose gradient is 2 (W W^T * (1 - I)) W.
    """
    columns = ops.reshape(ops.convert_to_tensor(kernel), (-1, kernel.shape[-1]))  # W^T
    inputs, outputs = columns.shape
    if outputs <= inputs:
        products = ops.matmul(ops.transpose(columns), columns)
        return ops.sum(ops.square(products * (1.0 - ops.eye(outputs, dtype=products.dtype)))) / 2
    # A dense layer to a map has ten thousands of rows: W^T W has the norm of W W^T, and is small.
    norms = ops.sum(ops.square(columns), axis=0)
    return (ops.sum(ops.square(ops.matmul(columns, ops.transpose(columns)))) - ops.sum(ops.square(norms))) / 2


@keras.saving.register_keras_serializable("kerasgan")
class BigGAN(LargeScaleGAN):
    """Class-conditional BigGAN.

    Args:
        image_size: 4, 5, 6 or 7 times a power of two, from 8 to 896 pixels; papers have 128, 256 and 512.
        channels: of the images, 1 or more.
        num_classes: number of classes, 2 or more.
        latent_dim: size of the latent vector: one for the smallest map and one for each doubling. If not given, 20
            a chunk, which is 120, 140 and 160 at 128, 256 and 512 pixels.
        width: channels that the networks' multipliers multiply.
        embedding_dim: size of the class embedding that all blocks share; 0 for gains and biases of each class in each
            normalization, and latents that are not split but enter once, as BigGAN-PyTorch has it for CIFAR-10.
        attention_size: height and width of the map, in each network that has it, that attends to itself; of maps that
            are no powers of two, the one that is less than twice as large.
        orthogonal_weight: the paper's beta, of the regularization of the generator's kernels; 0 for none.
        spectral_estimate: of the generator's singular values at rest, "iterated" or "stored"; see `SpectralDense`.
        prior: of the latents; N(0, 1) if not given.

    Raises:
        ValueError: for another size, fewer than two classes, or a latent_dim that does not split into chunks.
    """

    tiny_config = MappingProxyType(
        dict(image_size=8, num_classes=3, latent_dim=4, width=2, embedding_dim=2, attention_size=8)
    )

    def __init__(
        self,
        *,
        image_size: int = 128,
        channels: int = 3,
        num_classes: int = 1000,
        latent_dim: int | None = None,
        width: int = 96,
        embedding_dim: int = 128,
        attention_size: int = 64,
        orthogonal_weight: float = 1e-4,
        spectral_estimate: str = "iterated",
        prior: Any = None,
        name: str | None = None,
    ):
        check_doublings(image_size, largest=896)
        check_classes(num_classes)
        chunks = len(UP[power_below(image_size)])
        latent_dim = latent_dim or 20 * chunks
        if embedding_dim and latent_dim % chunks:
            raise ValueError(f"Expected latent_dim to be a multiple of {chunks}. Received: latent_dim={latent_dim}")
        shared: dict[str, Any] = dict(num_classes=num_classes, width=width, attention_size=attention_size)
        own: dict[str, Any] = dict(embedding_dim=embedding_dim, spectral_estimate=spectral_estimate)
        super().__init__(
            generator(image_size, channels, latent_dim, **shared, **own),
            discriminator(image_size, channels, **shared),
            orthogonal_weight=orthogonal_weight,
            prior=prior,
            num_classes=num_classes,
            name=name,
        )
        self.resolve_arguments(latent_dim=latent_dim)


def generator(
    image_size: int,
    channels: int,
    latent_dim: int,
    *,
    num_classes: int,
    width: int,
    embedding_dim: int,
    attention_size: int,
    spectral_estimate: str,
) -> keras.Model:
    """Latents (batch, latent_dim) and labels (batch,) to images (batch, size, size, channels) in [-1, 1]."""
    top, *others = UP[power_below(image_size)]
    side = image_size >> len(others)
    latents = keras.Input((latent_dim,), name="latents")
    labels = label_input(num_classes)
    convolution = partial(orthogonal_convolution, estimate=spectral_estimate)
    if not embedding_dim:
        first, normalizations = latents, [partial(_by_class, num_classes, labels)] * len(others)
    else:
        classes, chunks = class_embedding(labels, num_classes, embedding_dim), len(UP[power_below(image_size)])
        first, *own = Split([latent_dim // chunks] * chunks, name="chunks")(latents)
        conditions = [
            layers.Concatenate(name=f"condition{index}")([classes, chunk]) for index, chunk in enumerate(own, start=1)
        ]
        normalizations = [partial(modulated_norm, condition, estimate=spectral_estimate) for condition in conditions]
    x = orthogonal_dense(side * side * top * width, estimate=spectral_estimate, name="project")(first)
    x = layers.Reshape((side, side, top * width), name="latent_map")(x)
    for index, (multiplier, normalize) in enumerate(zip(others, normalizations), start=1):
        x = residual_up(x, multiplier * width, f"up{index}", normalize, convolution)
        if x.shape[1].bit_length() == attention_size.bit_length():
            x = self_attention(x, convolution)
    return keras.Model([latents, labels], norm_relu_images(x, channels, convolution), name="generator")


def discriminator(image_size: int, channels: int, *, num_classes: int, width: int, attention_size: int) -> keras.Model:
    """Images and labels (batch,) to logits (batch, 1)."""
    images = keras.Input((image_size, image_size, channels), name="images")
    labels = label_input(num_classes)
    x = images
    smallest = image_size >> (2 if power_below(image_size) == 32 else image_size.bit_length() - 3)
    for index, multiplier in enumerate(DOWN[power_below(image_size)], start=1):
        pool = x.shape[1] > smallest
        x = residual_down(x, multiplier * width, f"down{index}", orthogonal_convolution, first=index == 1, pool=pool)
        if pool and x.shape[1].bit_length() == attention_size.bit_length():
            x = self_attention(x, orthogonal_convolution)
    options = {"embeddings_initializer": "orthogonal", "epsilon": 1e-6}
    logits = projection_logits(x, labels, num_classes, orthogonal_dense, **options)
    return keras.Model([images, labels], logits, name="discriminator")


def _by_class(num_classes: int, labels: Any, x: Any, name: str) -> Any:
    return ConditionalBatchNormalization(num_classes, momentum=0.9, epsilon=1e-5, name=name)([x, labels])
