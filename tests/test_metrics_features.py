"""Resizing against TensorFlow, Keras and PyTorch; feature networks; the cache of a data set's statistics."""

import keras
import numpy as np
import pytest
from PIL import Image

from kerasgan import metrics
from kerasgan.metrics import features, resizing, statistics


def pictures(count=3, height=20, width=14, channels=3):
    return np.random.default_rng(0).integers(0, 256, (count, height, width, channels), dtype="uint8")


@pytest.mark.parametrize("size", [9, 33])
def test_legacy_resizing_is_tensorflow_1s(size):
    tensorflow = pytest.importorskip("tensorflow")
    images = pictures()
    theirs = tensorflow.raw_ops.ResizeBilinear(
        images=images, size=[size, size], align_corners=False, half_pixel_centers=False
    )
    np.testing.assert_allclose(resizing.legacy(images, size), theirs.numpy(), atol=5e-4)  # of 255


@pytest.mark.parametrize("size", [9, 33])
def test_half_pixel_resizing_is_pytorchs(size):
    torch = pytest.importorskip("torch")
    images = pictures()
    theirs = torch.nn.functional.interpolate(
        torch.from_numpy(np.moveaxis(images, -1, 1).astype("float32")), size, mode="bilinear", align_corners=False
    )
    expected = np.moveaxis(theirs.numpy(), 1, -1)
    np.testing.assert_allclose(resizing.half_pixel(images, size), expected, atol=5e-4)  # of 255


@pytest.mark.parametrize("size", [9, 33])
def test_clean_resizing_is_antialiased_bicubic_of_floats(size):
    images = pictures()
    theirs = keras.ops.image.resize(
        images.astype("float32"), (size, size), interpolation="bicubic", antialias=True, data_format="channels_last"
    )
    found = resizing.clean(images, size)
    np.testing.assert_allclose(found, keras.ops.convert_to_numpy(theirs), atol=1e-3)
    assert found.min() < 0 or found.max() > 255 or size < 14  # nothing is clipped or rounded


def test_clean_resizing_to_the_size_that_images_have_is_pillows():
    image = np.random.default_rng(0).uniform(-1, 1, (12, 12)).astype("float32")
    plane = Image.fromarray(((image + 1) * 127.5).astype("float32")).resize((12, 12), Image.Resampling.BICUBIC)
    np.testing.assert_allclose(resizing.clean(image[None, :, :, None], 12)[0, :, :, 0], plane, atol=1e-4)


@pytest.mark.parametrize("resize", sorted(resizing.RESIZERS))
def test_resizing_reads_floats_as_the_same_pixels_and_keeps_flat_images_flat(resize):
    images = pictures()
    whole, scaled = (resizing.RESIZERS[resize](stack, 17) for stack in (images, images / 127.5 - 1))
    np.testing.assert_allclose(scaled, whole, atol=1e-4)
    np.testing.assert_allclose(resizing.RESIZERS[resize](np.full((1, 5, 9, 1), 51, "uint8"), 8), 51, rtol=1e-6)


def small_network():
    network = keras.Sequential([keras.Input((8, 8, 3)), keras.layers.Flatten(), keras.layers.Dense(4, name="out")])
    return features.NetworkFeatures(
        network,
        name="small",
        prepare=lambda images: features.prepared(images, size=8, resize="clean", scale=127.5, channels=3),
        settings="clean to 8",
        batch_size=2,
    ), network


def test_network_features_resize_batch_and_repeat_gray():
    network_features, network = small_network()
    gray = pictures(channels=1)
    prepared = np.repeat(resizing.clean(gray, 8), 3, axis=-1) / 127.5 - 1
    expected = keras.ops.convert_to_numpy(network(prepared))
    np.testing.assert_allclose(network_features(gray), expected, rtol=1e-4, atol=1e-5)


def test_the_identity_of_features_names_their_weights():
    one, network = small_network()
    assert features.weights_hash(network) in one.identity
    before = features.weights_hash(network)
    network.get_layer("out").bias.assign(np.ones(4))
    assert features.weights_hash(network) != before
    assert features.NetworkFeatures(np.tanh, name="f", prepare=np.sin, settings="").identity is None


def test_flattened_pixels_are_in_minus_one_to_one():
    images = pictures()
    np.testing.assert_allclose(features.flattened(images), images.reshape(3, -1) / 127.5 - 1, atol=1e-6)


def test_the_content_hash_ignores_order_and_batches_but_no_pixel():
    images = pictures()
    whole = statistics.content_hash(images)
    assert statistics.content_hash(images[::-1], batch_size=2) == whole
    assert statistics.content_hash([(images[1:], np.arange(2)), (images[:1], np.arange(1))]) == whole
    changed = images.copy()
    changed[0, 0, 0, 0] ^= 1
    assert statistics.content_hash(changed) != whole
    assert statistics.content_hash(images.reshape(3, 14, 20, 3)) != whole


class Counted:
    """Flattened pixels that count the images they receive."""

    identity = "counted"

    def __init__(self):
        self.count = 0

    def __call__(self, images):
        self.count += len(images)
        return features.flattened(images)


def test_statistics_of_a_data_set_are_computed_once_for_each_content_and_network(tmp_path):
    images, network = pictures(), Counted()
    first = metrics.dataset_moments(images, network, directory=tmp_path / "cache")
    again = metrics.dataset_moments(images[::-1], network, directory=tmp_path / "cache", batch_size=2)
    assert network.count == 3
    np.testing.assert_array_equal(first.covariance, again.covariance)
    np.testing.assert_allclose(first.mean, (images.reshape(3, -1) / 127.5 - 1).mean(axis=0), atol=1e-6)
    metrics.dataset_moments(images[:2], network, directory=tmp_path / "cache")
    metrics.dataset_moments(images, network, directory=tmp_path / "cache", identity="another")
    assert network.count == 3 + 2 + 3


def test_a_damaged_file_of_statistics_is_written_anew(tmp_path):
    images, network = pictures(), Counted()
    metrics.dataset_moments(images, network, directory=tmp_path)
    (file,) = tmp_path.iterdir()
    file.write_bytes(file.read_bytes()[:100])
    metrics.dataset_moments(images, network, directory=tmp_path)
    assert network.count == 6
    assert metrics.Moments.load(file).count == 3
    assert list(tmp_path.iterdir()) == [file]


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (lambda: metrics.dataset_moments(pictures(), len, directory="cache"), ValueError, "identity="),
        (lambda: metrics.dataset_moments(iter([pictures()]), len), TypeError, "iterated twice"),
        (lambda: statistics.content_hash([]), ValueError, "at least one image"),
        (lambda: statistics.content_hash(np.zeros((2, 3))), ValueError, "count, height, width"),
        (lambda: resizing.clean(pictures(), 0), ValueError, "size=0"),
        (lambda: small_network()[0](pictures(channels=2)), ValueError, "2 channels"),
        (lambda: small_network()[0](pictures()[0]), ValueError, "images.shape"),
        (
            lambda: features.prepared(pictures(), size=8, resize="cubic", scale=1, channels=3),
            ValueError,
            "resize='cubic'",
        ),
    ],
)
def test_unsuitable_arguments_are_refused_with_what_was_expected(call, error, message):
    with pytest.raises(error, match=message):
        call()
