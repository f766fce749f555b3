"""Which publishers' formats a file's contents may have."""

from __future__ import annotations

from collections.abc import Mapping
from types import ModuleType
from typing import Any

from kerasgan.checkpoints import (
    basicsr,
    keras_gan,
    mimicry,
    openmmlab,
    own_names,
    pytorch_cyclegan,
    pytorch_tutorial,
    stylegan2_ada,
    stylegan3,
)
from kerasgan.checkpoints.pickles import CheckpointError
from kerasgan.checkpoints.wrappers import views

__all__ = ["PUBLISHERS", "recognized"]

# In the order in which they are tried on a file: OpenMMLab accepts any state dict.
PUBLISHERS: tuple[ModuleType, ...] = (
    keras_gan,
    mimicry,
    pytorch_tutorial,
    pytorch_cyclegan,
    basicsr,
    stylegan2_ada,
    stylegan3,
    own_names,
    openmmlab,
)


def recognized(contents: object, path: object) -> list[tuple[ModuleType, Mapping[str, Any]]]:
    """The publishers whose format it may be, the likeliest first, each with the named tensors in it.

    Raises:
        CheckpointError: it is in no publisher's format.
    """
    found = []
    for view in views(contents):
        states = ((publisher, publisher.state(view)) for publisher in PUBLISHERS)
        found += [(publisher, state) for publisher, state in states if state is not None]
    if not found:
        known = ", ".join(publisher.NAME for publisher in PUBLISHERS)
        raise CheckpointError(f"Expected a checkpoint in the format of {known}. Received: path={str(path)!r}")
    return sorted(found, key=lambda each: each[0] is openmmlab and not openmmlab.is_named(each[1]))
