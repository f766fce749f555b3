"""How models are made in a part of a program: under a dtype policy, without values."""

from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from typing import Any

import keras

from kerasgan import distribution
from kerasgan.keras_internals import lazy_variables

__all__ = ["under_policy", "without_values"]


@contextmanager
def under_policy(policy: Any) -> Iterator[None]:
    """Layers made in this context have that policy, such as "mixed_bfloat16"; None for the one that is set."""
    before = keras.config.dtype_policy()
    keras.config.set_dtype_policy(before if policy is None else policy)
    try:
        yield
    finally:
        keras.config.set_dtype_policy(before)


def without_values() -> AbstractContextManager[None]:
    """A context in which a model is made that a file or another model gives its weights to.

    The other weights are initialized when they are first read; on several devices all are, at once.
    """
    return nullcontext() if distribution.active() else lazy_variables()
