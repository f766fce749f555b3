"""StyleGAN3: the published networks, filters and waves against closed forms, equivariance, export."""

import keras
import numpy as np
import onnx
import pytest
from keras import ops

from kerasgan import export, metrics
from kerasgan.keras_internals import lazy_variables
from kerasgan.layers import FilteredLeakyReLU, FourierFeatures, MagnitudeNormalization, lowpass_filter
from kerasgan.models import StyleGAN3, stylegan3
from kerasgan.models.stylegan3 import bands, blurred, widths


def tiny(**arguments):
    return StyleGAN3(**{**StyleGAN3.tiny_config, **arguments})


def array(value):
    return ops.convert_to_numpy(value)


def parameters(network):
    return sum(int(np.prod(variable.shape)) for variable in network.trainable_variables)


# The paper's table (figure 5) has 23.3 million for T and 15.8 million for R at 256 pixels; to the unit, its code.
COUNTS = [
    pytest.param({"image_size": 1024}, 22_313_167, 29_012_513, id="t-1024", marks=pytest.mark.slow),
    pytest.param({"image_size": 1024, "variant": "r"}, 15_093_151, 29_012_513, id="r-1024", marks=pytest.mark.slow),
    pytest.param({"image_size": 512}, 24_873_519, 28_982_849, id="t-512", marks=pytest.mark.slow),
    pytest.param({"image_size": 512, "variant": "r"}, 16_665_594, 28_982_849, id="r-512", marks=pytest.mark.slow),
    pytest.param({"channel_base": 16384}, 23_320_443, 24_001_089, id="t-256"),
    pytest.param({"channel_base": 16384, "variant": "r"}, 15_779_565, 24_001_089, id="r-256"),
]


@pytest.mark.parametrize(("arguments", "generator", "discriminator"), COUNTS)
def test_parameter_counts_are_those_of_the_authors_networks(arguments, generator, discriminator):
    with lazy_variables():
        gan = StyleGAN3(**arguments)
    assert (parameters(gan.generator), parameters(gan.discriminator)) == (generator, discriminator)


# In the names of the layers of the authors' file stylegan3-t-ffhq-1024x1024.pkl.
SIZES = [36, 36, 52, 52, 84, 148, 148, 276, 276, 532, 1044, 1044, 1044, 1024]
WIDTHS = [512, 512, 512, 512, 512, 512, 512, 323, 203, 128, 81, 51, 32, 32]


def test_layers_have_the_sizes_and_channels_of_the_published_network():
    found = bands(1024, 14)
    assert [band.size for band in found] == [*SIZES, 1024]
    assert widths([band.cutoff for band in found[:-1]], 32768, 512) == WIDTHS
    first, last = found[0], found[-1]
    assert (first.rate, first.cutoff, last.rate, last.cutoff) == (16, 2.0, 1024, 512.0)
    # Figure 4c: up to the critical layers, the slope from cutoff to stopband, or to half of the rate if that is more.
    assert first.half_width == pytest.approx(16 / 2 - 2)
    assert last.half_width == pytest.approx(512 * (2**0.3 - 1))


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"image_size": 24}, "Received: image_size=24"),
        ({"image_size": 4}, "Received: image_size=4"),
        ({"variant": "s"}, "Received: variant='s'"),
        ({"num_classes": 1}, "Received: num_classes=1"),
        ({"num_layers": 2}, "Received: num_layers=2"),
        ({"blur_steps": -1}, "Received: blur_steps=-1"),
    ],
)
def test_what_cannot_be_is_refused(arguments, message):
    with pytest.raises(ValueError, match=message):
        tiny(**arguments)


def test_filters_pass_the_band_and_stop_what_is_beyond_its_slope():
    """Kaiser's formulas: 24 taps of a transition band of 0.5 of half the rate attenuate by 53 dB."""
    taps = lowpass_filter(24, cutoff=4.0, half_width=4.0, sampling_rate=32)
    assert taps.sum() == pytest.approx(1) and np.allclose(taps, taps[::-1])
    attenuation = 2.285 * 23 * np.pi * 0.5 + 7.95
    response = np.abs(np.fft.rfft(taps, 3200))  # bin k is k / 100 cycles
    assert 20 * np.log10(response[800:].max()) == pytest.approx(-attenuation, abs=3)
    assert response[400] == pytest.approx(0.5, abs=0.01)
    x = (np.arange(24) - 11.5) / 32
    expected = np.sinc(8 * x) * np.kaiser(24, 0.1102 * (attenuation - 8.7))
    np.testing.assert_allclose(taps, expected / expected.sum(), atol=1e-7)


