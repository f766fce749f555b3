"""The primitives of the training path; `test_backends` runs this file on JAX and PyTorch too."""

import contextlib
import functools
import re

import keras
import numpy as np
import pytest
from keras import ops

import kerasgan
from kerasgan import gradients

pytestmark = pytest.mark.backends("jax", "torch")


def zero():
    return ops.zeros((), dtype="float32")


class Host(keras.Model):
    """The smallest owner of a `train_step`: minimizes (w - batch mean)^2 with a branch on every third step."""

    def __init__(self, optimizer):
        super().__init__()
        self.w = self.add_weight(shape=(), initializer="zeros", name="w")
        self.visits = self.add_weight(shape=(), initializer="zeros", trainable=False, name="visits")
        self.mean = keras.metrics.Mean(name="mean")
        self.built = True
        self.compile(optimizer=optimizer)
        self.optimizer.build(self.trainable_variables)

    @property
    def metrics(self):
        return [self.mean]

    @gradients.trainer_step
    def train_step(self, batch):
        target = ops.mean(batch[0] if isinstance(batch, tuple) else batch)
        steps = self.optimizer.iterations + 0

        def loss():
            value = ops.square(self.w - target)
            self.mean.update_state(value)
            return value

        _, grads = gradients.gradients(loss, self.trainable_variables, scale=self.optimizer.scale_loss)
        gradients.apply(self.optimizer, grads, self.trainable_variables)

        def visit():
            self.visits.assign_add(1.0)
            return ops.cast(self.visits.value, "float32")

        gradients.every(3, steps, visit, otherwise=zero, phase=2)
        return self.get_metrics_result()


BATCHES = np.full((8, 4), 2.0, "float32")


@pytest.mark.parametrize("eager", [False, True])
def test_a_step_updates_weights_metrics_and_state_inside_fit(eager):
    host = Host(keras.optimizers.SGD(0.25))
    if eager:
        host.run_eagerly = True
    history = host.fit(BATCHES, batch_size=1, verbose=0, shuffle=False)
    # w: 0 -> 1 -> 1.5 -> ...: the distance to 2 halves at each step
    assert float(ops.convert_to_numpy(host.w.value)) == pytest.approx(2 - 2 * 0.5**8)
    assert history.history["mean"][-1] == pytest.approx(np.mean([(2 * 0.5**n) ** 2 for n in range(8)]), rel=1e-5)
    assert float(ops.convert_to_numpy(host.visits.value)) == 2.0  # steps 2 and 5 of 0..7


def test_loss_scaling_changes_nothing_but_the_scale_and_skips_an_overflow():
    optimizer = keras.optimizers.LossScaleOptimizer(keras.optimizers.SGD(0.25), initial_scale=8.0)
    host = Host(optimizer)
    host.fit(BATCHES, batch_size=1, verbose=0, shuffle=False)
    assert float(ops.convert_to_numpy(host.w.value)) == pytest.approx(2 - 2 * 0.5**8)
    before = float(ops.convert_to_numpy(host.w.value))
    host.fit(np.full((1, 4), np.inf, "float32"), batch_size=1, verbose=0)
    assert float(ops.convert_to_numpy(host.w.value)) == before
    assert float(ops.convert_to_numpy(optimizer.dynamic_scale.value)) == 4.0


def test_loss_scaling_leaves_alone_what_was_frozen_after_the_optimizer_was_built():
    first, second = keras.Variable(1.0), keras.Variable(1.0)
    optimizer = keras.optimizers.LossScaleOptimizer(
        keras.optimizers.SGD(0.5), initial_scale=4.0, dynamic_growth_steps=2
    )
    optimizer.build([first, second])
    scales = []
    for gradient in (4.0, np.inf, 2.0, 2.0):  # times the scale
        gradients.apply(optimizer, [ops.convert_to_tensor(np.float32(gradient))], [first])
        scales.append(float(ops.convert_to_numpy(optimizer.dynamic_scale.value)))
    assert scales == [4.0, 2.0, 2.0, 4.0]
    assert float(ops.convert_to_numpy(first.value)) == 1 - 0.5 * (4 / 4 + 2 / 2 + 2 / 2)
    assert float(ops.convert_to_numpy(second.value)) == 1.0


