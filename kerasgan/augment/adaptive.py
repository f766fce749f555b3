"""ADA: a pipeline of transformations, whose probability follows how much the discriminator overfits."""

from typing import Any

import keras
from keras import ops

from kerasgan import schedules
from kerasgan.augment.color import add_noise, change_colors, cut_out, filter_bands
from kerasgan.augment.geometry import affine_matrix, blit, blit_matrix, transform
from kerasgan.augment.scheme import Augmentation, Draws

__all__ = ["ADA"]

OPERATIONS = {  # in this order
    "blit": lambda images, draws, strength: blit(images, blit_matrix(draws, images.shape[1:3], strength)),
    "geometry": lambda images, draws, strength: transform(images, affine_matrix(draws, images.shape[1:3], strength)),
    "color": change_colors,
    "filter": filter_bands,
    "noise": add_noise,
    "cutout": cut_out,
}


@keras.saving.register_keras_serializable("kerasgan")
class ADA(Augmentation):
    """Adaptive discriminator augmentation (Karras et al. 2020, 2006.06676).

    Every `interval` discriminator steps the probability p changes by batch_size * interval / ramp: up if the mean sign
    r = E sign(D(real)) of those steps is above the target, else down, to 0 at least (section 3). Below p = 0.8 or so
    the changes do not leak into generated images (section 2).

    Args:
        probability: None for the adaptive one; or a number, a schedule of discriminator steps, or a recipe's table of
            one, as R3GAN has it (2501.05441).
        blit: factor of the probability of mirroring, quarter turns and translation by whole pixels; 0 for none. The
            default pipe, "bgc", is that with geometry and color.
        geometry: likewise of scaling, rotation, stretching and translation.
        color: likewise of brightness, contrast, inverted luma, hue and saturation.
        filter: likewise of stronger and weaker frequency bands.
        noise: likewise of white noise.
        cutout: likewise of a rectangle of zeros.
        target: the target of r.
        interval: discriminator steps between changes of p.
        ramp: images in which p can change by 1.
        **options: of `keras.layers.Layer`.

    Raises:
        ValueError: for numbers out of range.
    """

    extra_metrics = ("augment_probability",)

    def __init__(
        self,
        *,
        probability: Any = None,
        blit: float = 1.0,
        geometry: float = 1.0,
        color: float = 1.0,
        filter: float = 0.0,
        noise: float = 0.0,
        cutout: float = 0.0,
        target: float = 0.6,
        interval: int = 4,
        ramp: float = 500_000,
        **options: Any,
    ):
        super().__init__(**options)
        self.schedule = schedules.get(probability)
        self.strengths = tuple(zip(OPERATIONS, (blit, geometry, color, filter, noise, cutout)))
        self.target, self.interval, self.ramp = target, interval, ramp
        fixed = self.schedule is not None and not callable(self.schedule)
        if fixed and not 0 <= self.schedule <= 1:
            raise ValueError(f"Expected a probability from 0 to 1. Received: probability={probability}")
        if min(strength for _, strength in self.strengths) < 0 or interval < 1 or not ramp > 0:
            received = ", ".join(f"{name}={value}" for name, value in self.strengths)
            expected = "Expected factors of 0 or more, a positive interval and a positive ramp"
            raise ValueError(f"{expected}. Received: {received}, interval={interval}, ramp={ramp}")
        start = 0.0 if self.schedule is None else float(ops.convert_to_numpy(schedules.at(self.schedule, 0)))
        self.probability = self._scalar(start, "probability")
        self.adaptive = self.schedule is None
        if self.adaptive:
            self.signs, self.seen = self._scalar(0.0, "signs"), self._scalar(0.0, "seen")

    def _scalar(self, value: float, name: str) -> Any:
        initializer = keras.initializers.Constant(value)
        return self.add_weight((), initializer=initializer, trainable=False, aggregation="mean", name=name)

    def call(self, images, *, seed):
        draws = Draws(ops.shape(images)[0], probability=ops.convert_to_tensor(self.probability), seed=seed)
        for name, strength in self.strengths:
            images = OPERATIONS[name](images, draws, strength) if strength else images
        return images

    def observe(self, real_logits):
        if self.adaptive:
            signs = ops.sign(ops.cast(real_logits, "float32"))
            self.signs.assign(self.signs + ops.sum(signs))
            self.seen.assign(self.seen + ops.cast(ops.size(signs), "float32"))

    def advance(self, step, batch_size):
        if not self.adaptive:
            self.probability.assign(ops.cast(schedules.at(self.schedule, step + 1), "float32"))
            return
        due = ops.cast(ops.equal(ops.mod(ops.cast(step, "int32") + 1, self.interval), 0), "float32")
        direction = ops.sign(self.signs / ops.maximum(self.seen, 1.0) - self.target)
        change = due * direction * ops.cast(batch_size, "float32") * (self.interval / self.ramp)
        self.probability.assign(ops.maximum(self.probability + change, 0.0))
        for total in (self.signs, self.seen):
            total.assign(total * (1.0 - due))

    def state(self):
        return {"augment_probability": ops.convert_to_tensor(self.probability)}

    def get_config(self):
        return {
            **super().get_config(),
            **dict(self.strengths),
            "probability": keras.saving.serialize_keras_object(self.schedule),
            "target": self.target,
            "interval": self.interval,
            "ramp": self.ramp,
        }
