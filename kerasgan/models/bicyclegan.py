"""BicycleGAN: one input, many outputs: latents decide between them, and an encoder reads the latents off an output.

Zhu, Zhang, Pathak, Darrell, Efros, Wang, Shechtman: Toward Multimodal Image-to-Image Translation, 2017,
https://arxiv.org/abs/1711.11586. Two cycles train one generator: from a target through the encoder back to the target
(cVAE-GAN), and from random latents through an output back to the latents (cLR-GAN). Layers, weights and the order
of norms follow the authors' PyTorch code. Deviations: both cycles use every pair of a batch, not one half each; the
discriminators are updated before the generator; the smaller images of their second halves are means of 2x2 pixels, of
3x3 there; the encoder ends in the mean over all places; kernels start with N(0, 0.02^2); the rate falls to zero
from step to step; the divergence is a mean over the batch, a sum there (of one pair, in the authors' runs). The
generator's weights are multiplied by the objective's factor, as least squares carry 1/2 here and 1 there.
"""

from types import MappingProxyType
from typing import Any, Unpack

import keras
import numpy as np
from keras import layers, ops

from kerasgan import data, distribution, latents
from kerasgan.data import checks
from kerasgan.gan import ImageToImage
from kerasgan.gan.prediction import PredictOptions
from kerasgan.latents.inputs import seed_or_drawn
from kerasgan.layers import (
    GivenLatents,
    WithLatents,
    dcgan_convolution,
    dcgan_normal,
    dcgan_transposed,
    leaky_relu,
    normalized,
    patch_logits,
    tanh_images,
)
from kerasgan.scalars import checked

__all__ = ["BicycleGAN", "discriminator", "encoder", "generator"]


