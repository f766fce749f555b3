"""Generating images, and what else the trained networks are called for."""

import math
from collections.abc import Iterator
from typing import Any

import keras
import numpy as np
from keras import ops

from kerasgan import data, gradients, latents
from kerasgan.files import pictures
from kerasgan.gan import standing_statistics
from kerasgan.latents.inputs import seed_or_drawn
from kerasgan.scalars import checked

__all__ = ["Sampling"]


class Sampling(keras.Model):
    """The part of `GAN` that generates images.

    Attributes:
        class_names: of a model that is trained with labels, the names of the classes in their order, as the data of its
            training has them; None if they are not known.
    """

    class_names: tuple[str, ...] | None = None

    @property
    def label_classes(self) -> int | None:
        """Number of classes of the labels in `fit`, None for no labels: `num_classes`, unless overridden."""
        return self.num_classes

    @checked
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
        """Images drawn from the generator (its moving average if there is one).

        Args:
            count: number of images; that of the latents or labels, if those are given.
            latents: (count, latent_dim); drawn from the prior if not given.
            labels: for a class-conditional model an int, or one per image, or names of `class_names`; drawn at random
                if not given.
            seed: an int that makes the images reproducible, on every backend, and independent of `batch_size`; if not
                given, `keras.utils.set_random_seed` decides.
            truncation: from 1, latents as drawn, to 0, their mean (psi in some papers): lower values give more typical
                and less varied images. Style-based families truncate styles instead of latents.
            batch_size: images computed at a time.

        Returns float32 (count, height, width, channels) in [-1, 1].

        Raises:
            ValueError: for a count below 1 or different from the number of latents, latents of the wrong size, labels
                out of range or given to an unconditional model, or a truncation that the model does not support.
        """
        inputs = self._inputs(count, latents, labels, seed)
        return self._outputs(*self.truncated(inputs, truncation), batch_size=batch_size)

    def truncated(self, inputs: list[np.ndarray], truncation: float) -> tuple[keras.Model, list[np.ndarray]]:
        """The network to call, and its inputs, for the generator's inputs with a truncation as in `generate`."""
        points, *labels = inputs
        return self.sampler, [self.prior.truncate(points, truncation), *labels]

    def truncation_center(self) -> tuple[str | None, np.ndarray]:
        """The name of the sampler's layer whose output is truncated, None for the latents, and the center (size,).

        The center is NaN in columns that are not truncated, such as categories.

        Raises:
            ValueError: for a discrete prior, whose latents cannot be interpolated.
        """
        center, other = (self.prior.truncate(np.full(self.latent_dim, value), 0.0) for value in (0.0, 1.0))
        return None, np.where(center == other, center, np.nan)

    def _inputs(
        self, count: int | None, points: Any, labels: Any, seed: int | None, *, latent_dim: int | None = None
    ) -> list[np.ndarray]:
        """The latents, given or drawn, of the generator's size or another, and a class-conditional model's labels."""
        latent_dim = self.latent_dim if latent_dim is None else latent_dim
        if points is None or (labels is None and self.num_classes):
            seed = seed_or_drawn(seed)
        if points is not None:
            points = latents.given(points, latent_dim)
            if count not in (None, len(points)):
                raise ValueError(f"Expected latents for count={count} images. Received: latents.shape={points.shape}")
        else:
            count = len(labels) if count is None and np.ndim(labels) else count
            if count is None:
                raise ValueError("Expected a number of images, latents or labels of images. Received: count=None")
            points = self.prior.draw(int(count), latent_dim, seed)
        own = {"num_classes": self.num_classes, "names": self.class_names}
        labels = latents.class_labels(len(points), labels, **own, seed=seed)
        return [points] if labels is None else [points, labels]

    def _outputs(self, network: keras.Model, inputs: list[np.ndarray], *, batch_size: int) -> Any:
        """The outputs of a network for its inputs, as arrays, in their structure.

        Raises:
            ValueError: for another number of inputs, other shapes, or none of a batch.
        """
        _check_inputs(network, inputs)
        chunks = []
        for chunk in _chunks(inputs, batch_size):
            with gradients.none():
                outputs = network(chunk, training=False)
            chunks.append(keras.tree.map_structure(lambda x: ops.convert_to_numpy(ops.cast(x, "float32")), outputs))
        return keras.tree.map_structure(lambda *several: np.concatenate(several), *chunks)

    @checked
    def examine(self, images: Any, labels: Any = None, *, batch_size: int = 64) -> Any:
        """The discriminator's outputs for images in inference mode, as arrays, in their structure.

        Args:
            images: (count, height, width, channels), uint8 or float in [-1, 1].
            labels: integer labels (count,), if they are an input of the discriminator.
            batch_size: images computed at a time.

        Raises:
            TypeError, ValueError: for arrays that are not images of the model's size, empty ones, or labels that are
                missing, out of range or no input.
        """
        known = self.num_classes if len(self.discriminator.inputs) > 1 else None
        pixels, classes = data.batch(images, labels, image_shape=self.image_shape, num_classes=known)
        inputs = [pixels] if classes is None else [pixels, classes]
        return self._outputs(self.discriminator, inputs, batch_size=batch_size)

    @checked
    def accumulate_statistics(self, batches: int = 16, *, batch_size: int = 64, seed: int | None = None) -> None:
        """Sets the standing statistics of the network to sample from (Brock et al. 2019, 1809.11096).

        Batch normalization keeps a moving average over the training, which stems from older weights (or, if the
        weights are averaged, from different ones). This replaces it by the plain average of mean and variance over
        new batches. Use it after training, and again after changing the prior.

        Args:
            batches: number of batches.
            batch_size: latents (and labels, drawn at random) in each; use the batch size of the training.
            seed: an int that makes the draws reproducible.

        Raises:
            ValueError: if the network has no batch normalization, or for numbers below 1.
        """
        inputs = self._inputs(batches * batch_size, None, None, seed)
        if not standing_statistics.accumulate(self.sampler, _chunks(inputs, batch_size)):
            raise ValueError(f"Expected a generator with batch normalization. Received: {type(self).__name__}")

    @checked
    def sample_grid(self, count: int | None = None, *, seed: int = 0) -> tuple[np.ndarray, int]:
        """A grid of sample images, and the number of images in a row: one column per class if there are classes.

        Args:
            count: number of images; if not given, 16, or a few of each class.
            seed: of the latents.
        """
        labels, columns = pictures.grid_labels(count, self.num_classes)
        count = (count or 16) if labels is None else len(labels)
        return self.generate(count, labels=labels, seed=seed), columns or math.ceil(math.sqrt(count))

    def moving_sample_grid(self) -> tuple[np.ndarray, int] | None:
        """For video models a grid per frame, (time, count, height, width, channels), and its columns; else None."""
        return None

    @checked
    def sample_row(self, count: int, *, seed: int = 0) -> np.ndarray:
        """A row of `count` images, always from the same latents; arguments as of `sample_grid`."""
        labels, _ = pictures.grid_labels(count, self.num_classes)
        return self.generate(count, labels=labels, seed=seed)

    def family_scores(self, images: np.ndarray, labels: np.ndarray | None, *, seed: int = 0) -> dict[str, float]:
        """Further metrics that only this family has, for its score card: none, unless a family overrides this.

        Args:
            images: real images, (count, height, width, channels) in [-1, 1].
            labels: their labels (count,), or None if the data has none.
            seed: of the images that are generated.
        """
        return {}

    def evaluate(self, *arguments: Any, **options: Any) -> Any:
        """Raises TypeError: a GAN's losses do not measure its samples; use `kerasgan.metrics`."""
        raise TypeError("A GAN has no validation loss to evaluate: measure its samples with kerasgan.metrics.")

    test_on_batch = evaluate

    def save(self, filepath: Any, *arguments: Any, **options: Any) -> None:
        """As `keras.Model.save`. Raises ValueError for a .h5 file, from which Keras could not load the model."""
        if str(filepath).lower().endswith((".h5", ".hdf5")):
            expected = "Expected a .keras file, which holds networks, average and optimizers"
            raise ValueError(f"{expected}; or save_weights('NAME.weights.h5'). Received: filepath={str(filepath)!r}")
        super().save(filepath, *arguments, **options)

    def export(self, filepath: Any, format: str = "tf_saved_model", **options: Any) -> None:
        """Raises TypeError: `kerasgan.export` writes the generator alone, and compares the file with Keras."""
        name = {"tf_saved_model": "saved_model"}.get(format, format)
        ours = name if name in ("litert", "onnx", "saved_model") else "bundle"
        expected = f"Expected kerasgan.export.{ours}(gan, {str(filepath)!r}), which writes the generator"
        raise TypeError(f"{expected}. Received: Keras' export(..., format={format!r})")


