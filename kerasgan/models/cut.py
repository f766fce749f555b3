"""CUT: unpaired translation in one direction: each patch of the output must resemble its own patch of the input.

Park, Efros, Zhang, Zhu: Contrastive Learning for Unpaired Image-to-Image Translation, 2020,
https://arxiv.org/abs/2007.15651. There is no inverse generator and no second discriminator as in CycleGAN: features of
the generator's encoder, projected by small heads, must tell which of many patches of the input an output's patch comes
from. Layers, weights and the features' places follow the authors' PyTorch code. Deviations: convolutions have strides
as in CycleGAN, where that code blurs and subsamples; the first features are the pixels without their reflected border;
heads start with Glorot's distribution; the rate falls to zero from step to step. `nce_weight` is multiplied by
the objective's factor, as the generator's least squares carry 1/2 here and 1 there (Adam is invariant to that). Not in
the paper: the two domains may differ in their channels, if one of them is gray.
"""

from collections.abc import Sequence
from types import MappingProxyType
from typing import Any

import keras
import numpy as np
from keras import layers, ops

from kerasgan.gan import ImageToImage, Task
from kerasgan.layers import patch_logits, residual_images
from kerasgan.objectives.contrastive import patch_nce

__all__ = ["CUT", "discriminator", "generator", "heads"]


@keras.saving.register_keras_serializable("kerasgan")
class CUT(ImageToImage):
    """A residual generator, a patch discriminator and contrastive heads, trained on images of two domains, a and b.

    `predict(images)` translates from a to b. FastCUT is `CUT(nce_weight=10.0, identity=False, flip_equivariance=True)`.

    Args:
        image_size: of training, int or (height, width): multiples of 4.
        input_channels: of the images of domain a.
        channels: of the images of domain b: as many, unless one of both is 1.
        blocks: residual blocks of the generator (paper: 9).
        width: channels next to the image, a quarter of those of the blocks.
        discriminator_width: of the first layer of the discriminator; `width` if not given.
        patch_layers: strided convolutions of the discriminator; 3 have a receptive field of 70x70 pixels (paper).
        projection_dim: size of the heads' layers and of what they return.
        num_patches: places that are compared in each map, drawn at random; all, if there are fewer.
        temperature: by which likenesses are divided, tau.
        nce_weight: of the contrastive loss or, with `identity`, of the mean of both, as in the authors' code.
        identity: whether images of b must also remain recognizable where they are translated (paper; not in FastCUT).
        flip_equivariance: whether half of the batches are mirrored before the generator, and its features back again.

    Raises:
        ValueError: for sizes that are no multiples of 4, or channels that differ where neither is 1.
    """

    tiny_config = MappingProxyType(
        dict(image_size=16, blocks=1, width=4, patch_layers=1, projection_dim=8, num_patches=16, input_channels=1)
    )

    task = Task.UNPAIRED
    extra_metrics = ("nce", "nce_identity")

    def __init__(
        self,
        *,
        image_size: int | tuple[int, int] = 256,
        input_channels: int = 3,
        channels: int = 3,
        blocks: int = 9,
        width: int = 64,
        discriminator_width: int | None = None,
        patch_layers: int = 3,
        projection_dim: int = 256,
        num_patches: int = 256,
        temperature: float = 0.07,
        nce_weight: float = 1.0,
        identity: bool = True,
        flip_equivariance: bool = False,
        name: str | None = None,
    ):
        if input_channels != channels and 1 not in (input_channels, channels):
            expected = "Expected domains of equal channels, or a gray one"
            raise ValueError(f"{expected}. Received: input_channels={input_channels}, channels={channels}")
        discriminator_width = discriminator_width or width
        translator = generator(input_channels, channels, blocks=blocks, width=width)
        encoder = _encoder(translator, blocks)
        sizes = [output.shape[-1] for output in encoder.outputs]
        super().__init__(
            {"translator": translator, "heads": heads(sizes, projection_dim)},
            discriminator(channels, width=discriminator_width, patch_layers=patch_layers),
            image_size=image_size,
            multiple=4,
            smallest=8,
            name=name,
        )
        self._encoders = MappingProxyType({"generator": encoder})  # as an attribute it would be saved once more
        self.num_patches, self.temperature, self.nce_weight = num_patches, temperature, nce_weight
        self.identity, self.flip_equivariance = identity, flip_equivariance
        self.resolve_arguments(discriminator_width=discriminator_width)

    def assemble(self, parts):
        """The translator and the heads beside each other."""
        several = [keras.Input(each.shape[1:], name=each.name) for part in parts.values() for each in part.inputs]
        translated = parts["translator"](several[0])
        return keras.Model(several, [translated, *parts["heads"](several[1:])], name="generator")

    def translator(self, direction: str | None = None) -> keras.Model:
        super().translator(direction)  # refuses all
        return self.sampler_parts["translator"]

    def call(self, inputs: Any, training: bool | None = None) -> Any:
        """Images of domain b from images of domain a."""
        return self.translator()(inputs, training=training)

    def default_compile_args(self):
        """The authors' settings: least squares, and no pool of older fakes."""
        return {**super().default_compile_args(), "objective": "least_squares", "reuse_fakes": True}

    def synthesize(self, batch):
        """(G(a), G(b) or None without `identity`, 1 if they are mirrored and else 0)."""
        given, count = batch.inputs, ops.shape(batch.inputs)[0]
        if self.identity:
            given = ops.concatenate([given, self._as_input(batch.real)], axis=0)
        mirrored = ops.zeros((), "float32")
        if self.flip_equivariance:
            mirrored = ops.cast(keras.random.uniform((), seed=self.seed_generator) < 0.5, "float32")
        made = self.generator_parts["translator"](self._mirrored(given, mirrored), training=True)
        made = ops.cast(made, "float32")
        return made[:count], made[count:], mirrored

    def fakes_for_discriminator(self, batch):
        return batch.fake[0]

    def generator_loss(self, batch):
        """Adversarial and contrastive losses (section 3)."""
        fake, same, mirrored = batch.fake
        adversarial = super().generator_loss(batch._replace(fake=fake))
        nce = self._nce(batch.inputs, fake, mirrored)
        self.log("nce", nce)
        if not self.identity:
            return adversarial + self.objective.factor * self.nce_weight * nce
        own = self._nce(self._as_input(batch.real), same, mirrored)
        self.log("nce_identity", own)
        return adversarial + self.objective.factor * self.nce_weight * 0.5 * (nce + own)

    def discriminator_condition(self, batch):
        return None

    def _nce(self, source: Any, made: Any, mirrored: Any) -> Any:
        """The mean over the maps of the patches' cross-entropies."""
        encoder = self._encoders["generator"]
        queries = [self._mirrored(maps, mirrored) for maps in encoder(self._as_input(made), training=True)]
        keys = encoder(source, training=True)
        places = [self._places(maps) for maps in keys]
        project = self.generator_parts["heads"]
        chosen = [[_at(maps, at) for maps, at in zip(several, places)] for several in (queries, keys)]
        pairs = zip(*(project(several, training=True) for several in chosen))
        losses = [patch_nce(query, key, temperature=self.temperature) for query, key in pairs]
        return sum(losses) / len(losses)

    def _places(self, maps: Any) -> Any:
        """Random places of a map, the same for all images of the batch."""
        count = maps.shape[1] * maps.shape[2]
        drawn = keras.random.uniform((count,), seed=self.seed_generator)
        return ops.argsort(drawn)[: self.num_patches]

    def _as_input(self, images: Any) -> Any:
        """Images of domain b with the channels of domain a: the mean of the colors, or gray repeated."""
        wanted, channels = self.input_shape[-1], self.image_shape[-1]
        if wanted == channels:
            return images
        return ops.mean(images, axis=-1, keepdims=True) if wanted == 1 else ops.repeat(images, wanted, axis=-1)

    def _mirrored(self, maps: Any, mirrored: Any) -> Any:
        return ops.where(mirrored > 0.5, ops.flip(maps, axis=2), maps) if self.flip_equivariance else maps

    def _columns(self, inputs: np.ndarray, targets: np.ndarray) -> list[np.ndarray]:
        """Images of a, their translations, images of b, and what the generator makes of these."""
        given = ops.convert_to_numpy(self._as_input(ops.convert_to_tensor(targets)))
        return [inputs, self._translate(inputs), targets, self._translate(given)]


