"""A quiet start of Keras and its backend, for the command line."""

import importlib
import os
import sys
import tempfile
from collections.abc import Callable
from typing import Any

__all__ = ["start_keras"]


def start_keras(first: Callable[[], Any] = bool) -> Any:
    """Imports Keras, runs `first` and a first operation, without TensorFlow's dozen lines about its own start.

    Returns what `first` does. TensorFlow 2.21 writes them to the file descriptor whatever its variables say. They are
    kept back unless the user has set TF_CPP_MIN_LOG_LEVEL, and shown after all if the start fails.
    """
    if "keras" in sys.modules or "TF_CPP_MIN_LOG_LEVEL" in os.environ:
        return first()
    os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"  # 2 shows "errors" of its graph optimizer, which then leaves a graph alone
    with tempfile.TemporaryFile() as notes:
        stderr = os.dup(2)
        os.dup2(notes.fileno(), 2)
        try:
            keras = importlib.import_module("keras")
            result = first()
            keras.ops.zeros(1)
            return result
        except BaseException:
            notes.seek(0)
            os.write(stderr, notes.read())
            raise
        finally:
            os.dup2(stderr, 2)
            os.close(stderr)
