"""How the updates of the two networks follow each other: the schemes of `GAN.compile(updates=...)`.

A step of training is that of `AdversarialStep`; the schemes are about the weights at which it takes its gradients. With
v the gradients of both losses, and w the weights of both networks:

- alternating: the discriminator first, then the generator against the new discriminator;
- simultaneous: w <- w - lr v(w), both at the weights from before the step (Goodfellow et al. 2014's code);
- extragradient: w <- w - lr v(w - lr v(w)): a simultaneous step that looks ahead, then one from the same place with the
  gradients found there (Korpelevich 1976; Gidel et al. 2019, 1802.10551, algorithm 2), on the same batch with the same
  latents, as Mishchenko et al. 2020 (1905.11373) advise.

On a bilinear game simultaneous updates diverge, alternating ones circle, and extragradient converges:
`benchmarks/dynamics`.
"""

from collections.abc import Callable, Sequence
from typing import Any

import keras
from keras import ops

__all__ = ["assign", "copies", "look_ahead"]


def copies(variables: Sequence[keras.Variable]) -> list:
    """The values that variables have now."""
    return [ops.copy(variable.value) for variable in variables]


def assign(variables: Sequence[keras.Variable], values: Sequence[Any]) -> None:
    for variable, value in zip(variables, values):
        variable.assign(value)


def look_ahead(gan: Any, step: Callable[[], Any]) -> tuple[list, list]:
    """Takes a step and takes back all that it did except to the trainable weights: slots, averages, seeds, metrics.

    Returns:
        The values of the generator's and the discriminator's trainable weights from before the step.
    """
    players = gan.generator.trainable_variables, gan.discriminator.trainable_variables
    moved = {id(variable) for variables in players for variable in variables}
    everything = (*gan.variables, *gan.metrics_variables, *gan.optimizer.variables)
    rest = list({id(variable): variable for variable in everything if id(variable) not in moved}.values())
    before, kept = (copies(players[0]), copies(players[1])), copies(rest)
    step()
    assign(rest, kept)
    return before
