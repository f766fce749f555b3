"""StyleGAN2: styles scale the convolutions' weights, skip connections replace progressive growing, paths keep length.

Karras, Laine, Aittala, Hellsten, Lehtinen, Aila: Analyzing and Improving the Image Quality of StyleGAN, 2020,
https://arxiv.org/abs/1912.04958; with classes, and the settings for small data sets, as in Karras, Aittala, Hellsten,
Laine, Lehtinen, Aila: Training Generative Adversarial Networks with Limited Data, 2020,
https://arxiv.org/abs/2006.06676. Parameter counts are those of the authors' networks. Deviations: fakes are given the
labels of the real batch; both networks are updated on the same batch; the moving average of the weights always starts
with a short half-life that grows; the mean style is averaged with the weights; modulation scales inputs and outputs
instead of kernels, which is the same; a minibatch that groups do not divide evenly makes groups of unequal size.
"""

import math
from collections.abc import Sequence
from types import MappingProxyType
from typing import Any

import keras
from keras import layers, ops

from kerasgan import gradients
from kerasgan.gan.constructor_checks import check_classes
from kerasgan.layers import (
    Bias,
    FIRResampling2D,
    LearnedConstant,
    ModulatedConv2D,
    NoiseInjection,
    Unstack,
    bounded,
    map_shapes,
    mapping_network,
    scaled_leaky_relu,
    stylegan2_discriminator,
)
from kerasgan.models.style_based import StyleBasedGAN

__all__ = ["StyleGAN2", "generator", "synthesis"]


@keras.saving.register_keras_serializable("kerasgan")
class StyleGAN2(StyleBasedGAN):
    """StyleGAN2, without or with classes.

    Args:
        image_size: an int or (height, width), pixels: a map of 4 to 7 pixels on its shorter side, doubled.
        channels: of the images, 1 or more.
        num_classes: number of classes of a conditional model, else None.
        latent_dim: size of the latent vector.
        style_dim: size of a style.
        mapping_layers: of the mapping network.
        channel_base: channels of a map times its height: 32768 in configuration F, 16384 in A to E.
        channel_limit: the most channels of a map.
        residual: whether the discriminator has skip connections (configuration F), or plain blocks.
        group_size: images that the discriminator compares (`MinibatchStdDev`).
        style_mixing: share of training images that mix two latents' styles.
        path_length_weight: of path length regularization; 0 for none.
        path_length_interval: generator steps from one regularization to the next.
        prior: of the latents, which are normalized.

    Raises:
        ValueError: for a size that cannot be made, fewer than two classes, or numbers out of range.
    """

    tiny_config = MappingProxyType(
        dict(image_size=8, channels=1, latent_dim=4, style_dim=4, mapping_layers=1, channel_base=32, channel_limit=4)
    )

    def __init__(
        self,
        *,
        image_size: int | Sequence[int] = 256,
        channels: int = 3,
        num_classes: int | None = None,
        latent_dim: int = 512,
        style_dim: int = 512,
        mapping_layers: int = 8,
        channel_base: int = 32768,
        channel_limit: int = 512,
        residual: bool = True,
        group_size: int = 4,
        style_mixing: float = 0.9,
        path_length_weight: float = 2.0,
        path_length_interval: int = 4,
        prior: Any = "normal",
        name: str | None = None,
    ):
        check_classes(num_classes, optional=True)
        if path_length_weight < 0 or path_length_interval < 1:
            received = f"path_length_weight={path_length_weight}, path_length_interval={path_length_interval}"
            raise ValueError(f"Expected no negative weight, and a positive interval. Received: {received}")
        maps = map_shapes(image_size, base=channel_base, limit=channel_limit)
        super().__init__(
            generator(
                maps, channels, latent_dim, num_classes=num_classes, style_dim=style_dim, mapping_layers=mapping_layers
            ),
            stylegan2_discriminator(maps, channels, num_classes=num_classes, residual=residual, group_size=group_size),
            style_mixing=style_mixing,
            prior=prior,
            num_classes=num_classes,
            name=name,
        )
        self.path_length_weight = path_length_weight
        self.generator_penalty_interval = path_length_interval if path_length_weight else 0
        self.extra_metrics = ("path_length_penalty",) if path_length_weight else ()
        self.mean_path_length = self.add_weight(
            (), initializer="zeros", trainable=False, aggregation="mean", name="mean_path_length"
        )
        self.resolve_arguments(image_size=image_size if isinstance(image_size, int) else list(image_size))

    def default_compile_args(self) -> dict[str, Any]:
        """Configuration F: lazy R1 every 16 steps, Adam adjusted to lazy penalties (appendix B), half-life 10,000."""
        return {
            "objective": "non_saturating",
            "generator_optimizer": lazy_adam(0.002, self.generator_penalty_interval),
            "discriminator_optimizer": lazy_adam(0.002, 16),
            "penalties": [{"name": "r1", "weight": 10.0, "interval": 16}],
            "ema_half_life": 10_000,
        }

    def generator_penalty(self, batch):
        """Equation 4: E (|J' y| - a)^2 for y ~ N(0, I) and a the running mean of |J' y|, of half of the batch.

        J is the images' Jacobian by the styles; the length is a mean square over the layers' styles, and y is divided
        by the square root of the number of pixels, so that `a` depends on neither.
        """
        count = (ops.shape(batch.latents)[0] + 1) // 2
        labels = None if batch.labels is None else batch.labels[:count]
        styles = self.training_styles(batch._replace(latents=batch.latents[:count], labels=labels))
        synthesis = self._halves["synthesis"]
        height, width, channels = self.image_shape
        shape = (count, height, width, channels)
        noise = keras.random.normal(shape, seed=self.seed_generator) / math.sqrt(height * width)

        def projected(points: Any) -> Any:
            return ops.sum(ops.cast(synthesis(points, training=True), "float32") * noise, axis=(1, 2, 3))

        slopes = ops.cast(gradients.input_gradients(projected, styles), "float32")
        lengths = ops.sqrt(ops.mean(ops.sum(ops.square(slopes), axis=-1), axis=-1) + 1e-12)
        mean = self.mean_path_length + 0.01 * (ops.stop_gradient(ops.mean(lengths)) - self.mean_path_length)
        self.mean_path_length.assign(mean)
        penalty = self.path_length_weight * ops.mean(ops.square(lengths - mean))
        self.log("path_length_penalty", penalty)
        return penalty


