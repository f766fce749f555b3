"""SPADE (GauGAN): label maps to pictures, by normalization whose scale and offset are made of the labels at each place.

Park, Liu, Wang, Zhu: Semantic Image Synthesis with Spatially-Adaptive Normalization, 2019,
https://arxiv.org/abs/1903.07291. Layer tables, weights and rates follow the authors' PyTorch code, without its image
encoder: the generator starts at the label map. Label maps are pictures painted in the colors of a palette, which the
networks turn into one-hot maps, so that what users paint, and painted labels in JPEG files, are inputs as they are.
Deviations: no maps of the edges between instances; the second discriminator's input is averaged over other 3x3 places,
by a pixel; the perceptual loss, where `features` are given, is of whatever network they are.
"""

from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Any

import keras
import numpy as np
from keras import layers, ops

from kerasgan.data import regions
from kerasgan.layers import (
    NearestColor,
    SpectralConv2D,
    Strided,
    leaky_relu,
    normalized,
    spatially_adaptive,
    tanh_images,
)
from kerasgan.models.restoration import Restoration
from kerasgan.scalars import checked

__all__ = ["SPADE", "discriminator", "generator"]

TWO_COLORS = ((0, 0, 0), (255, 255, 255))
THREE_COLORS = ((0, 0, 0), (255, 0, 0), (0, 0, 255))


