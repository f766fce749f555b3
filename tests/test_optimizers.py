"""The schedules of the first papers, and two optimizers as one."""

import keras
import numpy as np
import pytest
from keras import ops

from kerasgan import gradients, optimizers

tensorflow = pytest.mark.skipif(keras.backend.backend() != "tensorflow", reason="an operation of TensorFlow's")


def test_momentum_rises_linearly_and_then_stays():
    """v <- m v - lr g by hand, with g = 1, lr = 1 and m = 0.5, 0.6, 0.7, 0.7."""
    optimizer = optimizers.MomentumRampSGD(1.0, 0.5, final_momentum=0.7, ramp_steps=2)
    variable = keras.Variable(0.0)
    expected, velocity = 0.0, 0.0
    for momentum in (0.5, 0.6, 0.7, 0.7):
        optimizer.apply([ops.ones(())], [variable])
        velocity = momentum * velocity - 1.0
        expected += velocity
        assert float(ops.convert_to_numpy(variable.value)) == pytest.approx(expected, rel=1e-6)


def test_a_constant_momentum_equals_keras_sgd():
    ours, theirs = optimizers.MomentumRampSGD(0.1, 0.6, final_momentum=0.6), keras.optimizers.SGD(0.1, momentum=0.6)
    values = []
    for optimizer in (ours, theirs):
        variable = keras.Variable(np.ones(3, "float32"))
        for step in range(5):
            optimizer.apply([ops.convert_to_tensor(np.full(3, step, "float32"))], [variable])
        values.append(ops.convert_to_numpy(variable.value))
    np.testing.assert_allclose(*values, rtol=1e-6)


def test_negative_momentum_is_taken():
    """v <- -0.5 v - g by hand, with g = 1: -1, then -0.5, then -0.75."""
    optimizer = optimizers.MomentumRampSGD(1.0, -0.5, final_momentum=-0.5)
    variable, expected = keras.Variable(0.0), (-1.0, -1.5, -2.25)
    for value in expected:
        optimizer.apply([ops.ones(())], [variable])
        assert float(ops.convert_to_numpy(variable.value)) == pytest.approx(value, rel=1e-6)
    again = optimizers.MomentumRampSGD.from_config(optimizer.get_config())
    assert again.momentum == again.final_momentum == -0.5
    with pytest.raises(ValueError, match=r"above -1 and below 1\. Received: momentum=-1"):
        optimizers.MomentumRampSGD(momentum=-1.0)


def test_adams_first_step_of_each_stage_is_as_long_as_its_rate():
    """Of weights that begin to move then: m = g (1 - b1), v = g^2 (1 - b2), which Adam divides by 1 - b^t."""
    for kind, lengths in (
        (optimizers.StagedAdam(0.1, beta_1=0.5, stage_steps=5000, stages=2), (0.1, 0.1)),
        (keras.optimizers.Adam(0.1, beta_1=0.5), (0.1, 0.05 / np.sqrt(0.001 / (1 - 0.999**5001)))),
    ):
        first, second = (keras.Variable(np.zeros(3, "float32")) for _ in range(2))
        kind.build([first, second])
        gradients.apply(kind, [ops.ones(3)], [first])
        gradients.iterations(kind).assign(5000)
        gradients.apply(kind, [ops.ones(3)], [second])
        for variable, length in zip((first, second), lengths):
            np.testing.assert_allclose(ops.convert_to_numpy(variable.value), -length, rtol=1e-3)
        assert int(ops.convert_to_numpy(gradients.iterations(kind).value)) == 5001
    staged = optimizers.StagedAdam.from_config(optimizers.StagedAdam(stage_steps=3, stages=2).get_config())
    assert (staged.stage_steps, staged.stages) == (3, 2)
    counted = []
    for done in (0, 2, 3, 5, 6, 9):
        gradients.iterations(staged).assign(done)
        counted.append(int(ops.convert_to_numpy(staged.iterations)))
    assert counted == [0, 2, 0, 2, 3, 6]  # the last stage does not end


def test_optimistic_steps_take_the_one_before_back():
    """w <- w + 2 s_t - s_(t-1), with s the steps of the optimizer itself: of SGD by hand, of Adam Keras' own."""
    slopes = np.array([[1.0, -2.0], [0.5, 3.0], [-1.0, 0.25]], "float32")
    for ours, theirs in (
        (optimizers.OptimisticSGD(0.1), keras.optimizers.SGD(0.1)),
        (optimizers.OptimisticAdam(0.1, beta_1=0.5), keras.optimizers.Adam(0.1, beta_1=0.5)),
    ):
        found, plain = (keras.Variable(np.ones(2, "float32")) for _ in range(2))
        expected, previous, last = np.ones(2), np.zeros(2), np.ones(2)
        for slope in slopes:
            gradients.apply(ours, [ops.convert_to_tensor(slope)], [found])
            theirs.apply([ops.convert_to_tensor(slope)], [plain])
            now = ops.convert_to_numpy(plain.value).copy()
            expected, previous, last = expected + 2 * (now - last) - previous, now - last, now
            np.testing.assert_allclose(ops.convert_to_numpy(found.value), expected, rtol=1e-5)
        again = keras.optimizers.deserialize(keras.optimizers.serialize(ours))
        assert type(again) is type(ours) and again.get_config() == ours.get_config()


