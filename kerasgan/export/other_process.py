"""Export from JAX and PyTorch: the same weights in another process, whose Keras runs on TensorFlow."""

import dataclasses
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

from kerasgan.export import writing
from kerasgan.export.options import Bound, Options
from kerasgan.export.proof import Case, ExportError

__all__ = ["serve", "write_and_prove"]

MADE = "made"  # the images from Keras, beside the inputs by name, one of which may be "images"
PROGRAM = "import sys; from kerasgan.export.other_process import serve; serve(sys.argv[1])"


def write_and_prove(
    network: keras.Model,
    paths: Mapping[str, Path],
    *,
    cases: Sequence[Case],
    calibration: Sequence[Mapping[str, np.ndarray]],
    metadata: Mapping[str, Any],
    options: Options,
    bound: Bound,
    about: Mapping[str, Mapping[str, Any]],
    failed: dict[str, str] | None = None,
) -> dict[str, Any]:
    """As `writing.write_and_prove`, for a network of any backend; the cases are images from this process' backend.

    Raises:
        ExportError: if a file does not give the cases' images, or the network cannot be loaded on TensorFlow.
    """
    request = {
        "modules": sorted({type(layer).__module__ for layer in network.layers}),
        "paths": {name: os.fspath(path.absolute()) for name, path in paths.items()},
        "metadata": metadata,
        "options": dataclasses.asdict(options),
        "bound": bound,
        "about": about,
        "failed": failed,
    }
    with tempfile.TemporaryDirectory(prefix="kerasgan-export-") as folder:
        network.save(Path(folder, "network.keras"))
        for index, case in enumerate(cases):
            _store(Path(folder, f"case{index:03}.npz"), {MADE: case.images, **case.inputs})
        for index, batch in enumerate(calibration):
            _store(Path(folder, f"calibration{index:03}.npz"), batch)
        Path(folder, "request.json").write_text(json.dumps(request), encoding="utf-8")
        _run(folder)
        found, failures = json.loads(Path(folder, "found.json").read_text(encoding="utf-8"))
        if failed is not None:
            failed.update(failures)
        return found


def _run(folder: str) -> None:
    environment = os.environ | {
        "KERAS_BACKEND": "tensorflow",
        "PYTHONPATH": os.pathsep.join(path or os.getcwd() for path in sys.path),
        "CUDA_VISIBLE_DEVICES": "-1",  # this process may hold the GPU's memory
        "TF_CPP_MIN_LOG_LEVEL": "2",
    }
    command = [sys.executable, "-P", "-c", PROGRAM, folder]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    failure = Path(folder, "failure.txt")
    if failure.exists():
        raise ExportError(failure.read_text(encoding="utf-8"))
    if done.returncode:
        lines = done.stderr.strip().splitlines()[-20:]
        raise ExportError("\n".join(["Expected the weights to be exported on TensorFlow. Received:", *lines]))


def serve(folder: str) -> None:
    """Does the request in `folder`, in the other process: writes `found.json`, or an error to `failure.txt`."""
    request = json.loads(Path(folder, "request.json").read_text(encoding="utf-8"))
    for module in request["modules"]:
        import_module(module)  # registers its layers for loading
    network = keras.saving.load_model(Path(folder, "network.keras"), compile=False)
    cases = [_load(path) for path in sorted(Path(folder).glob("case*.npz"))]
    try:
        found = writing.write_and_prove(
            network,
            {name: Path(path) for name, path in request["paths"].items()},
            cases=[Case(case, case.pop(MADE)) for case in cases],
            calibration=[_load(path) for path in sorted(Path(folder).glob("calibration*.npz"))],
            metadata=request["metadata"],
            options=Options(**request["options"]),
            bound=Bound(*request["bound"]),
            about=request["about"],
            failed=request["failed"],
        )
    except ExportError as failure:
        Path(folder, "failure.txt").write_text(str(failure), encoding="utf-8")
    else:
        Path(folder, "found.json").write_text(json.dumps([found, request["failed"]]), encoding="utf-8")


def _store(path: Path, arrays: Mapping[str, np.ndarray]) -> None:
    np.savez(path, **arrays)  # type: ignore[arg-type]


def _load(path: Path) -> dict[str, np.ndarray]:
    with np.load(path) as arrays:
        return dict(arrays)
