"""Base of StyleGAN and its successors: a mapping network from latents to styles, style mixing and truncation."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

import keras
import numpy as np
from keras import ops

from kerasgan.gan import GAN, Batch
from kerasgan.layers import compose
from kerasgan.scalars import checked

__all__ = ["StyleBasedGAN"]


class StyleBasedGAN(GAN):
    """A generator of two halves: latents (and labels) to styles, a style for each of its layers, and styles to images.

    Args:
        generator: by the names "mapping", latents (and labels) to styles (batch, styles, style_dim), with the layers
            `mean_style`, see `MeanStyle`, and `styles`, its output; "synthesis", those to images; and "bound", which
            bounds these to [-1, 1], see `ImageRange`.
        discriminator: as of `GAN`.
        style_mixing: share of the training images that have the styles of two latents, the first below and the second
            above a layer drawn at random (Karras et al. 2019, 1812.04948, section 3.1).
        **options: of `GAN`.
    """

    has_styles = True

    def __init__(
        self,
        generator: Mapping[str, keras.Model],
        discriminator: keras.Model,
        *,
        style_mixing: float,
        **options: Any,
    ):
        if not 0 <= style_mixing <= 1:
            raise ValueError(f"Expected style_mixing to be a share from 0 to 1. Received: style_mixing={style_mixing}")
        super().__init__(generator, discriminator, **options)
        self.style_mixing = style_mixing
        self._halves = _halves(self.generator_parts)
        self._ema_halves: Mapping[str, keras.Model] = MappingProxyType({})

    def _make_ema_generator(self) -> keras.Model:
        before, average = self.ema_generator, super()._make_ema_generator()
        if average is not before:
            self._ema_halves = _halves(self._ema_parts)
        return average

    @property
    def _sampler_halves(self) -> Mapping[str, keras.Model]:
        return self._halves if self.ema_generator is None else self._ema_halves

    @property
    def mapping(self) -> keras.Model:
        """The first half of the network to sample from: its inputs to styles (batch, styles, style_dim)."""
        return self._sampler_halves["mapping"]

    @property
    def synthesis(self) -> keras.Model:
        """The second half: styles (batch, styles, style_dim) to images."""
        return self._sampler_halves["synthesis"]

    @property
    def unbounded(self) -> keras.Model:
        """The second half without the bound of its images to [-1, 1], where gradients vanish."""
        return self._sampler_halves["unbounded"]

    @property
    def num_styles(self) -> int:
        """Styles of an image."""
        return self.synthesis.input_shape[1]

    @property
    def mean_style(self) -> np.ndarray:
        """The mean style (style_dim,), averaged in training."""
        return ops.convert_to_numpy(self.sampler.get_layer("mean_style").mean)

    @checked
    def styles(
        self, count: int | None = None, *, latents: Any = None, labels: Any = None, seed: int | None = None
    ) -> np.ndarray:
        """Styles (count, styles, style_dim) of latents, or of latents drawn as `generate` draws them."""
        return self._outputs(self.mapping, self._inputs(count, latents, labels, seed), batch_size=1024)

    @checked
    def render(self, styles: Any, *, batch_size: int = 64) -> np.ndarray:
        """The images for styles (count, styles, style_dim), as `generate` returns them."""
        return self._outputs(self.synthesis, [np.asarray(styles, dtype="float32")], batch_size=batch_size)

    def style_kernels(self) -> list[np.ndarray]:
        """For each layer with features the kernel (style_dim, outputs) of its affine map, in the styles' order."""
        names = [layer.name for layer in self.sampler.layers if hasattr(layer, "affine")]
        kept = [self.sampler.get_layer(name) for name in names if not name.startswith("image")]
        return [ops.convert_to_numpy(layer.affine.kernel) for layer in kept]

    def truncated(self, inputs, truncation):
        if truncation == 1:
            return self.sampler, inputs
        styles = self._outputs(self.mapping, inputs, batch_size=1024)
        return self.synthesis, [self.truncated_styles(styles, truncation)]

    @checked
    def truncated_styles(self, styles: Any, truncation: float) -> np.ndarray:
        """w' = mean + truncation (w - mean) of styles w (..., style_dim); below 0 opposites.

        Karras et al. 2019 (1812.04948), appendix B. Raises ValueError for a truncation that is NaN.
        """
        return self.mean_style + np.float32(truncation) * (styles - self.mean_style)

    def truncation_center(self):
        return "styles", self.mean_style

    def training_styles(self, batch: Batch) -> Any:
        """Styles (batch, styles, style_dim) for a batch, some of them mixed."""
        mapping = self._halves["mapping"]
        inputs = batch.latents if batch.labels is None else [batch.latents, batch.labels]
        if not self.style_mixing:
            return mapping(inputs, training=True)
        others = self.sample_latents(batch.latents)
        others = others if batch.labels is None else [others, batch.labels]
        both = keras.tree.map_structure(lambda *pair: ops.concatenate(pair), inputs, others)
        first, second = ops.split(mapping(both, training=True), 2)
        return ops.where(self._kept(first), first, second)

    def _kept(self, styles: Any) -> Any:
        """Which styles are those of the first latents: (batch, styles, 1)."""
        batch, count = ops.shape(styles)[0], styles.shape[1]
        draws = keras.random.uniform((2, batch, 1, 1), seed=self.seed_generator)
        crossovers = 1 + ops.floor(draws[0] * (count - 1))  # 1 to count - 1
        layer = ops.reshape(ops.arange(count, dtype="float32"), (1, count, 1))
        return ops.logical_or(layer < crossovers, draws[1] >= self.style_mixing)

    def synthesize(self, batch):
        synthesis = self._halves["synthesis"]
        return ops.cast(synthesis(self.training_styles(batch), training=True), "float32")


def _halves(parts: Mapping[str, keras.Model]) -> Mapping[str, keras.Model]:
    """The generator's halves as networks, which share the layers of its parts."""
    mapping, synthesis, bound = (parts[name] for name in ("mapping", "synthesis", "bound"))
    if "prior" in parts:
        mapping = compose(parts["prior"], mapping)
    whole = compose(synthesis, bound)
    halves = {"mapping": mapping, "synthesis": whole, "unbounded": synthesis}
    return MappingProxyType(halves)  # a dict would be tracked as part of the model
