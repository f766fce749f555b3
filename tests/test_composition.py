"""Networks one after another, in one graph, and a generator assembled from its parts."""

import keras
import numpy as np
from keras import ops

from kerasgan import GAN
from kerasgan.layers import compose, rerun
from kerasgan.models import LAPGAN, CycleGAN, StyleGAN2


def network(size, name):
    """Numbers (batch, 3), and others of the same shape that are added, to (batch, size)."""
    first, second = keras.Input((3,), name=f"{name}_first"), keras.Input((3,), name=f"{name}_second")
    x = keras.layers.Add(name=f"{name}_sum")([first, second])
    return keras.Model([first, second], keras.layers.Dense(size, name=f"{name}_dense")(x), name=name)


def test_a_composition_has_the_layers_of_both_networks_and_the_further_inputs_of_the_second():
    first, second = network(3, "one"), network(2, "two")
    whole = compose(first, second)
    assert whole.name == "two" and not any(isinstance(layer, keras.Model) for layer in whole.layers)
    assert whole.get_layer("one_dense") is first.get_layer("one_dense")
    assert whole.get_layer("two_dense") is second.get_layer("two_dense")
    x = [np.full((1, 3), value, "float32") for value in (1.0, 2.0, 3.0)]
    expected = second([first(x[:2]), ops.convert_to_tensor(x[2])])
    np.testing.assert_allclose(whole(x), expected, rtol=1e-6)


def test_layers_that_are_run_again_can_be_called_otherwise():
    one, factor = network(2, "one"), keras.Input((2,))
    others = [keras.Input((3,)) for _ in one.inputs]

    def call(layer, *arguments, **options):
        output = layer(*arguments, **options)
        return output * factor if layer.name == "one_dense" else output

    scaled = keras.Model([*others, factor], rerun(one, others, beside=[factor], call=call))
    x = [np.ones((1, 3), "float32"), np.ones((1, 3), "float32")]
    np.testing.assert_allclose(scaled([*x, np.float32([[2, 3]])]), one(x) * np.float32([[2, 3]]), rtol=1e-6)


def test_the_parts_are_those_of_the_generator_and_of_its_moving_average():
    for family in (CycleGAN, LAPGAN, StyleGAN2):
        gan = family(**family.tiny_config)
        assert gan.sampler_parts is gan.generator_parts
        gan.compile(ema_half_life=10)
        assert gan.sampler_parts.keys() == gan.generator_parts.keys()
        for whole, parts in ((gan.generator, gan.generator_parts), (gan.ema_generator, gan.sampler_parts)):
            own = {id(weight) for weight in whole.weights}
            inside = {id(weight) for part in parts.values() for weight in part.weights}
            assert own == inside


def test_a_model_can_be_made_of_parts(tmp_path):
    latents, features = keras.Input((4,)), keras.Input((8,))
    parts = {
        "first": keras.Model(latents, keras.layers.Dense(8)(latents)),
        "second": keras.Model(features, keras.layers.Reshape((2, 2, 2))(features)),
    }
    images = keras.Input((2, 2, 2))
    gan = GAN(parts, keras.Model(images, keras.layers.Dense(1)(keras.layers.Flatten()(images))))
    gan.compile(ema_half_life=10)
    gan.save(tmp_path / "gan.keras")
    again = keras.saving.load_model(tmp_path / "gan.keras")
    np.testing.assert_array_equal(again.generate(2, seed=0), gan.generate(2, seed=0))
    assert again.sampler_parts.keys() == parts.keys()
