"""The families, discovered: no list to edit."""

import pytest

from kerasgan import models
from kerasgan.gan import GAN, ImageToImage

FAMILIES = [getattr(models, name) for name in models.__all__]
TRANSLATING = [family for family in FAMILIES if family.task.from_images]
DRAWING = [family for family in FAMILIES if family not in TRANSLATING]
PLAIN = {models.DCGAN, models.Pix2Pix}  # of images from noise, and from images


def each_of(several):
    return pytest.mark.parametrize("family", several, ids=lambda family: family.__name__)


def of_each_kind(several, *methods):
    """The plain families, and one of each different set of overrides of these methods of the base class."""
    for name in methods:
        assert any(hasattr(family, name) for family in several), f"renamed? No family has a method {name}"
    found = {}
    for family in several:
        base = ImageToImage if family in TRANSLATING else GAN
        own = tuple(getattr(family, name, None) for name in methods)
        if own != tuple(getattr(base, name, None) for name in methods):
            found.setdefault(own, family)
    return sorted(PLAIN & {*several} | {*found.values()}, key=lambda family: family.__name__)


def overriding(several, *methods):
    return each_of(of_each_kind(several, *methods))
