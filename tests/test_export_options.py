"""Options of exported files: precision, levels, truncation, classes, noise and fixed sizes, against `gan.generate`."""

import keras
import numpy as np
import pytest
from test_export import EXPORTS, lively, opened

import kerasgan
from kerasgan.export import ExportError
from kerasgan.gan import ImageToImage
from kerasgan.models import DCGAN, SNGAN, CycleGAN, StyleGAN2

pytestmark = pytest.mark.skipif(keras.backend.backend() != "tensorflow", reason="other backends: test_export_programs")


def made(family=DCGAN, **options):
    keras.utils.set_random_seed(0)
    gan = family(**family.tiny_config | options)
    rng = np.random.default_rng(3)
    for weight in gan.generator.weights:
        if "seed" not in weight.path:
            weight.assign(np.asarray(weight) + rng.normal(0, 0.1, weight.shape))
    return gan


def levels(images):
    return np.rint((np.clip(images, -1, 1) + 1) * 127.5)


@pytest.fixture(scope="module")
def wide():
    """A network of transposed convolutions alone, large enough to be quantized."""
    gan = DCGAN(image_size=16, latent_dim=32, width=16, variant="torch")
    lively(gan.generator)
    return gan


def test_levels_of_measured_ranges_are_as_exact_as_the_images(tmp_path):
    layers = keras.layers
    inputs = keras.Input((None, None, 1), name="images")
    generator = keras.Model(inputs, layers.Add()([layers.Conv2D(1, 3, padding="same")(inputs), inputs]))  # no tanh
    discriminator = keras.Sequential([keras.Input((8, 8, 1)), layers.Flatten(), layers.Dense(1)])
    gan = ImageToImage(generator, discriminator, image_size=8)
    generator.set_weights([np.zeros(weight.shape) for weight in generator.get_weights()])
    options = {"precision": "static_int8", "output": "uint8", "image_size": 16, "formats": ["litert", "onnx"]}
    report = kerasgan.export.bundle(gan, tmp_path / "bundle", **options)
    for found in report["formats"].values():
        assert max(row["mean"] for row in found["differences"]) < 0.01  # a level is 0.008


@pytest.mark.parametrize("form", ["onnx", "litert"])
@pytest.mark.parametrize(("precision", "share"), [("float16", 0.62), ("static_int8", 0.45)])
def test_a_smaller_precision_makes_a_smaller_file_of_nearly_the_same_images(form, precision, share, wide, tmp_path):
    whole = EXPORTS[form](wide, tmp_path / "whole")
    reduced = EXPORTS[form](wide, tmp_path / "reduced", precision=precision, tolerance=0.2)
    assert reduced.stat().st_size < share * whole.stat().st_size
    run, facts = opened(reduced)
    difference = np.abs(run(latents=wide.prior.draw(5, 32, seed=11)) - wide.generate(5, seed=11)).mean()
    assert 0 < difference < (2e-3 if precision == "float16" else 0.2)
    assert facts["precision"] == precision


def test_dynamic_int8_is_refused_where_it_would_change_nothing_and_kept_where_it_does(wide, tmp_path):
    with pytest.raises(ExportError, match=r"such as transposed convolutions: take static_int8, or LiteRT"):
        kerasgan.export.onnx(wide, tmp_path / "file", precision="dynamic_int8")
    assert not list(tmp_path.iterdir())
    path = kerasgan.export.litert(wide, tmp_path / "file", precision="dynamic_int8", tolerance=0.2)
    run, _ = opened(path)
    images = run(latents=wide.prior.draw(5, 32, seed=11))
    assert 0 < np.abs(images - wide.generate(5, seed=11)).mean() < 0.2


def test_weights_that_half_precision_cannot_hold_are_refused(tmp_path):
    gan = made()
    gan.generator.weights[0].assign(np.full(gan.generator.weights[0].shape, 1e6))
    with pytest.raises(ExportError, match="weights that float16 holds, from -65504 to 65504"):
        kerasgan.export.onnx(gan, tmp_path / "file", precision="float16")
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("form", EXPORTS)
def test_levels_of_a_fixed_number_of_images_with_a_fixed_truncation(form, tmp_path):
    gan = made()
    path = EXPORTS[form](gan, tmp_path / "file", output="uint8", truncation=0.5, batch_size=2)
    run, _ = opened(path)
    images = run(latents=gan.prior.draw(2, gan.latent_dim, seed=4))
    assert images.dtype == np.uint8
    assert np.abs(images - levels(gan.generate(2, seed=4, truncation=0.5))).max() <= 1
    with pytest.raises(Exception, match=r"(?i)invalid|shape|signature|dimension"):
        opened(path)[0](latents=gan.prior.draw(3, gan.latent_dim, seed=4))


