"""Networks of features, whose whole weights a file of PyTorch has: what those of several metrics share."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from kerasgan.checkpoints.pickles import CheckpointError
from kerasgan.checkpoints.placement import Placement

__all__ = ["assign_all"]


def assign_all(places: list[Placement], tensors: Mapping[str, Any], file: Path, *, of: str) -> None:
    """Gives the variables of a network the tensors of a file: all of them, each in its place.

    Raises:
        CheckpointError: tensors are missing, left over, of another shape or not finite; no variable has changed.
    """
    known = {place.tensor for place in places}
    left, missing = [name for name in tensors if name not in known], [name for name in known if name not in tensors]
    if left or missing:
        raise CheckpointError(
            f"Expected the tensors of {of} in {file}. Received: {len(missing)} missing {sorted(missing)[:3]}, "
            f"{len(left)} left over {sorted(map(str, left))[:3]}"
        )
    for place in places:
        tensor = tensors[place.tensor]
        fits = isinstance(tensor, np.ndarray) and tensor.dtype.kind == "f" and tensor.shape == place.expected_shape
        if not fits or not np.isfinite(tensor).all():
            raise CheckpointError(
                f"Expected {place.tensor} of shape {place.expected_shape} in {file}, finite numbers. "
                f"Received: {np.shape(tensor)}"
            )
    for place in places:
        place.variable.assign(place.value(tensors[place.tensor], reverse_colors=False))
