"""Layer tables: the parameter counts of the papers' and the authors' networks, and what constructors refuse."""

import keras
import numpy as np
import pytest
from keras import ops

from kerasgan.models import DCGAN, GAN2014, ConditionalDCGAN, ConditionalGAN


def parameters(network):
    return sum(int(np.prod(variable.shape)) for variable in network.trainable_variables)


@pytest.mark.parametrize(
    ("family", "arguments", "generator", "discriminator"),
    [
        (GAN2014, {}, 2_503_984, 1_231_441),
        (ConditionalGAN, {}, 2_413_984, 1_224_351),
        (ConditionalDCGAN, {}, 6_820_538, 6_688_202),
        (DCGAN, {}, 18_885_760, 17_232_768),
        (DCGAN, {"variant": "torch"}, 3_576_704, 2_765_568),
    ],
)
def test_parameter_counts_are_those_of_the_reference_networks(family, arguments, generator, discriminator):
    gan = family(**arguments)
    assert parameters(gan.generator) == generator
    assert parameters(gan.discriminator) == discriminator


def test_the_imagenet_generator_has_the_count_of_the_authors_code():
    assert parameters(DCGAN(variant="imagenet", image_size=32, latent_dim=256).generator) == 4_402_496


@pytest.mark.slow
@pytest.mark.parametrize(
    ("variant", "size", "channels", "generator", "discriminator"),
    [
        ("tfd-pretrain", 48, 1, 83_250_304, 21_037_201),
        ("tfd", 48, 1, 84_858_404, 21_037_201),
        ("cifar10", 32, 3, 89_395_072, 37_393_601),
        ("cifar10-convolutional", 32, 3, 64_825_072, 12_454_073),
    ],
)
def test_the_first_gans_large_variants_have_the_counts_of_the_authors_files(
    variant, size, channels, generator, discriminator
):
    gan = GAN2014(variant=variant, image_size=size, channels=channels)
    assert parameters(gan.generator) == generator
    assert parameters(gan.discriminator) == discriminator


def test_the_convolutional_discriminator_has_the_spatial_trace_of_the_authors_code():
    """32 -> conv 33 -> pool 16 -> conv 15 -> pool 7 -> conv 9 -> pool 5."""
    gan = GAN2014(
        variant="cifar10-convolutional", image_size=32, channels=3, generator_units=(8, 800), discriminator_units=(4,)
    )
    sizes = [
        gan.discriminator.get_layer(f"conv{index}{kind}").output.shape[1]
        for index in (1, 2, 3)
        for kind in ("", "_pool")
    ]
    assert sizes == [33, 16, 15, 7, 9, 5]


@pytest.mark.parametrize("size", [8, 16, 32, 128])
@pytest.mark.parametrize("variant", ["paper", "torch"])
def test_dcgan_makes_any_power_of_two_from_eight(size, variant):
    gan = DCGAN(image_size=size, channels=2, latent_dim=5, width=2, variant=variant)
    assert gan.generate(1, seed=0).shape == (1, size, size, 2)
    assert gan.discriminator.output_shape == (None, 1)


def test_dcgan_of_keras_gan_has_its_count_of_weights_at_28_pixels():
    gan = DCGAN(variant="upsampling", image_size=28, channels=1)
    dense, convolutions = 101 * 128 * 49, (9 * 128 + 1) * 128 + (9 * 128 + 1) * 64 + 9 * 64 + 1
    assert parameters(gan.generator) == dense + convolutions + 2 * (128 + 64)
    assert gan.generate(1, seed=0).shape == (1, 28, 28, 1)
    assert gan.discriminator.output_shape == (None, 1)


@pytest.mark.parametrize("size", [4, 36, 2048])
def test_dcgan_refuses_other_sizes(size):
    with pytest.raises(ValueError, match=f"power of two.*multiples of 4: DCGAN.*Received: image_size={size}"):
        DCGAN(image_size=size)