def test_radial_filters_are_the_same_in_all_directions():
    taps = lowpass_filter(24, cutoff=4.0, half_width=4.0, sampling_rate=32, radial=True)
    assert taps.sum() == pytest.approx(1) and np.allclose(taps, taps.T) and np.allclose(taps, taps[::-1])
    places = (np.arange(24) - 11.5) / 32

    def response(angle, frequency=4.0):
        phase = 2 * np.pi * frequency * (np.cos(angle) * places[:, None] + np.sin(angle) * places)
        return np.sum(taps * np.cos(phase))

    straight = np.outer(*[lowpass_filter(24, cutoff=4.0, half_width=4.0, sampling_rate=32)] * 2)
    angles = np.linspace(0, np.pi / 2, 7)
    assert np.ptp([response(angle) for angle in angles]) < 0.01
    taps = straight  # the product of two filters passes more along the diagonal
    assert np.ptp([response(angle) for angle in angles]) > 0.1


def test_the_rectifier_acts_on_what_the_samples_mean():
    """A constant is rectified as it is; far from the border, the zeros beyond it are not seen."""
    before, after = bands(32, 6)[1:3]
    for radial in (False, True):
        layer = FilteredLeakyReLU(before, after, radial=radial)
        maps = np.ones((1, before.size + 2, before.size + 2, 2), "float32") * np.float32([3.0, -2.0])
        made = array(layer(maps))
        assert made.shape == (1, after.size, after.size, 2) == layer.compute_output_shape(maps.shape)
        middle = made[0, after.size // 2, after.size // 2]
        np.testing.assert_allclose(middle, [3 * 2**0.5, -0.4 * 2**0.5], rtol=2e-3)
        again = FilteredLeakyReLU.from_config(layer.get_config())
        np.testing.assert_array_equal(array(again(maps)), made)


def test_waves_have_frequencies_of_the_disk_and_move_with_their_transform():
    keras.utils.set_random_seed(0)
    band = bands(64, 8)[0]
    layer = FourierFeatures(2000, band)
    layer.build((None, 3))
    frequencies = array(layer.frequencies)
    squares = (frequencies**2).sum(axis=1)
    assert squares.max() <= band.cutoff**2 and squares.mean() == pytest.approx(band.cutoff**2 / 2, rel=0.05)
    assert np.abs(frequencies.mean(axis=0)).max() < 0.1
    layer = FourierFeatures(5, band)
    styles = np.random.default_rng(0).normal(size=(2, 3)).astype("float32")
    plain = array(layer(styles))
    layer.transform.assign([[1, 0, -3 / band.rate], [0, 1, 2 / band.rate], [0, 0, 1]])  # 3 samples right, 2 up
    np.testing.assert_allclose(array(layer(styles))[:, :-2, 3:], plain[:, 2:, :-3], atol=1e-5)
    layer.transform.assign(np.diag([100.0, 100.0, 1.0]))
    assert np.abs(array(layer(styles))).max() == 0  # too fast for the map
    layer.transform.assign(np.eye(3))
    layer.transformation.kernel.assign(np.zeros((3, 4)))
    layer.transformation.bias.assign([0.0, 2.0, 0.0, 0.0])  # a quarter turn
    upright = array(layer(styles))
    layer.transformation.bias.assign([1.0, 0.0, 0.0, 0.0])
    np.testing.assert_allclose(np.rot90(upright, -1, (1, 2)), array(layer(styles)), atol=1e-5)


def test_the_magnitude_is_a_moving_average_over_images():
    layer = MagnitudeNormalization(half_life=8)
    maps = np.full((4, 2, 2, 3), 3.0, "float32")
    layer.build(maps.shape)
    np.testing.assert_allclose(array(layer(maps, training=False)), 3.0)
    expected = 9 + 0.5 ** (4 / 8) * (1 - 9)
    np.testing.assert_allclose(array(layer(maps, training=True)), 3 / np.sqrt(expected), rtol=1e-5)
    assert float(layer.magnitude.value) == pytest.approx(expected, rel=1e-5)


def test_the_discriminators_images_are_blurred_at_first_and_never_later():
    image = np.zeros((1, 21, 21, 1), "float32")
    image[0, 10, 10] = 1.0
    made = array(blurred(image, 2.0))[0, :, :, 0]
    line = 2.0 ** -((np.arange(21) - 10) ** 2 / 4)
    np.testing.assert_allclose(made, np.outer(line, line) / line.sum() ** 2, atol=1e-6)
    np.testing.assert_array_equal(array(blurred(image, 0.0)), image)
    gan = tiny(blur_steps=4)
    gan.compile()
    images = np.random.default_rng(0).uniform(-1, 1, (2, 8, 8, 1)).astype("float32")
    assert np.ptp(array(gan.augmented(images))) < 0.5 * np.ptp(images)
    for _ in range(4):
        gan.optimizer.iterations.assign_add(1)
    np.testing.assert_array_equal(array(gan.augmented(images)), images)


@pytest.mark.backends("tensorflow", "torch")  # JAX traces both branches, to compute one
def test_after_the_blur_nothing_is_computed(monkeypatch):
    gan = tiny(blur_steps=1)
    gan.compile()
    gan.optimizer.iterations.assign_add(1)
    monkeypatch.setattr(stylegan3, "blurred", None)
    images = np.zeros((2, 8, 8, 1), "float32")
    np.testing.assert_array_equal(array(gan.augmented(images)), images)


def equivariance(measure, variant):
    """Of a random network of unusual rotations, in decibels."""
    keras.utils.set_random_seed(0)
    sizes = dict(latent_dim=8, style_dim=8, num_layers=6, channel_base=256, channel_limit=16)
    gan = StyleGAN3(image_size=32, variant=variant, **sizes)
    return measure(lambda rows, transform: gan.render(rows, transform=transform), gan.styles(4, seed=0), batch_size=2)


@pytest.mark.slow
def test_t_is_equivariant_to_translation_and_r_to_rotation_too():
    """The paper's networks have 61 and 65 decibels for translation, 13 and 47 for rotation (table 3, FFHQ)."""
    translation, rotation = metrics.translation_equivariance, metrics.rotation_equivariance
    assert equivariance(translation, "t") > 45 and equivariance(translation, "r") > 45
    assert equivariance(rotation, "r") > equivariance(rotation, "t") + 10


def test_render_refuses_what_is_no_transform_and_leaves_none():
    gan = tiny()
    styles = gan.styles(2, seed=0)
    before = gan.render(styles)
    for wrong in (np.eye(2), np.full((3, 3), np.nan)):
        with pytest.raises(ValueError, match=r"Received: transform="):
            gan.render(styles, transform=wrong)
    with pytest.raises(ValueError, match="style"):
        gan.render(styles[:, :, :2], transform=2 * np.eye(3))
    np.testing.assert_array_equal(gan.render(styles), before)


@pytest.mark.parametrize("form", ["onnx", "saved_model"])
def test_exports_draw_what_keras_draws(form, tmp_path):
    gan = tiny(variant="r", num_classes=2)
    path = getattr(export, form)(gan, tmp_path / "generator.onnx")  # raises unless the images are the same
    assert path.exists()


@pytest.mark.skipif(keras.backend.backend() != "tensorflow", reason="other backends: test_export_programs")
def test_filters_of_large_maps_are_exported_as_ordinary_convolutions(tmp_path):
    """From 128 pixels on they are no matrix products; the export raises unless the images are the same."""
    gan = tiny(image_size=128, channel_base=512, channel_limit=3)
    model = onnx.load(export.onnx(gan, tmp_path / "generator.onnx"))
    assert {node.domain for node in model.graph.node} <= {"", "ai.onnx"} and not model.functions
    shapes = [
        tuple(each.ints)
        for node in model.graph.node
        if node.op_type == "Conv"
        for each in node.attribute
        if each.name == "kernel_shape"
    ]
    # 12 taps between rates of 128 and 256: down to the first map of 128, up and down to the second one.
    assert shapes.count((12, 1)) == shapes.count((1, 12)) == 3
