"""BicycleGAN: several outputs of one input, the authors' sizes and losses."""

import inspect
import math

import keras
import numpy as np
import pytest
from keras import ops
from PIL import Image

from kerasgan import gradients
from kerasgan.cli import samples
from kerasgan.files.pictures import to_uint8
from kerasgan.gan.policy import without_values
from kerasgan.models import BicycleGAN, Pix2Pix
from kerasgan.models.bicyclegan import divergence_from_normal

pytestmark = pytest.mark.backends("jax", "torch")


def noise(*shape, seed=0):
    return np.random.default_rng(seed).uniform(-1, 1, shape).astype("float32")


def made(**options):
    keras.utils.set_random_seed(0)
    gan = BicycleGAN(**{**BicycleGAN.tiny_config, **options})
    gan.compile(run_eagerly=True)
    for weight in gan.generator.weights:
        weight.assign(np.random.default_rng(1).normal(0, 0.3, weight.shape))
    return gan


def a_batch(gan):
    batch = gan.prepare_batch((noise(2, *gan.input_shape), noise(2, *gan.image_shape, seed=1)))
    return batch._replace(fake=gan.synthesize(batch))


@pytest.mark.backends("tensorflow")
def test_the_networks_have_the_parameter_counts_of_the_authors_pytorch_code():
    with without_values():
        gan = BicycleGAN()

    def parameters(network):
        return sum(math.prod(variable.shape) for variable in network.trainable_variables)

    assert parameters(gan.generator_parts["generator"]) == 54_794_627
    assert parameters(gan.generator_parts["encoder"]) == 2_590_032
    assert parameters(gan.discriminator) == 2 * 3_458_978


def test_the_divergence_is_that_of_two_gaussians():
    assert float(ops.convert_to_numpy(divergence_from_normal(ops.zeros((3, 4)), ops.zeros((3, 4))))) == 0
    mean, deviation = np.array([[1.0, -2.0]]), np.array([[0.5, 3.0]])
    expected = (np.log(1 / deviation) + (deviation**2 + mean**2) / 2 - 0.5).sum()
    given = (ops.convert_to_tensor(each, "float32") for each in (mean, 2 * np.log(deviation)))
    found = float(ops.convert_to_numpy(divergence_from_normal(*given)))
    assert found == pytest.approx(expected, rel=1e-5)


def test_the_generators_loss_is_half_the_authors():
    gan = made()
    batch = a_batch(gan)
    own, drawn, mean, log_variance = (ops.convert_to_numpy(each) for each in batch.fake)
    real = ops.convert_to_numpy(batch.real)
    logits = [ops.convert_to_numpy(each) for each in gan.discriminator(own)[:2] + gan.discriminator(drawn)[2:]]
    back, _ = gan.encode(drawn)
    divergence = -0.5 * (1 + log_variance - mean**2 - np.exp(log_variance)).sum() / len(mean)
    authors = sum(((each - 1) ** 2).mean() for each in logits) + 10 * np.abs(own - real).mean()
    authors += 0.01 * divergence + 0.5 * np.abs(back - ops.convert_to_numpy(batch.latents)).mean()
    assert float(ops.convert_to_numpy(gan.generator_loss(batch))) == pytest.approx(authors / 2, rel=1e-3)


def test_the_loss_of_the_latents_trains_the_generator_alone():
    gan = made()
    batch = a_batch(gan)

    def distance():
        drawn = gan.synthesize(batch)[1]
        return ops.mean(ops.abs(gan._encoded(drawn, frozen=True)[0] - batch.latents))

    variables = gan.generator.trainable_variables
    grads = [ops.convert_to_numpy(each) for each in gradients.gradients(distance, variables)[1]]
    encoding = {id(variable) for variable in gan.generator_parts["encoder"].trainable_variables}
    sizes = {
        name: max(
            np.abs(grad).max() for grad, variable in zip(grads, variables) if (id(variable) in encoding) is is_encoder
        )
        for name, is_encoder in (("generator", False), ("encoder", True))
    }
    assert sizes["encoder"] == 0 and sizes["generator"] > 1e-4