@pytest.mark.parametrize(
    ("family", "arguments", "message"),
    [
        (DCGAN, {"variant": "theano"}, "paper, torch, imagenet.*Received: variant='theano'"),
        (DCGAN, {"variant": "imagenet", "image_size": 64}, "Expected image_size to be one of 32, 40"),
        (DCGAN, {"variant": "upsampling", "image_size": 30}, "a multiple of 4.*Received: image_size=30"),
        (GAN2014, {"variant": "mnst"}, "mnist.*Received: variant='mnst'"),
        (GAN2014, {"generator_units": (3,)}, "Expected 2 hidden layers"),
        (GAN2014, {"variant": "cifar10-convolutional"}, "Expected image_size=32"),
        (ConditionalDCGAN, {"image_size": 30}, "multiple of 4"),
        (ConditionalGAN, {"num_classes": 1}, "at least two classes"),
        (ConditionalGAN, {"width": 0}, "positive number. Received: width=0"),
        (DCGAN, {"width": 0}, "positive whole number.*Received: width=0"),
    ],
)
def test_constructors_say_what_they_expect(family, arguments, message):
    with pytest.raises(ValueError, match=message):
        family(**arguments)


def test_the_first_gan_starts_from_the_datas_marginals():
    """The output bias is the logit of each pixel's mean: with dead hidden layers every sample is that mean."""
    gan = GAN2014(**GAN2014.tiny_config)
    gan.compile(generator_optimizer=keras.optimizers.SGD(0.0), discriminator_optimizer=keras.optimizers.SGD(0.0))
    images = np.random.default_rng(0).uniform(-0.9, 0.9, (40, *gan.image_shape)).astype("float32")
    gan.fit(images, batch_size=40, verbose=0)
    kernel = gan.generator.get_layer("image").kernel
    kernel.assign(ops.zeros_like(kernel))
    np.testing.assert_allclose(gan.generate(1, seed=0)[0], images.mean(axis=0), atol=1e-5)


def test_trained_or_loaded_weights_keep_their_output_bias():
    gan = GAN2014(**GAN2014.tiny_config)
    gan.compile(generator_optimizer=keras.optimizers.SGD(0.0), discriminator_optimizer=keras.optimizers.SGD(0.0))
    bias = gan.generator.get_layer("image").bias
    bias.assign(ops.ones_like(bias))
    gan.fit(-np.ones((8, *gan.image_shape), "float32"), batch_size=8, verbose=0)
    np.testing.assert_array_equal(ops.convert_to_numpy(bias.value), 1.0)


def test_the_first_gan_clips_marginals_of_black_pixels():
    gan = GAN2014(**GAN2014.tiny_config)
    gan.compile()
    gan.fit(-np.ones((8, *gan.image_shape), "float32"), batch_size=8, verbose=0)
    # -16.118 = log(1e-7 / (1 - 1e-7)), moved a little by one step
    np.testing.assert_allclose(ops.convert_to_numpy(gan.generator.get_layer("image").bias.value), -16.118, atol=0.2)


def test_the_first_gan_halves_the_discriminators_loss():
    gan = GAN2014(**GAN2014.tiny_config)
    gan.compile()
    history = gan.fit(np.zeros((4, *gan.image_shape), "float32") + 0.1, batch_size=4, verbose=0).history
    assert history["discriminator_loss"][0] == pytest.approx(np.log(2), abs=0.01)  # half of log 4 at D = 1/2


def test_maxout_takes_the_largest_of_consecutive_pieces():
    from kerasgan.layers import Maxout

    layer = Maxout(2, pieces=3)
    layer.build((None, 2))
    kernel = np.array([[1, 0, -1, 0, 0, 5], [0, 1, 0, -2, 0, 0]], "float32")
    layer.set_weights([kernel, np.array([0, 0, 0, 1, 0, 0], "float32")])
    outputs = ops.convert_to_numpy(layer(np.array([[2.0, 3.0], [-4.0, -1.0]], "float32")))
    np.testing.assert_allclose(outputs, [[3.0, 10.0], [4.0, 3.0]])  # max(2, 3, -2), max(-5, 0, 10); max(-4, -1, 4), ...


def test_maxout_convolution_is_maxout_at_each_pixel():
    from kerasgan.layers import Maxout, MaxoutConv2D

    images = np.random.default_rng(0).normal(size=(2, 3, 3, 4)).astype("float32")
    convolution, dense = MaxoutConv2D(5, 1, pieces=2), Maxout(5, pieces=2)
    convolution.build(images.shape)
    dense.build((None, 4))
    dense.set_weights([convolution.get_weights()[0][0, 0], convolution.get_weights()[1]])
    expected = ops.convert_to_numpy(dense(images.reshape(-1, 4))).reshape(2, 3, 3, 5)
    np.testing.assert_allclose(ops.convert_to_numpy(convolution(images)), expected, atol=1e-5)
