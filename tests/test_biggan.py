"""BigGAN: the published parameter counts, its latents' chunks, orthogonal regularization, truncation and export."""

import keras
import numpy as np
import pytest
from keras import ops

from kerasgan import export, gradients, latents
from kerasgan.models import BigGAN, BigGANDeep
from kerasgan.models.biggan import orthogonal_penalty

FAMILIES = [BigGAN, BigGANDeep]


def parameters(network):
    return sum(int(np.prod(variable.shape)) for variable in network.trainable_variables)


@pytest.fixture
def unfilled(monkeypatch):
    """Orthogonal weights of this size take a minute; their number does not depend on what is in them."""
    monkeypatch.setattr(
        keras.initializers.Orthogonal, "__call__", lambda self, shape, dtype=None: ops.zeros(shape, dtype)
    )


def test_without_a_shared_embedding_each_normalization_has_tables_and_the_latents_stay_whole():
    gan = BigGAN(**{**BigGAN.tiny_config, "embedding_dim": 0, "latent_dim": 5})
    gan.compile(run_eagerly=True)
    images = np.random.default_rng(0).uniform(-1, 1, (4, 8, 8, 3)).astype("float32")
    history = gan.fit(images, np.arange(4) % 3, batch_size=4, verbose=0).history
    assert np.isfinite(history["orthogonal_penalty"]).all()
    assert gan.generator.get_layer("project").kernel.shape[0] == 5
    assert tuple(gan.generator.get_layer("up1_norm1").gamma.shape) == (3, 8)


@pytest.mark.slow
@pytest.mark.usefixtures("unfilled")
@pytest.mark.parametrize(
    ("family", "size", "generator", "discriminator"),
    [  # as google/compare_gan states; its generator at 256 attends at 128 instead of 64, and its discriminator has no
        # shortcut past blocks that halve but do not widen, which the authors' code has (1x1, with a bias)
        (BigGAN, 128, 70_433_988, 87_982_370),
        (BigGAN, 256, None, 98_635_298 + 768 * 769),
        (BigGAN, 512, 82_468_068, 98_801_378 + 768 * 769 + 96 * 97),
        (BigGANDeep, 128, 50_244_484, 34_590_210),
    ],
)
def test_parameter_counts_are_the_published_ones(family, size, generator, discriminator):
    gan = family(image_size=size)
    assert generator is None or parameters(gan.generator) == generator
    assert parameters(gan.discriminator) == discriminator
    if family is BigGAN:
        assert gan.latent_dim == {128: 120, 256: 140, 512: 160}[size]


@pytest.mark.usefixtures("unfilled")
@pytest.mark.parametrize("size", [16, 32, 64])
@pytest.mark.parametrize("family", FAMILIES)
def test_smaller_sizes_can_be_built(family, size):
    gan = family(image_size=size, num_classes=3, width=4, embedding_dim=4)
    assert gan.image_shape == (size, size, 3)
    assert any(layer.name == "attention" for layer in gan.generator.layers) is (size == 64)


def test_each_block_is_given_its_own_chunk_of_the_latents():
    gan = BigGAN(image_size=16, num_classes=3, latent_dim=6, width=2, embedding_dim=4, attention_size=0)
    x = np.zeros((1, 6), "float32")
    maps = keras.Model(
        gan.generator.inputs, [gan.generator.get_layer(name).output for name in ("latent_map", "up1", "up2")]
    )

    def changed(position):
        other = x.copy()
        other[0, position] = 1.0
        labels = np.zeros(1, "int32")
        return [not np.allclose(*pair) for pair in zip(arrays(maps([x, labels])), arrays(maps([other, labels])))]

    def arrays(tensors):
        return [ops.convert_to_numpy(tensor) for tensor in tensors]

    assert changed(1) == [True, True, True]
    assert changed(3) == [False, True, True]
    assert changed(5) == [False, False, True]


