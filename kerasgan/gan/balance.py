"""A rule that pauses the updates of the generator or the discriminator while it is too far ahead of the other."""

from typing import Any

import keras
from keras import ops

__all__ = ["Balance"]


@keras.saving.register_keras_serializable("kerasgan")
class Balance(keras.layers.Layer):
    """Decides which network is updated, by the ratio of the discriminator's loss to the generator's adversarial loss.

    - Below `lowest` the discriminator is paused, until the ratio exceeds `resume`.
    - Above `highest` the generator is paused, until the ratio is lower again.

    The rule and its numbers are those of the training program of Dosovitskiy and Brox (2016, 1602.02644). It requires
    positive losses, such as cross-entropies. Its state is kept in weights that are not trained, so that files and every
    backend keep it.

    Args:
        lowest: the lowest ratio at which the discriminator is updated.
        resume: the ratio above which a paused discriminator is updated again.
        highest: the highest ratio at which the generator is updated.
        **options: of `keras.layers.Layer`.

    Raises:
        ValueError: unless 0 <= lowest <= resume <= highest.
    """

    def __init__(self, lowest: float = 0.1, resume: float = 0.5, highest: float = 10.0, **options: Any):
        super().__init__(**{"dtype": "float32", "trainable": False, **options})
        if not 0 <= lowest <= resume <= highest:
            received = f"lowest={lowest}, resume={resume}, highest={highest}"
            raise ValueError(f"Expected 0 <= lowest <= resume <= highest. Received: {received}")
        self.lowest, self.resume, self.highest = lowest, resume, highest
        names = ("discriminator_loss", "discriminator_updates", "generator_updates")
        self.discriminator_loss, self.discriminator_updates, self.generator_updates = (
            self.add_weight(name=name, shape=(), initializer="ones", trainable=False, aggregation="mean")
            for name in names
        )
        self.built = True

    def observe_discriminator(self, loss: Any) -> None:
        """Stores the discriminator's loss of this step."""
        self.discriminator_loss.assign(ops.stop_gradient(loss))

    def observe_generator(self, loss: Any) -> None:
        """Decides which networks the next step updates, from the generator's adversarial loss and the stored loss."""
        ratio = ops.convert_to_tensor(self.discriminator_loss) / ops.maximum(ops.stop_gradient(loss), 1e-12)
        pauses, resumes = ratio < self.lowest, ratio > self.resume
        unchanged = ops.convert_to_tensor(self.discriminator_updates)
        self.discriminator_updates.assign(ops.where(pauses, 0.0, ops.where(resumes, 1.0, unchanged)))
        self.generator_updates.assign(ops.where(ratio > self.highest, 0.0, 1.0))

    def get_config(self):
        thresholds = {"lowest": self.lowest, "resume": self.resume, "highest": self.highest}
        return {**super().get_config(), **thresholds}
