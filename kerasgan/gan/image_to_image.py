"""Image-to-image GANs: the generator's inputs are images instead of latents."""

from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Any, Unpack

import keras
import numpy as np
from keras import ops

from kerasgan import data
from kerasgan.data import checks
from kerasgan.files.text import warn
from kerasgan.gan.keras_arguments import refuse_fit_options
from kerasgan.gan.model import GAN
from kerasgan.gan.prediction import PredictOptions, first_batches
from kerasgan.gan.task import Task
from kerasgan.gan.tiling import Tiling, translate
from kerasgan.gan.train_step import Batch
from kerasgan.scalars import checked

__all__ = ["ImageToImage"]


@keras.saving.register_keras_serializable("kerasgan")
class ImageToImage(GAN):
    """A generator from images to images and a discriminator, trained on pairs by `fit`.

    Families subclass it and override what their paper changes, as with `GAN`; it can also be used directly, with any
    two networks. `predict` takes images of any size.

    Args:
        generator: a built model from images (batch, height, width, channels) to images in [-1, 1]; its height and width
            should be None, for images of any size.
        discriminator: a built model from images to logits, or from [images, inputs] if it is conditional.
        image_size: int or (height, width) of the generated images in training.
        scale: output pixels per input pixel, in each direction.
        multiple: the generator's inputs must have heights and widths that are multiples of this,
        smallest: and not smaller than this.
    """

    tiny_config: Mapping[str, Any] = MappingProxyType({})

    task: Task = Task.IMAGE_TO_IMAGE
    """What the model generates, and what it is trained on: pairs, images of two domains, or videos."""

    adversarial_weight: Any = 1.0
    """Weight of the adversarial loss in the generator's loss: a number or a schedule of generator steps.

    With the number 0 the discriminator is not trained; with a schedule that begins at 0 it is.
    """

    directions: tuple[str, ...] = ()
    """Names of the translations of a family with several generators; the first is the default."""

    choice: Mapping[str, Any] = MappingProxyType({})
    """Of a model that another makes for one choice of its further inputs: that model's `family`, and the choice."""

    untrained: tuple[str, ...] = ()
    """Directions for which the published checkpoint that was loaded has no weights."""

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
        """(height, width, channels) of the generated images in training."""
        return (*self._size, keras.tree.flatten(self.generator.outputs)[0].shape[-1])

    @property
    def input_shape(self) -> tuple[int, int, int]:
        """(height, width, channels) of the input images in training."""
        return (*(side // self.scale for side in self._size), self.generator.inputs[0].shape[-1])

    @property
    def latent_dim(self) -> int:
        raise TypeError(f"{type(self).__name__} takes images as input: it has no latents.")

    def _for_choice(self, network: keras.Model, *, smallest: int | None = None, **choice: Any) -> "ImageToImage":
        """A model of a network from images alone, with this model's sizes, to predict and to export.

        Exported files say the choice, such as `kernel={...}`, for which the network was made.
        """
        sizes: Any = dict(image_size=self.image_shape[:2], multiple=self.multiple, smallest=smallest or self.smallest)
        made = ImageToImage(network, self.discriminator, **sizes)
        made.choice = MappingProxyType({"family": type(self).__name__, **choice})
        return made

    # Training

    def _apply_settings(self, **settings: Any) -> None:
        if settings["augment"]:  # augmented images would not match the inputs that condition the discriminator
            expected = (
                f"Expected no augmentation for {type(self).__name__}, whose discriminator compares images with inputs"
            )
            raise ValueError(f"{expected}. Received: augment={settings['augment']!r}")
        super()._apply_settings(**settings)

    def batches(self, x: Any, y: Any = None, *, batch_size: int | None = None) -> Any:
        return data.image_pairs(x, y, **self.data_options(), batch_size=batch_size)

    def data_options(self) -> dict[str, Any]:
        """The options of `kerasgan.data.image_pairs` that depend on the model."""
        paired = self.task is not Task.UNPAIRED
        return {"input_shape": self.input_shape, "image_shape": self.image_shape, "paired": paired}

    @checked
    def fit(self, x: Any = None, y: Any = None, batch_size: int | None = None, *others: Any, **options: Any) -> Any:
        """Trains both networks, as `keras.Model.fit`.

        Args:
            x: inputs as an array (uint8, or float in [-1, 1]) or a folder, with the targets as `y`; a folder of pairs,
                as `kerasgan.data.pairs` takes it; a source of `kerasgan.data`; or a `tf.data.Dataset`, a PyDataset or a
                PyTorch `DataLoader` of (inputs, targets). Families that are trained without pairs take two domains, as
                `kerasgan.data.unpaired` does.
            y: targets, or the second domain.
            batch_size: pairs per discriminator step, 1 if not given; sources and datasets have their own.
            *others: epochs, verbose and callbacks, in Keras' order.
            **options: further arguments of `keras.Model.fit`: epochs, callbacks, steps_per_epoch, ...

        Raises:
            ValueError: if the images' shapes or ranges do not suit the model or each other.
        """
        return super().fit(x, y, batch_size, *others, **options)

    def on_fit_begin(self, source: Any) -> None:
        """Keeps examples for `sample_grid`, unless there are any."""
        self.untrained = ()
        if self.examples is None and isinstance(source, (data.Pairs, data.Unpaired)):
            self.examples = source.examples(8)

    def train_on_batch(self, x: Any, y: Any = None, **options: Any) -> Any:
        """One training step on inputs and targets, as `keras.Model.train_on_batch`; shapes and errors as of `fit`."""
        refuse_fit_options(options)
        shapes = {name: self.data_options()[name] for name in ("input_shape", "image_shape")}
        return keras.Model.train_on_batch(self, *data.image_pair(x, y, **shapes), **options)

    def prepare_batch(self, data: Any) -> Batch:
        inputs, targets, _ = keras.utils.unpack_x_y_sample_weight(data)
        return Batch(real=ops.convert_to_tensor(targets), inputs=ops.convert_to_tensor(inputs))

    def resample_latents(self, batch: Batch) -> Batch:
        return batch  # nothing is drawn

    def should_update(self, network: keras.Model) -> Any:
        unused = not callable(self.adversarial_weight) and not self.adversarial_weight
        return False if unused and network is self.discriminator else None

    def discriminator_condition(self, batch: Batch) -> Any:
        """The inputs, for a conditional discriminator; else None."""
        return batch.inputs if len(self.discriminator.inputs) > 1 else None

    def synthesize(self, batch: Batch) -> Any:
        """The generator's images for the inputs of a batch, in training mode, float32."""
        return ops.cast(self.generator(batch.inputs, training=True), "float32")

    # Translation

    def translator(self, direction: str | None = None) -> keras.Model:
        """The network that translates: the moving-average generator if there is one.

        Raises:
            ValueError: for a direction that the family does not have.
        """
        if direction is not None and direction not in self.directions:
            known = ", ".join(self.directions) or "none, as it has one generator"
            raise ValueError(f"Expected a direction of {type(self).__name__}: {known}. Received: {direction!r}")
        if direction in self.untrained:
            warn(f"The loaded file has no weights of the direction {direction}: its generator is untrained.")
        return self.sampler

    @checked
    def predict(  # type: ignore[override]
        self,
        images: Any,
        batch_size: int | None = None,
        verbose: str | int = "auto",
        steps: int | None = None,
        *,
        direction: str | None = None,
        tile_size: int | None = None,
        overlap: int | None = None,
        out: Any = None,
    ) -> Any:
        """The generator's outputs for images of any size.

        Borders that the network's strides need are padded by reflection and cut off again. Images larger than
        `tile_size` are computed in overlapping tiles.

        Args:
            images: (count, height, width, channels), one image without the first axis, or a list of images of any
                sizes; uint8, or float in [-1, 1].
            direction: for families that translate both ways, such as "ab".
            tile_size: in pixels of the images; if not given, 512, or as many as make 768 pixels of the output.
            overlap: shared by neighboring tiles, in pixels; 64, or 32 for a model that enlarges, or a quarter of a
                small tile, if not given; see `kerasgan.gan.tiling.Tiling`.
            batch_size: images or tiles computed at a time; as many as make 2^18 pixels, at least one, if not given.
            verbose: 1 or 2 shows how many images or tiles are done; "auto", as 0, shows nothing.
            steps: batches after which to end, with a `batch_size`; all images if not given.
            out: array of the result's shape, float32 or uint8 (0 to 255), such as a `numpy.memmap` in a file: results
                are written there as soon as they are done, so that no more than a row of tiles is in memory.

        Returns float32 in [-1, 1], in the structure of `images`: (count, height, width, channels), times the scale; or
        `out`.

        Raises:
            TypeError, ValueError: for arrays that are not images, or whose channels do not match the generator's; for
                an `out` of another shape or type, or with a list.
        """
        options: Any = dict(batch_size=batch_size, verbose=verbose, steps=steps, direction=direction)
        return self._predict(images, **options, tile_size=tile_size, overlap=overlap, out=out)

    def _predict(
        self,
        images: Any,
        beside: Sequence[np.ndarray] = (),
        *,
        direction: str | None = None,
        out: Any = None,
        **options: Unpack[PredictOptions],
    ) -> Any:
        """As `predict`, for families that let users choose further inputs of the generator.

        `beside` takes the place of those that the family gives it: arrays with a row for each image, or one row for a
        single image.
        """
        batch_size, steps = options.get("batch_size"), options.pop("steps", None)
        if isinstance(images, (list, tuple)):
            if out is not None:
                raise ValueError(f"Expected an array of images, as results go into one. Received: {len(images)} images")
            several = enumerate(first_batches(images, batch_size, steps))
            own = ((image, [rows[place : place + 1] for rows in beside]) for place, image in several)
            return [self._predict(image, rows, direction=direction, **options) for image, rows in own]
        array = np.asarray(images)
        if array.ndim == 3:
            written = None if out is None else out[np.newaxis]
            return self._predict(array[np.newaxis], beside, direction=direction, **options, out=written)[0]
        if array.ndim != 4 or 0 in array.shape:
            expected = "Expected images (count, height, width, channels), or one (height, width, channels), or a list"
            received = f"a {type(images).__name__}" if array.ndim == 0 else f"shape={array.shape}"
            raise ValueError(f"{expected}. Received: {received}")
        further = len(self._conditioned(direction, len(array))[0].inputs) - 1 if beside else 0
        if [len(rows) for rows in beside] != [len(array)] * further:
            expected = f"Expected {further} arrays beside the images, with a row for each"
            raise ValueError(f"{expected}. Received: beside of shapes {[np.shape(rows) for rows in beside]}")
        array = first_batches(array, batch_size, steps)
        pixels = data.sources.scaled(checks.values(array, all_light=True))
        shown = options.get("verbose") in (1, 2)
        tiling = Tiling(options.get("tile_size"), options.get("overlap"), batch_size, progress=shown)
        return self._translate(pixels, direction, tiling, out, *(rows[: len(pixels)] for rows in beside))

    def _conditioned(self, direction: str | None, count: int) -> tuple[keras.Model, list[np.ndarray]]:
        """The network that `_translate` calls, and its usual inputs besides so many images: none."""
        return self.translator(direction), []

    def _translate(
        self,
        pixels: np.ndarray,
        direction: str | None = None,
        tiling: Tiling | None = None,
        out: Any = None,
        *beside: np.ndarray,
    ) -> np.ndarray:
        """As `predict`, of float32 images (count, height, width, channels) in [-1, 1].

        `beside` takes the place of the usual inputs besides the images, each with a row for each image.
        """
        tiling = tiling or Tiling()
        network, usual = self._conditioned(direction, len(pixels))
        channels = network.inputs[0].shape[-1]
        if pixels.shape[-1] != channels:
            raise ValueError(f"Expected images of {channels} channels. Received: shape={pixels.shape}")

        bar, done = keras.utils.Progbar(None, unit_name="image") if tiling.progress else None, 0

        def run(*inputs: np.ndarray) -> np.ndarray:
            nonlocal done
            made = self._outputs(network, [*inputs], batch_size=len(inputs[0]))
            done += len(inputs[0])
            if bar is not None:
                bar.update(done)
            return made

        sizes = {"multiple": self.multiple, "smallest": self.smallest, "scale": self.scale}
        made = translate(run, pixels, tiling, **sizes, out=out, beside=beside or usual)
        if bar is not None:
            bar.update(done, finalize=True)  # Keras shows no update that follows another at once
        return made

    def generate(self, *arguments: Any, **options: Any) -> np.ndarray:
        """Raises TypeError: there are no latents to generate images from; use `predict`."""
        raise TypeError(
            f"{type(self).__name__} translates images: use gan.predict(images), or kerasgan translate NAME "
            "FILE_OR_FOLDER -o OUT."
        )

    @checked
    def sample_grid(self, count: int | None = None, *, seed: int = 0) -> tuple[np.ndarray, int]:
        """Rows of input, output and target (without pairs: both inputs and outputs), and the images per row.

        Args:
            count: rows, 4 if not given; at most the number of `examples`: the first ones of `fit`, or
                `gan.examples = (inputs, targets)`.
            seed: not used.

        Raises:
            ValueError: without examples.
        """
        columns = self._columns(*self._shown(count or 4))
        rows = np.stack(_same_shape(columns), axis=1)
        return rows.reshape(-1, *rows.shape[2:]), len(columns)

    def _columns(self, inputs: np.ndarray, targets: np.ndarray) -> list[np.ndarray]:
        """The columns of `sample_grid`."""
        return [inputs, self._translate(inputs), targets]

    @checked
    def sample_row(self, count: int, *, seed: int = 0) -> np.ndarray:
        """The generator's outputs for the first `count` examples, or for all if there are fewer."""
        return self._translate(self._shown(count)[0])

    def _shown(self, count: int) -> tuple[np.ndarray, np.ndarray]:
        if self.examples is None:
            raise ValueError(
                "Expected examples to show: set `gan.examples = (inputs, targets)`, or call `fit`. Received: none"
            )
        inputs, targets = self.examples
        return inputs[:count], targets[:count]

    def family_pair_scores(self, made: np.ndarray, targets: np.ndarray) -> dict[str, np.ndarray]:
        """Further metrics of this family, one number for each pair: none, unless a family overrides this.

        Args:
            made: its outputs, float32 (count, height, width, channels) in [-1, 1].
            targets: the targets of the same inputs.
        """
        return {}

    @checked
    def examine(self, images: Any, inputs: Any = None, *, batch_size: int = 64) -> Any:
        """The discriminator's logits for images in inference mode, as an array.

        Args:
            images: (count, height, width, channels), uint8 or float in [-1, 1].
            inputs: the inputs they were generated from, for a conditional discriminator.
            batch_size: images computed at a time.

        Raises:
            TypeError, ValueError: for arrays that are not images of a valid size.
        """
        given = [data.sources.scaled(checks.image_array(each)) for each in (images, inputs) if each is not None]
        return self._outputs(self.discriminator, given, batch_size=batch_size)

    def accumulate_statistics(self, *arguments: Any, **options: Any) -> None:
        """Raises TypeError: standing statistics are averaged over latents, and there are none."""
        raise TypeError(f"{type(self).__name__} translates images: it has no latents to average over.")


def _same_shape(columns: Sequence[np.ndarray]) -> list[np.ndarray]:
    """The columns with equal size and channels: pixels are repeated, gray becomes RGB."""
    height = max(images.shape[1] for images in columns)
    channels = max(images.shape[-1] for images in columns)
    shown = []
    for images in columns:
        factor = height // images.shape[1]
        large = images.repeat(factor, axis=1).repeat(factor, axis=2)
        shown.append(np.repeat(large, channels, axis=-1) if images.shape[-1] < channels else large)
    return shown
