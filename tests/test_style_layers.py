"""Layers of style-based generators, against per-image references in NumPy and PyTorch."""

import keras
import numpy as np
import pytest
from keras import ops

from kerasgan.layers import (
    EqualizedConv2D,
    EqualizedDense,
    ImageRange,
    LearnedConstant,
    MeanStyle,
    MinibatchStdDev,
    ModulatedConv2D,
    NoiseInjection,
    PixelNormalization,
    scaled_leaky_relu,
)


def random(*shape, seed=0):
    return np.random.default_rng(seed).normal(size=shape).astype("float32")


def array(value):
    return ops.convert_to_numpy(value)


def modulated(**options):
    """A layer of 3 to 5 channels with random weights, and inputs (2, 4, 6, 3) and (2, 7)."""
    layer, inputs = ModulatedConv2D(5, 3, **options), [random(2, 4, 6, 3), random(2, 7, seed=1)]
    layer.build([part.shape for part in inputs])
    layer.affine.bias.assign(random(3, seed=2))
    return layer, inputs


def kernels_of(layer, style):
    """Equations 1 and 3 of 1912.04958 for one style, (3, 3, in, out)."""
    scales = style @ array(layer.affine.kernel) / np.sqrt(7) + array(layer.affine.bias)
    kernel = array(layer.kernel) / np.sqrt(27) * scales[:, None]
    lengths = np.sqrt((kernel**2).sum((0, 1, 2)) + 1e-8) if layer.demodulate else 1.0
    return (kernel / lengths).astype("float32")


@pytest.mark.parametrize("demodulate", [True, False])
def test_a_modulated_convolution_has_a_kernel_for_each_image(demodulate):
    layer, (features, styles) = modulated(demodulate=demodulate)
    padded = np.pad(features, ((0, 0), (1, 1), (1, 1), (0, 0)))
    windows = np.lib.stride_tricks.sliding_window_view(padded, (3, 3), axis=(1, 2))  # (2, 4, 6, 3, 3, 3)
    expected = [np.einsum("yxiab,abio->yxo", windows[n], kernels_of(layer, styles[n])) for n in range(2)]
    np.testing.assert_allclose(array(layer([features, styles])), expected, atol=1e-5)


def test_its_upsampling_is_a_transposed_convolution_and_a_filter_with_two_zeros_around():
    torch = pytest.importorskip("torch")
    layer, (features, styles) = modulated(upsample=True)
    taps = torch.tensor([1.0, 3.0, 3.0, 1.0]) / 4  # their sum is 2 on each axis, for the zeros in between
    blur = torch.outer(taps, taps).expand(5, 1, 4, 4)
    for index, made in enumerate(array(layer([features, styles]))):
        kernel = torch.tensor(kernels_of(layer, styles[index]).transpose(2, 3, 0, 1).copy())
        image = torch.tensor(features[index].transpose(2, 0, 1).copy())[None]
        doubled = torch.nn.functional.conv_transpose2d(image, kernel, stride=2)
        expected = torch.nn.functional.conv2d(doubled, blur, padding=1, groups=5)[0]
        np.testing.assert_allclose(made.transpose(2, 0, 1), expected.numpy(), atol=1e-5)


def test_equalized_layers_scale_normal_weights_by_hes_constant_when_called():
    dense = EqualizedDense(4, gain=2.0, learning_rate_multiplier=0.01, bias_initializer="ones")
    inputs = random(3, 9)
    outputs = array(dense(inputs))
    np.testing.assert_allclose(outputs, inputs @ array(dense.kernel) * 0.02 / 3 + 0.01, rtol=1e-4, atol=1e-5)
    convolution = EqualizedConv2D(2, 1, activation=scaled_leaky_relu)
    features = random(2, 3, 3, 16)
    convolution.build(features.shape)
    values = features @ array(convolution.kernel)[0, 0] / 4
    expected = np.where(values > 0, values, 0.2 * values) * np.sqrt(2)
    np.testing.assert_allclose(array(convolution(features)), expected, rtol=1e-4, atol=1e-5)