@pytest.mark.skipif(keras.backend.backend() != "torch", reason="the others' arrays lie as their axes say")
def test_kernels_lie_as_pytorch_takes_them_within_fit_and_as_before_after_it():
    import torch

    from kerasgan.gradients import torch_convolutions

    random = np.random.default_rng(0)
    first, images = (random.normal(size=size).astype("float32") for size in ((3, 3, 4, 5), (2, 6, 6, 4)))
    kernel, bias = keras.Variable(first), keras.Variable(np.ones(5, "float32"))
    single, strides = keras.Variable(first[..., :1]), kernel.value.stride()
    plain = ops.convert_to_numpy(ops.conv(images, kernel.value, padding="same"))
    with torch_convolutions.arranged([kernel, bias, single]):
        assert kernel.value.permute(3, 2, 0, 1).is_contiguous(memory_format=torch.channels_last)
        np.testing.assert_array_equal(ops.convert_to_numpy(kernel.value), first)
        np.testing.assert_allclose(ops.convert_to_numpy(ops.conv(images, kernel, padding="same")), plain, atol=1e-5)
        kernel.assign(2 * kernel.value)
        assert not kernel.value.is_contiguous()
    assert kernel.value.stride() == strides and single.value.stride() == (12, 4, 1, 1)
    np.testing.assert_array_equal(ops.convert_to_numpy(kernel.value), 2 * first)


def test_gradients_equal_the_derivative_and_leave_other_weights_alone():
    first, second = keras.Variable(3.0), keras.Variable(5.0)
    loss, grads = gradients.gradients(lambda: first * first * second, [first], scale=lambda value: 10.0 * value)
    assert float(ops.convert_to_numpy(loss)) == 45.0
    assert [float(ops.convert_to_numpy(grad)) for grad in grads] == [300.0]


def test_input_gradients_can_be_differentiated_again():
    """|d/dx (w x^3)|^2 = 9 w^2 x^4, whose derivative with respect to w is 18 w x^4."""
    w = keras.Variable(2.0)
    inputs = ops.convert_to_tensor(np.array([1.0, 2.0], "float32"))

    def penalty():
        return ops.sum(ops.square(gradients.input_gradients(lambda x: w * x**3, inputs)))

    loss, grads = gradients.gradients(penalty, [w])
    assert float(ops.convert_to_numpy(loss)) == pytest.approx(9 * 4 * 17)
    assert float(ops.convert_to_numpy(grads[0])) == pytest.approx(18 * 2 * 17)


def test_every_without_an_interval_takes_no_branch():
    assert gradients.every(1, 7, lambda: "called", otherwise=zero) == "called"


@pytest.mark.parametrize(("step", "expected"), [(0, 0.0), (1, 0.0), (2, 1.0), (3, 0.0), (5, 1.0)])
def test_every_runs_on_its_phase_and_otherwise_elsewhere(step, expected):
    value = gradients.every(3, step, lambda: ops.ones((), dtype="float32"), otherwise=zero, phase=2)
    assert float(ops.convert_to_numpy(value)) == expected


def test_unused_weights_have_zero_gradients():
    used, unused = keras.Variable(3.0), keras.Variable([5.0, 6.0])
    _, grads = gradients.gradients(lambda: used * used, [used, unused])
    np.testing.assert_array_equal(ops.convert_to_numpy(grads[1]), [0.0, 0.0])


