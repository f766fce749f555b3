"""Image-to-image GANs: the generator starts from images instead of latents."""

from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Any

import keras
import numpy as np
from keras import ops

from kerasgan import data
from kerasgan.data import checks
from kerasgan.gan.keras_arguments import refuse_fit_options
from kerasgan.gan.model import GAN
from kerasgan.gan.task import Task
from kerasgan.gan.tiling import Tiling, translate
from kerasgan.gan.train_step import Batch

__all__ = ["ImageToImage"]


@keras.saving.register_keras_serializable("kerasgan")
class ImageToImage(GAN):
    """A generator from images to images and a discriminator, trained on pairs by `fit`.

    Families subclass it and override what their paper changes, as they do with `GAN`; with two networks of your own it
    works as it is. `predict` takes images of any size.

    Args:
        generator: a built model from images (batch, height, width, channels) to images in [-1, 1]; its height and width
            are best left open (None).
        discriminator: a built model from images to logits; or from [images, inputs], where it is conditional.
        image_size: int or (height, width) of the images that training makes.
        scale: output pixels per input pixel, in each direction.
        multiple: heights and widths that the generator takes are multiples of this,
        smallest: and not below this.
    """

    tiny_config: Mapping[str, Any] = MappingProxyType({})

    task: Task = Task.IMAGE_TO_IMAGE
    """What the model makes, and what `fit` takes for it: pairs, images of two domains, or videos."""

    adversarial_weight: Any = 1.0
    """Of the adversarial loss beside others in the generator's: a number or a schedule of generator steps.

    With the number 0 the discriminator is not trained; with a schedule that begins at 0 it is.
    """

    directions: tuple[str, ...] = ()
    """Names of the ways that a family with several generators translates; the first is the usual one."""

    def __init__(
        self,
        generator: keras.Model | Mapping[str, keras.Model],
        discriminator: keras.Model,
        *,
        image_size: int | Sequence[int] = 256,
        scale: int = 1,
        multiple: int = 1,
        smallest: int = 1,
        name: str | None = None,
    ):
        super().__init__(generator, discriminator, prior=None, name=name)
        height, width = checks.pair(image_size)
        if height % scale or width % scale or height // scale % multiple or width // scale % multiple:
            expected = f"Expected images whose sides are multiples of {scale * multiple}"
            raise ValueError(f"{expected}, which the generator needs. Received: image_size={image_size!r}")
        self.scale, self.multiple, self.smallest = scale, multiple, smallest
        self._size = height, width
        self.examples: tuple[np.ndarray, np.ndarray] | None = None

    @property
    def image_shape(self) -> tuple[int, int, int]:
        """(height, width, channels) of the images that training makes."""
        return (*self._size, keras.tree.flatten(self.generator.outputs)[0].shape[-1])

    @property
    def input_shape(self) -> tuple[int, int, int]:
        """(height, width, channels) of the images that training starts from."""
        return (*(side // self.scale for side in self._size), self.generator.inputs[0].shape[-1])

    @property
    def latent_dim(self) -> int:
        raise TypeError(f"{type(self).__name__} starts from images: it has no latents.")

    # How it is trained

    def _settle(self, **settings: Any) -> None:
        if settings["augment"]:  # it would part the images from the inputs that they are judged with
            expected = (
                f"Expected no augmentation of {type(self).__name__}, which is shown images and what they come from"
            )
            raise ValueError(f"{expected}. Received: augment={settings['augment']!r}")
        super()._settle(**settings)

    def batches(self, x: Any, y: Any = None, *, batch_size: int | None = None) -> Any:
        return data.image_pairs(x, y, **self.data_options(), batch_size=batch_size)

    def data_options(self) -> dict[str, Any]:
        """What `kerasgan.data.image_pairs` must know of the model."""
        paired = self.task is not Task.UNPAIRED
        return {"input_shape": self.input_shape, "image_shape": self.image_shape, "paired": paired}

    def fit(self, x: Any = None, y: Any = None, batch_size: int | None = None, **options: Any) -> Any:
        """Trains both players, as `keras.Model.fit`.

        Args:
            x: inputs as an array (uint8, or float in [-1, 1]) or a folder, with the targets as `y`; a folder of pairs,
                as `kerasgan.data.pairs` takes it; a source of `kerasgan.data`; or a `tf.data.Dataset` of (inputs,
                targets). Of families that learn without pairs: two domains, as `kerasgan.data.unpaired` takes them.
            y: targets, or the second domain.
            batch_size: pairs per discriminator step, 1 if not given; sources and datasets bring their own.
            **options: further arguments of `keras.Model.fit`: epochs, callbacks, steps_per_epoch, ...

        Raises:
            ValueError: if the images' shapes or ranges do not suit the model or each other.
        """
        return super().fit(x, y, batch_size, **options)

    def on_fit_begin(self, source: Any) -> None:
        """Keeps examples for `sample_grid`, unless there are some."""
        if self.examples is None and isinstance(source, (data.Pairs, data.Unpaired)):
            self.examples = source.examples(8)

    def train_on_batch(self, x: Any, y: Any = None, **options: Any) -> Any:
        """One training step on inputs and targets, as `keras.Model.train_on_batch`; shapes and errors as of `fit`."""
        refuse_fit_options(options)
        shapes = {"input_shape": self.input_shape, "image_shape": self.image_shape}
        return keras.Model.train_on_batch(self, *data.image_pair(x, y, **shapes), **options)

    def prepare_batch(self, batch: Any) -> Batch:
        inputs, targets, _ = keras.utils.unpack_x_y_sample_weight(batch)
        return Batch(real=ops.convert_to_tensor(targets), inputs=ops.convert_to_tensor(inputs))

    def resample_latents(self, batch: Batch) -> Batch:
        return batch  # nothing is drawn

    def should_update(self, network: keras.Model) -> Any:
        unheard = not callable(self.adversarial_weight) and not self.adversarial_weight
        return False if unheard and network is self.discriminator else None

    def discriminator_condition(self, batch: Batch) -> Any:
        """The inputs, for a discriminator that judges them together with what was made of them."""
        return batch.inputs if len(self.discriminator.inputs) > 1 else None

    def synthesize(self, batch: Batch) -> Any:
        """The generator's images for a round's inputs, in training mode, float32."""
        return ops.cast(self.generator(batch.inputs, training=True), "float32")

    # What it makes

    def translator(self, direction: str | None = None) -> keras.Model:
        """The network that translates: the moving-average generator where there is one.

        Raises:
            ValueError: for a direction that the family does not have.
        """
        if direction is not None and direction not in self.directions:
            known = ", ".join(self.directions) or "none, as it has one generator"
            raise ValueError(f"Expected a direction of {type(self).__name__}: {known}. Received: {direction!r}")
        return self.sampler

    def predict(  # type: ignore[override]
        self,
        images: Any,
        *,
        direction: str | None = None,
        tile_size: int = 512,
        overlap: int = 64,
        batch_size: int | None = None,
    ) -> Any:
        """What the generator makes of images of any size.

        Borders that the network's strides need are reflected and cut away again. Images larger than `tile_size` are
        computed in overlapping tiles.

        Args:
            images: (count, height, width, channels), one image without the first axis, or a list of images of any
                sizes; uint8, or float in [-1, 1].
            direction: of families that translate both ways, such as "ab".
            tile_size: in pixels of the images.
            overlap: of neighboring tiles, in pixels; see `kerasgan.gan.tiling.Tiling`.
            batch_size: images or tiles computed at a time; as many as make 2^18 pixels, at least one, if not given.

        Returns float32 in [-1, 1], in the structure of `images`: (count, height, width, channels), times the scale.

        Raises:
            TypeError, ValueError: for images of another kind, or with other channels than the generator takes.
        """
        options: Any = dict(direction=direction, tile_size=tile_size, overlap=overlap, batch_size=batch_size)
        if isinstance(images, (list, tuple)):
            return [self.predict(image, **options) for image in images]
        array = np.asarray(images)
        if array.ndim == 3:
            return self.predict(array[np.newaxis], **options)[0]
        if array.ndim != 4 or 0 in array.shape:
            expected = "Expected images (count, height, width, channels), or one (height, width, channels), or a list"
            raise ValueError(f"{expected}. Received: shape={array.shape}")
        pixels = data.sources.scaled(checks.values(array, all_light=True))
        tiling = Tiling(tile_size, overlap, batch_size)
        return self._translate(pixels, direction, tiling)

    def _translate(self, pixels: np.ndarray, direction: str | None = None, tiling: Tiling | None = None) -> np.ndarray:
        """As `predict`, of float32 images (count, height, width, channels) in [-1, 1]."""
        tiling = tiling or Tiling()
        network = self.translator(direction)
        channels = network.inputs[0].shape[-1]
        if pixels.shape[-1] != channels:
            raise ValueError(f"Expected images of {channels} channels. Received: shape={pixels.shape}")

        def run(batch: np.ndarray) -> np.ndarray:
            return self._outputs(network, [batch], batch_size=len(batch))

        sizes = {"multiple": self.multiple, "smallest": self.smallest, "scale": self.scale}
        return translate(run, pixels, tiling, **sizes)

    def generate(self, *arguments: Any, **options: Any) -> np.ndarray:
        """Raises TypeError: there is nothing to draw images from; `predict` translates them."""
        raise TypeError(
            f"{type(self).__name__} makes images of images: gan.predict(images), or kerasgan generate NAME "
            "--input FILE_OR_FOLDER -o OUT."
        )

    def sample_grid(self, count: int | None = None, *, seed: int = 0) -> tuple[np.ndarray, int]:
        """Rows of input, output and target (without pairs: both inputs and outputs), and how many make a row.

        Args:
            count: rows, 4 if not given; at most as many as there are `examples`: the first that `fit` saw, or
                `gan.examples = (inputs, targets)`.
            seed: of nothing here.

        Raises:
            ValueError: without examples.
        """
        columns = self._columns(*self._shown(count or 4))
        rows = np.stack(_alike(columns), axis=1)
        return rows.reshape(-1, *rows.shape[2:]), len(columns)

    def _columns(self, inputs: np.ndarray, targets: np.ndarray) -> list[np.ndarray]:
        """What `sample_grid` shows beside each other."""
        return [inputs, self._translate(inputs), targets]

    def sample_row(self, count: int, *, seed: int = 0) -> np.ndarray:
        """What the generator makes of the first `count` examples, or of all there are, for a film strip."""
        return self._translate(self._shown(count)[0])

    def _shown(self, count: int) -> tuple[np.ndarray, np.ndarray]:
        if self.examples is None:
            raise ValueError(
                "Expected examples to show: `gan.examples = (inputs, targets)`, or a `fit`. Received: none"
            )
        inputs, targets = self.examples
        return inputs[:count], targets[:count]

    def family_pair_scores(self, made: np.ndarray, targets: np.ndarray) -> dict[str, np.ndarray]:
        """Numbers that only this family has, one for each pair: none, unless a family overrides this.

        Args:
            made: what it made of the inputs, float32 (count, height, width, channels) in [-1, 1].
            targets: what they should have become.
        """
        return {}

    def examine(self, images: Any, inputs: Any = None, *, batch_size: int = 64) -> Any:
        """What the discriminator says of images, as when it is not trained: its logits as an array.

        Args:
            images: (count, height, width, channels), uint8 or float in [-1, 1].
            inputs: what they were made of, for a conditional discriminator.
            batch_size: images computed at a time.

        Raises:
            TypeError, ValueError: for images of another kind or size.
        """
        given = [data.sources.scaled(checks.image_array(each)) for each in (images, inputs) if each is not None]
        return self._outputs(self.discriminator, given, batch_size=batch_size)

    def accumulate_statistics(self, *arguments: Any, **options: Any) -> None:
        """Raises TypeError: standing statistics are those of latents, of which there are none."""
        raise TypeError(f"{type(self).__name__} makes images of images: it draws no latents to average over.")


def _alike(columns: Sequence[np.ndarray]) -> list[np.ndarray]:
    """Images of one size and color, to be shown beside each other: pixels are repeated, gray becomes RGB."""
    height = max(images.shape[1] for images in columns)
    channels = max(images.shape[-1] for images in columns)
    shown = []
    for images in columns:
        factor = height // images.shape[1]
        large = images.repeat(factor, axis=1).repeat(factor, axis=2)
        shown.append(np.repeat(large, channels, axis=-1) if images.shape[-1] < channels else large)
    return shown
