"""Checks of `compile` that refuse settings which cannot train, and say what to use instead."""

import inspect
from collections.abc import Mapping, Sequence
from typing import Any

import keras

from kerasgan.keras_internals import layers_below
from kerasgan.objectives import Objective
from kerasgan.penalties import Penalty

__all__ = [
    "refuse_mixed_gradients",
    "refuse_other_order",
    "refuse_unbounded_slope",
    "refuse_unknown_confidence",
]


def refuse_mixed_gradients(
    discriminator: keras.Model, penalties: Sequence[Penalty], arguments: Mapping[str, Any]
) -> None:
    """Raises ValueError where a penalty on each image's own gradient meets batch normalization.

    Batch normalization makes the output for one image depend on its whole batch, so that the gradient penalized is not
    that image's (Gulrajani et al. 2017, arXiv 1704.00028, section 4).

    Args:
        discriminator: all its layers are checked, nested ones too, except frozen ones, whose statistics are fixed.
        penalties: the penalties of the training.
        arguments: the model's constructor arguments, for the advice in the message.
    """
    alone = [penalty.name for penalty in penalties if penalty.per_sample]
    mixing = [layer.name for layer in layers_below(discriminator) if _mixes(layer)]
    if not (alone and mixing):
        return
    advice = "Use another normalization there, such as keras.layers.GroupNormalization(groups=1), or none"
    if "discriminator_norm" in arguments:
        advice = (
            'Build the model with discriminator_norm="layer" or "none" '
            "(kerasgan train: --set model.discriminator_norm=layer)"
        )
    raise ValueError(
        "Expected a discriminator without batch normalization for a penalty on each image's own gradient: batch "
        f"normalization mixes the images of a batch (1704.00028, section 4). {advice}, or compile without penalties. "
        f"Received: penalties={', '.join(alone)}; batch normalization in {', '.join(mixing)}"
    )


def refuse_other_order(objective: Objective) -> None:
    """Raises ValueError for a custom objective whose losses do not take (real_logits, fake_logits).

    Exchanged logits would train toward the wrong optimum without an error, so the parameters' names are checked.

    Args:
        objective: both of its losses are checked.
    """
    for method in ("discriminator_loss", "generator_loss"):
        signature = inspect.signature(getattr(objective, method))
        if _takes_real_then_fake(signature):
            continue
        kind = type(objective).__name__
        raise ValueError(
            f"Expected {kind}.{method} to take its logits in the order (real_logits, fake_logits)"
            f"{', real_logits=None unless the objective is paired' if method == 'generator_loss' else ''}. "
            f"Received: {kind}.{method}{signature}"
        )


def _takes_real_then_fake(signature: inspect.Signature) -> bool:
    try:
        signature.bind(None, None)
    except TypeError:
        return False
    names = [parameter.name.lower() for parameter in signature.parameters.values()][:2]
    return "fake" not in names[0] and (len(names) < 2 or "real" not in names[1])  # one name: *logits


def refuse_unbounded_slope(
    discriminator: keras.Model, objective: Objective, penalties: Sequence[Penalty], *, weight_clip: Any = None
) -> None:
    """Raises ValueError where an objective needs a Lipschitz discriminator and nothing bounds its slope.

    Without a bound the discriminator can increase the distance without limit by scaling its output (Arjovsky et al.
    2017, arXiv 1701.07875, section 3).

    Args:
        discriminator: spectral normalization or weight constraints in it count as a bound.
        objective: the objective of the training.
        penalties: any penalty counts as a bound.
        weight_clip: the bound of all weights if they are clipped, else None or 0.
    """
    if not objective.needs_lipschitz or penalties or weight_clip:
        return
    if any(_bounded(layer) for layer in layers_below(discriminator)):
        return
    raise ValueError(
        f"Expected something that bounds the discriminator's slope for {type(objective).__name__} (1701.07875): "
        'penalties=["gradient_penalty"] (kerasgan train: --penalty gradient_penalty), clipped weights, or spectral '
        "normalization or weight constraints in the discriminator. Received: none of them"
    )


def refuse_unknown_confidence(augment: Any, objective: Objective) -> None:
    """Raises ValueError where an adaptive augmentation needs the sign of logits that the objective gives no meaning.

    Args:
        augment: the augmentation of the training, or False for none.
        objective: its objective; without a `boundary` only differences of logits have a meaning.
    """
    if augment and augment.adaptive and objective.boundary is None:
        raise ValueError(
            "Expected an objective whose logits separate real from fake, which adaptive augmentation requires: "
            'set a fixed probability, {"name": "ada", "probability": 0.3} (kerasgan train: '
            "--set train.augment.probability=0.3), or "
            f"another objective, such as non_saturating. Received: {type(objective).__name__}"
        )


def _mixes(layer: Any) -> bool:
    return isinstance(layer, keras.layers.BatchNormalization) and layer.trainable


def _bounded(layer: Any) -> bool:
    return type(layer).__name__.startswith("Spectral") or getattr(layer, "kernel_constraint", None) is not None
