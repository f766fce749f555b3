"""Layers that Keras lacks: spectral and conditional batch normalization, projection, sum pooling."""

from functools import partial

import keras
import numpy as np
import pytest
from keras import ops

from kerasgan import gradients
from kerasgan.layers import (
    ConditionalBatchNormalization,
    ModulatedBatchNormalization,
    Projection,
    SpectralConv2D,
    SpectralDense,
    SpectralEmbedding,
    SumPooling,
)


def array(tensor):
    return ops.convert_to_numpy(tensor)


def random(*shape, seed=0):
    return np.random.default_rng(seed).normal(size=shape).astype("float32")


SPECTRAL = {
    "dense": (partial(SpectralDense, 5), (7,), "kernel"),
    "convolution": (partial(SpectralConv2D, 5, 3, padding="same"), (8, 8, 4), "kernel"),
    "embedding": (partial(SpectralEmbedding, 6, 5), (), "embeddings"),
}
spectral = pytest.mark.parametrize("kind", SPECTRAL)


def built(kind, **options):
    make, shape, weight = SPECTRAL[kind]
    layer = make(**options)
    layer.build((None, *shape))
    weight = getattr(layer, weight)
    weight.assign(random(*weight.shape, seed=1))
    inputs = np.array([0, 5, 2]) if kind == "embedding" else random(3, *shape)
    return layer, weight, inputs


def divided(kind, value, inputs):
    """The layer's output with its weight replaced by `value`, computed without normalization."""
    if kind == "embedding":
        return value[inputs]
    if kind == "dense":
        return inputs @ value
    return array(ops.conv(inputs, value, padding="same"))


@spectral
def test_the_weight_is_divided_by_its_largest_singular_value(kind):
    layer, weight, inputs = built(kind)
    value = array(weight).copy()
    for _ in range(50):
        layer(inputs, training=True)
    sigma = np.linalg.svd(value.reshape(-1, value.shape[-1]), compute_uv=False)[0]
    np.testing.assert_allclose(array(layer(inputs)), divided(kind, value / sigma, inputs), rtol=1e-3, atol=1e-3)
    np.testing.assert_array_equal(array(weight), value)  # the weight itself stays


@spectral
def test_a_matrix_of_rank_one_is_normalized_by_one_step(kind):
    layer, weight, inputs = built(kind)
    left = random(int(np.prod(weight.shape[:-1])), seed=2)
    right = random(weight.shape[-1], seed=3)
    left, right = left / np.linalg.norm(left), right / np.linalg.norm(right)
    weight.assign((3.7 * np.outer(left, right)).reshape(weight.shape))
    expected = divided(kind, np.outer(left, right).reshape(weight.shape), inputs)
    np.testing.assert_allclose(array(layer(inputs, training=True)), expected, atol=1e-5)


@spectral
def test_only_training_moves_the_singular_vector(kind):
    layer, _, inputs = built(kind)
    before = array(layer.u).copy()
    layer(inputs)
    layer(inputs, training=False)
    np.testing.assert_array_equal(array(layer.u), before)
    layer(inputs, training=True)
    assert not np.array_equal(array(layer.u), before)
    assert np.linalg.norm(array(layer.u)) == pytest.approx(1, abs=1e-5)
    assert [variable.name for variable in layer.non_trainable_variables] == ["u"]


def test_the_gradient_is_that_of_the_quotient():
    """Against finite differences of W / sigma(W) with the true sigma: Miyato et al. 2018, equation 12."""
    layer, weight, inputs = built("dense")
    for _ in range(200):
        layer(inputs, training=True)
    direction, value, step = random(*weight.shape, seed=4), array(weight).astype("float64"), 1e-5
    factors = random(3, 5, seed=5)

    def loss(matrix):
        return np.sum(factors * (inputs @ (matrix / np.linalg.svd(matrix, compute_uv=False)[0])))

    expected = (loss(value + step * direction) - loss(value - step * direction)) / (2 * step)
    weights = ops.convert_to_tensor(factors)
    grads = gradients.gradients(lambda: ops.sum(weights * layer(inputs, training=True)), layer.trainable_variables)[1]
    assert np.sum(array(grads[0]) * direction) == pytest.approx(expected, rel=1e-3)