def lazy_adam(learning_rate: float, interval: int) -> keras.optimizers.Optimizer:
    """Adam of decays 0 and 0.99 for a network with a penalty on every `interval`-th step, counted as a step more.

    With c = interval / (interval + 1), rate and decays become c times and to the power c (appendix B).
    """
    share = interval / (interval + 1) if interval else 1.0
    return keras.optimizers.Adam(learning_rate * share, beta_1=0.0, beta_2=0.99**share, epsilon=1e-8)


def generator(
    maps: Sequence[tuple[int, int, int]],
    channels: int,
    latent_dim: int,
    *,
    num_classes: int | None,
    style_dim: int,
    mapping_layers: int,
) -> dict[str, keras.Model]:
    """Parts of a network from latents (batch, latent_dim), and labels (batch,) if there are classes, to images.

    `maps` are (height, width, channels), from the smallest to the images' size.
    """
    first = mapping_network(
        latent_dim,
        num_classes=num_classes,
        style_dim=style_dim,
        mapping_layers=mapping_layers,
        num_styles=2 * len(maps),
    )
    second = synthesis(maps, channels, style_dim)
    return {"mapping": first, "synthesis": second, "bound": bounded(second)}


def synthesis(maps: Sequence[tuple[int, int, int]], channels: int, style_dim: int) -> keras.Model:
    """Styles (batch, 2 for each map, style_dim) to images without bounds."""
    inputs = keras.Input((2 * len(maps), style_dim), name="styles")
    styles = Unstack(name="unstacked")(inputs)
    x = LearnedConstant(maps[0], name="constant")(styles[0])
    x = _styled(x, styles[0], maps[0][-1], "conv1")
    image = _colored(x, styles[1], channels, "image1")
    for index, (_, _, width) in enumerate(maps[1:], start=2):
        level_styles = styles[2 * index - 3 :]
        x = _styled(x, level_styles[0], width, f"up{index}", upsample=True)
        x = _styled(x, level_styles[1], width, f"conv{index}")
        above = FIRResampling2D(up=2, name=f"image{index - 1}_up")(image)
        image = layers.Add(name=f"sum{index}")([above, _colored(x, level_styles[2], channels, f"image{index}")])
    return keras.Model(inputs, image, name="synthesis")


def _styled(x: Any, style: Any, filters: int, name: str, *, upsample: bool = False) -> Any:
    x = ModulatedConv2D(filters, 3, upsample=upsample, name=name)([x, style])
    return Bias(scaled_leaky_relu, name=f"{name}_bias")(NoiseInjection(name=f"{name}_noise")(x))


def _colored(x: Any, style: Any, channels: int, name: str) -> Any:
    return ModulatedConv2D(channels, 1, demodulate=False, use_bias=True, name=name)([x, style])
