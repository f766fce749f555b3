"""CycleGAN: two mutually inverse generators learn to translate between two kinds of images without pairs.

Zhu, Park, Isola, Efros: Unpaired Image-to-Image Translation using Cycle-Consistent Adversarial Networks, 2017,
https://arxiv.org/abs/1703.10593. Layer tables, weights and padding follow the authors' PyTorch code. Deviations: the
discriminators are updated before the generators (on fakes from before that update, as there); the rate falls
to zero from step to step, where the authors change it between epochs; the generators' least squares carry the factor
1/2 that the authors give the discriminators alone, and `cycle_weight` is multiplied by the objective's factor, so that
the generators' whole loss is half of theirs (Adam is invariant to that).
"""

import functools
from collections.abc import Callable, Iterable
from types import MappingProxyType
from typing import Any

import keras
import numpy as np
from keras import ops

from kerasgan.gan import ImageToImage, Task
from kerasgan.layers import ImagePool, patch_logits, residual_images

__all__ = ["CycleGAN", "discriminator", "generator"]


@keras.saving.register_keras_serializable("kerasgan")
class CycleGAN(ImageToImage):
    """Two residual generators and two patch discriminators, trained on images of two domains, a and b.

    `predict(images, direction="ab")` and `"ba"` translate; `generator_ab` and `generator_ba` are the networks.

    Args:
        image_size: of training, int or (height, width): multiples of 4.
        input_channels: of the images of domain a.
        channels: of the images of domain b.
        blocks: residual blocks of each generator: 6 for 128 pixels, 9 from 256 on (paper).
        width: channels next to the image of the generators, a quarter of those of the blocks.
        affine: whether the generators' normalization scales and shifts each channel, which the authors' does not.
        discriminator_width: of the first layer of the discriminators; `width` if not given.
        patch_layers: strided convolutions of the discriminators; 3 have a receptive field of 70x70 pixels (paper).
        cycle_weight: lambda of equation 3, beside an adversarial loss without a factor: it is multiplied by the
            objective's `factor`, 1/2 for least squares (the paper's) and 1 for every other objective.
        identity_weight: of the identity loss, relative to `cycle_weight` (section 5.2); 0 if the domains differ in
            their channels.
        pool_size: generated images of each domain that are kept to train the discriminators again (section 4), or 0.

    Raises:
        ValueError: for sizes that are no multiples of 4, or an identity loss between images of different channels.
    """

    tiny_config = MappingProxyType(
        dict(image_size=16, blocks=1, width=4, patch_layers=1, pool_size=8, input_channels=1, identity_weight=0.0)
    )

    task = Task.UNPAIRED
    directions = ("ab", "ba")
    extra_metrics = ("cycle", "identity")

    def __init__(
        self,
        *,
        image_size: int | tuple[int, int] = 256,
        input_channels: int = 3,
        channels: int = 3,
        blocks: int = 9,
        width: int = 64,
        affine: bool = False,
        discriminator_width: int | None = None,
        patch_layers: int = 3,
        cycle_weight: float = 10.0,
        identity_weight: float = 0.5,
        pool_size: int = 50,
        name: str | None = None,
    ):
        if identity_weight and input_channels != channels:
            raise ValueError(
                "Expected identity_weight=0 for domains of different channels. "
                f"Received: identity_weight={identity_weight}, input_channels={input_channels}, channels={channels}"
            )
        discriminator_width = discriminator_width or width
        pairs = {"ab": (input_channels, channels), "ba": (channels, input_channels)}
        sizes: dict[str, Any] = dict(blocks=blocks, width=width, affine=affine)
        generators = {key: generator(*sides, **sizes, name=f"generator_{key}") for key, sides in pairs.items()}
        options = dict(width=discriminator_width, patch_layers=patch_layers)
        discriminators = {
            domain: discriminator(planes, name=f"discriminator_{domain}", **options)
            for domain, planes in (("b", channels), ("a", input_channels))
        }
        super().__init__(
            generators,
            _beside(discriminators.values(), "discriminator"),
            image_size=image_size,
            multiple=4,
            smallest=8,
            name=name,
        )
        self.discriminators = MappingProxyType(discriminators)  # a dict would be saved once more
        self.pools = [ImagePool(pool_size, name=f"pool_{domain}") for domain in "ba"]
        for pool, shape in zip(self.pools, (self.image_shape, self.input_shape)):
            pool.build((None, *shape))
        self.cycle_weight, self.identity_weight = cycle_weight, identity_weight
        self.resolve_arguments(discriminator_width=discriminator_width)

    @property
    def generator_ab(self) -> keras.Model:
        """From domain a to domain b; the moving average if there is one."""
        return self.translator("ab")

    @property
    def generator_ba(self) -> keras.Model:
        """From domain b to domain a."""
        return self.translator("ba")

    def translator(self, direction: str | None = None) -> keras.Model:
        super().translator(direction)  # refuses others
        return self.sampler_parts[direction or "ab"]

    def assemble(self, parts):
        """Both directions beside each other."""
        return _beside(parts.values(), "generator")

    def default_compile_args(self):
        return {**super().default_compile_args(), "objective": "least_squares", "reuse_fakes": True}

    def synthesize(self, batch):
        """(G(a), F(b)): fakes of domain b and of domain a."""
        return tuple(ops.cast(fake, "float32") for fake in self.generator([batch.inputs, batch.real], training=True))

    def fakes_for_discriminator(self, batch):
        """The newest fakes, half of them replaced by older ones from the two pools."""
        return tuple(pool(images) for pool, images in zip(self.pools, batch.fake))

    def discriminator_loss(self, batch):
        """The sum over both domains."""
        logits = _in_one_pass(self.discriminate, [batch.real, batch.inputs], list(batch.fake))
        return sum(self.adversarial_loss(real, fake) for real, fake in zip(*logits))

    def generator_loss(self, batch):
        """Adversarial, cycle and identity losses of both generators, equation 3 and section 5.2."""
        fakes = self.discriminate(list(batch.fake))
        reals = self.discriminate([batch.real, batch.inputs]) if self.objective.paired else (None, None)
        adversarial = sum(self.objective.generator_loss(real, fake) for real, fake in zip(reals, fakes))
        fake_b, fake_a = batch.fake
        generate = functools.partial(self.generator, training=True)
        identical = [[batch.real, batch.inputs]] if self.identity_weight else []
        (back_b, back_a), *same = _in_one_pass(generate, [fake_a, fake_b], *identical)
        cycle = _distance(back_a, batch.inputs) + _distance(back_b, batch.real)
        self.log("cycle", cycle)
        identity = 0.0
        for same_b, same_a in same:
            identity = _distance(same_b, batch.real) + _distance(same_a, batch.inputs)
        self.log("identity", identity)
        weight = self.objective.factor * self.cycle_weight  # as the adversarial loss, which has no factor in the code
        return adversarial + weight * (cycle + self.identity_weight * identity)

    def discriminate(self, images, condition=None):
        """The logits of [images of b, images of a]."""
        return tuple(ops.cast(logits, "float32") for logits in self.discriminator(images, training=True))

    def penalize(self, penalty, batch):
        """The sum over both domains."""
        total = 0.0
        for domain, real, fake in zip("ba", (batch.real, batch.inputs), batch.fake):
            network = self.discriminators[domain]

            def discriminate(images, network=network):
                return ops.cast(network(images, training=True), "float32")

            total = total + penalty(discriminate, real, fake, self.seed_generator, step=self.optimizer.iterations)
        return total

    def discriminator_condition(self, batch):
        return None

    def _columns(self, inputs: np.ndarray, targets: np.ndarray) -> list[np.ndarray]:
        return [inputs, self._translate(inputs, "ab"), targets, self._translate(targets, "ba")]


