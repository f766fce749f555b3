"""Latent priors and labels: the generator's inputs.

A prior draws twice: `sample` inside the training step, with Keras' random numbers on the backend, and `draw` with
NumPy's, which gives the same numbers on every backend, in every exported program and for every batch size.
"""

from kerasgan.latents.inputs import class_labels, given
from kerasgan.latents.learned import LearnedMixture
from kerasgan.latents.mixture import GaussianMixture
from kerasgan.latents.plain import Categorical, Normal, TruncatedNormal, Uniform
from kerasgan.latents.prior import Prior, get, names, register
from kerasgan.latents.product import Part, Product
from kerasgan.latents.tree import Tree
from kerasgan.scalars import guard

__all__ = [
    "Categorical",
    "GaussianMixture",
    "LearnedMixture",
    "Normal",
    "Part",
    "Prior",
    "Product",
    "Tree",
    "TruncatedNormal",
    "Uniform",
    "class_labels",
    "get",
    "given",
    "names",
    "register",
]

guard(globals(), __all__)
