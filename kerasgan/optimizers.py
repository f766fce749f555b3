"""Optimizers: one for both networks, those of GAN papers, and the decay of moving averages of weights."""

from collections.abc import Callable
from typing import Annotated, Any

import keras
from keras import ops

from kerasgan import gradients, schedules
from kerasgan.keras_internals import made_without_values, variable_index
from kerasgan.scalars import Limits, guard

__all__ = [
    "AdversarialOptimizer",
    "AnnealedAdam",
    "MomentumRampSGD",
    "OptimisticAdam",
    "OptimisticSGD",
    "StagedAdam",
    "adversarial",
    "ema_decay",
    "for_both",
    "get",
]

Momentum = Annotated[float, Limits(-1, 1, above=True, below=True)]


def get(name: str, optimizer: Any) -> keras.optimizers.Optimizer:
    """`keras.optimizers.get`. Raises ValueError that names the argument for what is none."""
    try:
        return keras.optimizers.get(optimizer)
    except (ValueError, TypeError, LookupError, AttributeError) as error:
        expected = "Expected a Keras optimizer, the name of one, or its config"
        raise ValueError(f"{expected}. Received: {name}={optimizer!r}") from error


def for_both(make: Callable[[], keras.optimizers.Optimizer]) -> dict[str, keras.optimizers.Optimizer]:
    """The arguments of `compile` for equal but separate optimizers of generator and discriminator."""
    return {"generator_optimizer": make(), "discriminator_optimizer": make()}


def adversarial(gan: Any, generator: Any, discriminator: Any) -> "AdversarialOptimizer":
    """The optimizer of a GAN that is compiled, with slots for what is trainable now; in float16 it scales the losses.

    Raises:
        ValueError: for one object for both networks.
    """
    if generator is discriminator:
        raise ValueError("Expected one optimizer per network. Received: the same object for both")
    if gan.dtype_policy.name == "mixed_float16":
        generator, discriminator = map(keras.optimizers.LossScaleOptimizer, (generator, discriminator))
    optimizer = AdversarialOptimizer(generator=generator, discriminator=discriminator)
    optimizer.build_variables(gan.generator.trainable_variables, gan.discriminator.trainable_variables)
    return optimizer


class AdversarialOptimizer(keras.optimizers.Optimizer):
    """The generator's and the discriminator's optimizers as one Keras optimizer, whose `variables` are theirs.

    `fit`, `.keras` files, checkpoints and JAX's state then handle them without special cases. Callbacks that set a
    learning rate, such as Keras' `LearningRateScheduler`, set those of both `optimizers`, one after the other;
    `kerasgan.callbacks.for_player` chooses one. `learning_rate` is the generator's; setting it sets both, if they
    are equal, and raises ValueError otherwise: which is meant?

    Args:
        generator: the generator's optimizer.
        discriminator: the discriminator's optimizer.
    """

    def __init__(self, *, generator: keras.optimizers.Optimizer, discriminator: keras.optimizers.Optimizer):
        super().__init__(learning_rate=0.0, name="adversarial")
        self.generator = generator
        self.discriminator = discriminator
        for player, own in (("generator", generator), ("discriminator", discriminator)):
            own.name = player  # Keras' logs of learning rates are named after it
        self._postponed: Callable[[], None] | None = None

    def build_variables(self, generator_variables: list, discriminator_variables: list) -> None:
        """Creates the slots of both optimizers; of a model that is made without values, when they are first read."""

        def build() -> None:
            self.generator.build(generator_variables)
            self.discriminator.build(discriminator_variables)

        self.built = True
        if made_without_values():
            self._postponed = build
        else:
            build()

    def _build_now(self) -> None:
        if self._postponed is not None:
            build, self._postponed = self._postponed, None
            build()

    def build(self, variables: list) -> None:
        """Does nothing: `build_variables` assigns the variables to the two optimizers."""

    @property
    def optimizers(self) -> list[keras.optimizers.Optimizer]:
        """Both, as Keras' callbacks look for them in an optimizer that consists of several."""
        return [self.generator, self.discriminator]

    @property
    def variables(self) -> list:
        self._build_now()
        return [*self.generator.variables, *self.discriminator.variables]

    @property
    def iterations(self) -> Any:
        """The number of discriminator steps: of batches, also where an update takes several."""
        return gradients.iterations(self.discriminator)

    @property
    def steps(self) -> int:
        """The number of discriminator steps as a Python int; `int` cannot read variables mirrored on devices."""
        return int(self.iterations.numpy())

    def pass_over_discriminator(self) -> None:
        """Counts a step of the discriminator that is not computed: callbacks and schedules depend on `iterations`."""
        self.iterations.assign_add(1)

    @property
    def learning_rate(self) -> Any:
        return self.generator.learning_rate

    @learning_rate.setter
    def learning_rate(self, learning_rate: Any) -> None:
        rates = [float(ops.convert_to_numpy(own.learning_rate)) for own in self.optimizers]
        if rates[0] != rates[1]:
            players = "optimizer.generator.learning_rate or optimizer.discriminator.learning_rate"
            why = f"as the networks have rates of their own, {rates[0]:.4g} and {rates[1]:.4g}"
            received = f"optimizer.learning_rate={learning_rate!r}"
            raise ValueError(f"Expected {players}, {why} (for a callback: callbacks.for_player). Received: {received}")
        for own in self.optimizers:
            own.learning_rate = learning_rate

    def save_own_variables(self, store: Any) -> None:
        """Stores nothing: the two optimizers, which come next, store their own variables."""
        self._build_now()

    def load_own_variables(self, store: Any) -> None:
        """Loads nothing: the two optimizers, which come next, load their own variables."""
        self._build_now()

    def get_config(self) -> dict[str, Any]:
        serialize = keras.optimizers.serialize
        return {"generator": serialize(self.generator), "discriminator": serialize(self.discriminator)}

    @classmethod
    def from_config(cls, config: dict[str, Any], custom_objects: dict | None = None) -> "AdversarialOptimizer":
        return cls(**{key: keras.optimizers.deserialize(value, custom_objects) for key, value in config.items()})


