"""Generators as files for other runtimes, each compared with the Keras model before it is kept.

Every function accepts the options of `Options`: `kerasgan.export.onnx(gan, "digits.onnx", precision="float16")`.

- Inputs: `latents` (batch, latent_dim) float32 and, for class-conditional models, `labels` (batch,) int32, whatever
  the names of the generator's own and the rank of its labels.
- Output: `images` (batch, height, width, channels) float32 in [-1, 1].
- For an image-to-image model the input is `images`, with any height and width that are multiples of the number in the
  metadata, and the output is `outputs`.
- Weights are in float32 unless `precision` is given, whatever the model's dtype policy.
- The metadata contain the entry, the range of the values and the prior of the latents.
"""

import dataclasses
import os
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import keras

from kerasgan.export import folder, other_process, page, writing
from kerasgan.export.formats import FORMATS, check_folder, choose
from kerasgan.export.options import Options
from kerasgan.export.page.runtime import RuntimeFilesError
from kerasgan.export.page.server import open_server, serve
from kerasgan.export.preparation import Prepared, prepare
from kerasgan.export.proof import ExportError
from kerasgan.files import paths as storage
from kerasgan.gan import GAN
from kerasgan.scalars import guard

__all__ = [
    "ExportError",
    "Options",
    "RuntimeFilesError",
    "bundle",
    "litert",
    "onnx",
    "open_server",
    "saved_model",
    "serve",
    "web",
]


def onnx(gan: GAN, path: str | os.PathLike, *, tolerance: float | None = None, **options: Any) -> Path:
    """Writes the generator as one ONNX file, and keeps it only if ONNX Runtime generates the same images as Keras.

    The batch axis is dynamic. The same network gives the same bytes each time. `export/onnx/run.py` of the repository,
    which bundles have, too, generates images from the file without kerasgan and Keras.

    Args:
        gan: the model; its moving-average generator is written if there is one.
        path: the file; an earlier file there is replaced only if the new one passes the comparison.
        tolerance: largest difference accepted, in units of the [-1, 1] range; 5e-5 if not given. For other precisions
            than float32 it limits the mean difference: 0.01 for float16 and 0.1 for int8 if not given.
        **options: those of `Options`.

    Returns:
        The file's path.

    Raises:
        ExportError: if the file differs from Keras or lets an image depend on others in its batch; nothing is kept.
        ImportError: if onnx, tf2onnx, onnxruntime or tensorflow is not installed.
        ValueError: if `gan` is not a GAN, it has more inputs than those above, or a path or an option cannot be used.
    """
    return _file(gan, path, "onnx", tolerance, Options(**options))


def saved_model(gan: GAN, path: str | os.PathLike, *, tolerance: float | None = None, **options: Any) -> Path:
    """Writes the generator as a TensorFlow SavedModel folder, and keeps it only if it gives the same images as Keras.

    Its signature "serving_default" has the inputs and the output of `onnx`; the metadata are in
    `assets.extra/kerasgan.json`. `export/saved_model/run.py` generates images from it. Arguments and errors are those
    of `onnx`; the only precision is float32.
    """
    return _file(gan, path, "saved_model", tolerance, Options(**options))


def litert(gan: GAN, path: str | os.PathLike, *, tolerance: float | None = None, **options: Any) -> Path:
    """Writes the generator as a LiteRT file (.tflite), and keeps it only if LiteRT generates the same images as Keras.

    Its signature "serving_default" has the inputs and the output of `onnx`; the metadata are in a zip archive at the
    file's end. `export/litert/run.py` generates images from it. Arguments and errors are those of `onnx`; the package
    to install is ai-edge-litert.
    """
    return _file(gan, path, "litert", tolerance, Options(**options))


def web(
    gan: GAN,
    directory: str | os.PathLike,
    *,
    entry: str | None = None,
    license: str | None = None,
    directions: int = 8,
    examples: Any = None,
    vendor: bool = False,
    title: str | None = None,
    description: str | None = None,
    credit: str | None = None,
) -> Path:
    """Writes a folder with an index.html that shows a generator, or an image-to-image model, without a server.

    The folder holds the page (`export/web/` of the repository), the model as `onnx` writes it (for an image-to-image
    model one file per direction) and its metadata. ONNX Runtime Web computes in the browser. A bundle's format "web" is
    the same page.

    On the page of a model that makes colors of drawings, one draws and sees them colored meanwhile. Its inputs are
    drawings if the examples' are gray and mostly white, or mostly black; without examples, if they have one channel.

    Args:
        gan: the model; its moving-average generator is shown if there is one.
        directory: the folder; an earlier explorer there is replaced.
        entry: the zoo's name of the weights, for the page and the model's metadata.
        license: license of the weights, likewise.
        directions: number of sliders for the directions along which the images change most, see
            `kerasgan.exploration.sensitive_directions`; 0 for none, which skips a search that is slow for large models.
        examples: (inputs, targets) for an image-to-image model's page, each (count, height, width, channels) in
            [-1, 1].
        vendor: also write ONNX Runtime Web, so that the page works offline. It is taken from a cache, or downloaded
            once from npm. Otherwise the page loads the same files, pinned by their hashes, from jsDelivr.
        title: the page's heading; the entry if not given.
        description: the text below it; about the family if not given.
        credit: origin and license of the examples, shown below them.

    Returns:
        The folder.

    Raises:
        ExportError: if the ONNX file differs from Keras; nothing is written.
        RuntimeFilesError: if ONNX Runtime Web is not available; nothing is written.
        ValueError: if `gan` is not a GAN, or the folder holds something else.
    """
    _refuse_others(gan)
    target = Path(os.path.expanduser(directory))
    FORMATS["web"].check_target(target)
    inside = page.truncates_styles(gan)
    options = Options(entry=entry, license=license, truncation="input" if inside else 1.0)
    beside: dict[str, Any] = {"directions": directions, "vendor": vendor, "title": title, "description": description}
    beside["credit"] = credit
    shown = dataclasses.replace(options, **beside)
    about = page.gather(gan, shown, examples=examples)
    with writing.place(target) as temporary:
        networks = {each["file"]: each["direction"] for each in about["networks"]}
        models = {file: _onnx_bytes(gan, dataclasses.replace(options, direction=way)) for file, way in networks.items()}
        page.write(temporary, about, models)
    return target