def generator(
    input_channels: int, channels: int, *, blocks: int, width: int, affine: bool = False, name: str = "generator"
) -> keras.Model:
    """Images of sides that are multiples of 4 to images in [-1, 1] (appendix 7.2)."""
    images = keras.Input((None, None, input_channels), name="images")
    made = residual_images(images, channels, blocks=blocks, width=width, affine=affine)
    return keras.Model(images, made, name=name)


def discriminator(channels: int, *, width: int, patch_layers: int, name: str = "discriminator") -> keras.Model:
    """Images to a map of logits, one for each patch."""
    images = keras.Input((None, None, channels), name="images")
    logits = patch_logits(images, width=width, patch_layers=patch_layers, norm="instance", affine=False)
    return keras.Model(images, logits, name=name)


def _beside(networks: Iterable[keras.Model], name: str) -> keras.Model:
    """Two networks as one, from the list of both inputs to both outputs."""
    networks = list(networks)
    inputs = [keras.Input(network.input_shape[1:], name=f"images_{network.name[-2:]}") for network in networks]
    return keras.Model(inputs, [network(each) for network, each in zip(networks, inputs)], name=name)


def _in_one_pass(network: Callable[[list], Any], *inputs: list) -> list[tuple]:
    """For each list of images of both domains the network's outputs, computed as one batch, which is a fifth faster.

    Instance normalization keeps the images of a batch apart.
    """
    if len(inputs) == 1:
        return [tuple(network(*inputs))]
    outputs = network([ops.concatenate(images, axis=0) for images in zip(*inputs)])
    return list(zip(*(ops.split(images, len(inputs)) for images in outputs)))


def _distance(images: Any, others: Any) -> Any:
    return ops.mean(ops.abs(ops.cast(images, "float32") - others))
