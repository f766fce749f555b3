"""LSGAN: the authors' layer table at 112 pixels, and its objective."""

from itertools import pairwise

import numpy as np
import pytest

from kerasgan.models import LSGAN


def parameters(network):
    return sum(int(np.prod(variable.shape)) for variable in network.trainable_variables)


def test_the_networks_for_112_pixels_have_the_count_of_their_table():
    """Normalized layers have no bias, but a scale and an offset."""
    gan = LSGAN()
    dense = 1024 * 7 * 7 * 256 + 2 * 256
    channels = [256, 256, 256, 256, 256, 128, 64]
    up = sum(9 * inputs * outputs + 2 * outputs for inputs, outputs in pairwise(channels))
    assert parameters(gan.generator) == dense + up + 9 * 64 * 3 + 3
    down = sum(25 * inputs * outputs + 2 * outputs for inputs, outputs in ((64, 128), (128, 256), (256, 512)))
    assert parameters(gan.discriminator) == 25 * 3 * 64 + 64 + down + 7 * 7 * 512 + 1


def test_the_maps_have_the_sides_of_the_table():
    gan = LSGAN(width=2, latent_dim=3)
    up = [gan.generator.get_layer(f"up{index}").output.shape[1] for index in range(1, 7)]
    down = [gan.discriminator.get_layer(f"down{index}").output.shape[1] for index in range(1, 5)]
    assert up == [14, 14, 28, 28, 56, 112]
    assert down == [56, 28, 14, 7]


def test_it_plays_for_the_targets_0_1_and_1():
    gan = LSGAN(**LSGAN.tiny_config)
    gan.compile(run_eagerly=True)
    targets = {"fake_target": 0.0, "real_target": 1.0, "generator_target": 1.0}
    assert gan.objective.get_config() == {**targets, "factor": 0.5}
    history = gan.fit(np.zeros((8, 16, 16, 1), "float32"), batch_size=8, verbose=0).history
    # An untrained critic of small weights scores about 0 everywhere: (0 - 1)^2 / 2 for each network.
    assert history["discriminator_loss"][0] == pytest.approx(0.5, abs=0.1)
    assert history["generator_loss"][0] == pytest.approx(0.5, abs=0.3)


def test_three_doublings_begin_twice_as_large():
    gan = LSGAN(image_size=64, width=2, latent_dim=3, doublings=3, variant="torch")
    assert gan.generator.get_layer("latent_map").output.shape[1:] == (8, 8, 8)
    up = [gan.generator.get_layer(f"up{index}_norm").output.shape[1:] for index in range(1, 5)]
    assert up == [(16, 16, 8), (16, 16, 8), (32, 32, 4), (64, 64, 2)]
    assert gan.discriminator.get_layer("down3").output.shape[1] == 8


@pytest.mark.parametrize(
    ("wrong", "message"),
    [({"variant": "keras"}, "one of paper, torch.*variant='keras'"), ({"doublings": 1}, "two doublings.*doublings=1")],
)
def test_what_it_cannot_be_is_refused(wrong, message):
    with pytest.raises(ValueError, match=message):
        LSGAN(**{**LSGAN.tiny_config, **wrong})


@pytest.mark.parametrize("size", [8, 100])
def test_sizes_are_multiples_of_16(size):
    with pytest.raises(ValueError, match=f"of 16, or another number of doublings. Received: image_size={size}"):
        LSGAN(image_size=size)
