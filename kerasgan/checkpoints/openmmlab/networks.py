"""The networks of a GAN in OpenMMLab's files, and the prefixes of their tensors."""

from __future__ import annotations

import functools
from collections.abc import Iterable

from kerasgan.checkpoints.placement import generator_and_average

__all__ = ["NETWORKS", "by_domain", "one_generator"]

NETWORKS = ("generator_ema.", "generator.")  # prefixes of the tensors of networks that generate images, the best first

one_generator = functools.partial(generator_and_average, plain="generator.", averaged="generator_ema.")


def by_domain(names: Iterable[str]) -> list[str]:
    """The prefixes of image-to-image generators, `generators.DOMAIN.`, in the file's order."""
    parts = (name.split(".", 2) for name in names)
    return list(
        dict.fromkeys(f"{first}.{rest[0]}." for first, *rest in parts if first == "generators" and len(rest) > 1)
    )
