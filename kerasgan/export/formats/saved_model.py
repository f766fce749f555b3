"""TensorFlow's SavedModel folders, for TensorFlow, TensorFlow Serving and TensorFlow.js' converter."""

import functools
import hashlib
import json
import os
from collections.abc import Mapping
from pathlib import Path

import numpy as np

from kerasgan.export.formats.table import Format, Job, check_folder, module_of, trace
from kerasgan.export.proof import Run

__all__ = ["SAVED_MODEL"]

METADATA_FILE = Path("assets.extra", "kerasgan.json")  # TensorFlow's folder for other files of a model


def _write(job: Job, path: Path) -> None:
    import tensorflow as tf

    tf.saved_model.save(module_of(job.network), os.fspath(path), signatures=trace(job).get_concrete_function())
    _name_by_content(path / "fingerprint.pb")
    (path / METADATA_FILE).parent.mkdir()
    (path / METADATA_FILE).write_text(json.dumps(job.metadata, indent=2) + "\n", encoding="utf-8")


def _name_by_content(path: Path) -> None:
    """Gives a fingerprint the identifier that follows from its hashes, instead of a random one."""
    from tensorflow.core.protobuf.fingerprint_pb2 import FingerprintDef

    fingerprint = FingerprintDef.FromString(path.read_bytes())
    fingerprint.uuid = ""
    digest = hashlib.sha256(fingerprint.SerializeToString(deterministic=True)).digest()
    fingerprint.uuid = str(int.from_bytes(digest[:16]))
    path.write_bytes(fingerprint.SerializeToString(deterministic=True))


def _open(path: Path) -> Run:
    import tensorflow as tf

    draw = tf.saved_model.load(os.fspath(path)).signatures["serving_default"]

    def run(inputs: Mapping[str, np.ndarray]) -> np.ndarray:
        with tf.device("cpu:0"):
            (images,) = draw(**{name: tf.constant(values) for name, values in inputs.items()}).values()
            return images.numpy()

    return run


OWN = ("saved_model.pb", "fingerprint.pb", "variables", "assets", "assets.extra")

SAVED_MODEL = Format(
    runtime="TensorFlow",
    path="{name}",
    packages=("tensorflow",),
    precisions=("float32",),
    command="python programs/saved_model/run.py {path} --seeds seeds.json -o drawn.png",
    programs=("saved_model",),
    check_target=functools.partial(check_folder, sign="saved_model.pb", kind="a SavedModel", own=lambda _: OWN),
    write=_write,
    open=_open,
)