def test_keras_own_wrapper_overwrites_the_weight():
    """Why the layers here are not its: once this fails, it may serve."""
    wrapped = keras.layers.SpectralNormalization(keras.layers.Dense(5))
    wrapped.build((None, 7))
    before = array(wrapped.layer.kernel).copy()
    wrapped(random(3, 7), training=True)
    assert not np.allclose(array(wrapped.layer.kernel), before)


def test_a_spectral_layer_of_zeros_gives_zeros():
    layer, weight, inputs = built("dense")
    weight.assign(np.zeros(weight.shape))
    assert not array(layer(inputs, training=True)).any()


def test_spectral_layers_refuse_to_estimate_without_iterations():
    with pytest.raises(ValueError, match="Received: power_iterations=0"):
        SpectralDense(5, power_iterations=0)


@spectral
def test_a_layer_that_stores_both_vectors_divides_by_their_product_at_rest(kind):
    """As PyTorch does: sigma = u' W v of the vectors that training left, whatever the weight has become."""
    layer, weight, inputs = built(kind, estimate="stored")
    value = array(weight).reshape(-1, weight.shape[-1])
    layer(inputs, training=True)
    u, v = array(layer.u), array(layer.v)
    np.testing.assert_allclose(u, v @ value / np.linalg.norm(v @ value), atol=1e-5)
    weight.assign(random(*weight.shape, seed=2))
    changed = array(weight)
    sigma = (v @ changed.reshape(value.shape) @ u.T).item()
    np.testing.assert_allclose(array(layer(inputs)), divided(kind, changed / sigma, inputs), rtol=1e-3, atol=1e-3)
    np.testing.assert_array_equal(array(layer.v), v)


def test_the_first_vectors_that_are_stored_fit_the_first_weight():
    layer = SpectralDense(5, estimate="stored")
    layer.build((None, 7))
    v, kernel, u = array(layer.v), array(layer.kernel), array(layer.u)
    np.testing.assert_allclose(u, v @ kernel / np.linalg.norm(v @ kernel), atol=1e-5)


def test_an_unknown_estimate_is_refused():
    with pytest.raises(ValueError, match=r"one of iterated, stored\. Received: estimate='exact'"):
        SpectralDense(5, estimate="exact")


def test_each_class_has_its_gain_and_bias():
    layer = ConditionalBatchNormalization(3, epsilon=1e-4)
    features, labels = random(6, 4, 4, 2) * 3 + 1, np.array([0, 2, 1, 1, 0, 2])
    layer.build([features.shape, labels.shape])
    gamma, beta = random(3, 2, seed=1), random(3, 2, seed=2)
    layer.gamma.assign(gamma)
    layer.beta.assign(beta)
    mean, variance = features.mean((0, 1, 2)), features.var((0, 1, 2))
    normalized = (features - mean) / np.sqrt(variance + 1e-4)
    expected = normalized * gamma[labels][:, None, None] + beta[labels][:, None, None]
    np.testing.assert_allclose(array(layer([features, labels], training=True)), expected, atol=1e-4)
    np.testing.assert_allclose(array(layer.normalization.moving_mean), 0.1 * mean, atol=1e-5)  # momentum 0.9


def test_the_tables_of_the_classes_can_be_spectrally_normalized():
    layer = ConditionalBatchNormalization(3, spectral={"estimate": "stored"})
    features, labels = random(4, 2, 2, 5), np.array([2, 0, 1, 2])
    layer.build([features.shape, labels.shape])
    rows = {}
    for name in ("gain", "bias"):
        table = getattr(layer, name)
        table.embeddings.assign(random(3, 5, seed=len(rows)))
        value = array(table.embeddings)
        rows[name] = (value / (array(table.v) @ value @ array(table.u).T).item())[labels][:, None, None]
    expected = features / np.sqrt(1 + 1e-5) * (1 + rows["gain"]) + rows["bias"]
    np.testing.assert_allclose(array(layer([features, labels])), expected, rtol=1e-3, atol=1e-3)


def test_the_modulated_normalization_has_gain_one_plus_linear():
    layer = ModulatedBatchNormalization(spectral=False)
    features, condition = random(4, 2, 2, 3), random(4, 5, seed=1)
    layer.build([features.shape, condition.shape])
    gain, bias = 1 + condition @ array(layer.gain.kernel), condition @ array(layer.bias.kernel)
    expected = features / np.sqrt(1 + 1e-5) * gain[:, None, None] + bias[:, None, None]  # moments at rest: 0 and 1
    np.testing.assert_allclose(array(layer([features, condition])), expected, atol=1e-4)
    assert not np.allclose(array(layer.gain.kernel), array(layer.bias.kernel))
    assert len(layer.trainable_variables) == 2


