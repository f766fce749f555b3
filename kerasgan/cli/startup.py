"""A quiet start of Keras and its backend, for the command line."""

import importlib
import os
import sys
import tempfile
from collections.abc import Callable
from types import ModuleType
from typing import Any

__all__ = ["start_keras"]


def start_keras(first: Callable[[], Any] = bool) -> Any:
    """Imports Keras, runs `first` and a first operation, without TensorFlow's messages about its own start.

    Returns the result of `first`. TensorFlow 2.21 writes them to the file descriptor whatever its variables say. They
    are suppressed unless the user has set TF_CPP_MIN_LOG_LEVEL, and shown if the start fails.
    """
    if "keras" in sys.modules:
        return first()
    if "TF_CPP_MIN_LOG_LEVEL" in os.environ:
        _import_keras()
        return first()
    os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"  # 2 shows harmless "errors" of its graph optimizer
    with tempfile.TemporaryFile() as notes:
        stderr = os.dup(2)
        os.dup2(notes.fileno(), 2)
        try:
            keras = _import_keras()
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


def _import_keras() -> ModuleType:
    """Keras without its wrappers for scikit-learn, which no command uses, and which import half of SciPy."""
    wanted = "sklearn" not in sys.modules
    if wanted:
        sys.modules["sklearn"] = None  # type: ignore[assignment]
    try:
        return importlib.import_module("keras")
    finally:
        if wanted:
            del sys.modules["sklearn"]
