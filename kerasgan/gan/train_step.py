"""The one adversarial training step that every family shares, and the hooks through which a family changes it."""

import functools
from collections.abc import Callable
from contextlib import nullcontext
from typing import Any, NamedTuple

import keras
from keras import ops

from kerasgan import distribution, gradients, penalties, schedules
from kerasgan.optimizers import ema_decay

__all__ = ["AdversarialStep", "Batch"]

Player = tuple[keras.Model, keras.optimizers.Optimizer]


class Batch(NamedTuple):
    """What the players see in one step: images in [-1, 1], labels (batch,) or None, the generator's input and fakes.

    The generator starts from `latents`, or in image-to-image families from the images `inputs`. `fake` is whatever
    `synthesize` gives: a tensor, or a nest of tensors.
    """

    real: Any
    labels: Any = None
    latents: Any = None
    fake: Any = None
    inputs: Any = None


def _nothing() -> Any:
    return ops.zeros((), dtype="float32")


class AdversarialStep(keras.Model):
    """The half of `GAN` that trains: `train_step`, and what families override of it."""

    extra_metrics: tuple[str, ...] = ()
    """Names of further scalars that a family's losses pass to `self.log`."""

    generator_penalty_interval: int = 0
    """The generator's steps from one `generator_penalty` to the next, 0 for none."""

    @gradients.trainer_step
    def train_step(self, batch: Any) -> dict[str, Any]:
        """One discriminator step, and on every k-th call one generator step after it."""
        batch = self.prepare_batch(batch)
        steps_done = self.optimizer.iterations + 0  # a copy: the variable itself counts on during the step
        steps = self.discriminator_steps
        kept = self.reuse_fakes and steps == 1  # else the generator's step may be a branch, and others' fakes
        trained = self.should_update(self.discriminator) is not False
        with gradients.recording(self.generator.trainable_variables) if kept else nullcontext() as record:
            if trained or self.reuse_fakes:
                batch = batch._replace(fake=self.synthesize(batch))
        if trained:
            self._update_discriminator(batch, steps_done)
        else:
            self.optimizer.pass_over_discriminator()
        if not self.reuse_fakes:
            batch = self.resample_latents(batch)
        play = functools.partial(self._update_generator, batch, record)
        gradients.every(steps, steps_done, play, otherwise=_nothing, phase=steps - 1)
        return self.get_metrics_result()

    def _update_discriminator(self, batch: Batch, steps_done: Any) -> None:
        batch = self.fakes_for_discriminator(
            batch._replace(fake=keras.tree.map_structure(ops.stop_gradient, batch.fake))
        )
        lazy = [penalty for penalty in self.penalties if penalty.interval > 1]

        def loss() -> Any:
            adversarial = self.discriminator_loss(batch)
            self.log("discriminator_loss", adversarial)
            own = sum(self.discriminator.losses)  # of its weights' regularizers
            return adversarial + own + sum(self._penalty(p, batch) for p in self.penalties if p not in lazy)

        player, update = (self.discriminator, self.optimizer.discriminator), self.should_update(self.discriminator)
        grads = self._gradients(player, loss)
        for penalty in lazy:
            own = functools.partial(self._penalty, penalty, batch)
            grads = self._add_lazily(grads, player, own, interval=penalty.interval, step=steps_done)
        gradients.apply(self.optimizer.discriminator, grads, self.discriminator.trainable_variables, when=update)
        if self.augment is not None:
            self.augment.advance(steps_done, distribution.replicas() * ops.shape(batch.real)[0])
            for name, value in self.augment.state().items():
                self.log(name, value)
        if self.weight_clip:
            for variable in self.discriminator.trainable_variables:
                variable.assign(ops.clip(variable, -self.weight_clip, self.weight_clip))

    def _add_lazily(self, grads: list, player: Player, penalty: Callable[[], Any], *, interval: int, step: Any) -> list:
        """The gradients and, on every `interval`-th step, `interval` times those of a player's penalty."""

        def raised() -> list:
            more = self._gradients(player, lambda: interval * penalty())
            return [first + second for first, second in zip(grads, more)]

        return gradients.every(interval, step, raised, otherwise=lambda: grads)

    def _update_generator(self, batch: Batch, record: Any) -> Any:
        def loss() -> Any:
            fake = self.synthesize(batch) if record is None else batch.fake
            adversarial = self.generator_loss(batch._replace(fake=fake))
            self.log("generator_loss", adversarial)
            return adversarial + sum(self.generator.losses)

        player, update = (self.generator, self.optimizer.generator), self.should_update(self.generator)
        grads = self._gradients(player, loss, record)
        if self.generator_penalty_interval:
            own, step = functools.partial(self.generator_penalty, batch), self.optimizer.generator.iterations
            grads = self._add_lazily(grads, player, own, interval=self.generator_penalty_interval, step=step)
        gradients.apply(self.optimizer.generator, grads, self.generator.trainable_variables, when=update)
        if self.ema_generator is not None:
            batch_size = distribution.replicas() * ops.shape(keras.tree.flatten(batch.real)[0])[0]
            self._update(self.ema_generator, ops.cast(batch_size, "float32"))
        return _nothing()

    def should_update(self, network: keras.Model) -> Any:
        """Whether a player's step changes its weights: a boolean scalar, or None for always. Asked before the step.

        Of the discriminator also False, Python's: then none of its step is computed, and its loss is not reported.
        """
        return None

    def _gradients(self, player: Player, loss: Any, record: Any = None) -> list:
        network, optimizer = player
        return gradients.gradients(loss, network.trainable_variables, scale=optimizer.scale_loss, record=record)[1]

    def discriminator_loss(self, batch: Batch) -> Any:
        """The scalar the discriminator minimizes, penalties aside. Real images and fakes pass in separate batches."""
        condition = self.discriminator_condition(batch)
        real_logits = self.discriminate(batch.real, condition)
        return self.adversarial_loss(real_logits, self.discriminate(batch.fake, condition))

    def adversarial_loss(self, real_logits: Any, fake_logits: Any) -> Any:
        """The objective's loss of the discriminator, of whose confidence an adaptive augmentation takes notice."""
        if self.augment is not None and self.augment.adaptive:
            self.augment.observe(ops.stop_gradient(real_logits) - self.objective.boundary)
        return self.objective.discriminator_loss(real_logits, fake_logits)

    def generator_loss(self, batch: Batch) -> Any:
        """The scalar the generator minimizes."""
        condition = self.discriminator_condition(batch)
        fake_logits = self.discriminate(batch.fake, condition)
        real_logits = self.discriminate(batch.real, condition) if self.objective.paired else None
        return self.objective.generator_loss(real_logits, fake_logits)

    def generator_penalty(self, batch: Batch) -> Any:
        """A scalar that regularizes the generator on every `generator_penalty_interval`-th of its steps."""
        raise TypeError(f"{type(self).__name__} must define `generator_penalty`.")

    def _penalty(self, penalty: penalties.Penalty, batch: Batch) -> Any:
        value = self.penalize(penalty, batch)
        self.log(penalty.name, value)
        return value

    def penalize(self, penalty: penalties.Penalty, batch: Batch) -> Any:
        """The scalar of one gradient penalty for a round."""

        def discriminate(images: Any) -> Any:
            return self.discriminate(images, self.discriminator_condition(batch))

        return penalty(discriminate, batch.real, batch.fake, self.seed_generator, step=self.optimizer.iterations)

    def prepare_batch(self, batch: Any) -> Batch:
        """The round that a batch begins, without fakes."""
        real, labels = self.unpack(batch)
        return Batch(real, labels, self.sample_latents(real))

    def resample_latents(self, batch: Batch) -> Batch:
        """The round with fresh latents."""
        return batch._replace(latents=self.sample_latents(batch.real))

    def fakes_for_discriminator(self, batch: Batch) -> Batch:
        """The round that the discriminator is shown, its fakes detached: as it is, unless a family keeps old fakes."""
        return batch

    def discriminator_condition(self, batch: Batch) -> Any:
        """What the discriminator is told beside the images: the labels, if any."""
        return batch.labels

    def unpack(self, batch: Any) -> tuple[Any, Any]:
        """(real images, labels or None) of what the data yields."""
        images, labels, _ = keras.utils.unpack_x_y_sample_weight(batch)
        return ops.convert_to_tensor(images), ops.convert_to_tensor(labels) if self.label_classes else None

    def sample_latents(self, real: Any) -> Any:
        """Latents from the prior, one for each real image."""

        def draw(count: Any) -> Any:
            return self.prior.sample(count, self.latent_dim, self.seed_generator)

        return distribution.own_share(draw, ops.shape(real)[0])

    def synthesize(self, batch: Batch) -> Any:
        """The generator's images for a round's latents and labels, in training mode, float32."""
        inputs = batch.latents if batch.labels is None else [batch.latents, batch.labels]
        return ops.cast(self.generator(inputs, training=True), "float32")

    def discriminate(self, images: Any, condition: Any = None) -> Any:
        """The discriminator's logits in training mode, of augmented images, float32."""
        images = self.augmented(images)
        inputs = images if condition is None else [images, condition]
        return ops.cast(self.discriminator(inputs, training=True), "float32")

    def augmented(self, images: Any) -> Any:
        """What the discriminator is shown of images in [-1, 1]: themselves, or changed ones by the `augment` option."""
        return images if self.augment is None else self.augment(images, seed=self.seed_generator)

    def log(self, name: str, value: Any) -> None:
        """Adds a scalar to the running mean that `fit` shows under `name`."""
        self._means[name].update_state(value)

    def _update(self, averages: keras.Model, batch_size: Any) -> None:
        steps = ops.cast(self.optimizer.generator.iterations, "float32")
        half_life = schedules.at(self.ema_half_life, steps)
        own_ramp = callable(self.ema_half_life)
        decay = ema_decay(batch_size, half_life=half_life, images_seen=None if own_ramp else steps * batch_size)
        for average, variable in zip(averages.variables, self.generator.variables):
            if "float" in average.dtype:  # moving statistics too, but no seeds
                average.assign(variable + decay * (average - variable))
