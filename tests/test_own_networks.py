"""Networks of one's own, as tutorials write them: each trains, or is refused when the GAN is made."""

import keras
import numpy as np
import pytest

from kerasgan import GAN

pytestmark = pytest.mark.backends("jax", "torch")
L = keras.layers
CLASSES = 3


def noise_first(inputs):
    """[latents, labels] in that order."""
    return inputs


def labels_first(inputs):
    return inputs[::-1]


def conditional(order, label_shape, dtype, latent_shape=(4,)):
    latents, images = keras.Input(latent_shape, name="noise_vector"), keras.Input((8, 8, 1), name="picture")

    def labels():
        return keras.Input(label_shape, dtype=dtype, name=None)

    def features(labels):
        if label_shape == (CLASSES,):
            return labels
        return L.Flatten()(L.Embedding(CLASSES, 2)(L.Reshape((1,))(labels) if label_shape == () else labels))

    first, second = labels(), labels()
    x = L.Concatenate()([L.Flatten()(latents), features(first)])
    generator = keras.Model(order([latents, first]), L.Reshape((8, 8, 1))(L.Dense(64, activation="tanh")(x)))
    x = L.Concatenate()([L.Flatten()(images), features(second)])
    return generator, keras.Model(order([images, second]), L.Dense(1)(x))


def plain(latent_shape=(4,), image_shape=(8, 8, 1)):
    generator = [keras.Input(latent_shape), L.Flatten(), L.Dense(64), L.Reshape((8, 8, 1)), L.Activation("tanh")]
    return keras.Sequential(generator), keras.Sequential([keras.Input(image_shape), L.Flatten(), L.Dense(1)])


def trains(gan):
    gan.compile(ema_half_life=10, run_eagerly=True)
    labels = None if gan.num_classes is None else np.arange(8) % CLASSES
    gan.fit(np.zeros((8, 8, 8, 1), "uint8"), labels, batch_size=4, verbose=0)
    assert gan.latent_dim == 4
    return gan.generate(3, seed=0)


@pytest.mark.parametrize("order", [noise_first, labels_first])
@pytest.mark.parametrize(
    ("shape", "dtype"), [((), "int32"), ((1,), "int32"), ((1,), "float32"), ((CLASSES,), "float32")]
)
def test_labels_in_any_place_and_shape_train(order, shape, dtype, tmp_path):
    gan = GAN(*conditional(order, shape, dtype), num_classes=CLASSES)
    images = trains(gan)
    assert gan.generator.inputs[0].name == "noise_vector"
    different = gan.generate(3, latents=np.ones((3, 4)), labels=[0, 1, 2])
    assert np.abs(different[0] - different[1]).max() > 1e-4  # the labels are the labels
    gan.save(tmp_path / "gan.keras")
    np.testing.assert_allclose(keras.saving.load_model(tmp_path / "gan.keras").generate(3, seed=0), images, atol=1e-6)


@pytest.mark.parametrize("shape", [(4, 1, 1), (1, 1, 4), (1, 4), (2, 2)])
def test_latents_of_any_shape_train(shape):
    assert trains(GAN(*plain(shape))).shape == (3, 8, 8, 1)


def test_latents_keep_their_order_in_another_shape():
    latents = keras.Input((1, 1, 4))
    generator = keras.Model(
        latents, L.UpSampling2D(8)(L.Lambda(lambda x: x[..., 2:3], output_shape=(1, 1, 1))(latents))
    )
    gan = GAN(generator, plain()[1])
    np.testing.assert_array_equal(gan.generate(latents=[[0.1, 0.2, 0.3, 0.4]]), np.full((1, 8, 8, 1), 0.3, "float32"))


def test_latents_without_a_fixed_size_are_refused():
    latents = keras.Input((None, 4))
    generator = keras.Model(latents, L.Reshape((8, 8, 1))(L.Dense(64)(L.GlobalAveragePooling1D()(latents))))
    with pytest.raises(ValueError, match=r"Expected latents of a fixed size.*\(None, None, 4\)"):
        GAN(generator, plain()[1])


class Subclassed(keras.Model):
    def __init__(self):
        super().__init__()
        self.dense = L.Dense(64, activation="tanh")

    def call(self, latents):
        return keras.ops.reshape(self.dense(latents), (-1, 8, 8, 1))

    def get_config(self):
        return {}


@pytest.mark.parametrize("network", [Subclassed(), keras.Sequential([L.Dense(64), L.Reshape((8, 8, 1))])])
def test_what_does_not_begin_at_an_input_is_refused_with_what_to_do(network):
    with pytest.raises(ValueError, match=r"begins at a keras\.Input\. Received: a S.*keras\.Model\(latents, network"):
        GAN(network, plain()[1])
    with pytest.raises(ValueError, match=r"a discriminator that begins.*images = keras\.Input\(\(8, 8, 1\)\)"):
        GAN(plain()[0], network)
    latents = keras.Input((4,))
    assert trains(GAN(keras.Model(latents, network(latents)), plain()[1])).shape == (3, 8, 8, 1)


@pytest.mark.parametrize(
    ("networks", "num_classes", "message"),
    [
        (plain(), CLASSES, r"a generator of \[latents, labels\]\. Received: num_classes=3"),
        (conditional(noise_first, (), "int32"), None, r"of latents \(or num_classes, for labels\)\. Received: num_c"),
        (conditional(noise_first, (CLASSES,), "float32"), 5, r"one-hot, \(batch, 5\)\. Received: inputs noise_vector"),
        (
            plain(image_shape=(16, 16, 1)),
            None,
            r"images, \(8, 8, 1\)\. Received: a discriminator of images \(16, 16, 1\)",
        ),
    ],
)
def test_other_inputs_are_refused_when_the_gan_is_made(networks, num_classes, message):
    with pytest.raises(ValueError, match=message):
        GAN(*networks, num_classes=num_classes)


def test_what_is_no_network_or_has_several_outputs_is_refused():
    generator, discriminator = plain()
    images = discriminator.inputs[0]
    with pytest.raises(ValueError, match=r"a discriminator of one output, logits\. Received: .*\(None, 3\)"):
        GAN(generator, keras.Model(images, [discriminator(images), L.Dense(3)(L.Flatten()(images))]))
    latents = generator.inputs[0]
    with pytest.raises(ValueError, match=r"a generator of one output, images\. Received"):
        GAN(keras.Model(latents, [generator(latents), latents]), discriminator)
    with pytest.raises(ValueError, match=r"a generator: a keras\.Model\. Received: 100"):
        GAN(100, discriminator)
