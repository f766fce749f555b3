"""The interface of a file format: one entry in a table, which `kerasgan.export.formats` fills."""

import fnmatch
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import keras
import numpy as np

from kerasgan.export.formats.repeatable import without_numbers
from kerasgan.export.options import Options
from kerasgan.export.proof import Run
from kerasgan.export.signature import Input
from kerasgan.files import paths
from kerasgan.gan import GAN

__all__ = ["Format", "Job", "check_file", "check_folder", "module_of", "trace"]


class Job(NamedTuple):
    """The arguments of a format's `write`.

    - `network`: the network, in float32 on TensorFlow.
    - `inputs`: its inputs, as in the file.
    - `output`: the name of the output.
    - `traced`: what `trace` has returned for formats before this one, by the network's id.
    - `calibration`: some batches of inputs, if ranges are to be measured.
    - `about`: the result of the format's `gather`.
    - `written`: the files of the same network that exist already, by format.
    """

    network: keras.Model
    inputs: Sequence[Input]
    output: str
    metadata: Mapping[str, Any]
    options: Options
    traced: dict[int, Any]
    calibration: Sequence[Mapping[str, np.ndarray]] = ()
    about: Mapping[str, Any] = {}
    written: Mapping[str, Path] = {}


class Format(NamedTuple):
    """A kind of file.

    - `write(job, path)` writes a file.
    - `open(path)` returns a function from inputs by name to images.
    - `check_target(path)` raises for a path that must not be replaced.
    - `packages` are the required modules, the last of them the runtime's.
    - `path` is the file's place in a bundle of some name.
    - `command` generates images from it there.
    - `programs` are the folders of the repository's `export/` that a bundle has for it, in `programs/`.
    - `newest_opset` is the runtime's, if it is another than the installed one of ONNX Runtime.
    - `options` are those that this format supports and others do not, `refused` those that it does not support.
    - `check(gan, options)` raises ValueError for a model that the format cannot hold.
    - `gather(gan, options, examples=...)` returns, as plain data, what `write` needs besides the network and the
      metadata; the examples are those of `bundle`.
    """

    runtime: str
    path: str
    packages: tuple[str, ...]
    precisions: tuple[str, ...]
    command: str
    check_target: Callable[[Path], None]
    write: Callable[[Job, Path], None]
    open: Callable[[Path], Run]
    programs: tuple[str, ...] = ()
    options: tuple[str, ...] = ()
    refused: tuple[str, ...] = ()
    newest_opset: int | None = None
    check: Callable[[GAN, Options], None] = lambda gan, options: None
    gather: Callable[..., Mapping[str, Any]] = lambda gan, options, examples=None: {}


def trace(job: Job) -> Any:
    """A tf.function from the named inputs to the named output, the same for all formats: tracing takes seconds."""
    import tensorflow as tf

    if id(job.network) in job.traced:
        return job.traced[id(job.network)]
    without_numbers(job.network)
    specs = [tf.TensorSpec(each.shape, each.dtype, name=each.name) for each in job.inputs]

    def draw(*tensors: Any) -> dict[str, Any]:
        return {job.output: job.network(tensors if len(tensors) > 1 else tensors[0], training=False)}

    made = tf.function(draw, input_signature=specs, autograph=False)
    job.traced[id(job.network)] = made  # which holds the network, so that no other gets its id
    return made


def module_of(network: keras.Model) -> Any:
    """A tf.Module that keeps the network's weights; not the states of random generators, which are never the same."""
    import tensorflow as tf

    module = tf.Module()
    module.weights = [weight.value for weight in network.weights]
    return module


OF_SYSTEM = (".DS_Store", "Thumbs.db", "desktop.ini")  # which file managers write


def check_file(target: Path) -> None:
    """Raises ValueError if a folder would be replaced by a file."""
    if paths.names(target) or target.is_dir():
        raise ValueError(f"Expected the path of a file. Received a folder: path={str(target)!r}")


def check_folder(target: Path, *, sign: str, kind: str, own: Callable[[Path], Sequence[str]]) -> None:
    """Raises ValueError unless `target` is new, empty, or an earlier export and nothing else, as it will be replaced.

    Args:
        target: the folder.
        sign: the name of a file that earlier exports have.
        kind: what earlier exports are.
        own: names in an earlier export, as patterns; a folder in which others lie would lose them.
    """
    inside = paths.names(target)
    if inside is None:
        raise ValueError(f"Expected the path of a folder. Received a file: path={str(target)!r}")
    if inside and sign not in inside:
        raise ValueError(f"Expected a new or empty folder, or {kind} to replace. Received: path={str(target)!r}")
    known = (*OF_SYSTEM, *(own(target) if inside else ()))
    if others := [name for name in inside if not any(fnmatch.fnmatchcase(name, each) for each in known)]:
        expected = f"Expected {kind} to replace, and nothing in it that would be lost (move it, or take another folder)"
        shown = ", ".join(others[:5]) + (", ..." if others[5:] else "")
        raise ValueError(f"{expected}. Received: path={str(target)!r} with {shown}")