def test_a_recorded_start_is_differentiated_with_the_loss_and_not_computed_again():
    """w^2 is recorded and the loss is w^3, whose derivative at 3 is 27; JAX, which records nothing, starts anew."""
    w, visits = keras.Variable(3.0), []

    def start():
        visits.append(1)
        return w * w

    with gradients.recording([w]) as record:
        begun = start()
    _, grads = gradients.gradients(lambda: w * (start() if record is None else begun), [w], record=record)
    assert float(ops.convert_to_numpy(grads[0])) == 27.0
    assert len(visits) == (2 if keras.backend.backend() == "jax" else 1)


@pytest.mark.parametrize("scaled", [False, True])
def test_adam_moves_by_its_formula(scaled):
    """m / (sqrt(v) + epsilon) with both averages corrected for their start at zero, for two steps."""
    w = keras.Variable([1.0, -2.0])
    adam = keras.optimizers.Adam(0.1, beta_1=0.5, beta_2=0.9, epsilon=1e-3)
    optimizer = keras.optimizers.LossScaleOptimizer(adam, initial_scale=4.0) if scaled else adam
    optimizer.build([w])
    value, m, v = np.array([1.0, -2.0]), np.zeros(2), np.zeros(2)
    for step in (1, 2):
        grad = np.array([0.5, -step])
        gradients.apply(optimizer, [ops.convert_to_tensor(grad * (4.0 if scaled else 1.0), "float32")], [w])
        m, v = 0.5 * m + 0.5 * grad, 0.9 * v + 0.1 * grad**2
        value = value - 0.1 * np.sqrt(1 - 0.9**step) / (1 - 0.5**step) * m / (np.sqrt(v) + 1e-3)
    np.testing.assert_allclose(ops.convert_to_numpy(w.value), value, rtol=1e-5)
    assert int(ops.convert_to_numpy(adam.iterations)) == 2


@pytest.mark.backends("torch")
def test_the_random_states_of_gpus_are_part_of_a_checkpoint_and_set_again(monkeypatch):
    if keras.backend.backend() != "torch":
        assert gradients.generator_state() == {}
        return
    import torch

    devices = [torch.full((16,), index, dtype=torch.uint8) for index in range(2)]  # what no test machine has
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    monkeypatch.setattr(torch.cuda, "device_count", lambda: len(devices))
    monkeypatch.setattr(torch.cuda, "get_rng_state_all", lambda: [state.clone() for state in devices])
    monkeypatch.setattr(torch.cuda, "set_rng_state", lambda state, index: devices[index].copy_(state))
    kept = gradients.generator_state()
    drawn = torch.rand(3)
    for state in devices:
        state += 7
    gradients.set_generator_state({**kept, "generator/cuda:5": kept["generator"], "position": np.zeros(4)})
    np.testing.assert_array_equal(torch.rand(3), drawn)
    assert [state.unique().tolist() for state in devices] == [[0], [1]]


