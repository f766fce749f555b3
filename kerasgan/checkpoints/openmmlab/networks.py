"""Which networks of a GAN OpenMMLab's files hold, and the prefixes of their tensors."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import keras

    from kerasgan.gan import GAN

__all__ = ["by_domain", "one_generator"]


def one_generator(gan: GAN, names: Iterable[str]) -> list[tuple[keras.Model, str]]:
    """The generator and, where the GAN or the file has one, its moving average; without prefix in a bare state dict.

    A GAN with one generator only takes the file's moving average; both of a GAN take a file's only one.
    """
    names = tuple(names)
    present = [prefix for prefix in ("generator.", "generator_ema.") if any(name.startswith(prefix) for name in names)]
    plain, averaged = (present[0], present[-1]) if present else ("", "")
    if gan.sampler is gan.generator:
        return [(gan.generator, averaged)]
    return [(gan.generator, plain), (gan.sampler, averaged)]


def by_domain(names: Iterable[str]) -> list[str]:
    """The prefixes of image-to-image generators, `generators.DOMAIN.`, in the file's order."""
    parts = (name.split(".", 2) for name in names)
    return list(
        dict.fromkeys(f"{first}.{rest[0]}." for first, *rest in parts if first == "generators" and len(rest) > 1)
    )