@pytest.mark.parametrize("shape", [(3, 3, 4, 5), (7, 5), (3, 8), (1, 1, 2, 9)])
def test_the_gradient_of_orthogonal_regularization_is_that_of_the_authors_code(shape):
    kernel = keras.Variable(np.random.default_rng(0).normal(size=shape).astype("float32"))
    value, (gradient,) = gradients.gradients(lambda: orthogonal_penalty(kernel), [kernel])
    rows = ops.convert_to_numpy(kernel.value).astype("float64").reshape(-1, shape[-1]).T
    products = rows @ rows.T * (1 - np.eye(shape[-1]))
    np.testing.assert_allclose(ops.convert_to_numpy(gradient), (2 * products @ rows).T.reshape(shape), atol=1e-3)
    assert float(value) == pytest.approx(np.sum(products**2) / 2, rel=1e-4)


def test_regularization_makes_the_generators_kernels_orthogonal_and_spares_the_shared_embedding():
    gan = BigGAN(**BigGAN.tiny_config, orthogonal_weight=1e3)
    kernel, embedding = gan.generator.get_layer("up1_conv1").kernel, gan.generator.get_layer("classes").embeddings
    for variable in (kernel, embedding):
        variable.assign(np.random.default_rng(0).normal(0, 0.3, variable.shape))
    gan.compile(generator_optimizer=keras.optimizers.SGD(1e-5), discriminator_steps=1, run_eagerly=True)
    before, start = float(orthogonal_penalty(kernel)), ops.convert_to_numpy(embedding.value).copy()
    images = np.zeros((8, *gan.image_shape), "float32")
    history = gan.fit(images, np.zeros(8, "int32"), batch_size=4, epochs=2, verbose=0).history
    assert float(orthogonal_penalty(kernel)) < before
    assert history["orthogonal_penalty"][0] > 0
    assert np.abs(ops.convert_to_numpy(embedding.value) - start).max() < 1e-4


def test_without_a_weight_there_is_no_regularization_to_report():
    gan = BigGAN(**BigGAN.tiny_config, orthogonal_weight=0.0)
    gan.compile()
    assert "orthogonal_penalty" not in [metric.name for metric in gan.metrics]


def test_weights_begin_orthogonal():
    kernel = ops.convert_to_numpy(BigGAN(**BigGAN.tiny_config).generator.get_layer("up1_conv1").kernel.value)
    matrix = kernel.reshape(-1, kernel.shape[-1])
    np.testing.assert_allclose(matrix.T @ matrix, np.eye(kernel.shape[-1]), atol=1e-5)


def test_truncated_latents_after_training_are_what_generate_draws():
    gan = BigGAN(**BigGAN.tiny_config)
    gan.accumulate_statistics(2, batch_size=8, seed=0)
    wide = gan.generate(32, labels=1, seed=0)
    gan.prior = latents.TruncatedNormal(0.01)
    assert gan.generate(32, labels=1, seed=0).std(0).mean() < 0.3 * wide.std(0).mean()


@pytest.mark.slow
@pytest.mark.skipif(keras.backend.backend() != "tensorflow", reason="the export runs on TensorFlow")
@pytest.mark.parametrize("form", [export.onnx, export.saved_model])
@pytest.mark.parametrize("family", FAMILIES)
def test_a_generator_is_exported(family, form, tmp_path):
    gan = family(**family.tiny_config)
    gan.generator.get_layer("attention_gate").gamma.assign(0.5)
    assert form(gan, tmp_path / "generator").exists()  # the export itself compares the file with the model


@pytest.mark.parametrize(
    ("family", "wrong", "message"),
    [
        (BigGAN, {"image_size": 72}, "from 8 to 896 .*image_size=72"),
        (BigGAN, {"num_classes": 1}, "two classes.*num_classes=1"),
        (BigGAN, {"latent_dim": 5}, "multiple of 2.*latent_dim=5"),
        (BigGANDeep, {"image_size": 100}, "from 8 to 896 .*image_size=100"),
    ],
)
def test_what_it_cannot_be_is_refused(family, wrong, message):
    with pytest.raises(ValueError, match=message):
        family(**{**family.tiny_config, **wrong})
