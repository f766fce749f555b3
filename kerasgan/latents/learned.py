"""A mixture whose means and scales are trained with the generator."""

from typing import Any

import keras
from keras import ops

from kerasgan.latents.plain import Categorical, Normal
from kerasgan.latents.prior import Prior, register
from kerasgan.latents.product import Part, Product

__all__ = ["LearnedMixture", "SelectedGaussian"]


@register
class LearnedMixture(Prior):
    """DeLiGAN: z = m_k + s_k * noise with trained m and s (Gurumurthy et al. 2017, arXiv 1706.02071, section 4).

    The prior draws the noise and the component as a one-hot vector; m and s are the generator's first layer and are
    trained, averaged, saved and exported with it. A generator of 30 latents with 50 components thus takes vectors of
    80. Deviation: components are chosen at random, where the authors' batches hold each of them once.

    Args:
        num_components: Gaussians, 2 or more, equally likely.
        mean_range: the means start from U(-mean_range, mean_range).
        scale: initial value of the scales.
        scale_penalty: weight of mean((1 - s)^2) in the generator's loss, which keeps the scales from vanishing.

    Raises:
        ValueError: for fewer than two components, or numbers that are not positive (the penalty: negative).
    """

    def __init__(
        self,
        num_components: int = 50,
        *,
        mean_range: float = 1.0,
        scale: float = 0.2,
        scale_penalty: float = 1 / 3,
    ):
        self._component = Categorical(num_components)
        if not (mean_range > 0 and scale > 0 and scale_penalty >= 0):
            received = f"mean_range={mean_range}, scale={scale}, scale_penalty={scale_penalty}"
            raise ValueError(f"Expected positive numbers, and a penalty from 0 on. Received: {received}")
        self.num_components: int = num_components
        self.mean_range, self.scale, self.scale_penalty = float(mean_range), float(scale), float(scale_penalty)

    def drawn(self, latent_dim: int) -> Product:
        """The prior that is drawn from: noise for latent_dim - num_components latents, and the component."""
        self.check(latent_dim)
        return Product([Part(Normal(), latent_dim - self.num_components), Part(self._component, code="component")])

    def sample(self, count, latent_dim, seed):
        return self.drawn(latent_dim).sample(count, latent_dim, seed)

    def draw(self, count, latent_dim, seed=None):
        return self.drawn(latent_dim).draw(count, latent_dim, seed)

    def draw_given(self, values, count, latent_dim, seed=None):
        """As `draw`, from the components `values`: an int for all, or one for each row."""
        return self.drawn(latent_dim).draw_given({"component": values}, count, latent_dim, seed)

    def responsibilities(self, latents):
        return latents[:, -self.num_components :]

    def component_entropy(self):
        return self._component.entropy()

    def check(self, latent_dim):
        if latent_dim <= self.num_components:
            expected = f"Expected more latents than the {self.num_components} components, which are drawn one-hot"
            raise ValueError(f"{expected}. Received: latent_dim={latent_dim}")

    def drawn_dim(self, latent_dim):
        return latent_dim + self.num_components

    def transform(self, latents):
        return SelectedGaussian(
            self.num_components, mean_range=self.mean_range, scale=self.scale, scale_penalty=self.scale_penalty
        )(latents)

    def get_config(self):
        return {
            "num_components": self.num_components,
            "mean_range": self.mean_range,
            "scale": self.scale,
            "scale_penalty": self.scale_penalty,
        }

    def describe(self, latent_dim=None):
        return self.drawn(latent_dim or 0).describe()


@keras.saving.register_keras_serializable("kerasgan")
class TowardOne(keras.regularizers.Regularizer):
    """weight * mean((1 - x)^2)."""

    def __init__(self, weight: float):
        self.weight = weight

    def __call__(self, x):
        return self.weight * ops.mean(ops.square(1.0 - x))

    def get_config(self):
        return {"weight": self.weight}


@keras.saving.register_keras_serializable("kerasgan")
class SelectedGaussian(keras.layers.Layer):
    """[noise (batch, n), one-hot (batch, components)], joined, to means + scales * noise of the component, (batch, n).

    Args:
        num_components: columns of the one-hot vector.
        mean_range: bound of the uniform distribution that the means start from.
        scale: initial value of the scales.
        scale_penalty: weight of mean((1 - scales)^2) among the layer's losses.
        **options: of `keras.layers.Layer`.
    """

    def __init__(
        self, num_components: int, *, mean_range: float = 1.0, scale: float = 0.2, scale_penalty: float = 0.0, **options
    ):
        super().__init__(**options)
        self.num_components, self.mean_range = num_components, mean_range
        self.scale, self.scale_penalty = scale, scale_penalty

    def build(self, input_shape):
        shape = (self.num_components, input_shape[-1] - self.num_components)
        start = keras.initializers.RandomUniform(-self.mean_range, self.mean_range)
        self.means = self.add_weight(shape=shape, initializer=start, name="means")
        self.scales = self.add_weight(
            shape=shape,
            initializer=keras.initializers.Constant(self.scale),
            regularizer=TowardOne(self.scale_penalty) if self.scale_penalty else None,
            name="scales",
        )

    def call(self, inputs):
        noise, component = inputs[:, : -self.num_components], inputs[:, -self.num_components :]
        return ops.matmul(component, self.means) + ops.matmul(component, self.scales) * noise

    def compute_output_shape(self, input_shape):
        return (input_shape[0], input_shape[-1] - self.num_components)

    def get_config(self) -> dict[str, Any]:
        return {
            **super().get_config(),
            "num_components": self.num_components,
            "mean_range": self.mean_range,
            "scale": self.scale,
            "scale_penalty": self.scale_penalty,
        }
