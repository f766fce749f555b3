"""SinGAN: one picture is enough; a pyramid of patch GANs, trained scale by scale, learns what its parts look like.

Shaham, Rott Shaham, Dekel, Michaeli: SinGAN: Learning a Generative Model from a Single Natural Image, 2019,
https://arxiv.org/abs/1905.01164. Layer tables and settings follow the authors' code. Deviations: both networks are
updated in turn, where the code makes three updates of the one, then three of the other; the discriminator has instance
normalization, which for one picture is the code's batch normalization; no biases before normalization; the noise of the
reconstruction is the same in all steps (paper), where the code draws that of the coarsest scale in each; the picture
shrinks by averaging areas and grows bilinearly, where the code is bicubic; samples are clipped to [-1, 1].
"""

import functools
import math
from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Any

import keras
import numpy as np
from keras import ops

from kerasgan import data, gradients
from kerasgan.gan import GAN
from kerasgan.gan.model import PRIOR
from kerasgan.latents.inputs import seed_or_drawn
from kerasgan.layers import Split, pyramid
from kerasgan.models.singan_networks import (
    discriminator,
    generator,
    injection,
    noise_shapes,
    pyramid_sizes,
    resized_sizes,
    scale_discriminator,
    scale_generator,
)
from kerasgan.optimizers import StagedAdam, for_both
from kerasgan.scalars import checked
from kerasgan.schedules import Staged

__all__ = ["SinGAN", "discriminator", "generator"]

WIDEST = 128  # channels, beyond which doublings do not go
RECONSTRUCTION_SEED = 190501164


