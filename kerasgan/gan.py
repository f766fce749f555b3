"""GAN: two networks and the one adversarial training step that every family shares."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, NamedTuple

import keras
import numpy as np
from keras import ops

from kerasgan import data, gradients, latents, objectives, penalties
from kerasgan.optimizers import Players, ema_decay

__all__ = ["GAN", "Round"]


class Round(NamedTuple):
    """What the players see in one step: images in [-1, 1], labels (batch,) or None, the generator's input and fakes."""

    real: Any
    labels: Any
    latents: Any
    fake: Any = None


def _nothing() -> Any:
    return ops.zeros((), dtype="float32")


@keras.saving.register_keras_serializable("kerasgan")
class GAN(keras.Model):
    """A generator and a discriminator, trained against each other by `fit`.

    Families subclass it and override what their paper changes: `discriminator_loss`, `generator_loss`, `unpack`,
    `sample_latents`. With two networks of your own it works as it is.

    Args:
        generator: a built model from latents (batch, latent_dim), or from [latents, labels], to images in [-1, 1].
        discriminator: a built model from images, or from [images, labels], to logits.
        prior: the latents' distribution: "normal", "uniform", or a `kerasgan.latents.Prior`.
        num_classes: number of classes of a conditional model, else None.
    """

    reports: tuple[str, ...] = ()
    """Names of further scalars that a family's losses pass to `self.report`."""

    tiny: Mapping[str, Any] = MappingProxyType({})
    """Constructor arguments of a model that trains in a second, for tests and first tries."""

    def __init__(
        self,
        generator: keras.Model,
        discriminator: keras.Model,
        *,
        prior: "str | dict | latents.Prior" = "normal",
        num_classes: int | None = None,
        name: str | None = None,
    ):
        super().__init__(name=name)
        self.generator = generator
        self.discriminator = discriminator
        self.average_generator: keras.Model | None = None
        self.prior = latents.get(prior)
        self.num_classes = num_classes
        self.seed_generator = keras.random.SeedGenerator()
        self._reports: dict[str, keras.metrics.Mean] = {}
        self.record(generator=generator, discriminator=discriminator, prior=self.prior, num_classes=num_classes)
        self.built = True

    # What it is made of

    @property
    def sampler(self) -> keras.Model:
        """The network to sample from and to export: the moving-average generator where there is one."""
        return self.generator if self.average_generator is None else self.average_generator

    @property
    def image_shape(self) -> tuple[int, int, int]:
        """(height, width, channels)."""
        return tuple(self.generator.output_shape[1:])

    @property
    def latent_dim(self) -> int:
        return self.generator.inputs[0].shape[-1]

    def call(self, inputs: Any, training: bool | None = None) -> Any:
        """Images from latents, or from [latents, labels]."""
        return self.sampler(inputs, training=training)

    def record(self, **arguments: Any) -> None:
        """Keeps the constructor's arguments for `get_config`; families call it last, with their own."""
        self._arguments = MappingProxyType(arguments)  # a dict would be tracked as part of the model

    def get_config(self) -> dict[str, Any]:
        serialize = keras.saving.serialize_keras_object
        arguments = {key: serialize(value) for key, value in self._arguments.items()}
        averaged = self.average_generator is not None  # `load_model(compile=False)` must find its weights too
        return {**arguments, "name": self.name, "dtype": self.dtype_policy.name, "averaged": averaged}

    @classmethod
    def from_config(cls, config: dict[str, Any], custom_objects: dict | None = None) -> "GAN":
        deserialize = keras.saving.deserialize_keras_object
        config, policy = dict(config), keras.config.dtype_policy()
        keras.config.set_dtype_policy(config.pop("dtype", policy))  # the networks are built by the constructor
        averaged = config.pop("averaged", False)
        try:
            gan = cls(**{key: deserialize(value, custom_objects) for key, value in config.items()})
            gan.average_generator = gan._average() if averaged else None
        finally:
            keras.config.set_dtype_policy(policy)
        return gan

    # How it is trained

    def paper_settings(self) -> dict[str, Any]:
        """What `compile` uses for the arguments it is not given; families return their paper's."""

        def adam() -> keras.optimizers.Optimizer:
            return keras.optimizers.Adam(2e-4, beta_1=0.5)

        return {"objective": "non_saturating", "generator_optimizer": adam(), "discriminator_optimizer": adam()}

    def compile(
        self,
        objective: Any = None,
        *,
        generator_optimizer: Any = None,
        discriminator_optimizer: Any = None,
        penalties: Any = None,
        discriminator_steps: int | None = None,
        ema_half_life: float | None = None,
        reuse_fakes: bool | None = None,
        **options: Any,
    ) -> None:
        """Sets how the two players are trained; without arguments, as the family's paper does.

        Args:
            objective: a name (`kerasgan.objectives.names()`) or a `kerasgan.objectives.Objective`.
            generator_optimizer: a Keras optimiser, its name or its config.
            discriminator_optimizer: likewise. Callbacks that set a learning rate set the generator's.
            penalties: one or a list of names (`kerasgan.penalties.names()`), `{"name": "r1", "weight": 1.0}` or
                `kerasgan.penalties.Penalty`; an empty list for none.
            discriminator_steps: the discriminator's steps per generator step (Goodfellow et al. 2014's k). Each step
                takes its own batch, and every k-th batch also trains the generator.
            ema_half_life: half-life, in images, of a moving average of the generator's weights that `generate` and
                exports then use; 0 for none. At the beginning it is at most a twentieth of the images seen.
            reuse_fakes: the generator's step answers for the fakes of the discriminator's step instead of fresh ones.
            **options: `jit_compile`, `run_eagerly`, `steps_per_execution` of `keras.Model.compile`.

        Raises:
            ValueError: for unknown names, or numbers out of range.
        """
        given = {
            "objective": objective,
            "generator_optimizer": generator_optimizer,
            "discriminator_optimizer": discriminator_optimizer,
            "penalties": penalties,
            "discriminator_steps": discriminator_steps,
            "ema_half_life": ema_half_life,
            "reuse_fakes": reuse_fakes,
        }
        defaults = {"penalties": [], "discriminator_steps": 1, "ema_half_life": 0, "reuse_fakes": False}
        given = {key: value for key, value in given.items() if value is not None}
        self._settle(**{**defaults, **self.paper_settings(), **given})
        if "optimizer" in options:
            raise ValueError("Expected generator_optimizer and discriminator_optimizer. Received: optimizer")
        super().compile(optimizer=self._players(), auto_scale_loss=False, **options)
        self._compile_options = MappingProxyType(options)

    def _settle(self, **settings: Any) -> None:
        steps, half_life = settings["discriminator_steps"], settings["ema_half_life"]
        if not (isinstance(steps, int) and steps >= 1):
            raise ValueError(f"Expected a positive number of steps. Received: discriminator_steps={steps}")
        if half_life < 0:
            raise ValueError(f"Expected a half-life in images, or 0 for none. Received: ema_half_life={half_life}")
        several = settings["penalties"] if isinstance(settings["penalties"], (list, tuple)) else [settings["penalties"]]
        settings["penalties"] = [penalties.get(penalty) for penalty in several]
        settings["objective"] = objectives.get(settings["objective"])
        for player in ("generator_optimizer", "discriminator_optimizer"):
            settings[player] = keras.optimizers.get(settings[player])
        self._settings = MappingProxyType(settings)
        self.objective, self.penalties = settings["objective"], tuple(settings["penalties"])
        self.discriminator_steps, self.reuse_fakes, self.ema_half_life = steps, settings["reuse_fakes"], half_life
        names = ("discriminator_loss", "generator_loss", *(p.name for p in self.penalties), *self.reports)
        self._reports = {name: keras.metrics.Mean(name=name) for name in names}
        self.average_generator = self._average() if half_life else None

    def _average(self) -> keras.Model:
        if self.average_generator is not None:
            return self.average_generator
        average = keras.models.clone_model(self.generator)
        average.set_weights(self.generator.get_weights())
        average.trainable = False
        return average

    def _players(self) -> Players:
        players = [self._settings["generator_optimizer"], self._settings["discriminator_optimizer"]]
        if players[0] is players[1]:
            raise ValueError("Expected an optimiser for each player. Received: the same object for both")
        if self.dtype_policy.name == "mixed_float16":
            players = [keras.optimizers.LossScaleOptimizer(player) for player in players]
        optimizer = Players(generator=players[0], discriminator=players[1])
        optimizer.build_players(self.generator.trainable_variables, self.discriminator.trainable_variables)
        return optimizer

    def get_compile_config(self) -> dict[str, Any]:
        if not self.compiled:
            return {}
        return keras.saving.serialize_keras_object({**self._settings, **self._compile_options})

    def compile_from_config(self, config: dict[str, Any]) -> None:
        self.compile(**keras.saving.deserialize_keras_object(config))

    def fit(self, x: Any = None, y: Any = None, batch_size: int | None = None, **options: Any) -> Any:
        """Trains both players, as `keras.Model.fit`.

        Args:
            x: images as an array (uint8, or float in [-1, 1]), a folder's path, a `tf.data.Dataset`, or a source of
                `kerasgan.data`.
            y: integer labels where x is an array and the model is class-conditional.
            batch_size: images per discriminator step, 64 if not given; sources and datasets bring their own.
            **options: further arguments of `keras.Model.fit`: epochs, callbacks, steps_per_epoch, ...

        Raises:
            ValueError: if the images' shape, range or labels do not suit the model.
        """
        if options.get("validation_data") is not None or options.get("validation_split"):
            raise ValueError("A GAN has no validation loss: expected neither validation_data nor validation_split.")
        if batch_size is not None and isinstance(x, data.Source) and x.batch_size != batch_size:
            raise ValueError(f"Expected the source's own batch size, {x.batch_size}. Received: batch_size={batch_size}")
        source = data.batches(x, y, image_shape=self.image_shape, num_classes=self.num_classes, batch_size=batch_size)
        if self.compiled and not int(self.optimizer.iterations):
            self.prepare(source)
        options.setdefault("shuffle", False)  # sources shuffle by themselves
        callbacks = options.pop("callbacks", None) or []
        several = [*callbacks] if isinstance(callbacks, (list, tuple)) else [callbacks]
        for callback in several:
            if hasattr(callback, "attend"):  # the doctor, say, looks at the data
                callback.attend(source)
        first = [data.KeepEpoch(source)] if isinstance(source, data.Source) else []
        return super().fit(source, callbacks=[*first, *several], **options)

    def evaluate(self, *arguments: Any, **options: Any) -> Any:
        """Raises TypeError: a GAN's losses say little about its samples; `kerasgan.metrics` measures those."""
        raise TypeError("A GAN has no validation loss to evaluate: measure its samples with kerasgan.metrics.")

    def prepare(self, source: Any) -> None:
        """Called by the first `fit` with its source of batches, for what an initialisation takes from the data."""

    # The step

    @gradients.trainer_step
    def train_step(self, batch: Any) -> dict[str, Any]:
        """One discriminator step, and on every k-th call one generator step after it."""
        real, labels = self.unpack(batch)
        game = Round(real, labels, self.sample_latents(real))
        steps_done = self.optimizer.iterations + 0  # a copy: the variable itself counts on during the step
        self._play_discriminator(game, steps_done)
        if not self.reuse_fakes:
            game = game._replace(latents=self.sample_latents(real))
        steps = self.discriminator_steps
        gradients.every(steps, steps_done, lambda: self._play_generator(game), otherwise=_nothing, phase=steps - 1)
        return self.get_metrics_result()

    def _play_discriminator(self, game: Round, steps_done: Any) -> None:
        game = game._replace(fake=ops.stop_gradient(self.synthesize(game)))
        lazy = [penalty for penalty in self.penalties if penalty.interval > 1]

        def loss() -> Any:
            adversarial = self.discriminator_loss(game)
            self.report("discriminator_loss", adversarial)
            return adversarial + sum(self._penalty(p, game) for p in self.penalties if p not in lazy)

        grads = self._gradients(self.discriminator, self.optimizer.discriminator, loss)
        for penalty in lazy:
            grads = self._add_lazily(penalty, grads, game, steps_done)
        gradients.apply(self.optimizer.discriminator, grads, self.discriminator.trainable_variables)

    def _add_lazily(self, penalty: penalties.Penalty, grads: list, game: Round, steps_done: Any) -> list:
        def loss() -> Any:
            return penalty.interval * self._penalty(penalty, game)

        more = gradients.every(
            penalty.interval,
            steps_done,
            lambda: self._gradients(self.discriminator, self.optimizer.discriminator, loss),
            otherwise=lambda: [ops.zeros_like(grad) for grad in grads],
        )
        return [first + second for first, second in zip(grads, more)]

    def _play_generator(self, game: Round) -> Any:
        def loss() -> Any:
            adversarial = self.generator_loss(game._replace(fake=self.synthesize(game)))
            self.report("generator_loss", adversarial)
            return adversarial

        grads = self._gradients(self.generator, self.optimizer.generator, loss)
        gradients.apply(self.optimizer.generator, grads, self.generator.trainable_variables)
        if self.average_generator is not None:
            self._update(self.average_generator, ops.cast(ops.shape(game.real)[0], "float32"))
        return _nothing()

    def _gradients(self, player: keras.Model, optimizer: keras.optimizers.Optimizer, loss: Any) -> list:
        return gradients.gradients(loss, player.trainable_variables, scale=optimizer.scale_loss)[1]

    def discriminator_loss(self, game: Round) -> Any:
        """The scalar the discriminator minimises, penalties aside. Real images and fakes pass in separate batches."""
        real_logits = self.discriminate(game.real, game.labels)
        return self.objective.discriminator_loss(real_logits, self.discriminate(game.fake, game.labels))

    def generator_loss(self, game: Round) -> Any:
        """The scalar the generator minimises."""
        fake_logits = self.discriminate(game.fake, game.labels)
        real_logits = self.discriminate(game.real, game.labels) if self.objective.paired else None
        return self.objective.generator_loss(fake_logits, real_logits)

    def _penalty(self, penalty: penalties.Penalty, game: Round) -> Any:
        def discriminate(images: Any) -> Any:
            return self.discriminate(images, game.labels)

        value = penalty(discriminate, game.real, game.fake, self.seed_generator)
        self.report(penalty.name, value)
        return value

    def unpack(self, batch: Any) -> tuple[Any, Any]:
        """(real images, labels or None) of what the data yields."""
        images, labels, _ = keras.utils.unpack_x_y_sample_weight(batch)
        return ops.convert_to_tensor(images), ops.convert_to_tensor(labels) if self.num_classes else None

    def sample_latents(self, real: Any) -> Any:
        """Latents from the prior, one for each real image."""
        return self.prior.sample(ops.shape(real)[0], self.latent_dim, self.seed_generator)

    def synthesize(self, game: Round) -> Any:
        """The generator's images for a round's latents and labels, in training mode, float32."""
        inputs = game.latents if game.labels is None else [game.latents, game.labels]
        return ops.cast(self.generator(inputs, training=True), "float32")

    def discriminate(self, images: Any, labels: Any = None) -> Any:
        """The discriminator's logits in training mode, float32."""
        inputs = images if labels is None else [images, labels]
        return ops.cast(self.discriminator(inputs, training=True), "float32")

    def report(self, name: str, value: Any) -> None:
        """Adds a scalar to the running mean that `fit` shows under `name`."""
        self._reports[name].update_state(value)

    def _update(self, averages: keras.Model, batch_size: Any) -> None:
        images_seen = ops.cast(self.optimizer.generator.iterations, "float32") * batch_size
        decay = ema_decay(batch_size, half_life=float(self.ema_half_life), images_seen=images_seen)
        for average, variable in zip(averages.variables, self.generator.variables):
            if "float" in average.dtype:  # moving statistics too, but no seeds
                average.assign(variable + decay * (average - variable))

    @property
    def metrics(self) -> list[keras.metrics.Metric]:
        return list(self._reports.values())

    # What it gives

    def generate(self, count: int, *, labels: Any = None, seed: int | None = None, batch_size: int = 64) -> np.ndarray:
        """Images drawn from the generator (its moving average where there is one).

        Args:
            count: how many.
            labels: for a class-conditional model an int, or one int per image; drawn at random if not given.
            seed: an int that makes the images reproducible, on every backend, and independent of `batch_size`.
            batch_size: images computed at a time.

        Returns float32 (count, height, width, channels) in [-1, 1].

        Raises:
            ValueError: for a count below 1, labels out of range, or labels given to an unconditional model.
        """
        if not (isinstance(count, (int, np.integer)) and count >= 1):
            raise ValueError(f"Expected a positive number of images. Received: count={count!r}")
        inputs = [self.prior.draw(int(count), self.latent_dim, seed)]
        labels = latents.class_labels(count, labels, num_classes=self.num_classes, seed=seed)
        if labels is not None:
            inputs.append(labels)
        chunks = []
        for start in range(0, count, batch_size):
            chunk = [ops.convert_to_tensor(array[start : start + batch_size]) for array in inputs]
            with gradients.none():
                images = self.sampler(chunk if len(chunk) > 1 else chunk[0], training=False)
            chunks.append(ops.convert_to_numpy(ops.cast(images, "float32")))
        return np.concatenate(chunks)
