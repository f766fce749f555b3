"""The one adversarial training step that every family shares, and the hooks through which a family changes it."""

import functools
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import Any, NamedTuple

import keras
from keras import ops

from kerasgan import distribution, gradients, penalties, schedules
from kerasgan.gan.frozen import refuse_thawed
from kerasgan.gan.updates import assign, copies, look_ahead
from kerasgan.keras_internals import initialize
from kerasgan.optimizers import ema_decay

__all__ = ["AdversarialStep", "Batch"]


class Batch(NamedTuple):
    """The inputs of one training step: real images in [-1, 1], labels (batch,) or None, the generator's input, fakes.

    The generator's input is `latents`, or in image-to-image families the images `inputs`. `fake` is whatever
    `synthesize` returns: a tensor, or a nest of tensors.
    """

    real: Any
    labels: Any = None
    latents: Any = None
    fake: Any = None
    inputs: Any = None


def _nothing() -> Any:
    return ops.zeros((), dtype="float32")


def _add_every(interval: int, step: Any, grads: list, more: Callable[[], list]) -> list:
    """The gradients, to which those that `more` returns are added on every `interval`-th step."""

    def added() -> list:
        return [first + second for first, second in zip(grads, more())]

    return gradients.every(interval, step, added, otherwise=lambda: grads)