@pytest.mark.skipif(keras.backend.backend() == "tensorflow", reason="its convolutions are as they are")
@pytest.mark.parametrize("filters", [1, 30])
@pytest.mark.parametrize(
    ("name", "window", "options"),
    [
        ("conv", 3, {"padding": "same"}),
        ("conv", 3, {"padding": "same", "strides": (1, 2)}),
        ("conv", 3, {"padding": "valid", "strides": 2}),
        ("conv", 4, {"padding": "same", "strides": 2}),
        ("conv", 4, {"padding": "valid", "strides": 3}),  # which leaves out the last row
        ("conv", 3, {"padding": "same", "dilation_rate": 2}),
        ("conv", 1, {}),
        ("conv", 5, {"padding": "same"}),
        ("conv_transpose", 4, {"padding": "same", "strides": 2}),
        ("conv_transpose", 3, {"padding": "valid", "strides": 2}),
        ("conv_transpose", 2, {"padding": "valid", "strides": 3}),
        ("conv_transpose", 3, {"padding": "same", "strides": 2}),
        ("conv_transpose", 5, {"padding": "same", "strides": (1, 3)}),
        ("conv_transpose", 5, {"padding": "same", "strides": 2, "output_padding": 1}),
    ],
)
def test_convolutions_are_those_of_keras_with_their_gradients(name, window, options, filters):
    from kerasgan.gradients import jax_convolutions, torch_convolutions

    own = getattr(ops, name)
    own_of_backend = getattr(keras.src.backend.nn, name)
    quick = {"jax": jax_convolutions, "torch": torch_convolutions}[keras.backend.backend()].quick(name, own_of_backend)
    draws = np.random.default_rng(0)
    images = draws.normal(size=(3, 8, 7, 8)).astype("float32")
    kernel = draws.normal(size=(window, window, *((8, filters) if name == "conv" else (filters, 8)))).astype("float32")

    def first(function):
        return lambda *both: slopes(lambda *both: ops.sum(ops.sin(function(*both, **options))), *both)

    def second(function):
        return lambda *both: slopes(lambda *both: sum(ops.sum(grad**2) for grad in first(function)(*both)), *both)

    def itself(function):
        return lambda *both: [function(*both, **options)]

    for of in (itself, first, second):
        for found, expected in zip(of(quick)(images, kernel), of(own)(images, kernel), strict=True):
            found, expected = ops.convert_to_numpy(found), ops.convert_to_numpy(expected)
            assert found.shape == expected.shape and abs(found - expected).max() < 1e-5 * abs(expected).max()


@pytest.mark.skipif(keras.backend.backend() != "jax", reason="of XLA")
@pytest.mark.parametrize(("name", "window"), [("conv", 3), ("conv", 4), ("conv_transpose", 4)])
def test_convolutions_inside_branches_are_in_the_order_that_xla_has_fast_code_for(name, window):
    """XLA's pass `ConvCanonicalization` for CPUs brings them into that order outside of branches only."""
    import jax

    from kerasgan.gradients import jax_convolutions

    quick = jax_convolutions.quick(name, getattr(keras.src.backend.nn, name))
    images, kernel = (jax.ShapeDtypeStruct(shape, "float32") for shape in ((2, 8, 8, 4), (window, window, 4, 4)))

    def penalty(*both):
        first = slopes(lambda *both: ops.sum(ops.sin(quick(*both, strides=2, padding="same"))), *both)
        return sum(ops.sum(grad**2) for grad in first)

    program = jax.jit(lambda *both: slopes(penalty, *both)).lower(images, kernel).as_text()
    orders = re.findall(r"dim_numbers = (\[.*?\]x\[.*?\]->\[.*?\])", program)
    assert len(orders) >= 4 and set(orders) == {"[b, 0, 1, f]x[0, 1, i, o]->[b, 0, 1, f]"}


@pytest.mark.skipif(keras.backend.backend() != "jax", reason="of XLA")
def test_draws_along_one_axis_have_the_values_of_keras():
    from kerasgan.gradients.on_jax import flat

    draws = {"normal": (1.0, 2.0), "uniform": (-1.0, 3.0)}
    seed = ops.array([1, 2], "uint32")
    for name, options in draws.items():
        own = getattr(keras.src.backend.random, name)
        for shape in ((), (0, 2), (2, 3, 5, 4), (4097,), (1, 65537)):
            np.testing.assert_array_equal(flat(name, own)(shape, *options, seed=seed), own(shape, *options, seed=seed))
        low, of_keras = (each((7, 3), dtype="bfloat16", seed=seed) for each in (flat(name, own), own))
        np.testing.assert_array_equal(low, of_keras)


