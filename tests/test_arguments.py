"""A model's configuration: the arguments of the outermost constructor, also of a user's own class."""

import keras
import numpy as np
import pytest

from kerasgan import GAN
from kerasgan.models import DCGAN, GRAN, SRGAN

SMALL = dict(image_size=8, channels=1, latent_dim=4)


@keras.saving.register_keras_serializable("test_arguments")
class Scaled(DCGAN):
    def __init__(self, *, scale=1.0, **options):
        super().__init__(**options)
        self.scale = scale


@keras.saving.register_keras_serializable("test_arguments")
class Configured(GAN):
    def __init__(self, generator, discriminator, strength=1.0, name=None):
        super().__init__(generator, discriminator, name=name)
        self.strength = strength

    def get_config(self):
        return {**super().get_config(), "strength": self.strength}


@keras.saving.register_keras_serializable("test_arguments")
class Positional(DCGAN):
    def __init__(self, planes, *rest, **options):
        super().__init__(*rest, width=2 * planes, **options)


@keras.saving.register_keras_serializable("test_arguments")
class Fixed(Scaled):
    def __init__(self, **options):
        super().__init__(image_size=8, name="fixed", **options)


@keras.saving.register_keras_serializable("test_arguments")
class Closed(DCGAN):
    def __init__(self, width=None):
        super().__init__(width=width, **SMALL)


@keras.saving.register_keras_serializable("test_arguments")
class Wrapped(GAN):
    def __init__(self, *networks, strength=1.0, **options):
        super().__init__(*networks, **options)
        self.strength = strength
        self.compile()


def networks():
    layers = keras.layers
    generator = keras.Sequential([keras.Input((4,)), layers.Dense(64, activation="tanh"), layers.Reshape((8, 8, 1))])
    return generator, keras.Sequential([keras.Input((8, 8, 1)), layers.Flatten(), layers.Dense(1)])


MINE = {
    "options": lambda: Scaled(scale=2.0, width=2, **SMALL),
    "own get_config": lambda: Configured(*networks(), strength=3.0),
    "positional": lambda: Positional(1, **SMALL),
    "fixed": lambda: Fixed(scale=2.0, channels=1, latent_dim=4, width=2),
    "closed": lambda: Closed(2),
    "networks": lambda: Wrapped(*networks(), strength=3.0),
}


@pytest.mark.parametrize("make", MINE.values(), ids=MINE)
@pytest.mark.parametrize("again", ["config", "clone", "file"])
def test_a_class_of_ones_own_is_made_again(make, again, tmp_path):
    gan = make()
    gan.compile()
    if again == "file":
        gan.save(tmp_path / "gan.keras")
        other = keras.saving.load_model(tmp_path / "gan.keras")
        np.testing.assert_array_equal(other.generate(2, seed=1), gan.generate(2, seed=1))
    else:
        other = type(gan).from_config(gan.get_config()) if again == "config" else keras.models.clone_model(gan)
    assert type(other) is type(gan)
    config = {key: value for key, value in gan.get_config().items() if key not in ("generator", "discriminator")}
    assert config.items() <= other.get_config().items()
    for name in ("scale", "strength"):
        assert getattr(other, name, None) == getattr(gan, name, None)


def test_the_configuration_has_the_arguments_of_both_constructors():
    config = Scaled(scale=2.0, **SMALL, variant="torch").get_config()
    assert {
        "scale": 2.0,
        "image_size": 8,
        "variant": "torch",
        "width": 64,
        "output_bias": False,
    }.items() <= config.items()


def test_what_a_constructor_fixes_or_computes_is_not_its_argument():
    assert "image_size" not in Fixed(scale=2.0, channels=1, width=2).get_config()
    config = Positional(3, **SMALL).get_config()
    assert config["planes"] == 3 and "width" not in config
    assert {*Closed(2).get_config()} == {"width", "dtype", "averaged", "frozen"}


def test_a_computed_default_stands_where_none_was():
    assert GRAN(image_size=8, channels=1, variant="mnist", steps=1, latent_dim=4).get_config()["width"] == 10
    assert Closed().get_config()["width"] == 128
    assert SRGAN(**SRGAN.tiny_config).get_config()["discriminator_width"] == SRGAN.tiny_config["width"]


def test_a_containers_later_changes_are_not_the_models():
    prior = {"name": "uniform", "low": -2.0}
    gan = DCGAN(**SMALL, width=2, prior=prior)
    before = gan.get_config()
    prior["low"] = -1.0
    assert gan.get_config() == before


@pytest.mark.parametrize("family", [DCGAN, SRGAN])
def test_an_argument_that_is_nan_is_refused_in_every_family(family):
    with pytest.raises(ValueError, match=r"not NaN\. Received: width=nan"):
        family(**{**family.tiny_config, "width": float("nan")})


def test_an_unknown_argument_is_refused_in_the_constructors_name():
    with pytest.raises(TypeError, match=r"DCGAN\.__init__\(\) got an unexpected keyword argument 'size'"):
        DCGAN(size=3)
