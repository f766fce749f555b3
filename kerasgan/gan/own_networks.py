"""Networks of one's own: their inputs in the order and shape in which `GAN` passes them, or a refusal that says how."""

import math
from collections.abc import Callable, Sequence
from typing import Any

import keras

from kerasgan.gan.train_step import AdversarialStep
from kerasgan.layers import one_hot

__all__ = ["suited", "suited_discriminator", "suited_generator"]

HINTS = ("label", "class", "condition")  # in the name of an input of labels


def suited(gan: Any, parts: dict[str, Any], discriminator: Any, num_classes: int | None) -> tuple[dict[str, Any], Any]:
    """The parts of a generator and the discriminator, as far as the training step of `gan` calls them as `GAN` does."""

    def plain(*hooks: str) -> bool:
        return all(getattr(type(gan), hook) is getattr(AdversarialStep, hook) for hook in hooks)

    if not plain("synthesize"):
        return parts, discriminator
    if list(parts) == ["generator"]:
        parts = {"generator": suited_generator(parts["generator"], num_classes)}
    if plain("discriminate", "discriminator_condition", "discriminator_loss"):
        discriminator = suited_discriminator(discriminator, num_classes, gan.assemble(parts).output_shape[1:])
    return parts, discriminator


def suited_generator(network: Any, num_classes: int | None) -> keras.Model:
    """The generator as a network of latents (batch, latent_dim), or of [latents, labels].

    Labels may come first, one-hot, or as (batch, 1); latents in any shape, such as (1, 1, latent_dim). A network that
    takes its inputs as `GAN` passes them is returned as it is.

    Raises:
        ValueError: for what is no network, or has not been built of symbolic inputs; for other inputs, latents of any
            size, or several outputs.
    """
    inputs = _inputs_of(network, "generator", "latents = keras.Input((100,))", "latents", num_classes)
    labels = _position_of_labels(inputs, num_classes)
    latents = inputs[1 - labels] if labels is not None else inputs[0]
    if None in latents.shape[1:] or len(latents.shape) < 2:
        raise ValueError(f"Expected latents of a fixed size. Received: a generator of latents {tuple(latents.shape)}")
    flat = None
    if len(latents.shape) > 2:
        shape = tuple(latents.shape[1:])
        flat = (math.prod(shape),), keras.layers.Reshape(shape, name="latents_reshaped")
    return _suited(network, inputs, labels, num_classes, flat)


def suited_discriminator(network: Any, num_classes: int | None, image_shape: Sequence[int | None]) -> keras.Model:
    """The discriminator as a network of images, or of [images, labels]; see `suited_generator`.

    Raises:
        ValueError: likewise, and for images of another shape than the generator's, `image_shape`.
    """
    example = f"images = keras.Input({tuple(image_shape)})"
    inputs = _inputs_of(network, "discriminator", example, "images", num_classes)
    labels = _position_of_labels(inputs, num_classes)
    images = inputs[1 - labels] if labels is not None else inputs[0]
    sides = tuple(images.shape[1:])
    if len(sides) != len(image_shape) or any(None not in pair and len({*pair}) > 1 for pair in zip(sides, image_shape)):
        expected = f"Expected a discriminator of the generator's images, {tuple(image_shape)}"
        raise ValueError(f"{expected}. Received: a discriminator of images {sides}")
    return _suited(network, inputs, labels, num_classes, None)


def _inputs_of(network: Any, role: str, example: str, name: str, num_classes: int | None) -> list[Any]:
    if not isinstance(network, keras.Layer):
        raise ValueError(f"Expected a {role}: a keras.Model. Received: {network!r:.200}")
    try:
        inputs = keras.tree.flatten(network.inputs or [])
    except (AttributeError, ValueError):  # of subclassed models, and of sequential ones without an Input
        inputs = []
    if not inputs:
        raise ValueError(
            f"Expected a {role} that begins at a keras.Input. Received: a {type(network).__name__} that does not. "
            f"Wrap it: {example}; {role} = keras.Model({name}, network({name}))"
        )
    count = 1 if num_classes is None else 2
    if len(inputs) != count:
        several = name if num_classes is None else f"[{name}, labels]"
        advice = " (or num_classes, for labels)" if num_classes is None and len(inputs) == 2 else ""
        received = ", ".join(f"{each.name} {tuple(each.shape)}" for each in inputs)
        raise ValueError(f"Expected a {role} of {several}{advice}. Received: num_classes={num_classes}, {received}")
    if len(keras.tree.flatten(network.outputs)) != 1:
        made = "images" if role == "generator" else "logits"
        shapes = ", ".join(f"{tuple(each.shape)}" for each in keras.tree.flatten(network.outputs))
        raise ValueError(f"Expected a {role} of one output, {made}. Received: outputs {shapes}")
    return inputs


def _position_of_labels(inputs: Sequence[Any], num_classes: int | None) -> int | None:
    """Which of two inputs are labels: by its name, then by its type and shape; the second of two that could be."""
    if num_classes is None:
        return None
    able = [index for index, each in enumerate(inputs) if tuple(each.shape[1:]) in ((), (1,), (num_classes,))]
    if not able:
        received = ", ".join(f"{each.name} {tuple(each.shape)}" for each in inputs)
        expected = f"Expected labels as (batch,), (batch, 1) or, one-hot, (batch, {num_classes})"
        raise ValueError(f"{expected}. Received: inputs {received}")
    tests: tuple[Callable[[Any], bool], ...] = (
        lambda each: any(hint in each.name.lower() for hint in HINTS),
        lambda each: "int" in each.dtype,
        lambda each: each.shape[1:] in ((), (1,)),
    )
    for test in tests:
        found = [index for index in able if test(inputs[index])]
        if len(found) == 1:
            return found[0]
    return able[-1]


def _suited(
    network: keras.Model, inputs: list[Any], labels: int | None, num_classes: int | None, flat: Any
) -> keras.Model:
    """The network behind new inputs, which keep their names, if it does not take those of `GAN` as it is.

    `flat` are the shape of the latents and the layer that gives them the network's, if these differ.
    """
    coded = labels is not None and tuple(inputs[labels].shape[1:]) == (num_classes,) and num_classes != 1
    if flat is None and not coded and labels in (None, 1):
        return network
    ours, theirs = [], []
    for index, each in enumerate(inputs):
        if index == labels and coded:
            fresh = keras.Input((), dtype="int32", name=each.name)
            theirs.append(one_hot(fresh, num_classes))
        elif index != labels and flat is not None:
            fresh = keras.Input(flat[0], dtype=each.dtype, name=each.name)
            theirs.append(flat[1](fresh))
        else:
            fresh = keras.Input(batch_shape=each.shape, dtype=each.dtype, name=each.name)
            theirs.append(fresh)
        ours.append(fresh)
    ours = ours[::-1] if labels == 0 else ours
    return keras.Model(ours if len(ours) > 1 else ours[0], network(theirs if len(theirs) > 1 else theirs[0]))