@pytest.mark.skipif(keras.backend.backend() != "jax", reason="of XLA")
def test_noise_is_not_drawn_anew_for_each_channel():
    import jax

    from kerasgan.gradients.on_jax import flat

    draw = flat("normal", keras.src.backend.random.normal)

    def noisy(seed, maps, strength):
        return ops.sum(ops.sin(maps + strength * draw((2, 8, 8, 1), seed=seed)))

    arguments = ops.array([1, 2], "uint32"), ops.zeros((2, 8, 8, 16)), ops.ones(())
    program = jax.jit(jax.grad(noisy, argnums=(1, 2))).lower(*arguments).compile().as_text()
    loops = re.findall(r"\n\n?%?[^\n]*\{\n(.*?)\n\}", program, re.DOTALL)
    assert any("erf_inv" in loop for loop in loops)
    assert not any("erf_inv" in loop and "[2,8,8,16]" in loop for loop in loops)


@pytest.mark.skipif(keras.backend.backend() != "jax", reason="of XLA")
@pytest.mark.parametrize("shape", [(2, 3, 6, 16), (2, 6, 16), (2, 5, 6, 2), (2, 300, 3)])
def test_one_matrix_times_many_is_keras_with_its_gradients(shape):
    from kerasgan.gradients import jax_operations

    own = keras.src.backend.numpy.matmul
    quick, draws = jax_operations.quick("matmul", own), np.random.default_rng(0)
    matrix, many = (draws.normal(size=each).astype("float32") for each in ((4, shape[-2]), shape))
    expected, found = own(matrix, many), quick(matrix, many)
    np.testing.assert_allclose(found, expected, rtol=1e-4, atol=1e-4)

    def total(product, *both):
        return slopes(lambda *both: ops.sum(ops.sin(product(*both))), *both)

    for first, second in zip(total(own, matrix, many), total(quick, matrix, many), strict=True):
        np.testing.assert_allclose(first, second, rtol=1e-3, atol=1e-3)


@pytest.mark.skipif(keras.backend.backend() != "jax", reason="of XLA")
def test_leaky_rectifiers_are_keras_to_the_bit_with_their_gradients():
    from kerasgan.gradients import jax_operations

    own = keras.src.backend.nn.leaky_relu
    quick = jax_operations.quick("leaky_relu", own)
    for dtype in ("float32", "bfloat16"):
        values = ops.array([-np.inf, -3.3, -0.0, 0.0, 1e-30, 2.7, np.inf, np.nan], dtype)
        for each in (lambda relu, x: relu(x, 0.3), lambda relu, x: slopes(lambda x: ops.sum(relu(x, 0.3) * x), x)[0]):
            found, expected = (ops.cast(each(relu, values), "float32") for relu in (quick, own))
            np.testing.assert_array_equal(found, expected)


@pytest.mark.skipif(keras.backend.backend() != "torch", reason="the others' have gradients")
def test_a_convolution_of_one_small_image_has_the_gradients_of_two():
    from kerasgan.gradients import torch_convolutions

    quick = torch_convolutions.quick("conv", keras.src.backend.nn.conv)
    draws = np.random.default_rng(0)
    image, kernel = (draws.normal(size=shape).astype("float32") for shape in ((1, 8, 7, 8), (3, 3, 8, 6)))

    def total(images, kernel):
        return ops.sum(ops.sin(quick(images, kernel, padding="same")))

    alone, twice = slopes(total, image, kernel), slopes(total, np.repeat(image, 2, axis=0), kernel)
    np.testing.assert_allclose(ops.convert_to_numpy(alone[0]), ops.convert_to_numpy(twice[0])[:1], rtol=1e-4)
    np.testing.assert_allclose(ops.convert_to_numpy(alone[1]), ops.convert_to_numpy(twice[1]) / 2, rtol=1e-3, atol=1e-5)


def slopes(function, *arrays):
    """The gradients of a scalar by each array, on JAX and PyTorch."""
    if keras.backend.backend() == "jax":
        import jax

        return jax.grad(function, tuple(range(len(arrays))))(*arrays)
    import torch

    tensors = [array if torch.is_tensor(array) else torch.from_numpy(array).requires_grad_() for array in arrays]
    return torch.autograd.grad(function(*tensors), tensors, create_graph=True)


