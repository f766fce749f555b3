"""Keras' dtype policy for a part of a program."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import keras

__all__ = ["under_policy"]


@contextmanager
def under_policy(policy: Any) -> Iterator[None]:
    """Layers made in this context have that policy, such as "mixed_bfloat16"; None for the one that is set."""
    before = keras.config.dtype_policy()
    keras.config.set_dtype_policy(before if policy is None else policy)
    try:
        yield
    finally:
        keras.config.set_dtype_policy(before)