def test_variations_differ_and_are_those_of_predict_and_of_a_model_of_one_choice():
    gan = made()
    images = noise(2, *gan.input_shape)
    several = gan.variations(images, 3, seed=5)
    assert several.shape == (3, 2, *gan.image_shape)
    np.testing.assert_array_equal(several, gan.variations(images, 3, seed=5))
    assert np.abs(several[0] - several[1]).mean() > 0.01
    points = gan.prior_of_latents.draw(3, gan.latent_dim, 5)
    np.testing.assert_allclose(gan.predict(images, latents=points[:2])[1], several[1, 1], atol=1e-5)
    np.testing.assert_allclose(gan.predict(images, latents=points[2]), several[2], atol=1e-5)
    np.testing.assert_allclose(gan.for_latents(points[2]).predict(images), several[2], atol=1e-5)
    np.testing.assert_allclose(gan.predict(images), gan.predict(images, latents=np.zeros(4)), atol=1e-6)
    whole = ops.convert_to_numpy(gan([ops.convert_to_tensor(images), ops.convert_to_tensor(points[:2])]))
    np.testing.assert_allclose(whole[0], several[0, 0], atol=1e-5)
    several_sizes = gan.variations([noise(16, 16, 1), noise(24, 16, 1)], 2)
    assert [image.shape for image in several_sizes[1]] == [(16, 16, 3), (24, 16, 3)]


def test_predicting_builds_no_network(monkeypatch):
    gan = made()
    images, points = noise(3, 24, 40, 1), gan.prior_of_latents.draw(3, gan.latent_dim, 0)
    alone = [gan.for_latents(point).predict(image, tile_size=16, overlap=4) for image, point in zip(images, points)]
    monkeypatch.setattr(keras, "Model", None)
    several = gan.predict(images, latents=points, tile_size=16, overlap=4, batch_size=2)
    np.testing.assert_allclose(several, alone, atol=1e-5)
    listed = gan.predict([*images], latents=points, tile_size=16, overlap=4)
    np.testing.assert_allclose(listed, alone, atol=1e-5)
    out = np.empty((3, 24, 40, 3), np.uint8)
    assert gan.predict(images, latents=points, out=out) is out and out.std() > 1
    assert gan.variations(images, 2, seed=0).shape == (2, 3, 24, 40, 3) and gan.predict(images).shape == out.shape


def test_what_users_see_of_predict_is_what_it_takes():
    gan, images = made(), noise(2, 16, 16, 1)
    assert "beside" not in inspect.signature(gan.predict).parameters
    for call in (gan.predict, gan.variations):
        with pytest.raises(TypeError, match="unexpected keyword argument 'beside'"):
            call(images, beside=[np.zeros((2, 4), "float32")])
    with pytest.raises(ValueError, match="Received: tile_size='large'"):
        gan.variations(images, tile_size="large")
    with pytest.raises(TypeError, match="unexpected keyword argument 'out'"):  # of one result, not of several
        gan.variations(images, out=np.empty((2, 16, 16, 3), np.float32))


def test_latents_of_another_number_are_refused():
    gan = made()
    for points, images in ((np.zeros((3, 4)), noise(2, 16, 16, 1)), (np.zeros((1, 4)), noise(16, 16, 1))):
        with pytest.raises(ValueError, match=r"Expected latents \(4,\), or a row for each image\. Received"):
            gan.predict(images, latents=points)
    with pytest.raises(ValueError, match=r"Expected latents of shape \(count, 4\)"):
        gan.predict(noise(2, 16, 16, 1), latents=np.zeros(5))
    with pytest.raises(ValueError, match="Received: depth=2, latent_dim=8, encoder_blocks=5"):
        BicycleGAN(depth=2)


def test_a_picture_is_translated_several_times_side_by_side(tmp_path):
    gan, pixels = made(), to_uint8(noise(*BicycleGAN(**BicycleGAN.tiny_config).input_shape))
    Image.fromarray(pixels.squeeze()).save(tmp_path / "given.png")
    assert samples.translate(gan, tmp_path / "given.png", tmp_path / "made.png", variations=3) == 1
    expected = to_uint8(np.concatenate(gan.variations(pixels, 3, seed=0), axis=1))
    np.testing.assert_array_equal(np.asarray(Image.open(tmp_path / "made.png")), expected.squeeze())
    one = Pix2Pix(**Pix2Pix.tiny_config)
    with pytest.raises(ValueError, match=r"--variations only for models with several .*Received: a Pix2Pix"):
        samples.translate(one, tmp_path / "given.png", tmp_path / "made.png", variations=3)