@keras.saving.register_keras_serializable("kerasgan")
class SPADE(Restoration):
    """Generator with spatially-adaptive normalization, and patch discriminators of several scales.

    The inputs are pictures painted in the colors of the palette; `paint` makes them of label maps.

    Args:
        palette: a color [red, green, blue] from 0 to 255 for each label.
        image_size: of training, int or (height, width): multiples of 2^doublings.
        channels: of the generated images.
        doublings: of the generator: 5 take the maps of 256 pixels from 8 (paper).
        width: channels of the generator's last map; those of the first are 2^(doublings - 1) times as many.
        hidden: channels of the first convolution in each normalization: 128 in the paper.
        norm: of the generator, before labels scale it: "batch" (paper; over a device's share of it), or "instance".
        discriminator_width: of the first layer of each discriminator, `width` if not given.
        discriminators: number of discriminators, each of half the size of the one before it.
        patch_layers: convolutions of each discriminator before the last one: 4 in the paper.
        discriminator_norm: "instance" (paper), "batch", "layer" or "none", besides spectral normalization.
        matching_weight: of the distance of the discriminators' maps.
        pixel_weight: of the mean absolute difference to the target, which the paper does not use.
        features: a feature network, as of `SRGAN`, for the perceptual loss; or None. The factor of {"name": "vgg19"} is
            SRGAN's unless one is given: `spade-cityscapes` has the authors' layers, their weights, and a factor.
        feature_weight: of the mean absolute difference of its features.

    Raises:
        ValueError: for a palette that is none, or sizes that are not multiples.
    """

    tiny_config = MappingProxyType(
        dict(image_size=8, doublings=2, width=2, hidden=3, patch_layers=2, palette=THREE_COLORS)
    )

    needs_content = False

    def __init__(
        self,
        *,
        palette: Sequence[Sequence[int]] = TWO_COLORS,
        image_size: int | tuple[int, int] = 256,
        channels: int = 3,
        doublings: int = 5,
        width: int = 64,
        hidden: int = 128,
        norm: str = "batch",
        discriminator_width: int | None = None,
        discriminators: int = 2,
        patch_layers: int = 4,
        discriminator_norm: str = "instance",
        matching_weight: float = 10.0,
        pixel_weight: float = 0.0,
        features: keras.Model | Mapping[str, Any] | None = None,
        feature_weight: float = 10.0,
        name: str | None = None,
    ):
        if doublings < 2 or patch_layers < 1:
            received = f"doublings={doublings}, patch_layers={patch_layers}"
            raise ValueError(f"Expected two doublings or more, and a layer or more. Received: {received}")
        colors = regions.checked(palette).astype(int).tolist()
        own = discriminator_width or width
        patches: dict[str, Any] = dict(scales=discriminators, patch_layers=patch_layers, norm=discriminator_norm)
        super().__init__(
            generator(colors, channels, doublings=doublings, width=width, hidden=hidden, norm=norm),
            discriminator(colors, channels, width=own, **patches),
            image_size=image_size,
            multiple=2**doublings,
            distance="absolute",
            pixel_weight=pixel_weight,
            features=features,
            feature_layer=None,
            feature_weight=feature_weight,
            adversarial_weight=1.0,
            name=name,
        )
        self.palette, self.scales, self.matching_weight = colors, discriminators, matching_weight
        self.extra_metrics = (*self.extra_metrics, "matching_loss")
        self.resolve_arguments(palette=colors, discriminator_width=own)

    def default_compile_args(self):
        """Two time-scales: 1e-4 and 4e-4 (section 4), with the momenta of the authors' code."""
        first, second = (keras.optimizers.Adam(rate, beta_1=0.0, beta_2=0.9) for rate in (1e-4, 4e-4))
        return {"objective": "hinge", "generator_optimizer": first, "discriminator_optimizer": second}

    def maps(self, images: Any, inputs: Any) -> tuple[list[Any], list[Any]]:
        """The discriminators' logits, one tensor for each scale, and their inner maps, in training mode, float32."""
        found = [ops.cast(each, "float32") for each in self.discriminator([images, inputs], training=True)]
        return found[: self.scales], found[self.scales :]

    def discriminate(self, images, condition=None):
        """The logits of all scales (batch, patches), side by side."""
        logits, _ = self.maps(images, condition)
        return ops.concatenate([ops.reshape(each, (ops.shape(each)[0], -1)) for each in logits], axis=1)

    def discriminator_loss(self, batch):
        """The mean over the scales."""
        (reals, _), (fakes, _) = self.maps(batch.real, batch.inputs), self.maps(batch.fake, batch.inputs)
        return sum(self.adversarial_loss(*pair) for pair in zip(reals, fakes)) / self.scales

    def adversarial_generator_loss(self, batch):
        """The mean over the scales, and matching_weight times the distance of the maps, as in pix2pixHD."""
        fakes, fake_maps = self.maps(batch.fake, batch.inputs)
        reals, real_maps = self.maps(batch.real, batch.inputs)
        pairs = zip(reals if self.objective.paired else [None] * self.scales, fakes)
        adversarial = sum(self.objective.generator_loss(*pair) for pair in pairs) / self.scales
        distances = [ops.mean(ops.abs(fake - ops.stop_gradient(real))) for fake, real in zip(fake_maps, real_maps)]
        matching = sum(distances) / self.scales
        self.log("matching_loss", matching)
        return adversarial + self.matching_weight * matching

    @checked
    def paint(self, labels: Any) -> np.ndarray:
        """Label maps as inputs: uint8 (..., height, width, 3) in the colors of the palette.

        Args:
            labels: whole numbers from 0 on, (count, height, width) or (height, width).

        Raises:
            ValueError: for a label that the palette does not have.
        """
        array = np.asarray(labels)
        if array.dtype.kind not in "iu" or array.min(initial=0) < 0 or array.max(initial=0) >= len(self.palette):
            expected = f"Expected labels as whole numbers from 0 to {len(self.palette) - 1}"
            raise ValueError(f"{expected}. Received: dtype={array.dtype}, range [{array.min()}, {array.max()}]")
        return np.asarray(self.palette, np.uint8)[array]


