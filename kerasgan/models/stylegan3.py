"""StyleGAN3: maps are band-limited signals, so that details move with the image and do not stick to its pixels.

Karras, Aittala, Laine, Härkönen, Hellsten, Lehtinen, Aila: Alias-Free Generative Adversarial Networks, 2021,
https://arxiv.org/abs/2106.12423: configuration T, equivariant to translation, and R, to rotation too. The
discriminator is StyleGAN2's. Parameter counts are those of the authors' networks. Deviations: fakes are given the
labels of the real batch; both networks are updated on the same batch; the moving average of the weights always starts
with a short half-life that grows, and averages the mean style and the magnitudes too; modulation scales inputs and
outputs instead of kernels, which is the same.
"""

import math
from collections.abc import Sequence
from types import MappingProxyType
from typing import Any

import keras
import numpy as np
from keras import layers, ops

from kerasgan.gan.constructor_checks import check_choice, check_classes
from kerasgan.layers import (
    Band,
    FilteredLeakyReLU,
    FourierFeatures,
    MagnitudeNormalization,
    ModulatedConv2D,
    Unstack,
    bounded,
    map_shapes,
    mapping_network,
    stylegan2_discriminator,
)
from kerasgan.models.style_based import StyleBasedGAN
from kerasgan.scalars import checked

__all__ = ["StyleGAN3", "bands", "generator", "synthesis"]

VARIANTS = ("t", "r")
CRITICAL = 2  # layers at the end without a safety margin against aliasing, for sharp images
MARGIN = 10  # samples around the image, of which layers see the content beyond its border
FIRST_CUTOFF, FIRST_STOPBAND = 2.0, 2**2.1  # cycles per side of the image
LAST_STOPBAND = 2**0.3  # of the last cutoff
OUTPUT_SCALE = 0.25


