"""Export from JAX and PyTorch: the same weights in a process of its own whose Keras runs on TensorFlow."""

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from importlib import import_module
from pathlib import Path
from typing import Any

import keras
import numpy as np

from kerasgan.export import formats
from kerasgan.export.proof import Case, ExportError

__all__ = ["answer", "write_and_prove"]

MADE = "made"  # what Keras drew, beside the inputs by name, of which one may be "images"
PROGRAM = "import sys; from kerasgan.export.other_process import answer; answer(sys.argv[1])"


def write_and_prove(
    format_name: str,
    network: keras.Model,
    path: Path,
    *,
    cases: Sequence[Case],
    metadata: Mapping[str, Any],
    options: Mapping[str, Any],
    tolerance: float,
) -> None:
    """As `formats.write_and_prove`, for a network of any backend; the cases stay those of this process' backend.

    Raises:
        ExportError: if the file does not draw the cases' images, or the network cannot be loaded on TensorFlow.
    """
    request = {
        "format_name": format_name,
        "path": os.fspath(path.absolute()),
        "metadata": metadata,
        "options": options,
        "tolerance": tolerance,
    }
    modules = sorted({type(layer).__module__ for layer in network.layers})
    with tempfile.TemporaryDirectory(prefix="kerasgan-export-") as folder:
        network.save(Path(folder, "network.keras"))
        for index, case in enumerate(cases):
            np.savez(Path(folder, f"case{index}.npz"), **{MADE: case.images, **case.inputs})  # type: ignore[arg-type]
        Path(folder, "request.json").write_text(json.dumps({"modules": modules, "request": request}), encoding="utf-8")
        _ask(folder)


def _ask(folder: str) -> None:
    environment = os.environ | {
        "KERAS_BACKEND": "tensorflow",
        "PYTHONPATH": os.pathsep.join(path or os.getcwd() for path in sys.path),
        "CUDA_VISIBLE_DEVICES": "-1",  # this process may hold the GPU's memory
        "TF_CPP_MIN_LOG_LEVEL": "2",
    }
    command = [sys.executable, "-P", "-c", PROGRAM, folder]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    refusal = Path(folder, "refusal.txt")
    if refusal.exists():
        raise ExportError(refusal.read_text(encoding="utf-8"))
    if done.returncode:
        lines = done.stderr.strip().splitlines()[-20:]
        raise ExportError("\n".join(["Expected the weights to be exported on TensorFlow. Received:", *lines]))


def answer(folder: str) -> None:
    """Does what the process that called asked for in `folder`; a refusal goes back as `refusal.txt`."""
    asked = json.loads(Path(folder, "request.json").read_text(encoding="utf-8"))
    for module in asked["modules"]:
        import_module(module)  # registers its layers for loading
    request = asked["request"]
    network = keras.saving.load_model(Path(folder, "network.keras"), compile=False)
    cases = [_case(path) for path in sorted(Path(folder).glob("case*.npz"))]
    try:
        formats.write_and_prove(network=network, cases=cases, **request | {"path": Path(request["path"])})
    except ExportError as refusal:
        Path(folder, "refusal.txt").write_text(str(refusal), encoding="utf-8")


def _case(path: Path) -> Case:
    with np.load(path) as arrays:
        return Case({name: arrays[name] for name in arrays if name != MADE}, arrays[MADE])
