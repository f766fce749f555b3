"""The objectives of the papers: the losses of the discriminator and of the generator.

a denotes the discriminator's output on real images, b on fakes, sp(x) = log(1 + exp x), and sigma the logistic
function; D = sigma(a). None of them has the factor 1/2 that some code puts before the sum of the real and the fake
term, except least squares, as in its paper: see `factor`.
"""

from typing import Any

import keras
from keras import ops

__all__ = [
    "BoundarySeeking",
    "Hinge",
    "LeastSquares",
    "MaximumLikelihood",
    "Minimax",
    "NonSaturating",
    "Objective",
    "Relativistic",
    "RelativisticAverage",
    "Softmax",
    "Wasserstein",
]


class Objective:
    """The losses that the discriminator and the generator minimize.

    Custom objectives derive from this class. Both losses take the logits in the same order, those of real images
    first; `GAN.compile` refuses another order.

    Attributes:
        paired: whether the generator's loss also depends on the logits of real images.
        needs_lipschitz: whether it has no optimum unless the discriminator's slope is bounded, by a penalty, clipped
            weights, spectral normalization or constraints; `GAN.compile` refuses it otherwise.
        ordered: whether the discriminator is to give real images larger logits than fakes, all through the training.
        factor: the factor of both losses, 1/2 in least squares. A family whose paper weighs other losses against terms
            without a factor multiplies those weights by it.
    """

    paired = False
    needs_lipschitz = False
    ordered = True
    factor: float = 1.0

    @property
    def boundary(self) -> float | None:
        """The logit that separates real from fake; None if only differences of logits have a meaning."""
        return 0.0

    def discriminator_loss(self, real_logits: Any, fake_logits: Any) -> Any:
        """The scalar that the discriminator minimizes."""
        raise TypeError(f"{type(self).__name__} must define `discriminator_loss`.")

    def generator_loss(self, real_logits: Any, fake_logits: Any) -> Any:
        """The scalar that the generator minimizes; `real_logits` is None unless the objective is paired."""
        raise TypeError(f"{type(self).__name__} must define `generator_loss`.")

    def get_config(self) -> dict[str, Any]:
        return {}

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> "Objective":
        return cls(**config)


@keras.saving.register_keras_serializable("kerasgan")
class Minimax(Objective):
    """The zero-sum objective of Goodfellow et al. 2014 (arXiv 1406.2661), equation 1.

    Discriminator: E sp(-a) + E sp(b) = -E log D(x) - E log(1 - D(G(z))).
    Generator: -E sp(b) = E log(1 - D(G(z))).

    Args:
        label_smoothing: one-sided (Salimans et al. 2016, section 3.4): real images get the target 1 - label_smoothing,
            fakes keep 0. In [0, 1).
    """

    def __init__(self, *, label_smoothing: float = 0.0):
        if not 0.0 <= label_smoothing < 1.0:
            raise ValueError(f"Expected label_smoothing in [0, 1). Received: label_smoothing={label_smoothing}")
        self.label_smoothing = label_smoothing

    def discriminator_loss(self, real_logits, fake_logits):
        real_loss = ops.mean(ops.softplus(-real_logits))
        if self.label_smoothing:
            # -(1 - s) log D - s log(1 - D) = sp(-a) + s a
            real_loss += self.label_smoothing * ops.mean(real_logits)
        return real_loss + ops.mean(ops.softplus(fake_logits))

    def generator_loss(self, real_logits, fake_logits):
        return -ops.mean(ops.softplus(fake_logits))

    def get_config(self):
        return {"label_smoothing": self.label_smoothing}


@keras.saving.register_keras_serializable("kerasgan")
class NonSaturating(Minimax):
    """Goodfellow et al. 2014, section 3: the generator maximizes log D(G(z)), whose gradient does not vanish.

    Discriminator: as `Minimax`. Generator: E sp(-b) = -E log D(G(z)).
    """

    def generator_loss(self, real_logits, fake_logits):
        return ops.mean(ops.softplus(-fake_logits))


@keras.saving.register_keras_serializable("kerasgan")
class BoundarySeeking(Minimax):
    """The boundary-seeking GAN (Hjelm et al. 2018, arXiv 1702.08431), for continuous data.

    Discriminator: as `Minimax`. Generator: 1/2 E b^2 = 1/2 E (log D(G(z)) - log(1 - D(G(z))))^2, which moves fakes to
    the boundary, not beyond it.
    """

    def generator_loss(self, real_logits, fake_logits):
        return 0.5 * ops.mean(ops.square(fake_logits))


@keras.saving.register_keras_serializable("kerasgan")
class MaximumLikelihood(Minimax):
    """Goodfellow 2014 (arXiv 1412.6515): at the optimal discriminator the generator descends KL(data || model).

    Discriminator: as `Minimax`. Generator: -E exp(b) = -E exp(sigma^-1(D(G(z)))). Of very high variance: one sample
    can dominate a batch.
    """

    def generator_loss(self, real_logits, fake_logits):
        return -ops.mean(ops.exp(fake_logits))


