"""f-GAN: every f-divergence has an adversarial objective whose value at the best discriminator is that divergence.

Nowozin, Cseke, Tomioka: f-GAN: Training Generative Neural Samplers using Variational Divergence Minimization, 2016,
https://arxiv.org/abs/1606.00709. For P the data, Q the model, u = p/q, and v the discriminator's logit,

    D_f(P || Q) = E_Q f(u) >= E_P g(v) - E_Q f*(g(v)),   with equality where g(v) = f'(u).

f is convex, f* its Fenchel conjugate, and the output activation g maps every logit into the domain of f*. The table
below is the paper's; f*(g(v)) is written out in the logit, because f* after g overflows or cancels. Exponentials
are continued by their tangents above exp(30): Adam squares gradients, and the square of exp(60) overflows float32.
Objectives with exponential losses (KL, reverse KL, Neyman, Hellinger) still need clipped gradients: see
`benchmarks/toys.py`.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import keras
from keras import ops

from kerasgan.names import resolve
from kerasgan.objectives.adversarial import Objective

__all__ = ["Divergence", "FDivergence", "divergence_names", "get_divergence"]

Function = Callable[[Any], Any]


@dataclass(frozen=True)
class Divergence:
    """An f-divergence as its objective needs it: functions of tensors or arrays, element by element.

    Attributes:
        f: of the ratio u = p/q > 0; the divergence is E_Q f(u).
        slope: f'(u), the best discriminator's output.
        conjugate: f*(t), of outputs in the domain of f*.
        activation: g(v), of any logit; increasing, into the domain of f*.
        conjugate_of_activation: f*(g(v)), finite for large logits.
        threshold: f'(1), the output that separates what is likelier real from what is likelier fake.
        boundary: the logit of that output.
    """

    f: Function
    slope: Function
    conjugate: Function
    activation: Function
    conjugate_of_activation: Function
    threshold: float = 0.0
    boundary: float = 0.0


LARGEST = 30.0


def _exp(x: Any) -> Any:
    return ops.exp(ops.minimum(x, LARGEST)) * (1.0 + ops.relu(x - LARGEST))


def _log_sigmoid(logits: Any) -> Any:
    return -ops.softplus(-logits)


LOG2 = math.log(2.0)
_TABLE = {
    "gan": Divergence(  # 2 JSD - log 4: the value of Goodfellow's objective
        f=lambda u: u * ops.log(u) - (u + 1.0) * ops.log1p(u),
        slope=lambda u: ops.log(u) - ops.log1p(u),
        conjugate=lambda t: -ops.log(-ops.expm1(t)),
        activation=_log_sigmoid,
        conjugate_of_activation=ops.softplus,
        threshold=-LOG2,
    ),
    "jensen_shannon": Divergence(  # 2 JSD
        f=lambda u: u * ops.log(u) - (u + 1.0) * (ops.log1p(u) - LOG2),
        slope=lambda u: ops.log(u) - ops.log1p(u) + LOG2,
        conjugate=lambda t: -ops.log(2.0 - ops.exp(t)),
        activation=lambda v: LOG2 + _log_sigmoid(v),
        conjugate_of_activation=lambda v: ops.softplus(v) - LOG2,
    ),
    "kl": Divergence(  # KL(P || Q)
        f=lambda u: u * ops.log(u),
        slope=lambda u: 1.0 + ops.log(u),
        conjugate=lambda t: ops.exp(t - 1.0),
        activation=lambda v: v,
        conjugate_of_activation=lambda v: _exp(v - 1.0),
        threshold=1.0,
        boundary=1.0,
    ),
    "neyman": Divergence(  # the integral of (p - q)^2 / p
        f=lambda u: ops.square(1.0 - u) / u,
        slope=lambda u: 1.0 - 1.0 / ops.square(u),
        conjugate=lambda t: 2.0 - 2.0 * ops.sqrt(1.0 - t),
        activation=lambda v: 1.0 - _exp(-v),
        conjugate_of_activation=lambda v: 2.0 - 2.0 * _exp(-0.5 * v),
    ),
    "pearson": Divergence(  # the integral of (p - q)^2 / q
        f=lambda u: ops.square(u - 1.0),
        slope=lambda u: 2.0 * (u - 1.0),
        conjugate=lambda t: 0.25 * ops.square(t) + t,
        activation=lambda v: v,
        conjugate_of_activation=lambda v: 0.25 * ops.square(v) + v,
    ),
    "reverse_kl": Divergence(  # KL(Q || P)
        f=lambda u: -ops.log(u),
        slope=lambda u: -1.0 / u,
        conjugate=lambda t: -1.0 - ops.log(-t),
        activation=lambda v: -_exp(-v),
        conjugate_of_activation=lambda v: v - 1.0,
        threshold=-1.0,
    ),
    "squared_hellinger": Divergence(  # the integral of (sqrt p - sqrt q)^2
        f=lambda u: ops.square(ops.sqrt(u) - 1.0),
        slope=lambda u: 1.0 - 1.0 / ops.sqrt(u),
        conjugate=lambda t: t / (1.0 - t),
        activation=lambda v: 1.0 - _exp(-v),
        conjugate_of_activation=lambda v: _exp(v) - 1.0,
    ),
}
WEIGHTED = "weighted_jensen_shannon"


def _weighted_jensen_shannon(weight: float) -> Divergence:
    """weight KL(P || M) + (1 - weight) KL(Q || M) with M = weight P + (1 - weight) Q."""
    rest = 1.0 - weight
    shift = -weight * math.log(weight)

    def log_rest(v: Any) -> Any:
        """log(1 - sigma(v)^(1/weight)): sigma rounds to 1 for large logits, where x = -log sigma(v)^(1/weight) is
        exp(-v) / weight, and the logarithm of 1 - exp(-x) is log(x) - x/2."""
        large = v > 15.0
        x = ops.softplus(-ops.where(large, 0.0, v)) / weight
        beyond = ops.where(large, v, 15.0)
        tail = -beyond - math.log(weight) - 0.5 * ops.exp(-beyond) / weight
        return ops.where(large, tail, ops.log(-ops.expm1(-x)))

    return Divergence(
        f=lambda u: weight * u * ops.log(u) - (rest + weight * u) * ops.log(rest + weight * u),
        slope=lambda u: weight * (ops.log(u) - ops.log(rest + weight * u)),
        conjugate=lambda t: rest * (math.log(rest) - ops.log(1.0 - weight * ops.exp(t / weight))),
        activation=lambda v: shift + _log_sigmoid(v),
        conjugate_of_activation=lambda v: rest * (math.log(rest) - log_rest(v)),
        boundary=-math.log(math.expm1(shift)),
    )


def divergence_names() -> list[str]:
    """The names that `get_divergence` accepts, sorted."""
    return sorted([*_TABLE, WEIGHTED])


def get_divergence(name: str, *, weight: float | None = None) -> Divergence:
    """The f-divergence of that name.

    Args:
        name: one of `divergence_names()`.
        weight: of P in "weighted_jensen_shannon", the lambda-divergence (Huszár 2015, arXiv 1511.05101), in (0, 1).
            Divided by the weight it tends to KL(P || Q) for a weight of 0, divided by 1 - weight to KL(Q || P) for 1:
            a small weight covers the data's modes, a large one seeks some of them.

    Raises:
        ValueError: for an unknown name, with the nearest known ones, or a weight that is missing, not applicable, or
            outside (0, 1).
    """
    name = resolve(name, divergence_names(), expected="a divergence", received=f"divergence={name!r}")
    if name == WEIGHTED:
        if weight is None or not 0.0 < weight < 1.0:
            raise ValueError(f"Expected a weight between 0 and 1 for {WEIGHTED}. Received: weight={weight}")
        return _weighted_jensen_shannon(weight)
    if weight is not None:
        raise ValueError(f"Expected a weight for {WEIGHTED} only. Received: divergence={name!r}, weight={weight}")
    return _TABLE[name]


@keras.saving.register_keras_serializable("kerasgan")
class FDivergence(Objective):
    """The objective of an f-divergence (1606.00709, equations 4 and 6).

    Discriminator: E f*(g(b)) - E g(a), minus the estimated divergence. Generator: -E g(b), the alternative of the
    paper's section 3.2, whose gradient does not vanish where the discriminator is confident; or directly -E f*(g(b)),
    which descends the divergence itself.

    Args:
        divergence: one of `kerasgan.objectives.divergence_names()`.
        weight: of the data in "weighted_jensen_shannon", in (0, 1).
        direct: whether the generator minimizes the estimated divergence itself.

    Raises:
        ValueError: for an unknown divergence, or a weight that it does not take.
    """

    def __init__(self, *, divergence: str = "jensen_shannon", weight: float | None = None, direct: bool = False):
        self.functions = get_divergence(divergence, weight=weight)
        self.divergence, self.weight, self.direct = divergence, weight, direct

    @property
    def boundary(self):
        return self.functions.boundary

    def discriminator_loss(self, real_logits, fake_logits):
        fake_value = ops.mean(self.functions.conjugate_of_activation(fake_logits))
        return fake_value - ops.mean(self.functions.activation(real_logits))

    def generator_loss(self, real_logits, fake_logits):
        function = self.functions.conjugate_of_activation if self.direct else self.functions.activation
        return -ops.mean(function(fake_logits))

    def get_config(self):
        return {"divergence": self.divergence, "weight": self.weight, "direct": self.direct}
