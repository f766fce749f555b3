"""What compilers make of each family's training step: XLA on TensorFlow, and JAX for GPUs that are not there."""

import keras
import numpy as np
import pytest
from families import FAMILIES, each_of
from keras import ops

from kerasgan.gradients import on_jax
from kerasgan.optimizers import for_both

pytestmark = pytest.mark.backends("jax")


def batch(gan, count=4):
    rng = np.random.default_rng(0)
    images = rng.uniform(-1, 1, (count, *gan.image_shape)).astype("float32")
    if gan.task.from_images and not gan.label_classes:
        return rng.uniform(-1, 1, (count, *gan.input_shape)).astype("float32"), images
    return (images, rng.integers(gan.label_classes, size=count)) if gan.label_classes else (images, None)


def values(variables):
    return [ops.convert_to_numpy(variable.value) for variable in variables]


@pytest.mark.slow
@pytest.mark.skipif(keras.backend.backend() != "tensorflow", reason="jit_compile of TensorFlow")
@each_of(FAMILIES)
def test_xla_changes_nothing_in_two_steps_but_random_numbers(family):
    """Weights are compared where a family draws none; SGD shows gradients as they are, which Adam would divide."""
    found, drawn = [], False
    for compiled in (False, True):
        keras.utils.set_random_seed(0)
        gan = family(**family.tiny_config)
        gan.compile(jit_compile=compiled, **for_both(lambda: keras.optimizers.SGD(0.01)))
        seeds = [variable for variable in gan.variables if "int" in variable.dtype and "seed" in variable.path]
        before = values(seeds)
        history = gan.fit(*batch(gan), batch_size=4, epochs=2, verbose=0).history
        assert all(np.isfinite(column).all() for column in history.values())
        found.append(values(gan.trainable_variables))
        drawn = drawn or any(not np.array_equal(*pair) for pair in zip(before, values(seeds)))
    for plain, fused in zip(*found):
        assert np.isfinite(fused).all()
        if not drawn:
            np.testing.assert_allclose(fused, plain, rtol=1e-3, atol=1e-5)


@pytest.mark.skipif(keras.backend.backend() != "jax", reason="JAX lowers for devices that are not there")
@each_of(FAMILIES)
def test_a_step_lowers_for_nvidia_gpus_and_calls_nothing_back_on_the_host(family):
    import jax
    from jax import export

    gan = family(**family.tiny_config)
    gan.compile()
    state = tuple([variable.value for variable in variables] for variables in on_jax._owners(gan))
    step = export.export(jax.jit(gan.train_step), platforms=["cuda"])(state, batch(gan))
    assert step.platforms == ("cuda",)
    assert "callback" not in step.mlir_module()
