"""R3GAN: the paper's parameter counts, where its networks begin, and its objective at the equilibrium."""

import math

import keras
import numpy as np
import pytest
from keras import ops

from kerasgan import objectives
from kerasgan.layers import GroupedConv2D, grouped
from kerasgan.models import R3GAN


def array(tensor):
    return ops.convert_to_numpy(tensor)


@pytest.fixture
def unborn():
    """Variables have shapes and no values: the wide networks would take gigabytes."""
    with keras.StatelessScope(initialize_variables=False):
        yield
    keras.utils.clear_session()  # or the next scope of the kind would give them values


def counts(**options):
    gan = R3GAN(**options)
    networks = gan.generator, gan.discriminator
    return tuple(sum(math.prod(variable.shape) for variable in network.trainable_variables) for network in networks)


def test_parameter_counts_are_those_of_the_papers_networks(unborn):
    wide = dict(group_width=32, num_classes=1000)
    assert counts(image_size=256) == (23_057_952, 23_009_568)
    assert counts(image_size=64) == (22_429_824, 22_381_440)
    assert counts(image_size=32) == (20_732_160, 20_683_776)
    assert counts(image_size=32, num_classes=10) == (20_781_952, 21_280_512)
    assert counts(image_size=32, widths=[1536] * 4, **wide) == (82_914_304, 86_548_992)
    assert counts(image_size=64, widths=[1536] * 5, **wide) == (103_570_432, 107_205_120)


def test_the_groups_of_ffhqs_convolutions_are_the_papers(unborn):
    generator = R3GAN(image_size=256).generator
    sizes = [4, 8, 16, 32, 64, 128, 256]
    found = [generator.get_layer(f"block{size}_2_groups").groups for size in sizes]
    assert found == [96, 96, 96, 96, 48, 24, 12]


def test_blocks_begin_as_the_identity_and_kernels_with_the_scaled_deviation():
    gan = R3GAN(image_size=16, widths=(64, 64, 64), blocks=2)
    block = gan.generator.get_layer("block16_1_widen"), gan.generator.get_layer("block16_1_groups")
    gain = math.sqrt(2 / 1.04) * 6**-0.25  # six blocks
    for layer, inputs in zip(block, (64, 16 * 9)):
        assert array(layer.kernel).std() == pytest.approx(gain / math.sqrt(inputs), rel=0.05)
        np.testing.assert_array_equal(array(layer.bias), 0.0)
    assert not array(gan.generator.get_layer("block16_1_narrow").kernel).any()
    inputs = gan.discriminator.inputs[0]
    before = keras.Model(inputs, gan.discriminator.get_layer("from_image").output)
    after = keras.Model(inputs, gan.discriminator.get_layer("block16_2").output)
    images = np.random.default_rng(0).uniform(-1, 1, (2, 16, 16, 3)).astype("float32")
    np.testing.assert_array_equal(array(before(images)), array(after(images)))


@pytest.mark.parametrize("groups", [2, 24])
def test_grouped_convolutions_are_kerass(groups):
    assert groups < grouped.MOST_ONE_BY_ONE or groups > grouped.MOST_ONE_BY_ONE
    layer, reference = (
        kind(2 * groups, 3, strides=2, padding="same", groups=groups) for kind in (GroupedConv2D, keras.layers.Conv2D)
    )
    maps = np.random.default_rng(0).normal(size=(2, 6, 5, groups)).astype("float32")
    layer.build(maps.shape)
    reference.build(maps.shape)
    reference.set_weights(layer.get_weights())
    np.testing.assert_allclose(array(layer(maps)), array(reference(maps)), atol=1e-5)


def test_at_the_equilibrium_the_loss_is_log_2_and_the_penalties_vanish():
    gan = R3GAN(**R3GAN.tiny_config)
    gan.discriminator.get_layer("project").kernel.assign(np.zeros((4, 1), "float32"))  # D is constant
    gan.compile()
    images = np.random.default_rng(0).uniform(-1, 1, (4, 8, 8, 1)).astype("float32")
    history = gan.fit(images, batch_size=4, verbose=0).history
    assert history["discriminator_loss"] == [pytest.approx(math.log(2))]
    assert history["r1"] == history["r2"] == [0.0]
    logits = ops.ones((4, 1))
    assert float(array(objectives.get("relativistic").generator_loss(logits, logits))) == pytest.approx(math.log(2))


@pytest.mark.parametrize(("size", "channels", "classes"), [((8, 12), 4, None), ((24, 16), 1, 3), (10, 3, 2)])
def test_rectangles_and_any_channels_with_and_without_classes(size, channels, classes):
    height, width = (size, size) if isinstance(size, int) else size
    doublings = (min(height, width) // 4).bit_length()
    gan = R3GAN(
        image_size=size, channels=channels, num_classes=classes, latent_dim=3, widths=[4] * doublings, group_width=4
    )
    assert gan.generate(2, seed=0).shape == (2, height, width, channels)
    images = gan.generate(2, seed=0)
    assert gan.discriminate(images, None if classes is None else np.array([0, 1])).shape == (2, 1)


def test_fakes_are_bounded_when_sampled_and_not_while_training():
    gan = R3GAN(**R3GAN.tiny_config)
    kernel = gan.generator.get_layer("to_image").kernel
    kernel.assign(100.0 * kernel)
    latents = np.random.default_rng(0).normal(size=(4, 4)).astype("float32")
    assert np.abs(array(gan.generator(latents, training=True))).max() > 1
    assert np.abs(gan.generate(latents=latents)).max() == 1.0


def test_the_weight_of_the_penalties_is_the_papers_at_both_of_its_sizes():
    for size, start, end in ((256, 150.0, 15.0), (64, 2.0, 0.2)):
        depth = size.bit_length() - 2
        gan = R3GAN(image_size=size, widths=[2] * depth, group_width=4, blocks=1)
        weight = gan.default_compile_args()["penalties"][0]["weight"]
        assert (weight.start, weight.end) == pytest.approx((start, end), rel=1e-6)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"image_size": 22}, r"image_size to be.*Received: image_size=22"),
        ({"image_size": 8, "widths": [4]}, r"Expected 2 widths.*Received: widths=\[4\], image_size=8"),
        ({"image_size": 8, "widths": [4, 3], "group_width": 4}, r"multiples of group_width.*group_width=4"),
        ({"image_size": 8, "num_classes": 1}, "num_classes=1"),
    ],
)
def test_what_cannot_be_built_is_refused(arguments, message):
    with pytest.raises(ValueError, match=message):
        R3GAN(**arguments)