def generator(
    palette: Sequence[Sequence[int]], channels: int, *, doublings: int, width: int, hidden: int, norm: str = "batch"
) -> keras.Model:
    """Painted label maps of sides that are multiples of 2^doublings to images in [-1, 1] (figures 11 and 12)."""
    images = keras.Input((None, None, 3), name="images")
    labels = NearestColor(palette, name="labels")(images)
    # at the size of each map, from small to large
    levels = [Strided(2**level, name=f"labels{level}")(labels) for level in range(doublings, 0, -1)] + [labels]
    widest = width * 2 ** (doublings - 1)
    options: dict[str, Any] = dict(norm=norm, hidden=hidden)
    x = layers.Conv2D(widest, 3, padding="same", kernel_initializer=small_normal(), name="stem")(levels[0])
    x = _block(x, levels[0], widest, "head", **options)
    for index, maps in enumerate(levels[1:]):
        x = layers.UpSampling2D(name=f"double{index}")(x)
        if not index:
            x = _block(x, maps, widest, "middle0", **options)
            x = _block(x, maps, widest, "middle1", **options)
        else:
            x = _block(x, maps, widest // 2**index, f"up{index}", **options)
    x = leaky_relu(x, "last")
    x = layers.Conv2D(channels, 3, padding="same", kernel_initializer=small_normal(), dtype="float32", name="image")(x)
    return keras.Model(images, tanh_images(x), name="generator")


def discriminator(
    palette: Sequence[Sequence[int]], channels: int, *, width: int, scales: int, patch_layers: int, norm: str
) -> keras.Model:
    """[Images, painted label maps] to the logits of patches of each scale, then all inner maps (figure 13)."""
    images = keras.Input((None, None, channels), name="images")
    inputs = keras.Input((None, None, 3), name="inputs")
    x = layers.Concatenate(name="joined")([NearestColor(palette, name="labels")(inputs), images])
    logits, maps = [], []
    for scale in range(scales):
        if scale:
            x = layers.AveragePooling2D(3, 2, padding="same", name=f"half{scale}")(x)
        *inner, last = _patches(x, f"scale{scale}", width=width, patch_layers=patch_layers, norm=norm)
        logits.append(last)
        maps += inner
    return keras.Model([images, inputs], [*logits, *maps], name="discriminator")


def small_normal() -> keras.initializers.Initializer:
    """Glorot's normal times 0.02, the authors' initial weights."""
    return keras.initializers.VarianceScaling(0.02**2, "fan_avg", "untruncated_normal")


def _block(x: Any, labels: Any, filters: int, name: str, *, norm: str, hidden: int) -> Any:
    """A residual block whose normalization takes the labels; the skip is learned where the channels change."""

    def adapted(maps: Any, part: str) -> Any:
        options: dict[str, Any] = dict(norm=norm, hidden=hidden, initializer=small_normal())
        return spatially_adaptive(maps, labels, f"{name}_{part}", **options)

    def convolved(maps: Any, units: int, part: str, size: int = 3, **options: Any) -> Any:
        initializer = small_normal()
        layer = SpectralConv2D(
            units, size, padding="same", kernel_initializer=initializer, name=f"{name}_{part}", **options
        )
        return layer(maps)

    middle = min(x.shape[-1], filters)
    y = convolved(leaky_relu(adapted(x, "spade1"), f"{name}_1"), middle, "conv1")
    y = convolved(leaky_relu(adapted(y, "spade2"), f"{name}_2"), filters, "conv2")
    if x.shape[-1] != filters:
        x = convolved(adapted(x, "skip_spade"), filters, "skip", 1, use_bias=False)
    return layers.Add(name=f"{name}_sum")([x, y])


def _patches(x: Any, name: str, *, width: int, patch_layers: int, norm: str) -> list[Any]:
    """The inner maps of one discriminator, and its logits; 4x4 kernels that pad two pixels on each side."""
    found = []
    for level in range(patch_layers + 1):
        part, last = f"{name}_conv{level}", level == patch_layers
        units = 1 if last else width * min(2**level, 8)
        strides = 2 if level < max(patch_layers - 1, 1) else 1
        own = norm if 0 < level < patch_layers else "none"
        options: dict[str, Any] = dict(strides=strides, kernel_initializer=small_normal(), name=part)
        kind = SpectralConv2D if 0 < level < patch_layers else layers.Conv2D
        x = layers.ZeroPadding2D(2, name=f"{part}_pad")(x)
        x = kind(units, 4, use_bias=own == "none", dtype="float32" if last else None, **options)(x)
        if not last:
            x = leaky_relu(normalized(x, own, affine=own != "instance", name=f"{part}_norm"), part)
        found.append(x)
    return found