@keras.saving.register_keras_serializable("kerasgan")
class StyleGAN3(StyleBasedGAN):
    """StyleGAN3, without or with classes.

    Args:
        image_size: pixels of the square images, a power of two from 8.
        channels: of the images, 1 or more.
        num_classes: number of classes of a conditional model, else None.
        variant: "t", equivariant to translation; "r", with kernels of one pixel, radial filters and twice as many
            channels, to rotation too.
        latent_dim: size of the latent vector.
        style_dim: size of a style.
        mapping_layers: of the mapping network.
        num_layers: of the synthesis, at every image size, without the Fourier features and the last one to colors.
        channel_base: channels of a map times its height, of the discriminator; twice its cutoff, of the generator.
        channel_limit: the most channels of a map. Variant "r" doubles base and limit in the generator.
        group_size: images that the discriminator compares (`MinibatchStdDev`).
        blur_steps: steps from the start in which the discriminator sees blurred images, ever less so: 200,000 images
            for variant "r" in the paper (appendix F); 0 for none.
        prior: of the latents, which are normalized.

    Raises:
        ValueError: for a size that cannot be made, fewer than two classes, or numbers out of range.
    """

    tiny_config = MappingProxyType(
        dict(
            image_size=8,
            channels=1,
            latent_dim=4,
            style_dim=4,
            mapping_layers=1,
            num_layers=3,
            channel_base=32,
            channel_limit=4,
        )
    )

    def __init__(
        self,
        *,
        image_size: int = 256,
        channels: int = 3,
        num_classes: int | None = None,
        variant: str = "t",
        latent_dim: int = 512,
        style_dim: int = 512,
        mapping_layers: int = 2,
        num_layers: int = 14,
        channel_base: int = 32768,
        channel_limit: int = 512,
        group_size: int = 4,
        blur_steps: int = 0,
        prior: Any = "normal",
        name: str | None = None,
    ):
        check_classes(num_classes, optional=True)
        check_choice("variant", variant, VARIANTS)
        _check(image_size, num_layers, blur_steps)
        factor = 2 if variant == "r" else 1
        mapping = mapping_network(
            latent_dim,
            num_classes=num_classes,
            style_dim=style_dim,
            mapping_layers=mapping_layers,
            num_styles=num_layers + 2,
            mean_decay=0.998,
        )
        super().__init__(
            generator(
                mapping,
                synthesis(
                    bands(image_size, num_layers),
                    channels,
                    style_dim,
                    channel_base=factor * channel_base,
                    channel_limit=factor * channel_limit,
                    rotation=variant == "r",
                ),
            ),
            stylegan2_discriminator(
                map_shapes(image_size, base=channel_base, limit=channel_limit),
                channels,
                num_classes=num_classes,
                group_size=group_size,
            ),
            style_mixing=0.0,
            prior=prior,
            num_classes=num_classes,
            name=name,
        )
        self.blur_steps = blur_steps
        self.resolve_arguments()

    def default_compile_args(self) -> dict[str, Any]:
        """Lazy R1 every 16 steps, of weight 2 as for 256 pixels, which grows with their square; half-life 10,000."""
        share = 16 / 17  # Adam adjusted to the lazy penalty (1912.04958, appendix B)
        lazy = {"beta_1": 0.0, "beta_2": 0.99**share, "epsilon": 1e-8}
        return {
            "objective": "non_saturating",
            "generator_optimizer": keras.optimizers.Adam(0.0025, beta_1=0.0, beta_2=0.99, epsilon=1e-8),
            "discriminator_optimizer": keras.optimizers.Adam(0.002 * share, **lazy),
            "penalties": [{"name": "r1", "weight": 2.0, "interval": 16}],
            "ema_half_life": 10_000,
        }

    @checked
    def render(self, styles: Any, *, transform: Any = None, batch_size: int = 64) -> np.ndarray:
        """The images for styles (count, styles, style_dim), as `generate` returns them.

        Args:
            styles: see `styles`.
            transform: a (3, 3) matrix of homogeneous coordinates: the point p of an image shows what is at
                `transform` p without it. The origin is the image's center, x is to the right, y downwards, its side
                is 1: [[1, 0, -0.25], [0, 1, 0], [0, 0, 1]] moves the content a quarter of the image to the right.
            batch_size: images computed at a time.
        """
        if transform is None:
            return super().render(styles, batch_size=batch_size)
        try:
            matrix = np.asarray(transform, dtype="float32")
        except (TypeError, ValueError) as error:
            raise ValueError(f"Expected a finite (3, 3) matrix. Received: transform={transform!r}") from error
        if matrix.shape != (3, 3) or not np.isfinite(matrix).all():
            raise ValueError(f"Expected a finite (3, 3) matrix. Received: transform={transform!r}")
        variable = self.unbounded.get_layer("fourier").transform
        before = ops.convert_to_numpy(variable)
        variable.assign(matrix)
        try:
            return super().render(styles, batch_size=batch_size)
        finally:
            variable.assign(before)

    def style_kernels(self):
        """As that of every style-based family: the first style is that of the waves, which it turns and shifts."""
        waves = self.sampler.get_layer("fourier")
        return [ops.convert_to_numpy(waves.transformation.kernel), *super().style_kernels()]

    def augmented(self, images):
        """As that of every family, of images that are blurred at first (2106.12423, appendix F)."""
        if self.blur_steps:
            left = 1.0 - ops.cast(self.optimizer.iterations, "float32") / self.blur_steps
            images = ops.cond(left > 0, lambda: blurred(images, 10.0 * left), lambda: images)
        return super().augmented(images)


def blurred(images: Any, radius: Any) -> Any:
    """Images (batch, height, width, channels) under the filter 2^-(x / radius)^2; unchanged for a radius of 0."""
    for axis in (1, 2):
        places = np.arange(images.shape[axis])
        distances = ops.convert_to_tensor((places[:, None] - places) ** 2, "float32")
        weights = ops.power(2.0, -distances / ops.square(ops.maximum(radius, 1e-3)))
        taps = ops.convert_to_tensor(np.arange(-100, 101) ** 2, "float32")
        weights = weights / ops.sum(ops.power(2.0, -taps / ops.square(ops.maximum(radius, 1e-3))))
        images = ops.einsum("ij,bjwc->biwc" if axis == 1 else "ij,bhjc->bhic", weights, images)
    return images


