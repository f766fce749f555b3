"""CoGAN: the authors' networks, what domains share, and the same latents in every domain."""

import numpy as np
import pytest
from keras import ops

from kerasgan.models import CoGAN
from kerasgan.models.cogan import Chosen

pytestmark = pytest.mark.backends("jax", "torch")


def parameters(network):
    return sum(int(np.prod(variable.shape)) for variable in network.trainable_variables)


@pytest.mark.backends("tensorflow")
def test_the_networks_have_the_weights_of_the_authors_layers():
    """4x4 to 1024, 3x3 to 512, 256 and 128, two of 6x6 to the image; two of 5x5 to 20, to 50, 4x4 to 500; slopes."""
    gan = CoGAN()
    shared = 16 * 100 * 1024 + 1024 + sum(9 * 2 * n * n + n for n in (512, 256, 128)) + 4
    assert float(gan.generator.get_layer("up0_prelu").get_weights()[0].ravel()[0]) == 0.25  # PyTorch's
    assert parameters(gan.generator) == shared + 2 * (36 * 128 + 1) == 7_842_694
    own, shared = 2 * (25 * 20 + 20), 25 * 20 * 50 + 50 + 16 * 50 * 500 + 500 + 501
    assert parameters(gan.discriminator) == own + shared + 1 == 427_092
    with pytest.raises(ValueError, match=r"8 n - 4, from 20 on\. Received: image_size=32"):
        CoGAN(image_size=32)


def test_only_the_maps_of_the_label_are_chosen():
    maps = np.arange(2 * 2 * 1 * 6, dtype="float32").reshape(2, 2, 1, 6)
    made = ops.convert_to_numpy(Chosen()([maps, np.eye(3, dtype="float32")[[2, 0]]]))
    np.testing.assert_array_equal(made, np.stack([maps[0, ..., 4:], maps[1, ..., :2]]))


def test_domains_differ_in_the_last_convolution_alone():
    gan = CoGAN(**CoGAN.tiny_config)
    points = gan.prior.draw(2, gan.latent_dim, 0)
    first, second = (gan.generate(latents=points, labels=label) for label in (0, 1))
    assert np.abs(first - second).max() > 1e-4
    kernel, bias = gan.generator.get_layer("image").get_weights()
    kernel[:, :, 1] = kernel[:, :, 0]
    gan.generator.get_layer("image").set_weights([kernel, bias])
    np.testing.assert_allclose(gan.generate(latents=points, labels=1), first, atol=1e-6)
    images = np.random.default_rng(0).uniform(-1, 1, (2, 20, 20, 1)).astype("float32")
    kernel, bias = gan.discriminator.get_layer("down0").get_weights()
    labels = [np.full(2, label, "int32") for label in (0, 1)]
    before = [gan.discriminator.predict([images, each], verbose=0) for each in labels]
    kernel[..., :2] += 1.0  # of domain 0
    gan.discriminator.get_layer("down0").set_weights([kernel, bias])
    after = [gan.discriminator.predict([images, each], verbose=0) for each in labels]
    np.testing.assert_array_equal(after[1], before[1])
    assert np.abs(after[0] - before[0]).max() > 1e-4