def generator(input_channels: int, channels: int, *, blocks: int, width: int) -> keras.Model:
    """Images of sides that are multiples of 4 to images in [-1, 1]."""
    images = keras.Input((None, None, input_channels), name="images")
    made = residual_images(images, channels, blocks=blocks, width=width)
    return keras.Model(images, made, name="translator")


def discriminator(channels: int, *, width: int, patch_layers: int) -> keras.Model:
    """Images to a map of logits, one for each patch."""
    images = keras.Input((None, None, channels), name="images")
    logits = patch_logits(images, width=width, patch_layers=patch_layers, norm="instance", affine=False)
    return keras.Model(images, logits, name="discriminator")


def heads(sizes: Sequence[int], projection_dim: int) -> keras.Model:
    """Vectors (batch, patches, size) of each map to vectors of `projection_dim`, by two layers each."""
    inputs = [keras.Input((None, size), name=f"vectors{index}") for index, size in enumerate(sizes)]
    outputs = []
    for index, vectors in enumerate(inputs):
        hidden = layers.Dense(projection_dim, activation="relu", name=f"head{index}_hidden")(vectors)
        outputs.append(layers.Dense(projection_dim, name=f"head{index}")(hidden))
    return keras.Model(inputs, outputs, name="heads")


def _encoder(translator: keras.Model, blocks: int) -> keras.Model:
    """Images to the maps that are compared: pixels, both halvings, the first block and the one in the middle."""
    names = dict.fromkeys(("down1", "down2", "block1_sum", f"block{blocks // 2 + 1}_sum"))
    return keras.Model(translator.inputs[0], [translator.inputs[0], *(translator.get_layer(n).output for n in names)])


def _at(maps: Any, places: Any) -> Any:
    """(batch, places, channels): the vectors of maps (batch, height, width, channels) at flat places."""
    return ops.take(ops.reshape(maps, (-1, maps.shape[1] * maps.shape[2], maps.shape[3])), places, axis=1)