@pytest.mark.skipif(keras.backend.backend() == "jax", reason="XLA fuses what Keras composes")
@pytest.mark.parametrize("policy", ["float32", "mixed_bfloat16"])
@pytest.mark.parametrize("options", [{}, {"scale": False, "epsilon": 1e-5}, {"center": False, "momentum": 0.8}])
def test_fused_batch_normalization_is_that_of_keras(policy, options):
    from kerasgan.gradients import normalization

    images = ops.convert_to_tensor(np.random.default_rng(0).normal(1, 2, (5, 4, 3, 6)).astype("float32"))
    fused = functools.partial(
        normalization.fused_batch_normalization, getattr(normalization, f"by_{keras.backend.backend()}")
    )
    found = []
    for context in (contextlib.nullcontext, fused):
        layer = keras.layers.BatchNormalization(dtype=policy, **options)
        layer.build(images.shape)
        if layer.scale:
            layer.gamma.assign(np.arange(6) + 0.5)

        def waves(images, layer=layer):
            return ops.sum(ops.sin(ops.cast(layer(images, training=True), "float32")))

        def steepness(images, waves=waves):
            return ops.sum(ops.square(gradients.input_gradients(waves, images)))

        with context():
            outputs = layer(images, training=True)
            _, by_weights = gradients.gradients(lambda: steepness(images), layer.trainable_variables)
            numbers = [gradients.input_gradients(each, images) for each in (waves, steepness)]
        found.append([outputs, *numbers, *by_weights, layer.moving_mean.value, layer.moving_variance.value])
        assert keras.backend.standardize_dtype(outputs.dtype) == layer.compute_dtype
    for own, fused in zip(*found):
        own, fused = (ops.convert_to_numpy(ops.stop_gradient(ops.cast(each, "float32"))) for each in (own, fused))
        tolerance = 1e-4 if policy == "float32" else 0.02  # second derivatives of bfloat16 numbers
        assert abs(fused - own).max() <= tolerance * abs(own).max()


@pytest.mark.backends("tensorflow")
def test_batch_normalization_is_keras_own_again_whichever_device_leaves_first():
    from kerasgan.gradients.normalization import by_tensorflow, fused_batch_normalization

    own = keras.layers.BatchNormalization.call
    first, second = fused_batch_normalization(by_tensorflow), fused_batch_normalization(by_tensorflow)
    first.__enter__()
    second.__enter__()
    first.__exit__(None, None, None)
    assert keras.layers.BatchNormalization.call is not own
    second.__exit__(None, None, None)
    assert keras.layers.BatchNormalization.call is own


@pytest.mark.backends("tensorflow")
def test_steps_are_compiled_without_tensorflows_memory_optimizer_and_nothing_else_is():
    from tensorflow.core.protobuf import config_pb2, rewriter_config_pb2
    from tensorflow.python.eager import context

    def memory_optimization():
        config = config_pb2.ConfigProto.FromString(context.context().function_call_options.config_proto_serialized)
        return config.graph_options.rewrite_options.memory_optimization

    before, seen = memory_optimization(), []

    def train(*arguments):
        seen.append(memory_optimization())
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        gradients.safely_compiled(train)(iter(()))
    assert seen == [rewriter_config_pb2.RewriterConfig.NO_MEM_OPT] and memory_optimization() == before


@pytest.mark.slow
@pytest.mark.backends("tensorflow")
def test_large_networks_outlive_the_step_after_a_branch_that_is_not_taken():
    """StyleGAN2's length of paths, on every fourth step, in a graph for which TensorFlow would save memory."""
    gan = kerasgan.models.StyleGAN2(image_size=64, channel_base=4096)
    gan.compile()
    losses = gan.fit(np.zeros((16, 64, 64, 3), "float32"), batch_size=4, verbose=0).history
    assert np.isfinite(losses["generator_loss"]).all()
