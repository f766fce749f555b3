"""A quiet start of Keras and its backend, for the command line."""

import gc
import importlib
import importlib.abc
import importlib.util
import os
import sys
import tempfile
from collections.abc import Callable
from types import ModuleType
from typing import Any

__all__ = ["start_keras"]

BACKENDS = ("tensorflow", "jax", "torch")
# Packages that modules import if they are installed, for what no command does: together two seconds.
UNNEEDED = {
    "jax": ("tensorflow.lite.python.util", "keras.src.callbacks.orbax_checkpoint"),
    "pandas": ("keras.src.trainers.data_adapters.array_slicing",),
    "sklearn": ("keras",),
}


def start_keras(first: Callable[[], Any] = bool) -> Any:
    """Imports Keras, runs `first` and a first operation, without TensorFlow's messages about its own start.

    Returns the result of `first`. TensorFlow 2.21 writes them to the file descriptor whatever its variables say. They
    are suppressed unless the user has set TF_CPP_MIN_LOG_LEVEL to less than 3, and shown if the start fails, except by
    a ValueError, which is about the user's arguments.
    """
    if "keras" in sys.modules:
        return first()
    check_backend(os.environ.get("KERAS_BACKEND") or None)
    if os.environ.get("TF_CPP_MIN_LOG_LEVEL", "3") in ("0", "1", "2"):
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
        except ValueError:
            raise
        except BaseException:
            notes.seek(0)
            os.write(stderr, notes.read())
            raise
        finally:
            os.dup2(stderr, 2)
            os.close(stderr)


def check_backend(name: str | None) -> None:
    """Raises ValueError for an unknown backend of Keras, ImportError for one that is not installed."""
    if name not in (None, *BACKENDS):
        raise ValueError(f"Expected a backend such as {', '.join(BACKENDS)}. Received: KERAS_BACKEND={name}")
    if name is not None and importlib.util.find_spec(name) is None:
        received = f"KERAS_BACKEND={name}, which is not installed"
        raise ImportError(f'Expected an installed backend. Received: {received}: pip install "kerasgan[{name}]"')


def _import_keras() -> ModuleType:
    """Keras, without the packages of `UNNEEDED`, unless the backend needs them."""
    finder, collects = _Unneeded(), gc.isenabled()
    sys.meta_path.insert(0, finder)
    gc.disable()  # what 3,000 modules make stays: to look for garbage among it takes long, and finds none
    try:
        return importlib.import_module("keras")
    finally:
        gc.freeze()
        if collects:
            gc.enable()
        sys.meta_path.remove(finder)


class _Unneeded(importlib.abc.MetaPathFinder):
    """Finds a package of `UNNEEDED` missing while a module that asks for it is being imported."""

    def find_spec(self, name: str, path: Any = None, target: Any = None) -> None:
        asking = [sys.modules[each] for each in UNNEEDED.get(name, ()) if each in sys.modules]
        if any(getattr(module.__spec__, "_initializing", False) for module in asking):
            raise ModuleNotFoundError(f"{name} is not needed here", name=name)
