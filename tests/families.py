"""The families, discovered: nobody edits a list here."""

import pytest

from kerasgan import models
from kerasgan.gan import GAN, ImageToImage

FAMILIES = [getattr(models, name) for name in models.__all__]
TRANSLATING = [family for family in FAMILIES if issubclass(family, ImageToImage)]
DRAWING = [family for family in FAMILIES if family not in TRANSLATING]
PLAIN = models.DCGAN


def each_of(several):
    return pytest.mark.parametrize("family", several, ids=lambda family: family.__name__)


def overriding(several, *methods):
    """A plain family, and one of each different set of overrides of these methods of the base class."""
    found = {}
    for family in several:
        base = ImageToImage if family in TRANSLATING else GAN
        own = tuple(getattr(family, name) for name in methods)
        if own != tuple(getattr(base, name) for name in methods):
            found.setdefault(own, family)
    return each_of(sorted({PLAIN, *found.values()}, key=lambda family: family.__name__))