class AdversarialStep(keras.Model):
    """The half of `GAN` that trains: `train_step`, and what families override of it."""

    extra_metrics: tuple[str, ...] = ()
    """Names of further scalars that a family's losses pass to `self.log`."""

    train_function: Any  # Keras'
    _trained_by_function: frozenset[int] = frozenset()
    generator_penalty_interval: int = 0
    """The generator's steps from one `generator_penalty` to the next, 0 for none."""

    def on_fit_begin(self, source: Any) -> None:
        """Called by every `fit` with its source of batches."""

    def adapt(self, source: Any) -> None:
        """Called by the first `fit` with its source of batches, for initializations that depend on the data."""

    @gradients.trainer_step
    def train_step(self, data: Any) -> dict[str, Any]:
        """One discriminator update, and on every `discriminator_steps`-th call one generator update."""
        batch = self.prepare_batch(data)
        if self.updates == "extragradient":
            self._step(batch, look_ahead(self, lambda: self._step(batch)))
        else:
            self._step(batch)
        return self.get_metrics_result()

    def _step(self, batch: Batch, origins: tuple[Any, Any] = (None, None)) -> None:
        """The updates of one batch, of the generator and the discriminator from `origins` if they are given."""
        steps_done = self.optimizer.iterations + 0  # a copy: the variable itself counts on during the step
        steps, weights = self.discriminator_steps, self.discriminator.trainable_variables
        at_once = None if self.updates == "alternating" else copies(weights)
        kept = self.reuse_fakes and steps == 1  # else the generator's update may be a branch, with other fakes
        trains_discriminator = self.should_update(self.discriminator) is not False
        with self._unless_overflow(self.optimizer.discriminator):
            recording = gradients.recording(self.trained(self.generator)) if kept else gradients.none()
            with recording as record:
                if trains_discriminator or self.reuse_fakes:
                    batch = batch._replace(fake=self.synthesize(batch))
            if trains_discriminator:
                self._update_discriminator(batch, steps_done, origins[1])
            else:
                self.optimizer.pass_over_discriminator()
        if not self.reuse_fakes:
            batch = self.resample_latents(batch)
        if at_once is not None:  # the generator's gradient is that against the discriminator from before its update
            updated = copies(weights)
            assign(weights, at_once)
        update = functools.partial(self._update_generator, batch, record, origins[0])
        gradients.every(steps, steps_done, update, otherwise=_nothing, phase=steps - 1)
        if at_once is not None:
            assign(weights, updated)

    @contextmanager
    def _unless_overflow(self, optimizer: keras.optimizers.Optimizer) -> Iterator[None]:
        """Around an update: where loss scaling skips it, statistics, averages and losses stay as they were, too."""
        if not isinstance(optimizer, keras.optimizers.LossScaleOptimizer):
            yield
            return
        count = gradients.iterations(optimizer)
        state = [*self.non_trainable_variables, *self.metrics_variables]
        kept = [variable for variable in state if "float" in variable.dtype]
        before, counted = [ops.copy(variable.value) for variable in kept], ops.copy(count.value)
        yield
        done = ops.not_equal(count.value, counted)
        for variable, old in zip(kept, before):
            variable.assign(ops.where(done, variable.value, old))

    def make_train_function(self, force: bool = False) -> Any:
        """As Keras'; without what is known to break steps in the backend's compiler, and anew for other weights.

        A function that is traced trains the weights that were trainable then, whatever is frozen or thawed later.
        """
        refuse_thawed(self)
        both = *self.generator.trainable_variables, *self.discriminator.trainable_variables
        before, self._trained_by_function = self._trained_by_function, frozenset(map(id, both))
        if force or self.train_function is None or before != self._trained_by_function:
            super().make_train_function(force=True)
            self.train_function = gradients.safely_compiled(self.train_function)
        return self.train_function

    def _initialize_variables(self) -> None:
        """Makes what a step reads: a loaded model has only what a file gave it."""
        initialize([*self.variables, *(self.optimizer.variables if self.compiled else ())])

    def _update_discriminator(self, batch: Batch, steps_done: Any, origin: Any = None) -> None:
        batch = batch._replace(fake=keras.tree.map_structure(ops.stop_gradient, batch.fake))
        batch = batch._replace(fake=self.fakes_for_discriminator(batch))
        lazy = [penalty for penalty in self.penalties if penalty.interval > 1]

        def loss() -> Any:
            adversarial = self.discriminator_loss(batch)
            self.log("discriminator_loss", adversarial)
            regularization = sum(self.discriminator.losses)  # of its weights' regularizers
            return adversarial + regularization + sum(self._penalty(p, batch) for p in self.penalties if p not in lazy)

        network, optimizer = self.discriminator, self.optimizer.discriminator
        update = self.should_update(network)
        grads = self._gradients(network, optimizer, loss)
        for penalty in lazy:
            weighted = functools.partial(self._penalty, penalty, batch, weight=penalty.interval)
            more = functools.partial(self._gradients, network, optimizer, weighted)
            grads = _add_every(penalty.interval, steps_done, grads, more)
        assign(network.trainable_variables, origin or ())
        gradients.apply(optimizer, grads, self.trained(network), when=update)
        if self.augment is not None:
            self.augment.advance(steps_done, distribution.replicas() * ops.shape(batch.real)[0])
            for name, value in self.augment.state().items():
                self.log(name, value)
        if self.weight_clip:
            for variable in self.discriminator.trainable_variables:
                variable.assign(ops.clip(variable, -self.weight_clip, self.weight_clip))

    def _update_generator(self, batch: Batch, record: Any, origin: Any = None) -> Any:
        def loss() -> Any:
            fake = self.synthesize(batch) if record is None else batch.fake
            adversarial = self.generator_loss(batch._replace(fake=fake))
            self.log("generator_loss", adversarial)
            return adversarial + sum(self.generator.losses)

        network, optimizer, interval = self.generator, self.optimizer.generator, self.generator_penalty_interval
        update = self.should_update(network)
        with self._unless_overflow(optimizer):
            grads = self._gradients(network, optimizer, loss, record)
            if interval:
                more = functools.partial(
                    self._gradients, network, optimizer, lambda: interval * self.generator_penalty(batch)
                )
                grads = _add_every(interval, optimizer.iterations, grads, more)
            assign(network.trainable_variables, origin or ())
            gradients.apply(optimizer, grads, self.trained(network), when=update)
            if self.ema_generator is not None:
                batch_size = distribution.replicas() * ops.shape(keras.tree.flatten(batch.real)[0])[0]
                self._update_ema(self.ema_generator, ops.cast(batch_size, "float32"))
        return _nothing()

    def should_update(self, network: keras.Model) -> Any:
        """Whether the update of a network changes its weights: a boolean scalar, or None for always.

        It is called before the update. For the discriminator, Python's False skips the computation too, and the
        discriminator's loss is not logged.
        """
        return None

    def trained(self, network: keras.Model) -> list:
        """The weights of a network that its update changes: all that are trainable, unless a family trains some."""
        return network.trainable_variables

    def _gradients(
        self, network: keras.Model, optimizer: keras.optimizers.Optimizer, loss: Callable[[], Any], record: Any = None
    ) -> list:
        def scalar() -> Any:
            value = loss()
            shape = tuple(getattr(value, "shape", ()))
            if shape:  # the gradient would be that of the sum, without an error
                expected = f"Expected a scalar as the loss of the {network.name}, such as keras.ops.mean of its terms"
                raise ValueError(f"{expected}. Received: a loss of shape {shape}")
            return value

        return gradients.gradients(scalar, self.trained(network), scale=optimizer.scale_loss, record=record)[1]

    def discriminator_loss(self, batch: Batch) -> Any:
        """The scalar the discriminator minimizes, without penalties; real images and fakes pass in separate calls."""
        condition = self.discriminator_condition(batch)
        real_logits = self.discriminate(batch.real, condition)
        return self.adversarial_loss(real_logits, self.discriminate(batch.fake, condition))

    def adversarial_loss(self, real_logits: Any, fake_logits: Any) -> Any:
        """The objective's discriminator loss; an adaptive augmentation observes the logits of real images."""
        if self.augment is not None and self.augment.adaptive:
            self.augment.observe(ops.stop_gradient(real_logits) - self.objective.boundary)
        return self.objective.discriminator_loss(real_logits, fake_logits)

    def generator_loss(self, batch: Batch) -> Any:
        """The scalar the generator minimizes."""
        condition = self.discriminator_condition(batch)
        fake_logits = self.discriminate(batch.fake, condition)
        real_logits = self.discriminate(batch.real, condition) if self.objective.paired else None
        try:
            return self.objective.generator_loss(real_logits, fake_logits)
        except (AttributeError, TypeError, ValueError) as error:
            if real_logits is None and self._takes_real_logits(batch, fake_logits):
                expected = f"Expected paired = True of {type(self.objective).__name__}"
                why = "whose generator loss uses real_logits; without it they are None"
                raise ValueError(f"{expected}, {why}. Received: paired=False") from error
            raise

    def _takes_real_logits(self, batch: Batch, fake_logits: Any) -> bool:
        """Whether the objective's generator loss can be computed as that of a paired one."""
        with suppress(Exception):
            real_logits = self.discriminate(batch.real, self.discriminator_condition(batch))
            return self.objective.generator_loss(real_logits, fake_logits) is not None
        return False

    def generator_penalty(self, batch: Batch) -> Any:
        """A scalar that regularizes the generator on every `generator_penalty_interval`-th of its steps."""
        raise TypeError(f"{type(self).__name__} must define `generator_penalty`.")

    def _penalty(self, penalty: penalties.Penalty, batch: Batch, *, weight: int = 1) -> Any:
        value = self.penalize(penalty, batch)
        self.log(penalty.name, value)
        return weight * value if weight > 1 else value

    def penalize(self, penalty: penalties.Penalty, batch: Batch) -> Any:
        """The scalar of one gradient penalty on a batch."""

        def discriminate(images: Any) -> Any:
            return self.discriminate(images, self.discriminator_condition(batch))

        return penalty(discriminate, batch.real, batch.fake, self.seed_generator, step=self.optimizer.iterations)

    def prepare_batch(self, data: Any) -> Batch:
        """The inputs of a training step for one batch of the data set, without fakes."""
        real, labels = self.unpack(data)
        return Batch(real, labels, self.sample_latents(real))

    def resample_latents(self, batch: Batch) -> Batch:
        """The batch with newly drawn latents."""
        return batch._replace(latents=self.sample_latents(batch.real))

    def fakes_for_discriminator(self, batch: Batch) -> Any:
        """The fakes that the discriminator is trained on; a family may replace some by older ones.

        Gradients are already stopped in `batch.fake`.
        """
        return batch.fake

    def discriminator_condition(self, batch: Batch) -> Any:
        """The discriminator's input besides the images: the labels, or None."""
        return batch.labels

    def unpack(self, data: Any) -> tuple[Any, Any]:
        """(real images, labels or None) of one batch of the data set."""
        images, labels, _ = keras.utils.unpack_x_y_sample_weight(data)
        return ops.convert_to_tensor(images), ops.convert_to_tensor(labels) if self.label_classes else None

    def sample_latents(self, real: Any) -> Any:
        """Latents from the prior, one vector for each real image."""

        def draw(count: Any) -> Any:
            return self.prior.sample(count, self.latent_dim, self.seed_generator)

        return distribution.own_share(draw, ops.shape(real)[0])

    def synthesize(self, batch: Batch) -> Any:
        """The generator's images for the latents and labels of a batch, in training mode, float32."""
        inputs = batch.latents if batch.labels is None else [batch.latents, batch.labels]
        return ops.cast(self.generator(inputs, training=True), "float32")

    def discriminate(self, images: Any, condition: Any = None) -> Any:
        """The discriminator's logits for the augmented images, in training mode, float32."""
        images = self.augmented(images)
        inputs = images if condition is None else [images, condition]
        return ops.cast(self.discriminator(inputs, training=True), "float32")

    def augmented(self, images: Any) -> Any:
        """The discriminator's input for images in [-1, 1]: the images, or augmented ones if `augment` is set."""
        return images if self.augment is None else self.augment(images, seed=self.seed_generator)

    def log(self, name: str, value: Any) -> None:
        """Adds a scalar to the running mean that `fit` reports under `name`.

        Raises:
            ValueError: for a name that is not in `extra_metrics`, and none of a loss or a penalty; or None.
        """
        if name not in self._means:
            expected = f"Expected one of {', '.join(self._means)}; a subclass adds its own to those of its base"
            added = f"extra_metrics = (*{type(self).__mro__[1].__name__}.extra_metrics, {name!r})"
            raise ValueError(f"{expected}: {added}. Received: name={name!r}")
        if value is None:
            raise ValueError(f"Expected a scalar as {name}; a function without `return` gives None. Received: None")
        self._means[name].update_state(value)

    def _update_ema(self, averages: keras.Model, batch_size: Any) -> None:
        steps = ops.cast(gradients.iterations(self.optimizer.generator), "float32")
        half_life = schedules.at(self.ema_half_life, steps)
        own_ramp = callable(self.ema_half_life)
        decay = ema_decay(batch_size, half_life=half_life, images_seen=None if own_ramp else steps * batch_size)
        for average, variable in zip(averages.variables, self.generator.variables):
            if "float" in average.dtype:  # moving statistics too, but no seeds
                average.assign(variable + decay * (average - variable))