@keras.saving.register_keras_serializable("kerasgan")
class LeastSquares(Objective):
    """LSGAN (Mao et al. 2017, arXiv 1611.04076), equation 2.

    Discriminator: 1/2 E(a - real_target)^2 + 1/2 E(b - fake_target)^2. Generator: 1/2 E(b - generator_target)^2.

    Args:
        fake_target: the paper's a.
        real_target: the paper's b.
        generator_target: the paper's c. (-1, 1, 0) minimizes Pearson's chi-square; (0, 1, 1) is the usual coding.
        factor: of both losses; 1/2 in the paper.

    Raises:
        ValueError: if fake_target equals real_target, which leaves nothing to discriminate, or for a factor that is
            not positive.
    """

    def __init__(
        self,
        *,
        fake_target: float = 0.0,
        real_target: float = 1.0,
        generator_target: float = 1.0,
        factor: float = 0.5,
    ):
        if not factor > 0:
            raise ValueError(f"Expected a positive factor. Received: factor={factor}")
        if fake_target == real_target:
            raise ValueError(
                "Expected different targets for real images and fakes. "
                f"Received: fake_target={fake_target}, real_target={real_target}"
            )
        self.fake_target, self.real_target, self.generator_target = fake_target, real_target, generator_target
        self.factor = factor

    @property
    def boundary(self):
        return (self.real_target + self.fake_target) / 2

    def discriminator_loss(self, real_logits, fake_logits):
        real_loss = ops.mean(ops.square(real_logits - self.real_target))
        return self.factor * (real_loss + ops.mean(ops.square(fake_logits - self.fake_target)))

    def generator_loss(self, real_logits, fake_logits):
        return self.factor * ops.mean(ops.square(fake_logits - self.generator_target))

    def get_config(self):
        return {
            "fake_target": self.fake_target,
            "real_target": self.real_target,
            "generator_target": self.generator_target,
            "factor": self.factor,
        }


@keras.saving.register_keras_serializable("kerasgan")
class Hinge(Objective):
    """The hinge loss of geometric GAN and SN-GAN (Miyato et al. 2018, arXiv 1802.05957, equations 16 and 17).

    Discriminator: E max(0, 1 - a) + E max(0, 1 + b). Generator: -E b.
    """

    def discriminator_loss(self, real_logits, fake_logits):
        return ops.mean(ops.relu(1.0 - real_logits)) + ops.mean(ops.relu(1.0 + fake_logits))

    def generator_loss(self, real_logits, fake_logits):
        return -ops.mean(fake_logits)


@keras.saving.register_keras_serializable("kerasgan")
class Wasserstein(Objective):
    """WGAN (Arjovsky et al. 2017, arXiv 1701.07875), equation 2; the critic must be kept Lipschitz by a penalty.

    Discriminator: E b - E a, minus the estimated distance. Generator: -E b.
    """

    needs_lipschitz = True
    boundary = None

    def discriminator_loss(self, real_logits, fake_logits):
        return ops.mean(fake_logits) - ops.mean(real_logits)

    def generator_loss(self, real_logits, fake_logits):
        return -ops.mean(fake_logits)


@keras.saving.register_keras_serializable("kerasgan")
class Relativistic(Objective):
    """The paired relativistic GAN (Jolicoeur-Martineau 2018, arXiv 1807.00734), as used by R3GAN (arXiv 2501.05441).

    Discriminator: E sp(-(a - b)). Generator: E sp(-(b - a)). Real and fake logits are paired by position.
    """

    paired = True
    boundary = None

    def discriminator_loss(self, real_logits, fake_logits):
        return ops.mean(ops.softplus(fake_logits - real_logits))

    def generator_loss(self, real_logits, fake_logits):
        return ops.mean(ops.softplus(real_logits - fake_logits))


@keras.saving.register_keras_serializable("kerasgan")
class RelativisticAverage(Objective):
    """The relativistic average GAN (Jolicoeur-Martineau 2018, 1807.00734), as in ESRGAN (1809.00219, 3.2).

    Discriminator: E sp(-(a - E b)) + E sp(b - E a). Generator: E sp(-(b - E a)) + E sp(a - E b). The
    logit measures how much more real an image is than the average of the other kind, not how real it is.
    """

    paired = True
    boundary = None

    def discriminator_loss(self, real_logits, fake_logits):
        real = ops.subtract(real_logits, ops.mean(fake_logits))
        fake = ops.subtract(fake_logits, ops.mean(real_logits))
        return ops.mean(ops.softplus(-real)) + ops.mean(ops.softplus(fake))

    def generator_loss(self, real_logits, fake_logits):
        return self.discriminator_loss(fake_logits, real_logits)  # with real and fake exchanged


@keras.saving.register_keras_serializable("kerasgan")
class Softmax(Objective):
    """The softmax GAN (Lin 2017, arXiv 1704.06191): the logits of a batch, real and fake, are those of one softmax.

    With p its shares, the discriminator minimizes the cross-entropy of p with equal shares of the real images and none
    of the fakes, -E log p(real), log(batch) at least; the generator that with equal shares of all images,
    log(2 batch) at least, where all logits are equal. It looks at real images, too: their share has to fall.
    """

    paired = True
    boundary = None

    def discriminator_loss(self, real_logits, fake_logits):
        return _log_sum(real_logits, fake_logits) - ops.mean(real_logits)

    def generator_loss(self, real_logits, fake_logits):
        return _log_sum(real_logits, fake_logits) - 0.5 * (ops.mean(real_logits) + ops.mean(fake_logits))


def _log_sum(real_logits: Any, fake_logits: Any) -> Any:
    return ops.logsumexp(ops.concatenate([ops.reshape(real_logits, (-1,)), ops.reshape(fake_logits, (-1,))], axis=0))
