"""Exploring what a generator has learned: paths through its latents; directions, mixtures and projections of styles.

    images = kerasgan.exploration.walk(gan, [0, 1, 2], frames=60)              # seeds, or your own latents
    images = kerasgan.exploration.arithmetic(gan, smiling, neutral, other)    # A - B + C
    rows, strengths = kerasgan.exploration.sensitive_directions(gan)          # that change the images most
    images = kerasgan.exploration.mix(gan, [0, 1, 2], [3, 4, 5])              # a style-based model's styles

Functions that take a GAN return float32 images (count, height, width, channels) in [-1, 1]; those that take latents
return latents.
"""

from kerasgan.exploration.projection import Projection, project
from kerasgan.exploration.sensitivity import sensitive_directions
from kerasgan.exploration.styles import (
    distinct,
    edit,
    mix,
    principal_directions,
    semantic_directions,
    style_groups,
    truncation_grid,
)
from kerasgan.exploration.walks import (
    arithmetic,
    class_grid,
    combine,
    eased,
    interpolate,
    linear,
    loop,
    path,
    spherical,
    walk,
)
from kerasgan.scalars import guard

__all__ = [
    "Projection",
    "arithmetic",
    "class_grid",
    "combine",
    "distinct",
    "eased",
    "edit",
    "interpolate",
    "linear",
    "loop",
    "mix",
    "path",
    "principal_directions",
    "project",
    "semantic_directions",
    "sensitive_directions",
    "spherical",
    "style_groups",
    "truncation_grid",
    "walk",
]

guard(globals(), __all__)
