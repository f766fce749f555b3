"""A rule by which a player that is too far ahead waits for the other."""

from typing import Any

import keras
from keras import ops

__all__ = ["Balance"]


@keras.saving.register_keras_serializable("kerasgan")
class Balance(keras.layers.Layer):
    """Which players move, by the ratio of the discriminator's loss to the generator's adversarial loss.

    Below `lowest` the discriminator waits, until the ratio is above `resume`; above `highest` the generator waits, as
    long as it is. The rule and its numbers are those of the training program of Dosovitskiy and Brox (2016,
    1602.02644); it suits cross-entropies, which are positive. What it knows are weights that are not trained, so that
    files and every backend keep them.

    Args:
        lowest: of the ratio at which the discriminator still update.
        resume: ratio above which it moves again.
        highest: of the ratio at which the generator still update.
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
            self.add_weight(name=name, shape=(), initializer="ones", trainable=False) for name in names
        )
        self.built = True

    def observe_discriminator(self, loss: Any) -> None:
        """Notes the discriminator's loss of a step."""
        self.discriminator_loss.assign(ops.stop_gradient(loss))

    def observe_generator(self, loss: Any) -> None:
        """Decides, by the generator's adversarial loss of a step and what was noted before, who moves in the next."""
        ratio = ops.convert_to_tensor(self.discriminator_loss) / ops.maximum(ops.stop_gradient(loss), 1e-12)
        waits, resumes = ratio < self.lowest, ratio > self.resume
        moved = ops.convert_to_tensor(self.discriminator_updates)
        self.discriminator_updates.assign(ops.where(waits, 0.0, ops.where(resumes, 1.0, moved)))
        self.generator_updates.assign(ops.where(ratio > self.highest, 0.0, 1.0))

    def get_config(self):
        thresholds = {"lowest": self.lowest, "resume": self.resume, "highest": self.highest}
        return {**super().get_config(), **thresholds}
