"""A quiet start of Keras and its backend, for the command line."""

import importlib
import os
import sys
import tempfile

__all__ = ["start_keras"]


def start_keras() -> None:
    """Imports Keras and runs a first operation, without TensorFlow's dozen lines about its own start.

    TensorFlow 2.21 writes them to the file descriptor whatever its variables say. They are kept back unless the user
    has set TF_CPP_MIN_LOG_LEVEL, and shown after all if the start fails.
    """
    if "keras" in sys.modules or "TF_CPP_MIN_LOG_LEVEL" in os.environ:
        return
    os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"  # 2 shows "errors" of its graph optimiser, which then leaves a graph alone
    with tempfile.TemporaryFile() as notes:
        stderr = os.dup(2)
        os.dup2(notes.fileno(), 2)
        try:
            importlib.import_module("keras").ops.zeros(1)
        except BaseException:
            notes.seek(0)
            os.write(stderr, notes.read())
            raise
        finally:
            os.dup2(stderr, 2)
            os.close(stderr)
