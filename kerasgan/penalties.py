"""Gradient penalties: scalars from a discriminator and images.

Each penalty is a weighted mean over the batch of a function of the per-sample gradient of the discriminator's output
with respect to its input. With `interval=n` it is computed on every n-th discriminator step and multiplied by n there
(lazy regularization, Karras et al. 2020, arXiv 1912.04958, appendix B). On a linear discriminator w.x each is exact:
weight (||w|| - target)^2, weight/2 ||w||^2 or weight ||w||^power, whatever the batch. The gradient is per sample only
where the outputs of a sample do not depend on its neighbors: batch normalization in the discriminator mixes them
(1704.00028, section 4), and `GAN.compile` refuses the two together.
"""

from collections.abc import Callable
from typing import Any

import keras
from keras import ops

from kerasgan import gradients, schedules
from kerasgan.names import made, resolve
from kerasgan.scalars import check, guard

__all__ = ["DRAGAN", "R1", "R2", "GradientPenalty", "Penalty", "WGANDiv", "get", "names"]


class Penalty:
    """A penalty on the discriminator's gradient.

    Args:
        weight: positive factor of the mean: a number, a schedule of steps, or a recipe's table of one.
        interval: discriminator steps from one computation to the next, at least 1.

    Raises:
        ValueError: if weight or interval is not positive.
    """

    name = "penalty"
    per_sample = True
    """Whether it depends on each image's own gradient, which batch normalization in the discriminator mixes."""

    def __init__(self, *, weight: Any = 10.0, interval: int = 1):
        weight = schedules.get(weight)
        if not callable(weight):
            check("weight", weight, float)
            if weight <= 0:
                raise ValueError(f"Expected a positive penalty weight. Received: weight={weight}")
        self.weight, self.interval = weight, interval

    def __call__(
        self, discriminator: Callable[[Any], Any], real: Any, fake: Any, seed: Any = None, *, step: Any = 0
    ) -> Any:
        """The scalar penalty.

        Args:
            discriminator: a function of a batch of images.
            real: a batch of real images, channels last.
            fake: a batch of generated images of the same shape.
            seed: a `keras.random.SeedGenerator` for the penalties that draw points.
            step: discriminator steps done, for a weight that follows a schedule.
        """
        return schedules.at(self.weight, step) * self.measure(discriminator, real, fake, seed)

    def measure(self, discriminator: Callable[[Any], Any], real: Any, fake: Any, seed: Any) -> Any:
        """The penalty without its weight."""
        raise TypeError(f"{type(self).__name__} must define `measure`.")

    def get_config(self) -> dict[str, Any]:
        return {"weight": keras.saving.serialize_keras_object(self.weight), "interval": self.interval}

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> "Penalty":
        return cls(**config)


def _squared_norms(gradient: Any, *, per_pixel: bool = False) -> Any:
    axes = -1 if per_pixel else list(range(1, len(gradient.shape)))
    return ops.sum(ops.square(ops.cast(gradient, "float32")), axis=axes)


def _deviation(discriminator: Callable, points: Any, target: float, *, per_pixel: bool = False) -> Any:
    squared_norms = _squared_norms(gradients.input_gradients(discriminator, points), per_pixel=per_pixel)
    # The root's slope is infinite at zero; the published code has no such constant and can return NaN.
    return ops.mean(ops.square(ops.sqrt(squared_norms + 1e-12) - target))


def _uniform_per_sample(images: Any, seed: Any) -> Any:
    shape = (ops.shape(images)[0], *[1] * (len(images.shape) - 1))
    return keras.random.uniform(shape, seed=seed, dtype=images.dtype)


@keras.saving.register_keras_serializable("kerasgan")
class GradientPenalty(Penalty):
    """WGAN-GP (Gulrajani et al. 2017, arXiv 1704.00028), equation 3: weight E(||grad D(x)|| - target)^2.

    x = u real + (1 - u) fake, with one u ~ U(0, 1) per sample. With `per_pixel` the norm is over the channels of each
    pixel, and the mean over all pixels: for a discriminator of patches whose scores are summed (Shaham et al. 2019,
    arXiv 1905.01164, the published code).
    """

    name = "gradient_penalty"

    def __init__(self, *, weight: Any = 10.0, interval: int = 1, target: float = 1.0, per_pixel: bool = False):
        super().__init__(weight=weight, interval=interval)
        self.target, self.per_pixel = target, per_pixel

    def measure(self, discriminator, real, fake, seed):
        points = fake + _uniform_per_sample(real, seed) * (real - fake)
        return _deviation(discriminator, points, self.target, per_pixel=self.per_pixel)

    def get_config(self):
        return {**super().get_config(), "target": self.target, "per_pixel": self.per_pixel}


