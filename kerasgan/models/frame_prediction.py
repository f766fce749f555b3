"""Frame prediction beyond squared errors: the next frame of a video, sharp where their mean would be blurred.

Mathieu, Couprie, LeCun: Deep multi-scale video prediction beyond mean square error, 2016,
https://arxiv.org/abs/1511.05440. Networks of four scales predict the frame from small to large, each correcting the
enlarged prediction of the one before; as many discriminators classify it together with the preceding frames. Three
losses are added: of pixels, of their gradients, and the adversarial one. Layer tables follow a public transcription of
the paper's, mechanics the authors' Torch code: losses of every scale are means, and added up. Deviations: no pooling
in the finest discriminator, which their released script has and the table lacks; no mismatched real frames as further
negatives, an option of that script; the learning rates stay constant unless they are given schedules; kernels start
with He's distribution, the last ones of each scale small, which the sources do not specify.
"""

from collections.abc import Callable
from pathlib import Path
from types import MappingProxyType
from typing import Any, Unpack

import keras
import numpy as np
from keras import ops

from kerasgan import data
from kerasgan.data import checks
from kerasgan.data.clips import unstacked
from kerasgan.gan import ImageToImage, Task
from kerasgan.gan.prediction import PredictOptions
from kerasgan.models.frame_prediction_networks import (
    MOST_SCALES,
    discriminator,
    generator,
    level_discriminators,
    level_generators,
)
from kerasgan.scalars import checked

__all__ = ["FramePrediction", "discriminator", "generator", "gradient_difference"]