def test_modulation_can_be_spectrally_normalized():
    layer = ModulatedBatchNormalization(kernel_initializer="glorot_uniform")
    layer.build([(None, 2, 2, 3), (None, 5)])
    assert sorted(v.name for v in layer.non_trainable_variables) == ["moving_mean", "moving_variance", "u", "u"]


def test_the_projection_is_the_inner_product_with_the_class():
    layer = Projection(4)
    features, labels = random(3, 5), np.array([1, 3, 1])
    layer.build([features.shape, labels.shape])
    for _ in range(100):
        layer([features, labels], training=True)
    table = array(layer.embedding.embeddings)
    table = table / np.linalg.svd(table, compute_uv=False)[0]
    expected = np.sum(features * table[labels], axis=1, keepdims=True)
    np.testing.assert_allclose(array(layer([features, labels])), expected, rtol=1e-3, atol=1e-4)


def test_sum_pooling_adds_up_the_pixels():
    images = random(2, 3, 4, 5)
    np.testing.assert_allclose(array(SumPooling()(images)), images.sum((1, 2)), rtol=1e-4, atol=1e-5)


def network(dtype=None):
    images, labels = keras.Input((8, 8, 3)), keras.Input((), dtype="int32")
    x = SpectralConv2D(4, 3, padding="same", epsilon=1e-6)(images)
    x = ConditionalBatchNormalization(5, spectral={"estimate": "stored"})([x, labels])
    condition = SpectralEmbedding(5, 6)(labels)
    x = ModulatedBatchNormalization(spectral_estimate="stored")([x, condition])
    x = SumPooling()(x)
    return keras.Model(
        [images, labels], keras.layers.Add()([Projection(5, dtype="float32")([x, labels]), SpectralDense(1)(x)])
    )


def test_the_layers_survive_a_keras_file_and_cloning(tmp_path):
    model = network()
    inputs = [random(2, 8, 8, 3), np.array([4, 0])]
    model(inputs, training=True)
    expected = array(model(inputs))
    model.save(tmp_path / "model.keras")
    np.testing.assert_array_equal(array(keras.saving.load_model(tmp_path / "model.keras")(inputs)), expected)
    clone = keras.models.clone_model(model)
    clone.set_weights(model.get_weights())
    np.testing.assert_array_equal(array(clone(inputs)), expected)


@pytest.mark.parametrize("policy", ["mixed_bfloat16", "mixed_float16"])
def test_the_layers_compute_in_half_precision_and_keep_their_state_in_full(policy):
    keras.config.set_dtype_policy(policy)
    try:
        model = network()
    finally:
        keras.config.set_dtype_policy("float32")
    assert np.isfinite(array(ops.cast(model([random(2, 8, 8, 3), np.array([4, 0])], training=True), "float32"))).all()
    assert {str(variable.dtype) for variable in model.variables if variable.name == "u"} == {"float32"}


def test_a_spectral_layer_can_be_penalized():
    """Second order: the gradient of an input gradient, with the state moving in between."""
    layer, _, inputs = built("dense")
    inputs = ops.convert_to_tensor(inputs)

    def loss():
        slopes = gradients.input_gradients(lambda x: ops.square(layer(x, training=True)), inputs)
        return ops.sum(ops.square(slopes))

    before = array(layer.u).copy()
    grads = gradients.gradients(loss, layer.trainable_variables)[1]
    assert all(np.isfinite(array(grad)).all() for grad in grads) and array(grads[0]).any()
    assert not np.array_equal(array(layer.u), before)


def test_the_gradients_of_an_embedding_can_be_added():
    """As lazy penalties do; TensorFlow's own are sparse."""
    layer = keras.layers.Embedding(4, 2)
    layer.build()
    grads = gradients.gradients(lambda: ops.sum(layer(np.array([1, 1]))), layer.trainable_variables)[1]
    np.testing.assert_array_equal(array(grads[0] + grads[0]), [[0, 0], [4, 4], [0, 0], [0, 0]])
