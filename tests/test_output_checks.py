"""Networks of one's own whose last activation does not suit a GAN are named when it is made."""

import keras
import pytest

from kerasgan import GAN

L = keras.layers


def networks(image, logit):
    generator = keras.Sequential([keras.Input((4,)), L.Dense(64), *image, L.Reshape((8, 8, 1))])
    return generator, keras.Sequential([keras.Input((8, 8, 1)), L.Flatten(), *logit])


@pytest.mark.parametrize(
    ("image", "logit", "message"),
    [
        ([], [L.Dense(1, activation="sigmoid")], "gives logits.*Received: a discriminator that ends in a sigmoid"),
        ([], [L.Dense(2, activation="softmax")], "Received: a discriminator that ends in a softmax"),
        ([], [L.Dense(1), L.Activation("sigmoid")], "Received: a discriminator that ends in a sigmoid"),
        ([], [L.Dense(1), L.Softmax()], "Received: a discriminator that ends in a softmax"),
        ([L.Activation("sigmoid")], [L.Dense(1)], "end it in tanh.*Received: a generator that ends in a sigmoid"),
        ([L.Dense(64, activation="relu")], [L.Dense(1)], "Received: a generator that ends in a relu"),
        ([L.ReLU()], [L.Dense(1)], "Received: a generator that ends in a relu"),
    ],
)
def test_an_activation_that_does_not_suit_is_named(image, logit, message):
    with pytest.warns(UserWarning, match=message) as caught:
        GAN(*networks(image, logit))
    assert len(caught) == 1 and caught[0].filename == __file__


def test_a_function_in_place_of_a_layer_and_a_model_inside_a_model_are_seen():
    generator, discriminator = networks([L.Activation("tanh")], [L.Dense(1)])
    images = keras.Input((8, 8, 1))
    with pytest.warns(UserWarning, match="discriminator that ends in a sigmoid"):
        GAN(generator, keras.Model(images, keras.ops.sigmoid(discriminator(images))))
    inside = keras.Sequential([keras.Input((8, 8, 1)), L.Flatten(), L.Dense(1, activation="sigmoid")])
    with pytest.warns(UserWarning, match="discriminator that ends in a sigmoid"):
        GAN(generator, keras.Model(images, inside(images)))


@pytest.mark.parametrize("image", [[], [L.Activation("tanh")], [L.LeakyReLU()]])
def test_what_suits_is_taken_without_a_word(image):
    GAN(*networks(image, [L.Dense(1)]))
