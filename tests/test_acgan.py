"""AC-GAN: the class losses of both networks, the discriminator's inputs, and what it classifies."""

import keras
import numpy as np
import pytest
from keras import ops

from kerasgan.gan import Batch
from kerasgan.models import ACGAN


def tiny(**arguments):
    return ACGAN(**{**ACGAN.tiny_config, **arguments})


def say(gan, source, classes):
    """Makes the discriminator answer the same logits to every image."""
    for name, value in (("logit", source), ("class_logits", classes)):
        layer = gan.discriminator.get_layer(name)
        layer.set_weights([np.zeros(layer.kernel.shape), np.asarray(value, "float32")])


def batch(gan, labels):
    images = np.random.default_rng(0).uniform(-1, 1, (2, len(labels), *gan.image_shape)).astype("float32")
    return Batch(*map(ops.convert_to_tensor, (images[0], np.asarray(labels))), None, ops.convert_to_tensor(images[1]))


def scalar(tensor):
    return float(ops.convert_to_numpy(tensor))


def test_each_player_adds_the_cross_entropy_of_the_classes():
    gan = tiny(class_weight=0.5, generator_class_weight=0.25)
    gan.compile(objective="non_saturating")
    say(gan, [0.3], [0.0, 1.0, 2.0])
    entropy = np.log(1 + np.e + np.e**2) - np.mean([0, 2, 2])  # of the labels 0, 2, 2
    round_ = batch(gan, [0, 2, 2])
    source = np.log1p(np.exp(-0.3)) + np.log1p(np.exp(0.3))
    assert scalar(gan.discriminator_loss(round_)) == pytest.approx(source + 0.5 * 2 * entropy, rel=1e-5)
    assert scalar(gan.generator_loss(round_)) == pytest.approx(np.log1p(np.exp(-0.3)) + 0.25 * entropy, rel=1e-5)
    shown = {metric.name: float(metric.result()) for metric in gan.metrics}
    assert shown["real_class_loss"] == shown["fake_class_loss"] == pytest.approx(entropy, rel=1e-5)
    assert shown["class_accuracy"] == pytest.approx(2 / 3)


def test_the_discriminator_sees_images_alone_and_gives_two_answers():
    gan = tiny()
    assert [tensor.name for tensor in gan.discriminator.inputs] == ["images"]
    assert gan.discriminator.output_shape == [(None, 1), (None, 3)]
    round_ = batch(gan, [0, 1])
    assert gan.discriminate(round_.real, round_.labels).shape == (2, 1)


@pytest.mark.slow
def test_it_learns_to_classify_what_is_easily_told_apart():
    gan = tiny(dropout=0.0, width=0.2)
    gan.compile(
        generator_optimizer=keras.optimizers.Adam(1e-3), discriminator_optimizer=keras.optimizers.Adam(3e-3, beta_1=0.5)
    )
    labels = np.arange(60) % 3
    shades = np.array([-0.9, 0.0, 0.9], "float32")[labels][:, None, None, None]
    images = shades * np.ones((60, *gan.image_shape), "float32")
    history = gan.fit(images, labels, batch_size=20, epochs=60, verbose=0).history
    assert history["class_accuracy"][-1] > history["class_accuracy"][0]
    probabilities = gan.classify(images)
    assert probabilities.shape == (60, 3) and probabilities.dtype == np.float32
    np.testing.assert_allclose(probabilities.sum(axis=1), 1, atol=1e-5)
    assert (probabilities.argmax(axis=1) == labels).mean() > 0.9
    np.testing.assert_allclose(gan.classify(images, batch_size=7), probabilities, atol=1e-5)


def test_classify_refuses_other_images():
    with pytest.raises(ValueError, match=r"Expected images of .*\(8, 8, 3\).*Received: \(9, 9, 3\)"):
        tiny().classify(np.zeros((2, 9, 9, 3)))


@pytest.mark.parametrize(("size", "maps"), [(8, [4]), (32, [4, 8, 16]), (128, [4, 8, 16, 32, 64])])
def test_the_generator_doubles_from_four_pixels(size, maps):
    gan = ACGAN(image_size=size, num_classes=2, latent_dim=3, width=0.02)
    sizes = [gan.generator.get_layer("latent_map").output.shape[1]]
    sizes += [gan.generator.get_layer(f"up{index}_relu").output.shape[1] for index in range(1, len(maps))]
    assert sizes == maps
    assert gan.generate(1, seed=0).shape == (1, size, size, 3)


def test_the_discriminator_can_do_without_normalization_and_with_noise():
    gan = tiny(normalize=False, activation_noise=0.1)
    kinds = [type(layer).__name__ for layer in gan.discriminator.layers]
    assert "BatchNormalization" not in kinds
    assert kinds.count("GaussianNoise") == kinds.count("Dropout") == 6


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"image_size": 18}, "power of two.*Received: image_size=18"),
        ({"num_classes": 1}, "at least two classes. Received: num_classes=1"),
        ({"width": 0}, "Expected a positive number. Received: width=0"),
        ({"class_weight": -1.0}, "class_weight=-1.0"),
    ],
)
def test_the_constructor_says_what_it_expects(arguments, message):
    with pytest.raises(ValueError, match=message):
        tiny(**arguments)
