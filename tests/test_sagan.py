"""SAGAN: its layer table, self-attention against a plain reference, and what it refuses."""

import itertools

import keras
import numpy as np
import pytest
from keras import ops

from kerasgan import export
from kerasgan.layers import SpectralConv2D, self_attention
from kerasgan.models import SAGAN


def parameters(network):
    return sum(int(np.prod(variable.shape)) for variable in network.trainable_variables)


def attention(channels):
    """Eight widths of C channels, C/8 to query and key, C/2 to values, no biases, and gamma."""
    return 2 * channels * (channels // 8) + 2 * channels * (channels // 2) + 1


def conv(inputs, outputs, size=3):
    return (size * size * inputs + 1) * outputs


def test_the_reference_network_has_the_weights_of_the_authors_layer_table():
    gan = SAGAN()
    maps = [1024, 1024, 512, 256, 128, 64]
    generator = (128 + 1) * 16 * 1024 + attention(256) + 2 * 64 + conv(64, 3)
    for before, after in itertools.pairwise(maps):
        generator += 1000 * 2 * (before + after) + conv(before, after) + conv(after, after) + conv(before, after, 1)
    assert parameters(gan.generator) == generator
    maps = [3, 64, 128, 256, 512, 1024]
    discriminator = attention(128) + 2 * conv(1024, 1024) + (1024 + 1) + 1000 * 1024
    for before, after in itertools.pairwise(maps):
        discriminator += conv(before, after) + conv(after, after) + conv(before, after, 1)
    assert parameters(gan.discriminator) == discriminator
    for network in (gan.generator, gan.discriminator):
        assert network.get_layer("attention").output.shape[1:3] == (32, 32)


def softmax(x):
    exponentials = np.exp(x - x.max(-1, keepdims=True))
    return exponentials / exponentials.sum(-1, keepdims=True)


def test_attention_is_that_of_its_equations():
    """Equations 1 to 3 of 1805.08318, with keys and values of pooled maps, place by place in NumPy."""
    rng = np.random.default_rng(0)
    places = keras.Input((4, 6, 16))
    network = keras.Model(places, self_attention(places, keras.layers.Conv2D))
    x = rng.normal(size=(2, 4, 6, 16)).astype("float32")
    np.testing.assert_array_equal(ops.convert_to_numpy(network(x)), x)  # the gate begins closed
    kernels = {v.path.split("/")[0].removeprefix("attention_"): v for v in network.trainable_variables}
    assert {name: tuple(v.shape[2:]) for name, v in kernels.items()} == {
        "query": (16, 2),
        "key": (16, 2),
        "value": (16, 8),
        "output": (8, 16),
        "gate": (),
    }
    for variable in kernels.values():
        variable.assign(rng.normal(size=variable.shape))
    matrix = {
        name: ops.convert_to_numpy(v.value).reshape(v.shape[-2:]) for name, v in kernels.items() if name != "gate"
    }
    query = (x @ matrix["query"]).reshape(2, 24, 2)
    key, value = (
        (x @ matrix[name]).reshape(2, 2, 2, 3, 2, -1).max((2, 4)).reshape(2, 6, -1) for name in ("key", "value")
    )
    mixed = softmax(query @ key.transpose(0, 2, 1)) @ value @ matrix["output"]
    expected = x + float(kernels["gate"]) * mixed.reshape(x.shape)
    np.testing.assert_allclose(ops.convert_to_numpy(network(x)), expected, rtol=1e-4, atol=1e-4)


def test_attention_in_the_discriminator_can_be_penalized():
    gan = SAGAN(image_size=16, num_classes=3, latent_dim=4, width=4, attention_size=8)
    gan.compile(penalties=["r1"], run_eagerly=True)
    gan.discriminator.get_layer("attention_gate").gamma.assign(0.5)
    query = gan.discriminator.get_layer("attention_query").kernel
    before = ops.convert_to_numpy(query.value).copy()
    images = np.random.default_rng(0).uniform(-1, 1, (4, 16, 16, 3)).astype("float32")
    history = gan.fit(images, np.arange(4) % 3, batch_size=4, verbose=0).history
    assert np.isfinite(history["r1"]).all()
    assert not np.array_equal(ops.convert_to_numpy(query.value), before)


def test_every_weight_but_the_norms_is_spectrally_normalized():
    gan = SAGAN(**SAGAN.tiny_config)
    convolutions = [layer for layer in gan.generator.layers if isinstance(layer, keras.layers.Conv2D)]
    assert convolutions and all(isinstance(layer, SpectralConv2D) for layer in convolutions)


def test_the_variant_of_the_published_checkpoints_trains_and_survives_a_keras_file(tmp_path):
    """Its stored vectors are state: moved by training, averaged, saved."""
    gan = SAGAN(**SAGAN.tiny_config, growth=1, spectral_tables=True, spectral_estimate="stored", epsilon=1e-4)
    gan.compile(ema_half_life=8)
    before = ops.convert_to_numpy(gan.generator.get_layer("image").v.value).copy()
    images = np.random.default_rng(0).uniform(-1, 1, (4, 8, 8, 3)).astype("float32")
    gan.fit(images, np.arange(4) % 3, batch_size=4, verbose=0)
    assert not np.array_equal(ops.convert_to_numpy(gan.generator.get_layer("image").v.value), before)
    gan.save(tmp_path / "gan.keras")
    again = keras.saving.load_model(tmp_path / "gan.keras")
    np.testing.assert_array_equal(again.generate(2, labels=1, seed=0), gan.generate(2, labels=1, seed=0))


@pytest.mark.skipif(keras.backend.backend() != "tensorflow", reason="the export runs on TensorFlow")
@pytest.mark.parametrize("form", [export.onnx, export.saved_model])
def test_a_generator_that_attends_is_exported(form, tmp_path):
    gan = SAGAN(**SAGAN.tiny_config)
    gan.generator.get_layer("attention_gate").gamma.assign(0.5)
    gan.accumulate_statistics(2, batch_size=4, seed=0)
    assert form(gan, tmp_path / "generator").exists()  # the export itself compares the file with the model


@pytest.mark.parametrize(
    ("wrong", "message"),
    [({"image_size": 36}, "power of two.*image_size=36"), ({"num_classes": 1}, "two classes.*num_classes=1")],
)
def test_what_it_cannot_be_is_refused(wrong, message):
    with pytest.raises(ValueError, match=message):
        SAGAN(**{**SAGAN.tiny_config, **wrong})
