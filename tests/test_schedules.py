"""Schedules: what the papers anneal, and where a number may be one."""

import keras
import numpy as np
import pytest
from keras import ops

from kerasgan import penalties, schedules, zoo
from kerasgan.models import DCGAN
from kerasgan.optimizers import AnnealedAdam

pytestmark = pytest.mark.backends("jax", "torch")


def rate(schedule, step):
    return float(ops.convert_to_numpy(schedule(ops.convert_to_tensor(step))))


@pytest.mark.parametrize("step", [0, 1000, 250_000])
def test_the_learning_rate_is_divided_by_its_decay_after_each_update(step):
    schedule = schedules.ExponentialDecayWithFloor(0.1, decay=1.000004)
    assert rate(schedule, step) == pytest.approx(0.1 / 1.000004**step, rel=1e-5)


def test_the_learning_rate_does_not_fall_below_its_floor():
    assert rate(schedules.ExponentialDecayWithFloor(0.1, decay=1.1, floor=1e-3), 1000) == pytest.approx(1e-3)


@pytest.mark.parametrize(("start", "end"), [(1.0, 0.1), (0.0, 5.0)])
def test_a_cosine_goes_half_a_period_and_then_stays(start, end):
    schedule = schedules.Cosine(start, end, steps=10)
    expected = [start, (start + end) / 2, end, end]
    assert [rate(schedule, step) for step in (0, 5, 10, 100)] == pytest.approx(expected, abs=1e-6)
    assert rate(schedule, 2) == pytest.approx(end + (start - end) * (1 + np.cos(0.2 * np.pi)) / 2, rel=1e-5)


def test_a_staged_rate_falls_at_the_end_of_each_stage_and_stays_low_after_the_last():
    schedule = schedules.Staged(2.0, stage_steps=10, stages=2)
    expected = {0: 2.0, 7: 2.0, 8: 0.2, 9: 0.2, 10: 2.0, 17: 2.0, 18: 0.2, 20: 0.2, 99: 0.2}
    assert {step: rate(schedule, step) for step in expected} == pytest.approx(expected)


def test_a_table_gives_the_schedule_of_its_name_and_a_number_stays_one():
    cosine = schedules.get({"name": "Cosine", "start": 1.0, "end": 0.0, "steps": 4})
    assert (cosine.start, cosine.end, cosine.steps) == (1.0, 0.0, 4)
    assert type(schedules.get({"name": "CosineDecay", "initial_learning_rate": 1.0, "decay_steps": 2})).__name__ == (
        "CosineDecay"
    )
    again = schedules.get(keras.saving.serialize_keras_object(cosine))
    assert again.get_config() == cosine.get_config()
    assert schedules.get(0.5) == schedules.at(0.5, 3) == 0.5
    with pytest.raises(ValueError, match=r"such as Cosine.*Received: schedule=.*'Cosin'"):
        schedules.get({"name": "Cosin"})
    with pytest.raises(ValueError, match="steps=0"):
        schedules.Cosine(1.0, 0.0, steps=0)


def test_a_penaltys_weight_may_follow_a_schedule():
    """R1 of D(x) = 3 x is weight/2 * 9, with weights 4, 3 and 2 at steps 0, 1 and 2."""
    penalty = penalties.get({"name": "r1", "weight": {"name": "Cosine", "start": 4.0, "end": 2.0, "steps": 2}})
    images = ops.ones((2, 1, 1, 1))
    found = [float(ops.convert_to_numpy(penalty(lambda x: 3.0 * x, images, images, step=step))) for step in range(3)]
    assert found == pytest.approx([18.0, 13.5, 9.0], rel=1e-5)
    again = keras.saving.deserialize_keras_object(keras.saving.serialize_keras_object(penalty))
    assert again.get_config() == penalty.get_config()


def test_adam_takes_the_second_moments_decay_of_the_step_at_hand():
    """By hand: v <- b v + (1 - b) g^2 with b = 0.9, 0.5 and 0.1; the bias is corrected by 1 - b^(step + 1)."""
    optimizer = AnnealedAdam(0.1, beta_1=0.0, beta_2=schedules.Cosine(0.9, 0.1, steps=2), epsilon=1e-8)
    variable, expected, second = keras.Variable(1.0), 1.0, 0.0
    optimizer.build([variable])
    for step, (beta, gradient) in enumerate(zip((0.9, 0.5, 0.1), (1.0, -2.0, 0.5))):
        optimizer.apply([ops.convert_to_tensor(gradient)], [variable])
        second = beta * second + (1 - beta) * gradient**2
        expected -= 0.1 * gradient / (np.sqrt(second / (1 - beta ** (step + 1))) + 1e-8)
        assert float(ops.convert_to_numpy(variable.value)) == pytest.approx(expected, rel=1e-4)
    again = keras.optimizers.deserialize(keras.optimizers.serialize(optimizer))
    assert type(again) is AnnealedAdam
    assert again.get_config() == optimizer.get_config()
    assert float(AnnealedAdam(beta_2=0.99).beta_2) == 0.99


def test_a_scheduled_half_life_has_no_ramp_of_its_own():
    model = DCGAN(**DCGAN.tiny_config)
    model.compile(ema_half_life=schedules.Cosine(0.0, 8.0, steps=2), generator_optimizer=keras.optimizers.SGD(0.1))
    pixels = np.random.default_rng(0).uniform(-1, 1, (8, 16, 16, 1)).astype("float32")
    for half_life in (4.0, 8.0):
        before = model.ema_generator.get_layer("up1").kernel + 0
        model.fit(pixels[:4], batch_size=4, verbose=0)
        decay = 0.5 ** (4 / half_life)
        expected = decay * before + (1 - decay) * model.generator.get_layer("up1").kernel.value
        found = model.ema_generator.get_layer("up1").kernel.value
        np.testing.assert_allclose(ops.convert_to_numpy(found), ops.convert_to_numpy(expected), atol=1e-6)


def test_a_recipe_says_every_schedule():
    gan = zoo.load("r3gan-digits", weights=None)
    first, second = gan.penalties
    assert (first.name, second.name) == ("r1", "r2")
    assert isinstance(first.weight, schedules.Cosine) and isinstance(gan.ema_half_life, schedules.Cosine)
    adam = gan.optimizer.discriminator
    assert rate(adam._beta_2, 0) == pytest.approx(0.9) and rate(adam._beta_2, 10**6) == pytest.approx(0.99)


def test_schedules_without_a_length_go_over_the_whole_training():
    rate = {"name": "cosine", "start": 1.0, "end": 0.0}
    own = {"name": "CosineDecay", "initial_learning_rate": 1.0, "decay_steps": 2}
    given = {"penalties": [{"name": "r1", "weight": rate}], "generator_optimizer": {"learning_rate": own}, "steps": 5}
    found = schedules.over(given, 7)
    assert found["penalties"] == [{"name": "r1", "weight": {**rate, "steps": 7}}]
    assert found["generator_optimizer"] == {"learning_rate": own} and found["steps"] == 5
