"""The games of two numbers, played by the package's own training step.

The data are the point 0. The generator is a point theta, whatever the latents, and the discriminator is D(x) = psi x:
the Dirac-GAN of Mescheder et al. 2018 (1801.04406), section 2. With linear losses it is the bilinear game, in which the
discriminator minimizes theta psi and the generator -theta psi.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import keras
import numpy as np
from keras import ops

from kerasgan import GAN, gradients, objectives
from kerasgan.optimizers import MomentumRampSGD, OptimisticAdam, OptimisticSGD

RATE = 0.2
GAMES = ("bilinear", "dirac")  # those that are drawn


class Bilinear(objectives.Wasserstein):
    """Wasserstein without the bound that `compile` asks for: what is to be seen is what happens then."""

    needs_lipschitz = False


OBJECTIVES = {"bilinear": Bilinear(), "dirac": "non_saturating", "dirac_minimax": "minimax"}


class Point(keras.layers.Layer):
    """One trainable number, as an image of one pixel for each latent."""

    def build(self, input_shape):
        self.point = self.add_weight((), initializer="zeros", name="point")

    def call(self, latents):
        return ops.zeros((ops.shape(latents)[0], 1, 1, 1)) + self.point


class Consensus(GAN):
    """Consensus optimization (Mescheder et al. 2017, 1705.10461): both losses + weight / 2 ||v||^2.

    v are the gradients of both losses with respect to the weights of their networks. Not for PyTorch, on which what
    `gradients.gradients` returns cannot be differentiated again: the weight would have no effect.
    """

    weight = 1.0

    def _energy(self, batch):
        def gradient(loss, network):
            return gradients.gradients(loss, network.trainable_variables)[1]

        def generator_loss():
            return super(Consensus, self).generator_loss(batch._replace(fake=self.synthesize(batch)))

        own = gradient(lambda: super(Consensus, self).discriminator_loss(batch), self.discriminator)
        several = [*own, *gradient(generator_loss, self.generator)]
        return 0.5 * self.weight * sum(ops.sum(ops.square(each)) for each in several)

    def discriminator_loss(self, batch):
        return super().discriminator_loss(batch) + self._energy(batch._replace(fake=self.synthesize(batch)))

    def generator_loss(self, batch):
        return super().generator_loss(batch) + self._energy(batch)


@dataclass(frozen=True)
class Method:
    """What is changed about simultaneous gradient descent.

    Attributes:
        title: in words, for the pictures.
        compiled: further arguments of `compile`.
        optimizer: the optimizer of both networks, from a learning rate.
        network: the class of the GAN.
        setting: its one number, that the closed forms take.
        batch: images of a step; more than one where something is drawn at random.
        smooth: whether a step has a derivative at the equilibrium.
    """

    title: str
    compiled: Mapping[str, Any] = field(default_factory=dict)
    optimizer: Any = keras.optimizers.SGD
    network: type[GAN] = GAN
    setting: float = 0.0
    batch: int = 1
    smooth: bool = True

    def game(self, name: str, *, rate: float = RATE, **options: Any) -> "Game":
        """The game of this name; `options` are those of `keras.Model.compile`."""
        return Game(self, name, rate, **options)


MOMENTUM, CONSENSUS, R1, NOISE, CLIP = 0.5, 1.0, 0.6, 1.5, 0.5


def momentum(value: float) -> Any:
    return lambda rate: MomentumRampSGD(rate, value, final_momentum=value)


IN_TURN = {"updates": "alternating"}


METHODS = {
    "simultaneous": Method("simultaneous"),
    "alternating": Method("alternating", IN_TURN),
    "momentum": Method(f"alternating, momentum {MOMENTUM:g}", IN_TURN, momentum(MOMENTUM), setting=MOMENTUM),
    "negative": Method(f"alternating, momentum {-MOMENTUM:g}", IN_TURN, momentum(-MOMENTUM), setting=-MOMENTUM),
    "extragradient": Method("extragradient", {"updates": "extragradient"}),
    "optimistic": Method("optimistic", optimizer=OptimisticSGD),
    "adam": Method("Adam, beta_1 0.5", optimizer=lambda rate: keras.optimizers.Adam(rate / 4, 0.5), smooth=False),
    "optimistic_adam": Method(
        "optimistic Adam, beta_1 0.5", optimizer=lambda rate: OptimisticAdam(rate / 4, 0.5), smooth=False
    ),
    "consensus": Method(f"consensus, weight {CONSENSUS:g}", network=Consensus, setting=CONSENSUS),
    "clip": Method(f"WGAN, weights within {CLIP:g}", {"weight_clip": CLIP}),
    "gradient_penalty": Method(
        "WGAN-GP, weight 0.25", {"penalties": [{"name": "gradient_penalty", "weight": 0.25}]}, smooth=False
    ),
    "r1": Method(f"R1, weight {R1:g}", {"penalties": [{"name": "r1", "weight": R1}]}, setting=R1),
    "noise": Method(
        f"instance noise, deviation {NOISE:g}",
        {"augment": {"name": "instance_noise", "deviation": NOISE}},
        setting=NOISE,
        batch=256,
    ),
}


class Game:
    """A tiny GAN whose state are theta, psi and the slots of both optimizers, and whose `step` is one of `fit`.

    Args:
        method: how it is trained.
        name: of `OBJECTIVES`.
        rate: the learning rate.
        **options: `run_eagerly`, say.
    """

    def __init__(self, method: Method, name: str, rate: float, **options: Any):
        latents, images = keras.Input((1,), name="latents"), keras.Input((1, 1, 1), name="images")
        slope = keras.layers.Dense(1, use_bias=False, name="slope")
        generator = keras.Model(latents, Point(name="theta")(latents))
        discriminator = keras.Model(images, slope(keras.layers.Flatten()(images)))
        self.gan = method.network(generator, discriminator)
        self.gan.compile(
            objective=OBJECTIVES[name],
            generator_optimizer=method.optimizer(rate),
            discriminator_optimizer=method.optimizer(rate),
            **{"updates": "simultaneous", **method.compiled, **options},
        )
        self.data = np.zeros((method.batch, 1, 1, 1), "float32")
        optimizers = self.gan.optimizer.generator, self.gan.optimizer.discriminator
        self.slots = [
            variable
            for optimizer in optimizers
            for variable in optimizer.variables
            if "float" in variable.dtype and variable.name != "learning_rate"
        ]
        self.counts = [gradients.iterations(optimizer) for optimizer in optimizers]
        self.players = [*generator.trainable_variables, *discriminator.trainable_variables]

    def step(self, state: np.ndarray) -> np.ndarray:
        """The state after a step from a state: (theta, psi), or with the slots behind them."""
        self.put(state)
        self.train()
        return self.state[: len(state)]

    def train(self) -> None:
        self.gan.train_on_batch(self.data)

    def put(self, state: np.ndarray) -> None:
        several = [*self.players, *self.slots]
        values = [*state, *[0.0] * (len(several) - len(state))]
        for variable, value in zip(several, values):
            variable.assign(np.full(variable.shape, value, "float32"))
        for count in self.counts:
            count.assign(0)

    @property
    def state(self) -> np.ndarray:
        several = (*self.players, *self.slots)
        return np.array([float(ops.convert_to_numpy(variable.value).reshape(())) for variable in several])

    def trajectory(self, start: tuple[float, float], steps: int) -> np.ndarray:
        """(steps + 1, 2): theta and psi from a start, the slots zero there."""
        self.put(np.array(start))
        points = [np.array(start)]
        for _ in range(steps):
            self.train()
            points.append(self.state[:2])
            if not np.abs(points[-1]).max() < 1e3:
                break
        return np.array(points)

    def jacobian(self, width: float = 1e-2) -> np.ndarray:
        """The derivative of a step at the equilibrium, all zeros, by central differences: of the slots, too."""
        size = len(self.players) + len(self.slots)
        columns = []
        for index in range(size):
            ahead, back = (self._seeded(np.eye(size)[index] * side * width) for side in (1.0, -1.0))
            columns.append((ahead - back) / (2 * width))
        return np.stack(columns, axis=1)

    def _seeded(self, state: np.ndarray) -> np.ndarray:
        self.gan.seed_generator.state.assign(keras.random.SeedGenerator(1).state)  # the same noise on both sides
        return self.step(state)