@keras.saving.register_keras_serializable("kerasgan")
class SinGAN(GAN):
    """SinGAN, for one picture of any size and aspect ratio.

    `fit` takes a single picture, `picture[None]` or a folder with one file, and would mix several. It trains the scales
    one after the other, each for `stage_steps` steps, from the coarsest on; samples of an unfinished training lack the
    detail of the scales to come. With `discriminator_steps=n` the generator's `StagedAdam`, which counts its own
    updates, needs a `stage_steps` of an n-th. One latent vector holds the noise of all scales from coarse to fine: a
    plane for the coarsest, and one for each channel of the others. In the logs, `scale` is the scale in training, from
    0 on, and `reconstruction` the root of the mean squared error with which it draws the picture from the fixed noise,
    `reconstruction_latents`.

    Args:
        image_size: an int or (height, width) of the finest scale, pixels.
        channels: of the picture.
        coarsest_size: shorter side of the coarsest scale, pixels, that a patch of 2 depth + 1 pixels must fit into.
        scales: number of scales, 2 or more; so many that each is about 4/3 of the one below, if not given.
        width: channels of the convolutions, twice as many from every fourth scale on, 128 at most.
        depth: convolutions of each network, 2 or more.
        reconstruction_weight: of the reconstruction's mean squared error in the generator's loss.
        noise_amplitude: of a scale's noise, as a share of the error with which the scales below draw the picture.
        stage_steps: steps for each scale.
        prior: of the noise; N(0, 1) if not given.

    Raises:
        ValueError: for sizes or numbers that make no pyramid.
    """

    tiny_config = MappingProxyType(
        dict(image_size=12, channels=1, coarsest_size=8, scales=2, width=2, depth=3, stage_steps=3)
    )
    extra_metrics = ("reconstruction", "scale")

    def __init__(
        self,
        *,
        image_size: int | Sequence[int] = (188, 250),
        channels: int = 3,
        coarsest_size: int = 25,
        scales: int | None = None,
        width: int = 32,
        depth: int = 5,
        reconstruction_weight: float = 10.0,
        noise_amplitude: float = 0.1,
        stage_steps: int = 6000,
        prior: Any = None,
        name: str | None = None,
    ):
        sizes = pyramid_sizes(image_size, coarsest_size, scales)
        if depth < 2 or coarsest_size < 2 * depth + 1:
            expected = "Expected a depth from 2 on, and patches of 2 depth + 1 pixels within coarsest_size"
            raise ValueError(f"{expected}. Received: depth={depth}, coarsest_size={coarsest_size}")
        if min(reconstruction_weight, noise_amplitude) < 0:
            received = f"reconstruction_weight={reconstruction_weight}, noise_amplitude={noise_amplitude}"
            raise ValueError(f"Expected a weight and an amplitude from 0 on. Received: {received}")
        widths = [min(width << index // 4, max(width, WIDEST)) for index in range(len(sizes))]
        self.sizes = tuple(sizes)
        parts = {f"scale{k}": scale_generator(k, channels, width=each, depth=depth) for k, each in enumerate(widths)}
        judges = [
            scale_discriminator(k, size, channels, width=each, depth=depth)
            for k, (size, each) in enumerate(zip(sizes, widths))
        ]
        super().__init__(parts, discriminator(judges, sizes), prior=prior or "normal", name=name)
        self.discriminators: Mapping[int, keras.Model] = MappingProxyType(dict(enumerate(judges)))  # as in LAPGAN
        self.reconstruction_weight, self.noise_amplitude = reconstruction_weight, noise_amplitude
        self.stage_steps = stage_steps
        self._scale: int | None = None
        size = image_size if isinstance(image_size, int) else list(image_size)
        self.resolve_arguments(image_size=size, scales=len(sizes))

    def assemble(self, parts):
        return generator([*parts.values()], self.sizes)

    def default_compile_args(self) -> dict[str, Any]:
        """The authors': WGAN-GP with a weight of 0.1, Adam(5e-4, 0.5), a tenth of its rate after 4/5 of each scale."""
        stages: dict[str, Any] = {"stage_steps": self.stage_steps, "stages": len(self.sizes)}
        return {
            "objective": "wasserstein",
            "penalties": [{"name": "gradient_penalty", "weight": 0.1, "per_pixel": True}],
            **for_both(lambda: StagedAdam(Staged(5e-4, **stages), beta_1=0.5, **stages)),
            "reuse_fakes": True,
        }

    def batches(self, x, y=None, *, batch_size=None):
        """As of `GAN`, with one picture in a batch if nothing else is said."""
        return super().batches(
            x, y, batch_size=1 if batch_size is None and not isinstance(x, data.Source) else batch_size
        )

    @property
    def scale(self) -> int:
        """The scale in training, 0 for the coarsest; the finest before `compile` and after the training."""
        if self._scale is not None:  # within a step
            return self._scale
        return (
            min(self.optimizer.steps // self.stage_steps, len(self.sizes) - 1) if self.compiled else len(self.sizes) - 1
        )

    # Training

    def _step(self, batch, origins=(None, None)):
        """The updates of the scale whose turn it is; the branches of the others are not computed."""
        step = self.optimizer.iterations + 0  # a copy: the variable itself counts on during the step
        turn = ops.minimum(step // self.stage_steps, len(self.sizes) - 1)
        for index in range(len(self.sizes)):
            update = functools.partial(self._step_of, index, step, batch, origins)
            gradients.when(ops.equal(turn, index), update, otherwise=lambda: ops.zeros((), dtype="float32"))

    def _step_of(self, index: int, step: Any, batch: Any, origins: Any) -> Any:
        self._scale = index
        try:
            real, below = self._sized(ops.cast(batch.real, "float32")), None
            if index:
                self._inherit(index, ops.equal(step, index * self.stage_steps))
                below = self._reconstructed_below()
                error = ops.sqrt(ops.mean(ops.square(real - below)))
                self._part(index).get_layer("amplitude").amplitude.assign(self.noise_amplitude * error)
            super()._step(batch._replace(real=real, inputs=below), origins)
            self.log("scale", index)
        finally:
            self._scale = None
        return ops.zeros((), dtype="float32")

    def _inherit(self, index: int, first: Any) -> None:
        """In a scale's first step: it begins with the weights of the one below, if it is as wide."""
        several = (
            (self._part(index), self._part(index - 1)),
            (self.discriminators[index], self.discriminators[index - 1]),
        )
        for own, before in several:
            for variable, other in zip(own.variables, before.variables):
                if variable.shape == other.shape and "float" in variable.dtype:
                    variable.assign(ops.where(first, other.value, variable.value))

    def trained(self, network):
        """The weights of the scale in training."""
        several = [self.discriminators[self.scale]] if network is self.discriminator else [self._part(self.scale)]
        if PRIOR in self.generator_parts and network is self.generator and self.scale == 0:
            several.append(self.generator_parts[PRIOR])
        own = {id(variable) for part in several for variable in part.trainable_variables}
        return [variable for variable in network.trainable_variables if id(variable) in own]

    def synthesize(self, batch):
        """The fakes of the scale in training."""
        noises = self._noises(batch.latents)
        below = self._below(noises)
        return self._drawn(self.scale, noises[self.scale], below, training=True)

    def discriminate(self, images, condition=None):
        """The logits of the patches, (batch, patches), of images in the size of the scale in training, or larger."""
        images = self.augmented(self._sized(images))
        return ops.cast(self.discriminators[self.scale](images, training=True), "float32")

    def generator_loss(self, batch):
        """The objective's, and alpha ||G(z*, below) - x||^2 (equation 4)."""
        below = self._reconstructed_below() if batch.inputs is None else batch.inputs
        reconstruction = self._drawn(self.scale, self._fixed_noises()[self.scale], below, training=True)
        error = reconstruction - self._sized(batch.real)
        squared = ops.mean(ops.square(error))
        self.log("reconstruction", ops.sqrt(squared))
        return super().generator_loss(batch) + self.reconstruction_weight * squared

    def penalize(self, penalty, batch):
        return super().penalize(penalty, batch._replace(real=self._sized(batch.real)))

    def _part(self, index: int) -> keras.Model:
        return self.generator_parts[f"scale{index}"]

    def _sized(self, images: Any) -> Any:
        """Images in the size of the scale in training."""
        size = self.sizes[self.scale]
        return images if tuple(images.shape[1:3]) == size else pyramid.down(images, size)

    def _noises(self, latents: Any) -> list[Any]:
        """The noise of each scale, as maps."""
        if PRIOR in self.generator_parts:
            latents = self.generator_parts[PRIOR](latents, training=True)
        shapes = noise_shapes(self.sizes, self.image_shape[-1])
        counts = [math.prod(shape) for shape in shapes]
        parts = Split(counts)(latents)
        return [ops.reshape(part, (-1, *shape)) for part, shape in zip(parts, shapes)]

    def _drawn(self, index: int, noise: Any, below: Any, *, training: bool) -> Any:
        inputs = noise if below is None else [noise, below]
        return ops.cast(self._part(index)(inputs, training=training), "float32")

    def _below(self, noises: Sequence[Any]) -> Any:
        """What the scales below that in training, which do not change any more, draw, in its size."""
        below = None
        for index in range(self.scale):
            image = self._drawn(index, noises[index], below, training=False)
            below = ops.stop_gradient(pyramid.up(image, self.sizes[index + 1]))
        return below

    def _fixed_noises(self) -> list[Any]:
        """z* as maps; of its zeros, most of it, the graph holds no constant."""
        drawn = self.reconstruction_latents[:, : math.prod(self.sizes[0])]
        zeros = ops.zeros((1, self.latent_dim - drawn.shape[1]), dtype=drawn.dtype)
        coarsest, *others = self._noises(ops.concatenate([drawn, zeros], axis=1))
        return [coarsest, *map(ops.zeros_like, others)]

    def _reconstructed_below(self) -> Any:
        return self._below(self._fixed_noises())

    @property
    def reconstruction_latents(self) -> np.ndarray:
        """The latents z* that the model is trained to draw the picture from, (1, latent_dim): noise, then zeros."""
        latents = self.prior.draw(1, self.latent_dim, RECONSTRUCTION_SEED)
        height, width = self.sizes[0]
        latents[:, height * width :] = 0.0
        return latents

    # Images

    @checked
    def generate(
        self,
        count: int | None = None,
        *,
        latents: Any = None,
        labels: Any = None,
        seed: int | None = None,
        truncation: float = 1.0,
        batch_size: int = 64,
        image_size: int | Sequence[int] | None = None,
    ) -> np.ndarray:
        """Images as of `GAN.generate`, of another size too.

        Args:
            count, latents, labels, seed, truncation, batch_size: as of `GAN.generate`.
            image_size: an int or (height, width), pixels, of larger, smaller, wider or higher images, whose parts are
                as large as the picture's; the model's if not given. `latents` then hold the noise of their scales.

        Returns float32 (count, height, width, channels) in [-1, 1].
        """
        if image_size is None:
            options: dict[str, Any] = {"latents": latents, "labels": labels, "seed": seed, "truncation": truncation}
            return super().generate(count, **options, batch_size=batch_size)
        self._refuse_learned_prior(f"image_size={image_size}")
        network = generator([*self.sampler_parts.values()], resized_sizes(self.sizes, image_size))
        points = self._inputs(count, latents, labels, seed, latent_dim=network.inputs[0].shape[-1])[0]
        return self._outputs(network, [self.prior.truncate(points, truncation)], batch_size=batch_size)

    @checked
    def inject(
        self,
        images: Any,
        *,
        scale: int | None = None,
        image_size: int | Sequence[int] | None = None,
        seed: int | None = None,
        batch_size: int = 64,
    ) -> np.ndarray:
        """Images whose coarse structure is given: they enter one scale as what the scales below it would have drawn.

        A picture with an object pasted in is harmonized by one of the finer scales, a painting turned into a picture by
        one of the coarser ones (section 4). Super-resolution is the finest scale again and again, each time with an
        `image_size` about 4/3 times as large:

            images = gan.inject(images, image_size=(86, 128))

        Args:
            images: (count, height, width, channels) of any size, uint8 or float in [-1, 1].
            scale: the first scale that draws, from 1 on; the finest, the number of scales - 1, if not given.
            image_size: an int or (height, width) of the results, pixels; that of the images if not given.
            seed: of the noise.
            batch_size: images computed at a time.

        Returns float32 (count, height, width, channels) in [-1, 1].

        Raises:
            TypeError, ValueError: for arrays that are not images of the model's channels, or another scale.
        """
        self._refuse_learned_prior(f"scale={scale}")
        last = len(self.sizes) - 1
        first = last if scale is None else scale
        if first > last:
            raise ValueError(f"Expected a scale from 1 to {last}. Received: scale={scale}")
        if np.ndim(images) != 4:
            received = f"images of shape {np.shape(images)}"
            raise ValueError(f"Expected an array of images (count, height, width, channels). Received: {received}")
        shape = (*np.shape(images)[1:3], self.image_shape[-1])
        pixels, _ = data.batch(images, image_shape=shape)
        sizes = resized_sizes(self.sizes, shape[:2] if image_size is None else image_size)
        pixels = ops.convert_to_tensor(pixels)
        if any(own > most for own, most in zip(shape, sizes[first - 1])):
            pixels = pyramid.down(pixels, sizes[first - 1])  # finer detail is for the scales to draw
        below = ops.convert_to_numpy(pyramid.up(pixels, sizes[first]))
        network = injection([*self.sampler_parts.values()][first:], sizes[first:])
        noise = self.prior.draw(len(below), network.inputs[0].shape[-1], seed_or_drawn(seed))
        return self._outputs(network, [noise, below], batch_size=batch_size)

    def _refuse_learned_prior(self, received: str) -> None:
        if PRIOR in self.generator_parts:
            expected = "Expected a prior without weights, which are of the noise of the model's own size"
            raise ValueError(f"{expected}. Received: {received}, prior={self.prior!r}")

    def family_scores(self, images, labels, *, seed=0):
        """The root of the mean squared error of the reconstruction, and the diversity of 100 samples (section 3.1).

        Diversity is each pixel's standard deviation over the samples, on average, over that of the picture's pixels.
        """
        samples = self.generate(100, seed=seed).mean(axis=-1)
        picture = np.asarray(images, "float32")
        error = self.generate(latents=self.reconstruction_latents) - picture
        diversity = samples.std(axis=0).mean() / picture.mean(axis=-1).std(axis=(1, 2)).mean()
        return {"reconstruction_error": float(np.sqrt(np.square(error).mean())), "diversity": float(diversity)}