@keras.saving.register_keras_serializable("kerasgan")
class FramePrediction(ImageToImage):
    """Predicts the frame that follows some frames; `predict_frames` continues from its own predictions.

    Its inputs are `frames` images stacked by their channels, the oldest first.

    Args:
        image_size: of the crops of frames in training: int or (height, width), multiples of 2^(scales - 1).
        channels: of one frame.
        frames: number of frames that a prediction is made from.
        horizon: number of frames predicted in a training step, each from those before it, predicted ones included;
            losses are means over them. 1 in the paper; more for predictions that hold when they are continued.
        scales: 1 to 4; each halves the size, and with four of them crops of 32 pixels have 4 at the coarsest (paper).
        width: 64 gives the paper's maps: 128 to 512 in the generators.
        discriminator_width: the same for the discriminators; `width` if not given.
        pixel_power: p of the loss of pixels: 1 for absolute, 2 for squared differences.
        pixel_weight: lambda_lp.
        gradient_power: alpha of the gradient difference loss.
        gradient_weight: lambda_gdl.
        adversarial_weight: lambda_adv; with 0 the discriminators are not trained.

    Raises:
        ValueError: for sizes or scales that are too small for the convolutions, fewer than two frames, or a horizon
            below 1.
    """

    tiny_config = MappingProxyType(dict(image_size=8, channels=1, scales=2, width=2))

    task = Task.VIDEO_PREDICTION

    extra_metrics = ("pixel_loss", "gradient_loss", "adversarial_loss")

    def __init__(
        self,
        *,
        image_size: int | tuple[int, int] = 32,
        channels: int = 3,
        frames: int = 4,
        horizon: int = 1,
        scales: int = 4,
        width: int = 64,
        discriminator_width: int | None = None,
        pixel_power: int = 1,
        pixel_weight: float = 1.0,
        gradient_power: int = 1,
        gradient_weight: float = 1.0,
        adversarial_weight: float = 0.05,
        name: str | None = None,
    ):
        if frames < 2 or scales not in range(1, MOST_SCALES + 1):
            expected = f"Expected two frames or more and 1 to {MOST_SCALES} scales"
            raise ValueError(f"{expected}. Received: frames={frames!r}, scales={scales!r}")
        if horizon < 1:
            raise ValueError(f"Expected a horizon of one frame or more. Received: horizon={horizon!r}")
        if pixel_power not in (1, 2) or gradient_power not in (1, 2):
            received = f"pixel_power={pixel_power!r}, gradient_power={gradient_power!r}"
            raise ValueError(f"Expected powers of 1 or 2. Received: {received}")
        discriminator_width, shape = discriminator_width or width, (*checks.pair(image_size), channels)
        generators = level_generators(channels, frames=frames, scales=scales, width=width)
        discriminators = level_discriminators(shape, frames=frames, scales=scales, width=discriminator_width)
        super().__init__(
            generators,
            discriminator(discriminators, shape),
            image_size=image_size,
            multiple=2 ** (scales - 1),
            name=name,
        )
        self.frames, self.horizon, self.scales = frames, horizon, scales
        self.discriminators = MappingProxyType(dict(enumerate(discriminators)))  # a tuple would be saved once more
        self.pixel_power, self.pixel_weight = pixel_power, pixel_weight
        self.gradient_power, self.gradient_weight = gradient_power, gradient_weight
        self.adversarial_weight = adversarial_weight
        self.resolve_arguments(discriminator_width=discriminator_width)

    def assemble(self, parts):
        return generator([*parts.values()])

    def default_compile_args(self):
        """Plain gradient descent, at the rates of the transcription."""
        sgd = keras.optimizers.SGD
        return {
            **super().default_compile_args(),
            "generator_optimizer": sgd(0.04),
            "discriminator_optimizer": sgd(0.02),
        }

    # Training

    def batches(self, x, y=None, *, batch_size=None):
        """As in `ImageToImage`, or videos, as `kerasgan.data.clips` takes them."""
        in_memory = isinstance(x, list) or getattr(x, "ndim", 0) == 5
        if y is None and (in_memory or isinstance(x, (str, Path))):
            options: Any = {} if in_memory else {"image_size": self.image_shape[:2], "channels": self.image_shape[-1]}
            x = data.clips(x, frames=self.frames, future=self.horizon, batch_size=batch_size or 1, **options)
        if isinstance(x, data.Clips):
            if x.future < self.horizon:
                expected = f"Expected clips with {self.horizon} following frames or more, the model's horizon"
                raise ValueError(f"{expected}. Received: future={x.future}")
            x = x.shortened(self.horizon)
        return super().batches(x, y, batch_size=batch_size)

    def data_options(self):
        """Those of `ImageToImage`; the targets are `horizon` frames."""
        height, width, channels = self.image_shape
        return {**super().data_options(), "image_shape": (height, width, self.horizon * channels)}

    def prepare_batch(self, data):
        """The frames of the horizon one after the other, as images of one batch, each with the true ones before it."""
        batch, channels = super().prepare_batch(data), self.image_shape[-1]
        clips = ops.concatenate([batch.inputs, batch.real], axis=-1)
        given = self.frames * channels
        first = [place * channels for place in range(self.horizon)]
        inputs = ops.concatenate([clips[..., start : start + given] for start in first], axis=0)
        real = ops.concatenate([clips[..., start + given : start + given + channels] for start in first], axis=0)
        return batch._replace(inputs=inputs, real=real)

    def synthesize(self, batch):
        """The predictions at every scale, from coarse to fine: Y_k = u(Y_{k-1}) + G_k(X_k, u(Y_{k-1})).

        Only the first frame of the horizon is predicted from the batch's inputs.
        """
        window = batch.inputs[: ops.shape(batch.inputs)[0] // self.horizon]
        several: list[list[Any]] = []
        for _ in range(self.horizon):
            predictions: list[Any] = []
            for index in range(self.scales):
                level = self.generator_parts[str(index)]
                predictions.append(level([window, *predictions[-1:]], training=True))
            several.append(predictions)
            window = ops.concatenate([window[..., self.image_shape[-1] :], predictions[-1]], axis=-1)
        return tuple(ops.cast(ops.concatenate(each, axis=0), "float32") for each in zip(*several))

    def discriminator_loss(self, batch):
        """The sum over the scales of D_k's loss, given the frames before."""
        return self._total(lambda d, real, fake: self.adversarial_loss(d(real), d(fake)), batch)

    def generator_loss(self, batch):
        """lambda_adv L_adv + lambda_lp L_p + lambda_gdl L_gdl, each the sum over the scales."""

        def adversarial(discriminate, real, fake):
            fake_logits = discriminate(fake)
            real_logits = discriminate(real) if self.objective.paired else None
            return self.objective.generator_loss(real_logits, fake_logits)

        def pixels(discriminate, real, fake):
            return ops.mean(ops.abs(real - fake) ** self.pixel_power)

        def gradients(discriminate, real, fake):
            return gradient_difference(real, fake, power=self.gradient_power)

        several = (
            ("pixel_loss", self.pixel_weight, pixels),
            ("gradient_loss", self.gradient_weight, gradients),
            ("adversarial_loss", self.adversarial_weight, adversarial),
        )
        loss = 0.0
        for name, weight, function in several:
            value = self._total(function, batch) if weight else ops.zeros(())
            self.log(name, value)
            loss = loss + weight * value
        return loss

    def penalize(self, penalty, batch):
        """The sum of the scales' penalties on the gradient of D_k in the frame, given the frames before it."""

        def value(discriminate, real, fake):
            return penalty(discriminate, real, fake, self.seed_generator, step=self.optimizer.iterations)

        return self._total(value, batch)

    def _total(self, function: Callable, batch: Any) -> Any:
        """The sum over the scales of function(D_k given the inputs, real frame, predicted frame)."""
        values = []
        for index, fake in enumerate(batch.fake):
            level = self.discriminators[index]
            factor = 2 ** (self.scales - 1 - index)

            def discriminate(images, level=level):
                return ops.cast(level([images, batch.inputs], training=True), "float32")

            values.append(function(discriminate, ops.average_pool(batch.real, factor, factor), fake))
        return sum(values)

    # Prediction

    @checked
    def predict_frames(self, clips: Any, *, count: int = 1, **options: Unpack[PredictOptions]) -> np.ndarray:
        """The frames that follow, each predicted from those before it, predicted ones included.

        Args:
            clips: (clips, time, height, width, channels), or one clip without the first axis, of `frames` images or
                more, of which the last are used; uint8, or float in [-1, 1].
            count: number of frames.
            **options: of `predict`: batch_size, verbose, steps, tile_size, overlap.

        Returns float32 in [-1, 1]: (clips, count, height, width, channels), or without the first axis.

        Raises:
            ValueError: for fewer images than a prediction needs, or other channels.
        """
        array = np.asarray(clips)
        if array.ndim == 4:
            return self.predict_frames(array[np.newaxis], count=count, **options)[0]
        channels = self.image_shape[-1]
        if array.ndim != 5 or array.shape[1] < self.frames or array.shape[-1] != channels:
            expected = f"Expected clips (clips, time, height, width, {channels}) of {self.frames} images or more"
            raise ValueError(f"{expected}. Received: shape={array.shape}")
        window = list(data.sources.scaled(checks.values(array, all_light=True)).swapaxes(0, 1)[-self.frames :])
        for _ in range(count):
            window.append(self.predict(np.concatenate(window[-self.frames :], axis=-1), **options))
        return np.stack(window[-count:], axis=1)

    def _columns(self, inputs, targets):
        """The last given frame; prediction and truth of the first next frame and, if there are more, of the last."""
        given, true, made = self._followed(inputs, targets)
        shown = sorted({0, true.shape[1] - 1})
        return [given[:, -1], *(frames[:, place] for place in shown for frames in (made, true))]

    def moving_sample_grid(self):
        """Above the true frames of all `examples`, below the given frames followed by the predictions."""
        given, true, made = self._followed(*self._shown(8))
        rows = np.concatenate([given, true], axis=1), np.concatenate([given, made], axis=1)
        return np.concatenate(rows).swapaxes(0, 1), len(given)

    def _followed(self, inputs: np.ndarray, targets: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Clips (count, time, height, width, channels): given, true and, as many of them, predicted frames."""
        given, true = (unstacked(images, self.image_shape[-1]) for images in (inputs, targets))
        return given, true, self.predict_frames(given, count=true.shape[1])


def gradient_difference(real: Any, fake: Any, *, power: int = 1) -> Any:
    """The gradient difference loss: means of ||grad real| - |grad fake||^power, of gradients down and across.

    Args:
        real: images (batch, height, width, channels).
        fake: likewise.
        power: alpha.
    """
    down = ops.abs(real[:, 1:] - real[:, :-1]) - ops.abs(fake[:, 1:] - fake[:, :-1])
    across = ops.abs(real[:, :, 1:] - real[:, :, :-1]) - ops.abs(fake[:, :, 1:] - fake[:, :, :-1])
    return ops.mean(ops.abs(down) ** power) + ops.mean(ops.abs(across) ** power)
