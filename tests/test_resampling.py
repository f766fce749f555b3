"""FIR resampling: zeros inserted, padded, convolved, and every n-th sample kept, as written out here in NumPy."""

import keras
import numpy as np
import pytest
from keras import ops

from kerasgan import gradients
from kerasgan.layers import FIRResampling2D, fir_padding, fir_resample, resampling

pytestmark = pytest.mark.backends("jax", "torch")

IMAGES = np.random.default_rng(0).normal(size=(2, 6, 4, 3)).astype("float32")


def reference(images, kernel, *, up, down, padding, gain):
    """Along each axis: insert zeros after each sample, pad, correlate with the flipped kernel, stride."""
    kernel = np.array(kernel)[::-1] / sum(kernel) * gain**0.5
    for axis in (1, 2):
        x = np.moveaxis(images.astype("float64"), axis, 0)
        spread = np.zeros((len(x) * up, *x.shape[1:]))
        spread[::up] = x
        before, after = padding
        padded = np.pad(spread, [(max(0, before), max(0, after))] + [(0, 0)] * 3)
        padded = padded[max(0, -before) : len(padded) - max(0, -after)]
        places = range(0, len(padded) - len(kernel) + 1, down)
        y = np.array([np.tensordot(kernel, padded[place : place + len(kernel)], axes=1) for place in places])
        images = np.moveaxis(y, 0, axis)
    return images


CASES = [
    dict(up=2),
    dict(down=2),
    dict(padding=(1, 1), gain=4.0),  # after StyleGAN2's transposed convolution
    dict(padding=(2, 2)),  # before its strided one
    dict(kernel=(1, 2, 4, 5, 7), up=2),  # neither even nor symmetric
    dict(kernel=(1, 2), up=3, down=2),
    dict(kernel=(1, 3, 3, 1), up=2, padding=(3, -2)),
    dict(kernel=(1,), down=2, padding=(-1, 0)),
]


@pytest.mark.parametrize("largest", [64, 0], ids=["products", "convolutions"])
def test_resampling_is_zero_insertion_padding_correlation_and_stride(largest, monkeypatch):
    monkeypatch.setattr(resampling, "LARGEST_PRODUCT", largest)
    for case in CASES:
        layer = FIRResampling2D(**case)
        options = dict(up=layer.up, down=layer.down, padding=layer.padding, gain=layer.gain)
        expected = reference(IMAGES, layer.kernel, **options)
        np.testing.assert_allclose(ops.convert_to_numpy(layer(IMAGES)), expected, atol=1e-5, err_msg=str(case))
        assert layer.compute_output_shape(IMAGES.shape) == expected.shape


def test_the_padding_is_stylegan2s():
    assert fir_padding(4, up=2) == (2, 1)
    assert fir_padding(4, down=2) == (1, 1)
    assert FIRResampling2D(up=2)(IMAGES).shape == (2, 12, 8, 3)
    assert FIRResampling2D(down=2)(IMAGES).shape == (2, 3, 2, 3)


def test_a_kernel_of_two_ones_repeats_and_averages():
    doubled = ops.convert_to_numpy(FIRResampling2D((1, 1), up=2)(IMAGES))
    np.testing.assert_allclose(doubled, IMAGES.repeat(2, axis=1).repeat(2, axis=2), atol=1e-6)
    halved = ops.convert_to_numpy(FIRResampling2D((1, 1), down=2)(IMAGES))
    np.testing.assert_allclose(halved, IMAGES.reshape(2, 3, 2, 2, 2, 3).mean((2, 4)), atol=1e-6)


@pytest.mark.parametrize("largest", [64, 0], ids=["products", "convolutions"])
def test_a_gradient_can_be_differentiated_again(largest, monkeypatch):
    """As R1 does it: y = A x, so the gradient of |y|^2 / 2 is A'A x, and that of half its square (A'A)^2 x."""
    monkeypatch.setattr(resampling, "LARGEST_PRODUCT", largest)
    kernel, size = (0.1, 0.3, 0.6), 4

    def energy(x):
        return 0.5 * ops.sum(ops.square(fir_resample(x, kernel, down=2)))

    def slope(x):
        return 0.5 * ops.sum(ops.square(gradients.input_gradients(energy, x)))

    matrix = resampling._matrix(size, np.array(kernel[::-1]), 1, 2, fir_padding(3, down=2))
    both = np.kron(matrix, matrix)
    image = np.random.default_rng(1).normal(size=(1, size, size, 1)).astype("float32")
    twice = both.T @ both @ both.T @ both @ image.reshape(-1)
    found = gradients.input_gradients(slope, ops.convert_to_tensor(image))
    found = found.detach() if hasattr(found, "detach") else found
    np.testing.assert_allclose(ops.convert_to_numpy(found).reshape(-1), twice, atol=1e-5)


def test_mixed_precision_and_unknown_sizes_pass_through():
    layer = FIRResampling2D(up=2, dtype="mixed_bfloat16")
    assert keras.backend.standardize_dtype(layer(IMAGES).dtype) == "bfloat16"
    inputs = keras.Input((None, None, 3))
    model = keras.Model(inputs, FIRResampling2D(up=2)(inputs))
    assert model.output_shape == (None, None, None, 3)
    expected = ops.convert_to_numpy(FIRResampling2D(up=2)(IMAGES))
    np.testing.assert_allclose(model.predict(IMAGES, verbose=0), expected, atol=1e-5)


def test_the_layer_can_be_made_again_from_its_config():
    layer = FIRResampling2D((1, 2, 1), down=2, padding=(1, 0), gain=3.0)
    again = FIRResampling2D.from_config(layer.get_config())
    np.testing.assert_array_equal(*(ops.convert_to_numpy(each(IMAGES)) for each in (layer, again)))
    with pytest.raises(ValueError, match=r"sum other than zero\. Received: kernel=\(1, -1\)"):
        FIRResampling2D((1, -1))
    with pytest.raises(ValueError, match="Received: up=0"):
        FIRResampling2D(up=0)
