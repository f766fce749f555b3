"""Instance noise: the discriminator sees real images and fakes through the same normal noise."""

from typing import Any

import keras
from keras import ops

from kerasgan import schedules
from kerasgan.augment.scheme import Augmentation

__all__ = ["InstanceNoise"]


@keras.saving.register_keras_serializable("kerasgan")
class InstanceNoise(Augmentation):
    """Instance noise (Sønderby et al. 2017, 1610.04490; Arjovsky and Bottou 2017, 1701.04862).

    It smooths both distributions, so that they overlap, and makes the equilibrium of the Dirac-GAN attractive
    (Mescheder et al. 2018, 1801.04406, section 3.2). What is learned is the data with noise: let it fall.

    Args:
        deviation: of the noise of each value, for images in [-1, 1]: a number, a schedule of discriminator steps, or a
            recipe's table of one.
        **options: of `keras.layers.Layer`.

    Raises:
        ValueError: for a deviation below 0.
    """

    extra_metrics = ("noise_deviation",)

    def __init__(self, *, deviation: Any = 0.1, **options: Any):
        super().__init__(**options)
        self.schedule = schedules.get(deviation, "deviation")
        if not callable(self.schedule) and self.schedule < 0:
            raise ValueError(f"Expected a deviation of 0 or more. Received: deviation={deviation}")
        start = float(ops.convert_to_numpy(schedules.at(self.schedule, 0)))
        initializer = keras.initializers.Constant(start)
        self.deviation = self.add_weight(
            (), initializer=initializer, trainable=False, aggregation="mean", name="deviation"
        )

    def call(self, images, *, seed):
        return images + self.deviation * keras.random.normal(ops.shape(images), seed=seed, dtype=images.dtype)

    def advance(self, step, batch_size):
        self.deviation.assign(ops.cast(schedules.at(self.schedule, step + 1), "float32"))

    def state(self):
        return {"noise_deviation": self.deviation}

    def get_config(self):
        return {**super().get_config(), "deviation": keras.saving.serialize_keras_object(self.schedule)}