def _check_inputs(network: Any, inputs: list[np.ndarray]) -> None:
    expected = [(each.name, tuple(each.shape[1:])) for each in network.inputs]
    shapes = [array.shape for array in inputs]
    if len(shapes) != len(expected) or not all(_fits(shape, sides) for shape, (_, sides) in zip(shapes, expected)):
        wanted = " and ".join(
            f"{name} ({', '.join(['count', *('any' if side is None else str(side) for side in sides)])})"
            for name, sides in expected
        )
        raise ValueError(f"Expected {wanted}, with a count from 1 on. Received: {', '.join(map(str, shapes))}")


def _fits(shape: tuple[int, ...], sides: tuple[int | None, ...]) -> bool:
    """Whether Keras takes an array of this shape, which adds or drops a last side of 1, as of labels."""
    count, *given = shape or (0,)
    without = [tuple(each[:-1]) if tuple(each[-1:]) == (1,) else tuple(each) for each in (given, sides)]
    same = [
        len(one) == len(other) and all(side in (None, own) for own, side in zip(one, other))
        for one, other in ((given, sides), without)
    ]
    return count > 0 and any(same)


def _chunks(inputs: list[np.ndarray], batch_size: int) -> Iterator[Any]:
    """The inputs of a network in batches."""
    for start in range(0, len(inputs[0]), batch_size):
        chunk = [ops.convert_to_tensor(array[start : start + batch_size]) for array in inputs]
        yield chunk if len(chunk) > 1 else chunk[0]
