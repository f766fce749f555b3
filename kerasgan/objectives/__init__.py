"""Adversarial objectives: logits in, scalars out.

Every objective has a discriminator loss and a generator loss. Both are minimized and averaged over all elements of the
logits, so that a patch discriminator's map works like a single logit.
"""

from kerasgan.names import made, resolve
from kerasgan.objectives.adversarial import (
    BoundarySeeking,
    Hinge,
    LeastSquares,
    MaximumLikelihood,
    Minimax,
    NonSaturating,
    Objective,
    Relativistic,
    RelativisticAverage,
    Softmax,
    Wasserstein,
)
from kerasgan.objectives.f_gan import Divergence, FDivergence, divergence_names, get_divergence
from kerasgan.scalars import guard

__all__ = [
    "BoundarySeeking",
    "Divergence",
    "FDivergence",
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
    "divergence_names",
    "get",
    "get_divergence",
    "names",
]

_OBJECTIVES: dict[str, type[Objective]] = {
    "boundary_seeking": BoundarySeeking,
    "f_divergence": FDivergence,
    "hinge": Hinge,
    "least_squares": LeastSquares,
    "maximum_likelihood": MaximumLikelihood,
    "minimax": Minimax,
    "non_saturating": NonSaturating,
    "relativistic": Relativistic,
    "relativistic_average": RelativisticAverage,
    "softmax": Softmax,
    "wasserstein": Wasserstein,
}


def names() -> list[str]:
    """The names that `get` accepts, sorted."""
    return sorted(_OBJECTIVES)


def get(objective: "str | dict | Objective") -> Objective:
    """An objective from its name, from `{"name": "minimax", "label_smoothing": 0.1}`, or unchanged.

    Raises:
        ValueError: for an unknown name, with the nearest known ones.
    """
    if isinstance(objective, Objective):
        return objective
    settings = dict(objective) if isinstance(objective, dict) else {"name": objective}
    name = settings.pop("name", None)
    base = "kerasgan.objectives.Objective"
    name = resolve(name, names(), expected="an objective", received=f"objective={objective!r}", base=base)
    return made(_OBJECTIVES[name], settings, received=f"objective={objective!r}")


guard(globals(), __all__)
