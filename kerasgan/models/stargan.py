"""StarGAN: one generator translates between any two of several domains, which a label chooses.

Choi, Choi, Kim, Ha, Kim, Choo: StarGAN: Unified Generative Adversarial Networks for Multi-Domain Image-to-Image
Translation, 2018, https://arxiv.org/abs/1711.09020. Layer tables, weights and rates follow the authors' PyTorch code.
Deviations: each image is of one domain, as in RaFD, not of several attributes, as in CelebA, and there is one data set,
without a mask vector; the domains to translate to are uniform, and drawn anew for the generator's step.
"""

import re
from collections.abc import Sequence
from types import MappingProxyType
from typing import Any, Unpack

import keras
import numpy as np
from keras import layers, ops

from kerasgan import data, distribution, latents
from kerasgan.gan import GAN, Batch, ImageToImage, Task
from kerasgan.gan.prediction import PredictOptions
from kerasgan.layers import (
    GivenClass,
    WithLatents,
    dcgan_convolution,
    dcgan_transposed,
    label_input,
    norm_relu,
    normalized,
    one_hot,
    rerun,
    tanh_images,
)
from kerasgan.scalars import checked

__all__ = ["StarGAN", "discriminator", "generator"]

SHOWN = 8  # examples in sample grids


@keras.saving.register_keras_serializable("kerasgan")
class StarGAN(ImageToImage):
    """A residual generator of an image and a domain, and a discriminator that also classifies domains.

    `fit` takes images with the places of their domains as labels, or a folder with a sub-folder for each domain.
    `translate(images, labels)` translates images of any domain to those of the labels, one for each image;
    `predict(images, direction=NAME)` all of them to one domain, the first if none is named.

    Args:
        domains: names of the domains, two or more, in the order of their labels; for class folders in that of the
            alphabet. Exported networks are named after them.
        image_size: of training: a multiple of 2^halvings and of 4.
        channels: of the images.
        blocks: residual blocks of the generator: 6 in the paper.
        width: channels of the generator next to the image, a quarter of those of the blocks.
        discriminator_width: channels of the discriminator's first map, `width` if not given; each halving doubles them.
        halvings: of the discriminator: 6 take 128 pixels to 2 (paper).
        class_weight: lambda_cls, of the losses of domains.
        cycle_weight: lambda_rec, of the distance between an image and what is translated back.

    Raises:
        ValueError: for fewer than two domains, names that are equal or no words, or a size that is not such a multiple.
    """

    tiny_config = MappingProxyType(dict(domains=("a", "b", "c"), image_size=8, blocks=1, width=3, halvings=2))

    task = Task.MULTI_DOMAIN
    extra_metrics = ("real_class_loss", "fake_class_loss", "cycle")

    def __init__(
        self,
        *,
        domains: Sequence[str] = ("first", "second"),
        image_size: int = 128,
        channels: int = 3,
        blocks: int = 6,
        width: int = 64,
        discriminator_width: int | None = None,
        halvings: int = 6,
        class_weight: float = 1.0,
        cycle_weight: float = 10.0,
        name: str | None = None,
    ):
        names = tuple(domains)
        if len(names) < 2 or len({*names}) < len(names) or not all(re.fullmatch(r"[\w-]+", each) for each in names):
            expected = "Expected two domains or more, with different names of letters, digits, - and _"
            raise ValueError(f"{expected}. Received: domains={domains!r}")
        if image_size % 2**halvings:
            expected = f"Expected image_size to be a multiple of {2**halvings}, which the halvings need"
            raise ValueError(f"{expected}. Received: image_size={image_size}")
        own, shape = discriminator_width or width, (image_size, image_size, channels)
        super().__init__(
            generator(channels, len(names), blocks=blocks, width=width),
            discriminator(shape, len(names), width=own, halvings=halvings),
            image_size=image_size,
            multiple=4,
            smallest=8,
            name=name,
        )
        self.directions, self.class_weight, self.cycle_weight = names, class_weight, cycle_weight
        self.resolve_arguments(domains=names, discriminator_width=own)

    @property
    def label_classes(self) -> int:
        return len(self.directions)

    def default_compile_args(self):
        """WGAN-GP with five discriminator steps for each of the generator's (section 4)."""
        first, second = (keras.optimizers.Adam(1e-4, beta_1=0.5) for _ in range(2))
        return {
            "objective": "wasserstein",
            "penalties": {"name": "gradient_penalty", "weight": 10.0},
            "discriminator_steps": 5,
            "generator_optimizer": first,
            "discriminator_optimizer": second,
        }

    # Data: images with labels, as of a class-conditional GAN

    def data_options(self):
        return GAN.data_options(self)

    def batches(self, x, y=None, *, batch_size=None):
        """As `GAN.batches`, of images with labels; raises ValueError for class folders in another order."""
        found = GAN.batches(self, x, y, batch_size=batch_size)
        names = tuple(getattr(found, "class_names", None) or self.directions)
        if names != self.directions and {*names} == {*self.directions}:
            expected = f"Expected the domains in the order of the data's labels, {', '.join(names)}"
            raise ValueError(f"{expected}. Received: domains={self.directions}")
        return found

    def on_fit_begin(self, source):
        """Keeps images of each domain as examples, unless there are any."""
        if self.examples is None and isinstance(source, data.Source):
            self.examples = self.examples_of(source)

    def examples_of(self, source: data.Source) -> tuple[np.ndarray, np.ndarray] | None:
        """Images spread over each domain, in turn, float32, twice; None if there are none with labels."""
        share = -(-SHOWN // self.label_classes)
        if isinstance(source, data.sources.Indexed) and source.labels is not None:
            several = [np.flatnonzero(source.labels == label) for label in range(self.label_classes)]
            spread = [np.linspace(0, len(each) - 1, min(share, len(each))).astype(int) for each in several]
            places = [each[some] for each, some in zip(several, spread)]
            rows = np.array([row for several in zip(*places) for row in several], int)
            if not len(rows):
                return None
            shown = data.sources.scaled(source.reader.take(rows))
        else:
            shown, _ = next(iter(data.first_batches(source, SHOWN)))
        return shown, shown

    def train_on_batch(self, x, y=None, **options):
        return GAN.train_on_batch(self, x, y, **options)

    def prepare_batch(self, data):
        """The domains to translate to are in the place of latents."""
        images, labels = self.unpack(data)
        return self.resample_latents(Batch(images, ops.cast(labels, "int32"), inputs=images))

    def resample_latents(self, batch):
        def draw(count: Any) -> Any:
            return keras.random.randint((count,), 0, self.label_classes, seed=self.seed_generator)

        return batch._replace(latents=distribution.own_share(draw, ops.shape(batch.real)[0]))

    # Losses

    def synthesize(self, batch):
        """The images in the domains to translate to."""
        return ops.cast(self.generator([batch.inputs, batch.latents], training=True), "float32")

    def logits(self, images: Any) -> tuple[Any, Any]:
        """(logits of patches, domain logits (batch, domains)) in training mode, float32."""
        patches, classes = self.discriminator(images, training=True)
        return ops.cast(patches, "float32"), ops.cast(classes, "float32")

    def discriminate(self, images, condition=None):
        return self.logits(images)[0]

    def discriminator_condition(self, batch):
        return None

    def discriminator_loss(self, batch):
        """L_D = -L_adv + lambda_cls L_cls of real images (equation 5)."""
        real, classes = self.logits(batch.real)
        class_loss = _class_loss(batch.labels, classes)
        self.log("real_class_loss", class_loss)
        return self.adversarial_loss(real, self.discriminate(batch.fake)) + self.class_weight * class_loss

    def generator_loss(self, batch):
        """L_G = L_adv + lambda_cls L_cls of fakes + lambda_rec L_rec (equation 6)."""
        fake, classes = self.logits(batch.fake)
        real = self.discriminate(batch.real) if self.objective.paired else None
        class_loss = _class_loss(batch.latents, classes)
        back = ops.cast(self.generator([batch.fake, batch.labels], training=True), "float32")
        cycle = ops.mean(ops.abs(batch.real - back))
        self.log("fake_class_loss", class_loss)
        self.log("cycle", cycle)
        adversarial = self.objective.generator_loss(real, fake)
        return adversarial + self.class_weight * class_loss + self.cycle_weight * cycle

    # Translation

    @checked
    def translate(self, images: Any, labels: Any, *, out: Any = None, **options: Unpack[PredictOptions]) -> Any:
        """Images in the domains of labels.

        Args:
            images: as of `predict`: an array, a single image, or a list of images of any sizes.
            labels: a domain, by its name or place, for all images, or one for each.
            out: as of `predict`.
            **options: of `predict`: batch_size, verbose, steps, tile_size, overlap.

        Returns what `predict` returns.

        Raises:
            ValueError: as of `predict`, for unknown domains, or another number of labels than of images.
        """
        alone = not isinstance(images, (list, tuple)) and np.ndim(images) == 3
        rows = [self._places(labels, 1 if alone else len(images))]
        return self._predict(images, rows, out=out, **options)

    def _places(self, labels: Any, count: int) -> np.ndarray:
        """int32 labels (count,) of domains by name or by place."""
        several = np.ravel(labels).tolist()
        for name in several:
            if isinstance(name, str):
                super().translator(name)  # refuses others
        places = [self.directions.index(each) if isinstance(each, str) else each for each in several]
        given = np.asarray(places if np.ndim(labels) else places[0])  # of None, which would be drawn at random, too
        return np.asarray(latents.class_labels(count, given, num_classes=self.label_classes))

    def _conditioned(self, direction, count):
        return self.sampler, [self._places(direction or 0, count)]

    def translator(self, direction: str | None = None) -> keras.Model:
        """The network to one domain, the first if none is named, with the layers of the sampler."""
        sampler = super().translator(direction)  # refuses others
        images = keras.Input(sampler.inputs[0].shape[1:], name="images")
        label = GivenClass(self.directions.index(direction or self.directions[0]), name="domain")(images)
        return keras.Model(images, rerun(sampler, [images, label]), name="generator")

    def _columns(self, inputs: np.ndarray, targets: np.ndarray) -> list[np.ndarray]:
        """The inputs, then the same images in each domain."""
        return [inputs, *(self._translate(inputs, name) for name in self.directions)]


def generator(channels: int, domains: int, *, blocks: int, width: int) -> keras.Model:
    """[Images of sides that are multiples of 4, labels] to images in [-1, 1] (table 4).

    The label is as many constant maps beside the image. Borders are zeros, which tell one constant from another where
    instance normalization takes off the mean; with reflected borders it would remove the label.
    """
    images, labels = keras.Input((None, None, channels), name="images"), label_input(domains)
    x = WithLatents(name="joined")([images, one_hot(labels, domains)])
    x = _normalized(_convolution(x, width, 7, "stem", strides=1), "stem")
    for level in (1, 2):
        x = _normalized(_convolution(x, width * 2**level, 4, f"down{level}"), f"down{level}")
    for index in range(1, blocks + 1):
        name = f"block{index}"
        y = _normalized(_convolution(x, 4 * width, 3, f"{name}_conv1", strides=1), f"{name}_conv1")
        y = _convolution(y, 4 * width, 3, f"{name}_conv2", strides=1)
        y = normalized(y, "instance", affine=True, name=f"{name}_conv2_norm")
        x = layers.Add(name=f"{name}_sum")([x, y])
    for level in (2, 1):
        options: Any = dict(use_bias=False, kernel_initializer=_uniform())
        x = _normalized(dcgan_transposed(x, width * 2 ** (level - 1), 4, f"up{level}", **options), f"up{level}")
    x = _convolution(x, channels, 7, "image", strides=1, dtype="float32")
    return keras.Model([images, labels], tanh_images(x), name="generator")


def discriminator(shape: tuple[int, int, int], domains: int, *, width: int, halvings: int) -> keras.Model:
    """Images to logits of patches, and domain logits (batch, domains) (table 5)."""
    images = keras.Input(shape, name="images")
    x = images
    for level in range(halvings):
        x = _convolution(x, width * 2**level, 4, f"down{level}", use_bias=True)
        x = layers.LeakyReLU(negative_slope=0.01, name=f"down{level}_lrelu")(x)
    patches = _convolution(x, 1, 3, "patches", strides=1, dtype="float32")
    classes = _convolution(x, domains, x.shape[1], "classes", strides=1, padding="valid", dtype="float32")
    classes = layers.Flatten(dtype="float32", name="class_logits")(classes)
    return keras.Model(images, [patches, classes], name="discriminator")


def _convolution(x: Any, filters: int, size: int, name: str, **options: Any) -> Any:
    return dcgan_convolution(x, filters, size, name, **{"use_bias": False, "kernel_initializer": _uniform(), **options})


def _normalized(x: Any, name: str) -> Any:
    return norm_relu(x, name, "instance", affine=True)


def _uniform() -> keras.initializers.Initializer:
    """Uniform up to 1 / sqrt(fan_in): PyTorch's own, which the authors keep."""
    return keras.initializers.VarianceScaling(1 / 3, "fan_in", "uniform")


def _class_loss(labels: Any, logits: Any) -> Any:
    """-log P(domain | image), averaged (equations 2 and 3)."""
    return ops.mean(keras.losses.sparse_categorical_crossentropy(labels, logits, from_logits=True))
