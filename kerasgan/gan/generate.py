"""What a GAN gives: images drawn from its generator."""

import math
from collections.abc import Iterator
from typing import Any

import keras
import numpy as np
from keras import ops

from kerasgan import data, gradients, latents
from kerasgan.files import pictures
from kerasgan.gan import standing_statistics

__all__ = ["Sampling"]


class Sampling(keras.Model):
    """The half of `GAN` that draws images."""

    def generate(
        self,
        count: int | None = None,
        *,
        latents: Any = None,
        labels: Any = None,
        seed: int | None = None,
        truncation: float = 1.0,
        batch_size: int = 64,
    ) -> np.ndarray:
        """Images drawn from the generator (its moving average where there is one).

        Args:
            count: how many; as many as there are latents, where those are given.
            latents: (count, latent_dim), instead of drawing them from the prior.
            labels: for a class-conditional model an int, or one int per image; drawn at random if not given.
            seed: an int that makes the images reproducible, on every backend, and independent of `batch_size`.
            truncation: from 1, as drawn, to 0, the mean of them all: how far from it latents (in style-based families
                styles) stay, for likelier images and fewer kinds of them (psi in some papers).
            batch_size: images computed at a time.

        Returns float32 (count, height, width, channels) in [-1, 1].

        Raises:
            ValueError: for a count below 1 or another than that of the latents, latents of another size, labels out of
                range or given to an unconditional model, or a truncation that the model does not know.
        """
        inputs = self._inputs(count, latents, labels, seed)
        return self._outputs(*self.truncated(inputs, truncation), batch_size=batch_size)

    def truncated(self, inputs: list[np.ndarray], truncation: float) -> tuple[keras.Model, list[np.ndarray]]:
        """The network that draws, and its inputs, for the generator's inputs with `generate`'s truncation."""
        points, *labels = inputs
        return self.sampler, [self.prior.truncate(points, truncation), *labels]

    def truncation_center(self) -> tuple[str | None, np.ndarray]:
        """What truncation draws to, (size,), and the sampler's layer behind which it does so, None for the latents.

        NaN in the columns that stay what they are, such as categories.

        Raises:
            ValueError: for a prior between whose latents nothing lies.
        """
        center, other = (self.prior.truncate(np.full(self.latent_dim, value), 0.0) for value in (0.0, 1.0))
        return None, np.where(center == other, center, np.nan)

    def _inputs(self, count: int | None, points: Any, labels: Any, seed: int | None) -> list[np.ndarray]:
        """Latents, given or drawn, and for a class-conditional model labels."""
        if points is not None:
            points = latents.given(points, self.latent_dim)
            if count not in (None, len(points)):
                raise ValueError(f"Expected latents for count={count} images. Received: latents.shape={points.shape}")
        elif not (isinstance(count, (int, np.integer)) and count >= 1):
            raise ValueError(f"Expected a positive number of images. Received: count={count!r}")
        else:
            points = self.prior.draw(int(count), self.latent_dim, seed)
        labels = latents.class_labels(len(points), labels, num_classes=self.num_classes, seed=seed)
        return [points] if labels is None else [points, labels]

    def _outputs(self, network: keras.Model, inputs: list[np.ndarray], *, batch_size: int) -> Any:
        """The outputs, in their structure and as arrays, of a network that takes the generator's inputs."""
        chunks = []
        for chunk in _chunks(inputs, batch_size):
            with gradients.none():
                outputs = network(chunk, training=False)
            chunks.append(keras.tree.map_structure(lambda x: ops.convert_to_numpy(ops.cast(x, "float32")), outputs))
        return keras.tree.map_structure(lambda *several: np.concatenate(several), *chunks)

    def examine(self, images: Any, *, batch_size: int = 64) -> Any:
        """What the discriminator says of images, as when it is not trained: its outputs as arrays, in their structure.

        Args:
            images: (count, height, width, channels), uint8 or float in [-1, 1].
            batch_size: images computed at a time.

        Raises:
            TypeError, ValueError: for images of another kind or size, or none.
        """
        pixels, _ = data.batch(images, image_shape=self.image_shape)
        return self._outputs(self.discriminator, [pixels], batch_size=batch_size)

    def accumulate_statistics(self, batches: int = 16, *, batch_size: int = 64, seed: int | None = None) -> None:
        """Gives the network to sample from its standing statistics (Brock et al. 2019, 1809.11096).

        Batch normalization keeps a moving average over the training, whose last batches come from older weights, or,
        under a moving average of the weights, from other ones. This puts the plain average of mean and variance over
        fresh batches in its place. Worth it after training, and again for a prior that was changed.

        Args:
            batches: how many.
            batch_size: latents (and labels, drawn at random) in each; that of the training is the right one.
            seed: an int that makes the draws reproducible.

        Raises:
            ValueError: if the network has no batch normalization, or for numbers below 1.
        """
        if batches < 1 or batch_size < 1:
            raise ValueError(f"Expected positive numbers. Received: batches={batches}, batch_size={batch_size}")
        inputs = self._inputs(batches * batch_size, None, None, seed)
        if not standing_statistics.accumulate(self.sampler, _chunks(inputs, batch_size)):
            raise ValueError(f"Expected a generator with batch normalization. Received: {type(self).__name__}")

    def sample_grid(self, count: int | None = None, *, seed: int = 0) -> tuple[np.ndarray, int]:
        """Images that show the model at a glance, and how many of them make a row: a column per class where it has any.

        Args:
            count: how many; if not given, 16, or a few of each class.
            seed: of the latents.
        """
        labels, columns = pictures.grid_labels(count, self.num_classes)
        count = (count or 16) if labels is None else len(labels)
        return self.generate(count, labels=labels, seed=seed), columns or math.ceil(math.sqrt(count))

    def moving_sample_grid(self) -> tuple[np.ndarray, int] | None:
        """A sheet for each moment, (time, count, height, width, channels), and how many make a row; None of images."""
        return None

    def sample_row(self, count: int, *, seed: int = 0) -> np.ndarray:
        """One row of a film strip: so many images, always of the same latents; arguments as of `sample_grid`."""
        labels, _ = pictures.grid_labels(count, self.num_classes)
        return self.generate(count, labels=labels, seed=seed)

    def family_scores(self, images: np.ndarray, labels: np.ndarray | None, *, seed: int = 0) -> dict[str, float]:
        """Numbers that only this family has, for its score card: none, unless a family overrides this.

        Args:
            images: real ones, (count, height, width, channels) in [-1, 1].
            labels: theirs, (count,), or None where the data has none.
            seed: of what is drawn.
        """
        return {}


def _chunks(inputs: list[np.ndarray], batch_size: int) -> Iterator[Any]:
    """What a network is called with, batch after batch."""
    for start in range(0, len(inputs[0]), batch_size):
        chunk = [ops.convert_to_tensor(array[start : start + batch_size]) for array in inputs]
        yield chunk if len(chunk) > 1 else chunk[0]