@keras.saving.register_keras_serializable("kerasgan")
class R1(Penalty):
    """Mescheder et al. 2018 (arXiv 1801.04406), equation 9: weight/2 E||grad D(real)||^2."""

    name = "r1"

    def measure(self, discriminator, real, fake, seed):
        return 0.5 * ops.mean(_squared_norms(gradients.input_gradients(discriminator, real)))


@keras.saving.register_keras_serializable("kerasgan")
class R2(Penalty):
    """Mescheder et al. 2018 (arXiv 1801.04406), equation 10: weight/2 E||grad D(fake)||^2."""

    name = "r2"

    def measure(self, discriminator, real, fake, seed):
        return 0.5 * ops.mean(_squared_norms(gradients.input_gradients(discriminator, fake)))


@keras.saving.register_keras_serializable("kerasgan")
class DRAGAN(Penalty):
    """DRAGAN (Kodali et al. 2017, arXiv 1705.07215): weight E(||grad D(x)|| - target)^2 around the real images.

    x = real + u n with noise n uniform in [0, spread * standard deviation of the batch) and one u ~ U(0, 1) per sample.
    """

    name = "dragan"

    def __init__(self, *, weight: Any = 10.0, interval: int = 1, target: float = 1.0, spread: float = 0.5):
        super().__init__(weight=weight, interval=interval)
        self.target, self.spread = target, spread

    def measure(self, discriminator, real, fake, seed):
        noise = keras.random.uniform(ops.shape(real), seed=seed, dtype=real.dtype) * self.spread * ops.std(real)
        points = real + _uniform_per_sample(real, seed) * noise
        return _deviation(discriminator, points, self.target)

    def get_config(self):
        return {**super().get_config(), "target": self.target, "spread": self.spread}


@keras.saving.register_keras_serializable("kerasgan")
class WGANDiv(Penalty):
    """WGAN-div (Wu et al. 2018, arXiv 1712.01026): weight E||grad D(x)||^power, between real images and fakes.

    x = u real + (1 - u) fake, with one u ~ U(0, 1) per sample. The objective is `wasserstein`; a discriminator that
    maximizes E D(real) - E D(fake) - weight E||grad D||^power needs no slope of one.
    """

    name = "wgan_div"

    def __init__(self, *, weight: Any = 2.0, interval: int = 1, power: float = 6.0):
        super().__init__(weight=weight, interval=interval)
        if power < 2:
            raise ValueError(f"Expected a power of 2 or more, whose slope is finite. Received: power={power}")
        self.power = power

    def measure(self, discriminator, real, fake, seed):
        points = fake + _uniform_per_sample(real, seed) * (real - fake)
        squared_norms = _squared_norms(gradients.input_gradients(discriminator, points))
        return ops.mean(ops.power(squared_norms + 1e-12, 0.5 * self.power))  # the power has no second slope at 0

    def get_config(self):
        return {**super().get_config(), "power": self.power}


_PENALTIES: dict[str, type[Penalty]] = {
    "dragan": DRAGAN,
    "gradient_penalty": GradientPenalty,
    "r1": R1,
    "r2": R2,
    "wgan_div": WGANDiv,
}


def names() -> list[str]:
    """The names that `get` accepts, sorted."""
    return sorted(_PENALTIES)


def get(penalty: "str | dict | Penalty") -> Penalty:
    """A penalty from its name, from `{"name": "r1", "weight": 1.0, "interval": 16}`, or unchanged.

    Raises:
        ValueError: for an unknown name, with the nearest known ones.
    """
    if isinstance(penalty, Penalty):
        return penalty
    settings = dict(penalty) if isinstance(penalty, dict) else {"name": penalty}
    name = settings.pop("name", None)
    base = "kerasgan.penalties.Penalty"
    name = resolve(name, names(), expected="a penalty", received=f"penalty={penalty!r}", base=base)
    return made(_PENALTIES[name], settings, received=f"penalty={penalty!r}")


guard(globals(), __all__)
