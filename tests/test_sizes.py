"""Sizes of images beside the powers of two: a first map of 5, 6 or 7 pixels, doubled."""

import numpy as np
import pytest

from kerasgan import models
from kerasgan.keras_internals import lazy_variables

SQUARE = {
    "ACGAN": {},
    "BigGAN": {"embedding_dim": 0},
    "BigGANDeep": {},
    "DCGAN": {},
    "PGGAN": {"channel_base": 512},
    "SAGAN": {},
    "SNGAN": {},
    "StyleGAN": {"channel_base": 512},
    "StyleGAN2": {"channel_base": 512},
    "WGANGP": {},
}
VARIANTS = {
    "DCGAN": ("paper", "torch", "upsampling"),
    "SemiSupervisedGAN": ("convolutional",),
    "WGANGP": ("resnet", "resnet64", "dcgan", "plain"),
}


def made(family, **options):
    """Without values, which is fast."""
    kind = getattr(models, family)
    with lazy_variables():
        return kind(**{**kind.tiny_config, **options})


@pytest.mark.parametrize("family", SQUARE)
def test_every_family_of_doublings_makes_them(family):
    for size in (20, 28, 48, 224):
        gan = made(family, image_size=size, **SQUARE[family])
        assert gan.image_shape[:2] == gan.discriminator.inputs[0].shape[1:3] == (size, size)


@pytest.mark.parametrize(
    ("family", "variant"), [(name, each) for name, several in VARIANTS.items() for each in several]
)
def test_every_variant_makes_them(family, variant):
    gan = made(family, image_size=28, variant=variant)
    assert gan.image_shape[:2] == (28, 28)


def test_dcgan_with_three_doublings_has_its_own_sizes():
    assert made("DCGAN", variant="imagenet", image_size=56).image_shape[:2] == (56, 56)


def test_the_map_that_attends_is_the_one_of_its_level():
    gan = made("SAGAN", image_size=48, attention_size=16)
    assert gan.generator.get_layer("attention_gate").output.shape[1] == 24
    assert gan.discriminator.get_layer("attention_gate").output.shape[1] == 24


def test_stl10s_sngan_begins_with_six_pixels():
    """1802.05957, appendix B.4: the network for STL-10's 48 pixels begins with a map of 6 x 6."""
    assert made("SNGAN", image_size=48).generator.get_layer("latent_map").output.shape[1:3] == (6, 6)


@pytest.mark.parametrize("variant", VARIANTS["DCGAN"])
def test_images_of_28_pixels_train(variant):
    gan = models.DCGAN(image_size=28, channels=1, latent_dim=4, width=4, variant=variant)
    gan.compile()
    images = np.zeros((8, 28, 28, 1), "uint8")
    history = gan.fit(images, batch_size=8, epochs=1, verbose=0).history
    assert np.isfinite(history["generator_loss"]).all()
    assert gan.generate(2, seed=0).shape == (2, 28, 28, 1)