@keras.saving.register_keras_serializable("kerasgan")
class AnnealedAdam(keras.optimizers.Adam):
    """Adam whose beta_2 may follow a schedule, as in R3GAN (Huang et al. 2024, 2501.05441).

    The bias of the second moment is corrected by the beta_2 of the current step.

    Args:
        learning_rate: a number or a schedule.
        beta_1: decay of the first moment.
        beta_2: decay of the second: a number, a schedule, or a recipe's table of one.
        **options: of `keras.optimizers.Adam`.
    """

    def __init__(
        self, learning_rate: Any = 1e-3, beta_1: float = 0.9, beta_2: Any = 0.999, *, name: str = "adam", **options: Any
    ):
        super().__init__(learning_rate=learning_rate, beta_1=beta_1, beta_2=schedules.get(beta_2), name=name, **options)

    @property
    def beta_2(self) -> Any:
        """The value at the current step."""
        return schedules.at(self._beta_2, self.iterations)

    @beta_2.setter
    def beta_2(self, beta_2: Any) -> None:
        self._beta_2 = beta_2

    def get_config(self):
        beta_2 = keras.saving.serialize_keras_object(self._beta_2)
        return {**super().get_config(), "beta_2": beta_2}


@keras.saving.register_keras_serializable("kerasgan")
class MomentumRampSGD(keras.optimizers.SGD):
    """Classical momentum SGD whose momentum rises linearly (Goodfellow et al. 2014: 0.5 to 0.7 over 250 epochs).

    v <- m v - lr g; w <- w + v, with m = momentum + (final_momentum - momentum) min(1, step / ramp_steps).

    Args:
        learning_rate: a float or a schedule.
        momentum: the momentum of the first update, in (-1, 1); a negative one, constant, damps the rotation of
            alternating updates (Gidel et al. 2019, 1807.04740).
        final_momentum: the momentum from update `ramp_steps` on.
        ramp_steps: updates over which it rises.
        **options: of `keras.optimizers.SGD`.
    """

    def __init__(
        self,
        learning_rate: Any = 0.1,
        momentum: Momentum = 0.5,
        *,
        final_momentum: Momentum = 0.7,
        ramp_steps: int = 125_000,
        name: str = "momentum_ramp_sgd",
        **options: Any,
    ):
        if options.pop("nesterov", False):
            raise ValueError("Expected classical momentum. Received: nesterov=True")
        super().__init__(learning_rate=learning_rate, momentum=0.5, name=name, **options)  # Keras refuses negative ones
        self.momentum, self.final_momentum, self.ramp_steps = float(momentum), final_momentum, ramp_steps

    def build(self, variables):
        own, self.momentum = self.momentum, 0.5  # Keras makes no slots for 0
        super().build(variables)
        self.momentum = own

    def update_step(self, gradient, variable, learning_rate):
        done = ops.minimum(ops.cast(self.iterations, variable.dtype) / self.ramp_steps, 1.0)
        momentum = self.momentum + (self.final_momentum - self.momentum) * done
        velocity = self.momentums[variable_index(self, variable)]
        step = momentum * velocity - ops.cast(learning_rate, variable.dtype) * ops.cast(gradient, variable.dtype)
        self.assign(velocity, step)
        self.assign_add(variable, step)

    def get_config(self):
        return {**super().get_config(), "final_momentum": self.final_momentum, "ramp_steps": self.ramp_steps}