def test_the_adversarial_optimizer_shows_both_optimizers_variables_and_sets_both_rates_if_they_are_equal():
    optimizer = optimizers.AdversarialOptimizer(
        generator=keras.optimizers.SGD(0.1), discriminator=keras.optimizers.Adam(0.2)
    )
    first, second = keras.Variable(1.0), keras.Variable(2.0)
    optimizer.build_variables([first], [second])
    assert len(optimizer.variables) == len(optimizer.generator.variables) + len(optimizer.discriminator.variables)
    with pytest.raises(ValueError, match=r"own, 0\.1 and 0\.2 .*Received: optimizer\.learning_rate=0"):
        optimizer.learning_rate = 0.05
    assert float(optimizer.learning_rate) == float(optimizer.generator.learning_rate) == pytest.approx(0.1)
    assert float(optimizer.discriminator.learning_rate) == pytest.approx(0.2)
    optimizer.discriminator.learning_rate = 0.1
    optimizer.learning_rate = 0.05
    assert [float(own.learning_rate) for own in optimizer.optimizers] == pytest.approx([0.05, 0.05])


@pytest.mark.parametrize(
    ("batch", "half_life", "expected"),
    [
        (32, 10_000, 0.9977843871),
        (64, 20_000, 0.9977843871),
        (64, 500_000, 0.9999112811),
        (256, 500_000, 0.9996451716),
        (512, 5_000_000, 0.9999290242),
    ],
)
def test_the_decay_of_the_average_follows_from_its_half_life(batch, half_life, expected):
    assert optimizers.ema_decay(batch, half_life=half_life) == pytest.approx(expected, abs=1e-10)


@tensorflow
@pytest.mark.parametrize("scaled", [False, True])
@pytest.mark.parametrize("kind", [keras.optimizers.Adam, keras.optimizers.AdamW, optimizers.AnnealedAdam])
def test_a_users_adam_is_left_as_it_is_and_moves_as_kerass_own(kind, scaled):
    """Whatever `gradients.apply` takes for its step: attributes, variables and count of steps are as after Keras'."""
    values, attributes = [], []
    for apply in (gradients.apply, lambda optimizer, grads, variables: optimizer.apply(grads, variables)):
        own = kind(0.1, beta_1=0.5, beta_2=0.75, clipnorm=3.0)  # of which one less is exact
        optimizer = keras.optimizers.LossScaleOptimizer(own, initial_scale=4.0) if scaled else own
        variables = [keras.Variable(np.ones(3, "float32"), name="a"), keras.Variable(2.0, name="b")]
        optimizer.build(variables)
        for step in range(1, 4):
            apply(optimizer, [ops.full((3,), 4.0 * step), ops.convert_to_tensor(-8.0)], variables)
        attributes.append({name: type(value) for name, value in vars(own).items()})
        assert type(own) is kind and int(ops.convert_to_numpy(own.iterations)) == 3
        values.append([ops.convert_to_numpy(variable.value) for variable in (*variables, *optimizer.variables)])
    assert attributes[0] == attributes[1]
    for ours, theirs in zip(*values, strict=True):
        np.testing.assert_allclose(ours, theirs, rtol=1e-5)


@tensorflow
@pytest.mark.parametrize("scaled", [False, True])
def test_on_tensorflow_adam_is_one_operation_for_each_weight(scaled):
    import tensorflow as tf

    own = keras.optimizers.Adam(0.1)
    optimizer = keras.optimizers.LossScaleOptimizer(own) if scaled else own
    variables = [keras.Variable(np.ones(3, "float32")), keras.Variable(2.0)]
    optimizer.build(variables)
    step = tf.function(lambda: gradients.apply(optimizer, [ops.ones(3), ops.ones(())], variables))
    graph = step.get_concrete_function().graph.as_graph_def()
    nodes = [*graph.node, *(node for function in graph.library.function for node in function.node_def)]
    assert sum(node.op == "ResourceApplyAdam" for node in nodes) == 2


def test_momentum_may_begin_at_none():
    optimizer = optimizers.MomentumRampSGD(0.1, momentum=0.0, final_momentum=0.5, ramp_steps=1)
    weights = keras.Variable(np.zeros(1, "float32"))
    optimizer.build([weights])
    for _ in range(2):
        optimizer.apply([np.ones(1, "float32")], [weights])
    np.testing.assert_allclose(keras.ops.convert_to_numpy(weights), [-0.1 - 0.15], rtol=1e-6)
