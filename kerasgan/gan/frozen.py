"""Which layers of a GAN's networks are frozen: kept in its configuration, because a constructor makes them anew."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

from kerasgan.keras_internals import layers_below

__all__ = ["freeze", "frozen", "frozen_as", "refuse_thawed"]

NETWORKS = ("generator", "discriminator")


def frozen(gan: Any) -> dict[str, list[int]]:
    """For each network, the positions of its frozen layers in the order of `_layers`."""
    return {name: [index for index, layer in enumerate(_layers(gan, name)) if not layer.trainable] for name in NETWORKS}


def freeze(gan: Any, positions: Mapping[str, Sequence[int]]) -> None:
    """Freezes those layers, as `frozen` gives them, and no others."""
    for name, chosen in positions.items():
        for index, layer in enumerate(_layers(gan, name)):
            if layer.trainable != (index not in chosen):
                layer.trainable = index not in chosen  # of the layers inside it too, which come later and are corrected


def refuse_thawed(gan: Any) -> None:
    """Raises ValueError if layers with weights are trainable that were frozen when `compile` made the optimizers."""
    for name, positions in getattr(gan, "_frozen_at_compile", {}).items():  # none before `compile`
        several = [layer for index, layer in enumerate(_layers(gan, name)) if index in positions and layer.trainable]
        if thawed := [layer.name for layer in several if layer.trainable_variables]:
            shown = ", ".join(thawed[:3]) + (", ..." if thawed[3:] else "")
            expected = "Expected compile(...) again after layers were set trainable, which its optimizers do not know"
            raise ValueError(f"{expected}. Received: trainable layers of the {name}: {shown}")


@contextmanager
def frozen_as(gan: Any, positions: Mapping[str, Sequence[int]] | None) -> Iterator[None]:
    """Within the block, the layers that are frozen are those; None changes nothing."""
    now = frozen(gan)
    freeze(gan, positions or {})
    try:
        yield
    finally:
        freeze(gan, now)


def _layers(gan: Any, name: str) -> list[Any]:
    """A network, then the layers inside it, each before those inside it."""
    network = getattr(gan, name)
    return [network, *layers_below(network)]