class _Optimistic:
    """Beside an optimizer: takes each of its steps twice and takes the one before back, w <- w + 2 s_t - s_(t-1)."""

    def build(self, variables):
        if self.built:
            return
        super().build(variables)
        self.previous_steps = self.add_optimizer_variables(variables, "previous_step")

    def update_step(self, gradient, variable, learning_rate):
        before = ops.copy(variable)
        super().update_step(gradient, variable, learning_rate)
        previous = self.previous_steps[variable_index(self, variable)]
        step = ops.subtract(variable, before)
        self.assign_add(variable, ops.subtract(step, previous))
        self.assign(previous, step)


@keras.saving.register_keras_serializable("kerasgan")
class OptimisticSGD(_Optimistic, keras.optimizers.SGD):
    """Optimistic gradient descent (Daskalakis et al. 2018, 1711.00141, equation 5): w <- w - 2 lr g_t + lr g_(t-1).

    On a bilinear game it converges where gradient descent diverges. Arguments as of `keras.optimizers.SGD`.
    """


@keras.saving.register_keras_serializable("kerasgan")
class OptimisticAdam(_Optimistic, keras.optimizers.Adam):
    """Optimistic Adam (Daskalakis et al. 2018, 1711.00141, algorithm 1): optimistic steps in the direction of Adam's.

    Its first step is twice Adam's: there is none before to take back. Arguments as of `keras.optimizers.Adam`.
    """


@keras.saving.register_keras_serializable("kerasgan")
class StagedAdam(keras.optimizers.Adam):
    """Adam that corrects the bias of its moments as if it began anew with every stage of a training.

    For models that train other weights in each stage: the moments of these begin at zero, and Adam's first steps, which
    take them for those of many steps, would be up to 16 times as long as its rate with `beta_1=0.5`.

    Args:
        learning_rate: a number or a schedule, which counts all steps.
        stage_steps: steps of a stage.
        stages: number of stages; the last one does not end.
        **options: of `keras.optimizers.Adam`.
    """

    def __init__(
        self, learning_rate: Any = 1e-3, *, stage_steps: int, stages: int, name: str = "staged_adam", **options: Any
    ):
        super().__init__(learning_rate=learning_rate, name=name, **options)
        self.stage_steps, self.stages = stage_steps, stages

    @property
    def iterations(self) -> Any:
        """Steps in the current stage."""
        done = super().iterations
        return done - self.stage_steps * ops.minimum(done // self.stage_steps, self.stages - 1)

    def get_config(self):
        return {**super().get_config(), "stage_steps": self.stage_steps, "stages": self.stages}


def ema_decay(batch_size: Any, *, half_life: float, images_seen: Any = None, rampup: float = 0.05) -> Any:
    """The decay of a moving average of the weights: 0.5^(batch_size / half_life) (Karras et al. 2018, 1710.10196).

    Args:
        batch_size: images of one generator step.
        half_life: images after which a weight's influence has halved; 0 averages nothing.
        images_seen: if given, the half-life is at most rampup * images_seen, so that a short run does not average
            over its beginning (Karras et al. 2020, 2006.06676, the `ema_rampup` of the published code).
        rampup: see images_seen.
    """
    if images_seen is not None:
        half_life = ops.minimum(half_life, rampup * images_seen)
    larger = max if isinstance(half_life, float | int) else ops.maximum
    return 0.5 ** (batch_size / larger(half_life, 1e-8))


guard(globals(), __all__)