@keras.saving.register_keras_serializable("kerasgan")
class BicycleGAN(ImageToImage):
    """A U-Net of images and latents, an encoder of latents, and patch discriminators, trained on pairs.

    `variations(images)` makes several outputs of each input, `predict(images, latents=...)` chosen ones; `predict`
    without latents, and exports, take those in the middle, zeros. `for_latents` makes a model of one choice.

    Args:
        image_size: of training, int or (height, width): multiples of 2^depth.
        input_channels: of the input images.
        channels: of the generated images.
        latent_dim: size of the latents; they are standard normal.
        depth: halvings of the generator: 8 take 256 pixels to 1 (paper).
        width: channels next to the image; they double to 8 times that.
        discriminator_width: the same for the discriminators, `width` if not given.
        patch_layers: strided convolutions of the discriminators: 3 for patches of 70x70 pixels (paper).
        encoder_width: channels of the encoder's first map; they grow to 4 times that; `width` if not given.
        encoder_blocks: halvings of the encoder: 5 for 256 pixels (paper), 4 for 128.
        dropout: of the decoder's maps of 8 times the width but the innermost, in [0, 1).
        l1_weight: lambda_image (section 4), of the targets made from their own latents.
        latent_weight: lambda_latent, of the random latents read off what they made.
        kl_weight: lambda_KL, of the divergence of the encoded latents from the normal distribution.

    Raises:
        ValueError: for sizes that are not divisible by the strides, fewer than three halvings, or no latents.
    """

    tiny_config = MappingProxyType(
        dict(image_size=16, input_channels=1, latent_dim=4, depth=3, width=4, patch_layers=1, encoder_blocks=2)
    )

    extra_metrics = ("l1", "kl", "latent_l1")
    shown_variations = 4
    """Outputs of each input in sample grids."""

    def __init__(
        self,
        *,
        image_size: int | tuple[int, int] = 256,
        input_channels: int = 3,
        channels: int = 3,
        latent_dim: int = 8,
        depth: int = 8,
        width: int = 64,
        discriminator_width: int | None = None,
        patch_layers: int = 3,
        encoder_width: int | None = None,
        encoder_blocks: int = 5,
        dropout: float = 0.0,
        l1_weight: float = 10.0,
        latent_weight: float = 0.5,
        kl_weight: float = 0.01,
        name: str | None = None,
    ):
        if depth < 3 or latent_dim < 1 or encoder_blocks < 1:
            received = f"depth={depth}, latent_dim={latent_dim}, encoder_blocks={encoder_blocks}"
            raise ValueError(f"Expected three halvings, a latent and a block, or more. Received: {received}")
        discriminator_width, encoder_width = discriminator_width or width, encoder_width or width
        parts = {
            "generator": generator(input_channels, channels, latent_dim, depth=depth, width=width, dropout=dropout),
            "encoder": encoder(channels, latent_dim, width=encoder_width, blocks=encoder_blocks),
        }
        super().__init__(
            parts,
            discriminator(channels, width=discriminator_width, patch_layers=patch_layers),
            image_size=image_size,
            multiple=2**depth,
            name=name,
        )
        self.l1_weight, self.latent_weight, self.kl_weight = l1_weight, latent_weight, kl_weight
        self.prior_of_latents = latents.get("normal")
        self.resolve_arguments(discriminator_width=discriminator_width, encoder_width=encoder_width)

    @property
    def latent_dim(self) -> int:
        return self.generator_parts["generator"].inputs[1].shape[-1]

    def assemble(self, parts):
        """The generator and the encoder beside each other."""
        images, points, targets = (
            keras.Input(each.shape[1:], name=name)
            for each, name in zip(
                [*parts["generator"].inputs, *parts["encoder"].inputs], ("images", "latents", "targets")
            )
        )
        outputs = [parts["generator"]([images, points]), *parts["encoder"](targets)]
        return keras.Model([images, points, targets], outputs, name="generator")

    def default_compile_args(self):
        return {**super().default_compile_args(), "objective": "least_squares", "reuse_fakes": True}

    # Training

    def prepare_batch(self, data):
        batch = super().prepare_batch(data)
        return batch._replace(latents=self.sample_latents(batch.real))

    def resample_latents(self, batch):
        return batch._replace(latents=self.sample_latents(batch.real))

    def sample_latents(self, real):
        """Standard normal latents, one vector for each image."""

        def draw(count: Any) -> Any:
            return keras.random.normal((count, self.latent_dim), seed=self.seed_generator, dtype="float32")

        return distribution.own_share(draw, ops.shape(real)[0])

    def synthesize(self, batch):
        """Images of the targets' own latents and of random ones, then mean and log variance of the former."""
        count = ops.shape(batch.real)[0]
        mean, log_variance = self._encoded(batch.real)
        own = mean + self.sample_latents(batch.real) * ops.exp(0.5 * log_variance)
        points = ops.concatenate([own, batch.latents], axis=0)
        twice = ops.concatenate([batch.inputs, batch.inputs], axis=0)
        images = ops.cast(self.generator_parts["generator"]([twice, points], training=True), "float32")
        return images[:count], images[count:], mean, log_variance

    def _encoded(self, images: Any, *, frozen: bool = False) -> tuple[Any, Any]:
        """Mean and log variance; `frozen` for a loss that does not train the encoder."""
        network = self.generator_parts["encoder"]
        if not frozen:
            outputs = network(images, training=True)
        else:
            weights = [ops.stop_gradient(ops.convert_to_tensor(each)) for each in network.trainable_variables]
            others = [ops.convert_to_tensor(each) for each in network.non_trainable_variables]
            outputs, _ = network.stateless_call(weights, others, images, training=True)
        mean, log_variance = (ops.cast(each, "float32") for each in outputs)
        return mean, log_variance

    def discriminator_loss(self, batch):
        """The sum over both discriminators, each with its own fakes, and both sizes of images."""
        real, own, drawn = (self.discriminate(images) for images in (batch.real, *batch.fake[:2]))
        pairs = [*zip(real[:2], own[:2]), *zip(real[2:], drawn[2:])]
        return sum(self.adversarial_loss(*logits) for logits in pairs)

    def generator_loss(self, batch):
        """Both adversarial losses, and the weighted distances of images and latents and divergence (section 3.4)."""
        own, drawn, mean, log_variance = batch.fake
        fake = [*self.discriminate(own)[:2], *self.discriminate(drawn)[2:]]
        real = self.discriminate(batch.real) if self.objective.paired else [None] * 4
        adversarial = sum(self.objective.generator_loss(*logits) for logits in zip(real, fake))
        distance = ops.mean(ops.abs(own - batch.real))
        divergence = divergence_from_normal(mean, log_variance)
        back, _ = self._encoded(drawn, frozen=True)
        latent_distance = ops.mean(ops.abs(back - batch.latents))
        for name, value in zip(self.extra_metrics, (distance, divergence, latent_distance)):
            self.log(name, value)
        weighted = self.l1_weight * distance + self.kl_weight * divergence + self.latent_weight * latent_distance
        return adversarial + self.objective.factor * weighted

    def discriminate(self, images, condition=None):
        """The logits of the discriminator of encoded latents in both sizes, then those of the one of random latents."""
        return [ops.cast(logits, "float32") for logits in self.discriminator(images, training=True)]

    def discriminator_condition(self, batch):
        return None

    def penalize(self, penalty, batch):
        """The sum over both discriminators and sizes."""
        total = 0.0
        for place in range(4):

            def discriminate(images, place=place):
                return self.discriminate(images)[place]

            fake = batch.fake[place // 2]
            total = total + penalty(discriminate, batch.real, fake, self.seed_generator, step=self.optimizer.iterations)
        return total

    # Translation

    def call(self, inputs: Any, training: bool | None = None) -> Any:
        """Images from [images, latents], or from images alone and latents of zeros."""
        if not isinstance(inputs, (list, tuple)):
            inputs = [inputs, ops.zeros((ops.shape(inputs)[0], self.latent_dim))]
        return self.sampler_parts["generator"](inputs, training=training)

    def translator(self, direction: str | None = None) -> keras.Model:
        super().translator(direction)  # refuses all
        return self._fixed(np.zeros(self.latent_dim, "float32"))

    def _conditioned(self, direction, count):
        super().translator(direction)  # refuses all
        return self.sampler_parts["generator"], [np.zeros((count, self.latent_dim), "float32")]

    def _fixed(self, point: np.ndarray) -> keras.Model:
        """The generator of images alone, for one vector of latents."""
        images = keras.Input(self.generator.inputs[0].shape[1:], name="images")
        given = GivenLatents(point.tolist(), dtype="float32", name="given_latents")(images)
        return keras.Model(images, self.sampler_parts["generator"]([images, given]), name="generator")

    def for_latents(self, point: Any) -> ImageToImage:
        """A model of images alone for one vector of latents, with this model's networks, to predict and to export.

        Args:
            point: (latent_dim,).

        Raises:
            ValueError: for another shape.
        """
        (vector,) = latents.given(np.asarray(point)[np.newaxis], self.latent_dim)
        return self._for_choice(self._fixed(vector), latents=vector.tolist())

    @checked
    def predict(  # type: ignore[override]
        self,
        images: Any,
        batch_size: int | None = None,
        verbose: str | int = "auto",
        steps: int | None = None,
        *,
        direction: str | None = None,
        latents: Any = None,
        tile_size: int | None = None,
        overlap: int | None = None,
        out: Any = None,
    ) -> Any:
        """As `ImageToImage.predict`, for latents of zeros or given ones.

        Args:
            images, batch_size, verbose, steps, tile_size, overlap, out: as there.
            direction: none, as there is one generator.
            latents: (latent_dim,) for all images, or (count, latent_dim), one for each; zeros if not given.

        Raises:
            ValueError: as there, or for latents of another shape.
        """
        rows = [] if latents is None else [self._rows(latents, images)]
        options: Any = dict(batch_size=batch_size, verbose=verbose, steps=steps, direction=direction)
        return self._predict(images, rows, **options, tile_size=tile_size, overlap=overlap, out=out)

    def _rows(self, given: Any, images: Any) -> np.ndarray:
        """Given latents with a row for each image, or one row for a single image."""
        try:
            points = np.asarray(given, "float32")
        except (TypeError, ValueError) as error:
            raise ValueError(f"Expected latents ({self.latent_dim},). Received: latents={given!r}") from error
        alone = not isinstance(images, (list, tuple)) and np.ndim(images) == 3
        if points.ndim == 1:
            points = np.repeat(points[np.newaxis], 1 if alone else max(1, len(images)), axis=0)
        elif points.ndim != 2 or alone or len(points) != len(images):
            expected = f"Expected latents ({self.latent_dim},), or a row for each image"
            raise ValueError(f"{expected}. Received: latents.shape={points.shape}")
        return latents.given(points, self.latent_dim)

    @checked
    def variations(
        self, images: Any, count: int = 4, *, seed: int | None = None, **options: Unpack[PredictOptions]
    ) -> Any:
        """Several outputs of each input, of random latents that are the same for all inputs.

        Args:
            images: as of `predict`.
            count: outputs of each.
            seed: of the latents; makes them reproducible.
            **options: of `predict`: batch_size, verbose, steps, tile_size, overlap.

        Returns float32 (count, ...) in [-1, 1]: for each vector of latents what `predict` returns; a list if `images`
        is one.
        """
        points = self.prior_of_latents.draw(count, self.latent_dim, seed_or_drawn(seed))
        made = [self.predict(images, latents=point, **options) for point in points]
        return made if isinstance(images, (list, tuple)) else np.stack(made)

    @checked
    def encode(self, images: Any, *, batch_size: int = 64) -> tuple[np.ndarray, np.ndarray]:
        """Mean and log variance of the latents of output images, each (count, latent_dim).

        Args:
            images: (count, height, width, channels), uint8 or float in [-1, 1].
            batch_size: images computed at a time.
        """
        pixels = data.sources.scaled(checks.image_array(images))
        if pixels.ndim != 4 or pixels.shape[-1] != self.image_shape[-1]:
            expected = f"Expected images (count, height, width, {self.image_shape[-1]})"
            raise ValueError(f"{expected}. Received: images.shape={pixels.shape}")
        return tuple(self._outputs(self.sampler_parts["encoder"], [pixels], batch_size=batch_size))

    def _columns(self, inputs: np.ndarray, targets: np.ndarray) -> list[np.ndarray]:
        """Inputs, several outputs of each, targets."""
        return [inputs, *self.variations(inputs, self.shown_variations, seed=0), targets]


def divergence_from_normal(mean: Any, log_variance: Any) -> Any:
    """KL(N(mean, exp(log_variance)) || N(0, 1)), summed over the latents (batch, size), the mean over the batch."""
    terms = ops.square(mean) + ops.exp(log_variance) - 1.0 - log_variance
    return 0.5 * ops.mean(ops.sum(terms, axis=-1))


def generator(
    input_channels: int, channels: int, latent_dim: int, *, depth: int, width: int, dropout: float = 0.0
) -> keras.Model:
    """[Images of sides that are multiples of 2^depth, latents] to images, by a U-Net with latents at every halving."""
    images = keras.Input((None, None, input_channels), name="images")
    points = keras.Input((latent_dim,), name="latents")
    filters = [width * min(2**level, 8) for level in range(depth)]
    x, skips = images, []
    for level in range(depth):
        x = WithLatents(name=f"down{level}_latents")([x, points])
        x = leaky_relu(x, f"down{level}") if level else x
        x = dcgan_convolution(x, filters[level], 4, f"down{level}")
        x = x if level in (0, depth - 1) else _normalized(x, f"down{level}")
        skips.append(x)
    for level in range(depth - 1, 0, -1):
        x = layers.ReLU(name=f"up{level}_relu")(x)
        x = _normalized(dcgan_transposed(x, filters[level - 1], 4, f"up{level}"), f"up{level}")
        if dropout and 4 <= level < depth - 1:
            x = layers.Dropout(dropout, name=f"up{level}_dropout")(x)
        x = layers.Concatenate(name=f"up{level}_skip")([x, skips[level - 1]])
    x = dcgan_transposed(layers.ReLU(name="up0_relu")(x), channels, 4, "up0", dtype="float32")
    return keras.Model([images, points], tanh_images(x), name="translator")


def encoder(channels: int, latent_dim: int, *, width: int, blocks: int) -> keras.Model:
    """Images to mean and log variance of their latents, by residual blocks."""
    images = keras.Input((None, None, channels), name="images")
    x = dcgan_convolution(images, width, 4, "stem")
    for index in range(1, blocks):
        x = _block(x, width * min(index + 1, 4), f"block{index}")
    x = layers.GlobalAveragePooling2D(name="mean_place")(leaky_relu(x, "last"))
    options: Any = dict(kernel_initializer=dcgan_normal(), dtype="float32")
    outputs = [layers.Dense(latent_dim, name=name, **options)(x) for name in ("mean", "log_variance")]
    return keras.Model(images, outputs, name="encoder")


def discriminator(channels: int, *, width: int, patch_layers: int) -> keras.Model:
    """Images to four maps of logits: of two discriminators, each of images in full and in half their size.

    The first is trained on images of encoded latents, the second on those of random ones.
    """
    images = keras.Input((None, None, channels), name="images")
    half = layers.AveragePooling2D(2, name="half")(images)
    logits = []
    for name in ("encoded", "random"):
        for x, factor, size in ((images, 1, "full"), (half, 2, "half")):
            inputs = keras.Input((None, None, channels), name="images")
            options: Any = dict(width=max(1, width // factor), patch_layers=patch_layers)
            patches = patch_logits(inputs, **options, norm="instance", affine=False)
            logits.append(keras.Model(inputs, patches, name=f"{name}_{size}")(x))
    return keras.Model(images, logits, name="discriminator")


def _block(x, filters: int, name: str):
    """Two convolutions and a halving beside a halving and a convolution."""
    y = leaky_relu(_normalized(x, f"{name}_1"), f"{name}_1")
    y = dcgan_convolution(y, x.shape[-1], 3, f"{name}_conv1", strides=1)
    y = leaky_relu(_normalized(y, f"{name}_2"), f"{name}_2")
    y = dcgan_convolution(y, filters, 3, f"{name}_conv2", strides=1)
    y = layers.AveragePooling2D(2, padding="same", name=f"{name}_pool")(y)
    skip = layers.AveragePooling2D(2, padding="same", name=f"{name}_skip_pool")(x)
    skip = dcgan_convolution(skip, filters, 1, f"{name}_skip", strides=1)
    return layers.Add(name=f"{name}_sum")([y, skip])


def _normalized(x, name: str):
    return normalized(x, "instance", affine=False, name=f"{name}_norm")