def test_equalized_weights_are_normal_divided_by_the_multiplier():
    layer = EqualizedDense(200, learning_rate_multiplier=0.1)
    layer.build((None, 200))
    assert array(layer.kernel).std() == pytest.approx(10, rel=0.02)
    with pytest.raises(ValueError, match="gain=0"):
        EqualizedDense(2, gain=0)


def test_pixel_normalization_makes_the_mean_square_one():
    inputs = random(2, 3, 3, 8) * 5
    np.testing.assert_allclose((array(PixelNormalization()(inputs)) ** 2).mean(-1), 1, rtol=1e-4)


@pytest.mark.parametrize("count", [1, 3, 4, 8])
def test_the_minibatch_deviation_is_that_of_each_group(count):
    """Of 8 images in groups of 4, every second one is in the same group; 3 are one group."""
    images = random(count, 2, 3, 5)
    outputs = array(MinibatchStdDev(4)(images))
    np.testing.assert_array_equal(outputs[..., :-1], images)
    for index in range(count):
        group = images[index % 2 :: 2] if count == 8 else images
        expected = np.sqrt(group.var(axis=0) + 1e-8).mean()
        np.testing.assert_allclose(outputs[index, ..., -1], expected, rtol=1e-4)


def test_noise_is_constant_but_in_training_or_where_it_is_given():
    layer, features = NoiseInjection(), np.zeros((2, 4, 4, 3), "float32")
    assert not array(layer(features, training=True)).any()  # its strength begins at 0
    layer.strength.assign([2.0])
    still = array(layer(features))
    np.testing.assert_array_equal(still, array(layer(features)))
    np.testing.assert_allclose(still[0], 2 * array(layer.noise).repeat(3, axis=-1))
    first, second = array(layer(features, training=True))
    assert not np.allclose(first, second) and not np.allclose(first, array(layer(features, training=True))[0])
    given = random(2, 4, 4, 1)
    np.testing.assert_allclose(array(layer(features, noise=given, training=True)), 2 * given.repeat(3, axis=-1))


def test_the_mean_style_moves_in_training_by_a_share_of_the_distance():
    layer, styles = MeanStyle(decay=0.75), random(6, 4) + 1
    for training in (True, False, True):
        np.testing.assert_array_equal(array(layer(styles, training=training)), styles)
    np.testing.assert_allclose(array(layer.mean), (1 - 0.75**2) * styles.mean(axis=0), rtol=1e-5)


def test_a_learned_map_is_the_same_for_every_image_and_images_are_bounded_but_in_training():
    layer = LearnedConstant((2, 3, 4), initializer="ones")
    np.testing.assert_array_equal(array(layer(random(5, 7))), np.ones((5, 2, 3, 4)))
    images = np.float32([[-3.0, 0.5]])
    np.testing.assert_array_equal(array(ImageRange()(images, training=True)), images)
    np.testing.assert_array_equal(array(ImageRange()(images)), [[-1.0, 0.5]])


def test_the_layers_survive_a_keras_file(tmp_path):
    styles = keras.Input((7,))
    x = LearnedConstant((4, 4, 3))(styles)
    x = NoiseInjection(per_channel=True)(
        ModulatedConv2D(5, 3, upsample=True, use_bias=True)([x, MeanStyle(0.9)(styles)])
    )
    x = EqualizedConv2D(4, 3, learning_rate_multiplier=0.5)(MinibatchStdDev(2)(PixelNormalization(1e-3)(x)))
    model, inputs = keras.Model(styles, x), random(3, 7)
    model.save(tmp_path / "model.keras")
    again = keras.saving.load_model(tmp_path / "model.keras")
    np.testing.assert_array_equal(array(again(inputs)), array(model(inputs)))
    assert [layer.get_config() for layer in again.layers] == [layer.get_config() for layer in model.layers]
