"""From a prepared network to files: each is written, opened and compared before it is put in its place."""

import contextlib
import functools
import shutil
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import keras
import numpy as np

from kerasgan.export import formats
from kerasgan.export.options import Bound, Options
from kerasgan.export.proof import Case, ExportError, attempt, prove
from kerasgan.export.signature import output_of, signature_of
from kerasgan.files import paths as storage

__all__ = ["place", "write_and_prove"]


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
    """Writes a network of the TensorFlow backend to the path of each format, opens it and compares it with `cases`.

    Returns the results of the comparison, by format.

    Raises:
        ExportError: if the network cannot be written, or a file does not give the cases' images; if `failed` is given,
            only if no format is left: the others' messages are added to it, by format.
    """
    inputs = signature_of(network, options)
    found: dict[str, Any] = {}
    plain = formats.Job(network, inputs, output_of(inputs), metadata, options, {}, calibration)
    for name, path in paths.items():
        form = formats.FORMATS[name]
        job = plain._replace(about=about[name], written={each: paths[each] for each in found})
        try:
            attempt(functools.partial(form.write, job, path), f"a file for {form.runtime}")
            found[name] = prove(form.open, path, cases, runtime=form.runtime, bound=bound)
        except ExportError as error:
            if failed is None:
                raise
            failed[name] = str(error)
            _remove(path)
    if failed and not found:
        raise ExportError("; ".join(f"{name}: {message}" for name, message in failed.items()))
    return found


def _remove(path: Path) -> None:
    """Deletes a file or a folder, of which perhaps only a part was written."""
    if path.is_dir():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)


@contextlib.contextmanager
def place(target: Path) -> Iterator[Path]:
    """A temporary path that replaces `target` when the block succeeds and is deleted when it raises."""
    if storage.is_remote(target):
        with storage.staged(target) as temporary:
            yield temporary
        return
    target.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=f".{target.name}-", dir=target.parent) as folder:
        temporary = Path(folder, target.name)
        yield temporary
        storage.put(temporary, target)
