"""One test for each private name of Keras that kerasgan takes: a new Keras that drops it breaks these, not users."""

import inspect

import keras
import numpy as np
import pytest
from keras import ops

from kerasgan import keras_internals


@pytest.fixture
def nested():
    inputs = keras.Input((3,))
    hidden = keras.layers.Dense(4, name="hidden")(inputs)
    inner = keras.Model(inputs, keras.layers.Dropout(0.5, name="inside")(hidden), name="inner")
    outer = keras.Input((3,))
    return keras.Model(outer, keras.layers.Dense(1, name="last")(inner(outer)))


def test_flatten_layers_gives_layers_inside_layers_but_not_the_network(nested):
    names = [layer.name for layer in keras_internals.layers_below(nested)]
    assert {"inner", "hidden", "inside", "last"} <= set(names) and nested.name not in names
    assert "hidden" not in [layer.name for layer in nested.layers]  # what the public API lacks


def test_get_variable_index_is_the_place_among_the_variables_of_build():
    optimizer = keras.optimizers.SGD(0.1, momentum=0.5)
    first, second = keras.Variable(np.zeros(2)), keras.Variable(np.zeros(3))
    optimizer.build([first, second])
    assert [keras_internals.variable_index(optimizer, variable) for variable in (second, first)] == [1, 0]


def test_momentums_and_velocities_are_adams_averages():
    optimizer = keras.optimizers.Adam(0.1, beta_1=0.5, beta_2=0.75)
    other, variable = keras.Variable(np.zeros(2)), keras.Variable(np.zeros(3))
    optimizer.build([other, variable])
    optimizer.apply([ops.zeros(2), ops.full((3,), 2.0)], [other, variable])
    mean, square = keras_internals.adam_moments(optimizer, variable)
    np.testing.assert_allclose(ops.convert_to_numpy(mean.value), np.full(3, 1.0), rtol=1e-6)
    np.testing.assert_allclose(ops.convert_to_numpy(square.value), np.full(3, 1.0), rtol=1e-6)


@pytest.mark.skipif(keras.backend.backend() != "tensorflow", reason="a name of that trainer")
def test_maybe_symbolic_build_is_what_fit_calls():
    calls = []

    class Model(keras_internals.BuiltWhenMade, keras.Model):
        def _maybe_symbolic_build(self, **arguments):
            calls.append(super()._maybe_symbolic_build(**arguments))

    trainer = next(each for each in keras.Model.__mro__ if "_maybe_symbolic_build" in vars(each))
    assert inspect.signature(trainer._maybe_symbolic_build).parameters.keys() == {"self", "iterator", "data_batch"}
    inputs = keras.Input((1,))
    model = Model(inputs, keras.layers.Dense(1)(inputs))
    model.compile(loss="mse")
    model.fit(np.zeros((2, 1), "float32"), np.zeros((2, 1), "float32"), verbose=0)
    assert calls == [None]


def test_metrics_of_a_model_are_its_attributes_and_those_of_layers_inside():
    layer = keras.layers.Dense(1)
    layer.own = keras.metrics.Mean(name="inside")
    model = keras.Sequential([keras.Input((3,)), layer])
    model.seen = [keras.metrics.Sum(name="sum"), keras.metrics.Mean(name="mean")]
    model.compile(loss="mse")
    found = keras_internals.own_metrics(model, besides=keras.metrics.Sum)
    assert [metric.name for metric in found] == ["mean", "inside"]


def test_keras_history_leads_from_an_output_back_into_the_models_inside(nested):
    assert [layer.name for layer in keras_internals.output_path(nested)][:1] == ["last"]
    outer = keras.Input((3,))
    path = keras_internals.output_path(keras.Model(outer, nested.get_layer("inner")(outer)))
    assert [layer.name for layer in path][:2] == ["inside", "hidden"]


def test_conv_and_conv_transpose_of_the_backend_are_what_layers_call():
    calls = []

    def noting(name, function):
        return lambda *arguments, **options: calls.append(name) or function(*arguments, **options)

    layers = keras.layers.Conv2D(2, 3), keras.layers.Conv2DTranspose(2, 3)
    images = ops.zeros((1, 4, 4, 1))
    before = [layer(images) for layer in layers]
    with keras_internals.convolutions_by(noting):
        within = [layer(images) for layer in layers]
    [layer(images) for layer in layers]
    assert calls == ["conv", "conv_transpose"]
    assert [each.shape for each in before] == [each.shape for each in within]


def test_normal_and_uniform_of_the_backend_are_what_keras_draws_with():
    calls = []

    def noting(name, function):
        return lambda *arguments, **options: calls.append(name) or function(*arguments, **options)

    def draw():
        return [
            each((2, 3), seed=keras.random.SeedGenerator(1)) for each in (keras.random.normal, keras.random.uniform)
        ]

    before = draw()
    with keras_internals.draws_by(noting):
        within = draw()
    draw()
    assert calls == ["normal", "uniform"]
    assert all((ops.convert_to_numpy(first == second)).all() for first, second in zip(before, within, strict=True))


def test_matmul_and_leaky_relu_of_the_backend_are_what_keras_calls():
    calls, values = [], ops.ones((2, 2))

    def noting(name, function):
        return lambda *arguments, **options: calls.append(name) or function(*arguments, **options)

    with keras_internals.operations_by(noting):
        products, bounded = ops.matmul(values, values), ops.leaky_relu(-values, negative_slope=0.5)
    ops.leaky_relu(ops.matmul(values, values))
    assert calls == ["matmul", "leaky_relu"]
    assert ops.convert_to_numpy(products).tolist() == [[2.0, 2.0]] * 2
    assert ops.convert_to_numpy(bounded).tolist() == [[-0.5, -0.5]] * 2


@pytest.mark.skipif(keras.backend.backend() != "tensorflow", reason="TensorFlow's trainer uses it")
def test_get_data_adapter_makes_the_tf_data_of_fit():
    class Ones(keras.utils.PyDataset):
        num_batches = 1

        def __getitem__(self, index):
            return np.ones((2, 1), "float32"), np.ones((2, 1), "float32")

    model = keras.Sequential([keras.Input((1,)), keras.layers.Dense(1, kernel_initializer="zeros")])
    model.compile(loss="mse")
    changed = keras_internals.with_tf_data(
        Ones(), lambda data: data.map(lambda inputs, targets: (inputs, 3 * targets)), shuffle=False
    )
    assert model.fit(changed, verbose=0).history["loss"] == [9.0]