def bundle(
    gan: GAN,
    directory: str | os.PathLike,
    *,
    formats: Sequence[str] | None = None,
    tolerance: float | None = None,
    examples: Any = None,
    **options: Any,
) -> dict[str, Any]:
    """Writes a folder with the generator in several formats, programs, seeds, samples, a report and a model card.

    `seeds.json` has the inputs, by name, from which the programs in `programs/` generate `samples.png`; the report is
    `export_report.json`. If a format fails, a new folder holds the others, and the error says so; an earlier bundle
    stays as it was.

    Args:
        gan: the model; its moving-average generator is written if there is one.
        directory: a new or empty folder, or an earlier bundle, which is replaced only if the new one passes.
        formats: some of onnx, saved_model, litert and web (the page of the function `web`); if not given, all that can
            hold the model and the options and whose packages are installed.
        tolerance: as in `onnx`.
        examples: for the format web, as in `web`.
        **options: those of `Options`.

    Returns:
        The report: inputs, output, and for each format path, sha256, differences at each batch and size, milliseconds.

    Raises:
        ExportError, ImportError, ValueError: as `onnx`, if any of the formats cannot be written. After an ExportError
            the folder may hold the other formats: see above.
    """
    chosen = Options(**options)
    names, left_out = choose(formats, chosen, gan)
    target = Path(os.path.expanduser(directory))
    check_folder(target, sign=folder.REPORT, kind="an earlier bundle", own=folder.own_names)
    failed: dict[str, str] = {}
    prepared = prepare(gan, chosen)
    about = {each: FORMATS[each].gather(gan, chosen, examples=examples) for each in names}
    with writing.place(target) as temporary:
        temporary.mkdir()
        name = folder.name_of(gan, chosen)
        paths = {each: temporary / FORMATS[each].path.format(name=name) for each in names}
        found = _write(prepared, paths, about, chosen, tolerance, failed)
        if failed and storage.names(target):
            raise _failure(failed, f"the earlier bundle in {target} was kept")
        left_out |= failed
        report = folder.fill(
            temporary, gan, prepared, found, left_out=left_out, options=chosen, bound=chosen.bound(tolerance)
        )
    if failed:
        raise _failure(failed, f"{target} holds the others: {', '.join(found)}")
    return report


def _failure(failed: dict[str, str], kept: str) -> ExportError:
    """The error about the formats of a bundle that failed, and what is left."""
    messages = "; ".join(f"{name}: {message}" for name, message in failed.items())
    return ExportError(f"{messages} ({kept})")


def _refuse_others(gan: Any) -> None:
    if not isinstance(gan, GAN):
        raise ValueError(f"Expected a kerasgan.GAN. Received: gan={gan!r}")


def _file(gan: GAN, path: str | os.PathLike, format_name: str, tolerance: float | None, options: Options) -> Path:
    _refuse_others(gan)
    choose([format_name], options, gan)
    target = Path(os.path.expanduser(path))
    FORMATS[format_name].check_target(target)
    prepared = prepare(gan, options)
    about = {format_name: FORMATS[format_name].gather(gan, options)}
    with writing.place(target) as temporary:
        _write(prepared, {format_name: temporary}, about, options, tolerance)
    return target


def _write(
    prepared: Prepared,
    paths: dict[str, Path],
    about: dict[str, Any],
    options: Options,
    tolerance: float | None,
    failed: dict[str, str] | None = None,
) -> dict[str, Any]:
    how = writing if keras.backend.backend() == "tensorflow" else other_process
    return how.write_and_prove(
        prepared.network,
        paths,
        cases=prepared.cases,
        calibration=prepared.calibration,
        metadata=prepared.facts,
        options=options,
        bound=options.bound(tolerance),
        about=about,
        failed=failed,
    )


def _onnx_bytes(gan: GAN, options: Options) -> bytes:
    with tempfile.TemporaryDirectory(prefix="kerasgan-explorer-") as folder:
        return onnx(gan, Path(folder, "model.onnx"), **dataclasses.asdict(options)).read_bytes()


guard(globals(), __all__)
