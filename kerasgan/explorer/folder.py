"""The explorer's folder: the page with everything that a model has to show, in both directions where there are two."""

import dataclasses
import os
import tempfile
from pathlib import Path
from typing import Any

from kerasgan.export import Options, onnx, page
from kerasgan.export.formats import check_folder
from kerasgan.export.writing import place
from kerasgan.gan import GAN

__all__ = ["write"]


def write(
    gan: GAN,
    directory: str | os.PathLike,
    *,
    entry: str | None = None,
    license: str | None = None,
    directions: int = 8,
    examples: Any = None,
    vendor: bool = False,
) -> Path:
    """Writes a folder whose index.html explores a generator, or what a translator makes of pictures.

    Args:
        gan: the model; its moving-average generator is shown where there is one.
        directory: of the folder; an earlier explorer there is replaced.
        entry: the zoo's name of the weights, for the page's title and the model's metadata.
        license: of the weights, likewise.
        directions: how many of the directions along which the images change most get a slider, see
            `kerasgan.exploration.sensitive_directions`; 0 for none, which spares large models the search.
        examples: (inputs, targets) that a translator's page offers, each (count, height, width, channels) in [-1, 1].
        vendor: also write ONNX Runtime Web, so that the page needs no network at all. It is taken from a cache, or once
            from npm. Otherwise the page loads the same files, pinned by their hashes, from jsDelivr.

    Returns:
        The folder.

    Raises:
        ExportError: if the ONNX file differs from Keras; nothing is written.
        RuntimeFilesError: if ONNX Runtime Web cannot be had; nothing is written.
        ValueError: if `gan` is not a GAN, or the folder holds something else.
    """
    if not isinstance(gan, GAN):
        raise ValueError(f"Expected a kerasgan.GAN. Received: gan={gan!r}")
    target = Path(directory)
    check_folder(target, sign=page.FACTS, kind="an explorer")
    inside = page.truncates_styles(gan)
    options = Options(entry=entry, license=license, truncation="input" if inside else 1.0)
    shown = dataclasses.replace(options, directions=directions, vendor=vendor)
    about = page.gather(gan, shown, examples=examples)
    with place(target) as temporary:
        networks = {each["file"]: each["direction"] for each in about["networks"]}
        models = {file: _model(gan, dataclasses.replace(options, direction=way)) for file, way in networks.items()}
        page.write(temporary, about, models)
    return target


def _model(gan: GAN, options: Options) -> bytes:
    with tempfile.TemporaryDirectory(prefix="kerasgan-explorer-") as folder:
        return onnx(gan, Path(folder, "model.onnx"), **dataclasses.asdict(options)).read_bytes()