def bands(image_size: int, num_layers: int) -> list[Band]:
    """The band of the Fourier features and of each layer after them, of which the last one makes colors (section 3.2).

    Cutoffs fc and stopbands ft grow geometrically up to the last critical layers: fc[i] = fc[0] (fc[N] / fc[0])^(i /
    (N - critical)), with fc[N] half the image's size. The rate is the least power of two that samples ft, or the
    image's; what it leaves beyond the cutoff is the filter's slope.
    """
    exponents = np.minimum(np.arange(num_layers + 1) / (num_layers - CRITICAL), 1)
    last = image_size / 2
    cutoffs = FIRST_CUTOFF * (last / FIRST_CUTOFF) ** exponents
    stopbands = FIRST_STOPBAND * (last * LAST_STOPBAND / FIRST_STOPBAND) ** exponents
    rates = np.exp2(np.ceil(np.log2(np.minimum(2 * stopbands, image_size)))).astype(int)
    slopes = np.maximum(stopbands, rates / 2) - cutoffs
    sizes = [*(rates[:-2] + 2 * MARGIN), image_size, image_size]
    return [
        Band(int(size), int(rate), float(fc), float(fh)) for size, rate, fc, fh in zip(sizes, rates, cutoffs, slopes)
    ]


def widths(cutoffs: Sequence[float], channel_base: int, channel_limit: int) -> list[int]:
    """The channels of layers with these cutoffs."""
    return [max(1, round(min(channel_base / 2 / cutoff, channel_limit))) for cutoff in cutoffs]


def generator(mapping: keras.Model, synthesis: keras.Model) -> dict[str, keras.Model]:
    """Parts of a network from latents (batch, latent_dim), and labels (batch,) if there are classes, to images."""
    return {"mapping": mapping, "synthesis": synthesis, "bound": bounded(synthesis)}


def synthesis(
    levels: list[Band], channels: int, style_dim: int, *, channel_base: int, channel_limit: int, rotation: bool
) -> keras.Model:
    """Styles (batch, layers + 2, style_dim) to images without bounds."""
    features = widths([level.cutoff for level in levels], channel_base, channel_limit)
    inputs = keras.Input((len(levels) + 1, style_dim), name="styles")
    styles = Unstack(name="unstacked")(inputs)
    x = FourierFeatures(features[0], levels[0], dtype="float32", name="fourier")(styles[0])
    kernel_size = 1 if rotation else 3
    for index in range(1, len(levels)):
        # The first convolution stays in the band of the Fourier features.
        before, after = levels[max(index - 2, 0)], levels[index - 1]
        critical = index - 1 >= len(levels) - 1 - CRITICAL
        x = MagnitudeNormalization(name=f"magnitude{index}")(x)
        x = ModulatedConv2D(features[index - 1], kernel_size, padding="full", name=f"conv{index}")([x, styles[index]])
        x = FilteredLeakyReLU(before, after, radial=rotation and not critical, name=f"filtered{index}")(x)
    x = MagnitudeNormalization(name="image_magnitude")(x)
    x = ModulatedConv2D(channels, 1, demodulate=False, use_bias=True, name="image")([x, styles[-1]])
    return keras.Model(inputs, layers.Rescaling(OUTPUT_SCALE, name="image_scaled")(x), name="synthesis")


def _check(image_size: int, num_layers: int, blur_steps: int) -> None:
    if not (isinstance(image_size, int) and image_size >= 8 and math.log2(image_size).is_integer()):
        raise ValueError(f"Expected a power of two from 8 for square images. Received: image_size={image_size}")
    if num_layers <= CRITICAL:
        raise ValueError(f"Expected more than {CRITICAL} layers. Received: num_layers={num_layers}")
    if blur_steps < 0:
        raise ValueError(f"Expected no negative number. Received: blur_steps={blur_steps}")