@pytest.mark.parametrize("form", EXPORTS)
def test_a_class_that_is_fixed_and_a_truncation_that_is_given(form, tmp_path):
    gan = made(SNGAN, num_classes=3)
    run, facts = opened(EXPORTS[form](gan, tmp_path / "file", label=2, truncation="input"))
    latents = gan.prior.draw(2, gan.latent_dim, seed=4)
    images = run(latents=latents, truncation=np.array([1.0, 0.25], "float32"))
    for image, truncation in zip(images, (1.0, 0.25)):
        expected = gan.generate(latents=latents, labels=2, truncation=truncation)
        assert min(np.abs(expected - image).max(axis=(1, 2, 3))) < 1e-5
    assert "num_classes" not in facts


@pytest.mark.parametrize("truncation", [0.5, "input"])
def test_categories_are_not_truncated(truncation, tmp_path):
    parts = [{"name": "normal", "size": 5}, {"name": "categorical", "num_categories": 3}]
    prior = {"name": "product", "parts": parts}
    gan = made(prior=prior)
    latents = gan.prior.draw(2, gan.latent_dim, seed=4)
    run, _ = opened(kerasgan.export.onnx(gan, tmp_path / "file", truncation=truncation))
    factors = {"truncation": np.full(2, 0.5, "float32")} if truncation == "input" else {}
    expected = gan.generate(latents=latents, truncation=0.5)
    np.testing.assert_allclose(run(latents=latents, **factors), expected, atol=1e-5)


def test_a_style_based_generator_is_truncated_in_its_styles_and_takes_noise(tmp_path):
    gan = made(StyleGAN2)
    latents = gan.prior.draw(2, gan.latent_dim, seed=4)
    path = kerasgan.export.onnx(gan, tmp_path / "file", truncation=0.5)
    np.testing.assert_allclose(
        opened(path)[0](latents=latents), gan.generate(latents=latents, truncation=0.5), atol=1e-5
    )
    run, _ = opened(kerasgan.export.onnx(gan, tmp_path / "file", noise="input"))
    noisy = [layer for layer in gan.sampler.layers if isinstance(layer, kerasgan.layers.NoiseInjection)]
    own = np.concatenate([np.ravel(layer.noise) for layer in noisy]).astype("float32")
    images = run(latents=latents, noise=np.stack([own, own]))
    np.testing.assert_allclose(images, gan.generate(latents=latents), atol=1e-5)
    assert np.abs(run(latents=latents, noise=-np.stack([own, own])) - images).max() > 1e-3


def test_a_translator_of_a_fixed_size_keeps_its_levels(tmp_path):
    gan = made(CycleGAN)
    path = kerasgan.export.litert(gan, tmp_path / "file", direction="ba", image_size=(8, 12), output="uint8")
    pixels = np.random.default_rng(0).uniform(-1, 1, (2, 8, 12, 3)).astype("float32")
    images = opened(path, output="outputs")[0](images=pixels)
    assert np.abs(images - levels(gan.predict(pixels, direction="ba"))).max() <= 1


@pytest.mark.parametrize(
    ("family", "options", "message"),
    [
        (DCGAN, {"precision": "int4"}, r"Expected precision to be float32, .* Received: precision='int4'"),
        (DCGAN, {"truncation": "some"}, r"Received: truncation='some'"),
        (DCGAN, {"batch_size": 0}, r"Received: batch_size=0"),
        (DCGAN, {"label": 1}, r"not class-conditional"),
        (DCGAN, {"noise": "input"}, r"a DCGAN has none"),
        (DCGAN, {"image_size": 8}, r"Expected no image_size for a DCGAN"),
        (CycleGAN, {"truncation": 0.5}, r"Expected no truncation for a CycleGAN"),
        (CycleGAN, {"image_size": 10}, r"multiples of 4, from 8 on. Received: image_size=10"),
    ],
)
def test_options_that_the_model_does_not_know_are_refused(family, options, message, tmp_path):
    with pytest.raises(ValueError, match=message):
        kerasgan.export.onnx(made(family), tmp_path / "file", **options)
    assert not list(tmp_path.iterdir())


def test_a_format_that_cannot_hold_a_requested_option_says_so(tmp_path):
    with pytest.raises(ValueError, match=r"a precision that saved_model holds: float32. Received: precision='float16'"):
        kerasgan.export.saved_model(made(), tmp_path / "file", precision="float16")
    with pytest.raises(ValueError, match=r"opset with the format onnx or web only. Received: opset=15"):
        kerasgan.export.litert(made(), tmp_path / "file", opset=15)
    assert not list(tmp_path.iterdir())
