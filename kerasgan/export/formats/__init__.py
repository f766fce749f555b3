"""The file formats: how each is written from a Keras network on TensorFlow, and how it is opened again.

A format is one entry of `FORMATS`: the default formats, the comparison, the report and the command line all read that
table.
"""

import importlib.util
from collections.abc import Sequence

from kerasgan.export.formats.litert import LITERT
from kerasgan.export.formats.onnx import ONNX
from kerasgan.export.formats.saved_model import SAVED_MODEL
from kerasgan.export.formats.table import Format, Job, check_folder
from kerasgan.export.formats.web import WEB
from kerasgan.export.options import Options
from kerasgan.gan import GAN

__all__ = ["FORMATS", "Format", "Job", "check_folder", "choose"]

FORMATS: dict[str, Format] = {"onnx": ONNX, "saved_model": SAVED_MODEL, "litert": LITERT, "web": WEB}
SPECIAL = {option for form in FORMATS.values() for option in form.options}  # options that only some formats have


def choose(names: Sequence[str] | None, options: Options, gan: GAN | None = None) -> tuple[list[str], dict[str, str]]:
    """The formats of those names; if none are given, all that can be written here, and why the others cannot.

    If `gan` is given, whether a format can hold the model is checked, too.

    Raises:
        ImportError: saying what to install for a format.
        ValueError: for an unknown name, a format that cannot hold the model or does not support the options, or no
            format; or if `gan` is not a GAN.
    """
    if gan is not None and not isinstance(gan, GAN):
        raise ValueError(f"Expected a kerasgan.GAN. Received: gan={gan!r}")
    chosen, left = list(dict.fromkeys(FORMATS if names is None else names)), {}
    if unknown := [name for name in chosen if name not in FORMATS]:
        raise ValueError(f"Expected formats among {', '.join(FORMATS)}. Received: {', '.join(unknown)}")
    for name in [*chosen]:
        try:
            _check(name, options, gan)
        except (ImportError, ValueError) as error:
            if names is not None:
                raise
            left[name] = str(error)
            chosen.remove(name)
    if not chosen:
        raise ValueError(" ".join([f"Expected formats among {', '.join(FORMATS)}. Received: none.", *left.values()]))
    for option in SPECIAL & options.given.keys():
        if not any(option in FORMATS[name].options for name in chosen):
            takers = " or ".join(name for name, form in FORMATS.items() if option in form.options)
            received = f"{option}={getattr(options, option)}"
            raise ValueError(f"Expected {option} with the format {takers} only. Received: {received}")
    return chosen, left


def _check(name: str, options: Options, gan: GAN | None) -> None:
    """Raises ValueError for what a format cannot hold, ImportError if packages are missing; imports none."""
    form = FORMATS[name]
    for option in form.refused:
        if option in options.given:
            raise ValueError(f"Expected no {option} for {name}. Received: {option}={getattr(options, option)!r}")
    if form.newest_opset is not None and (options.opset or 0) > form.newest_opset:
        expected = f"Expected an opset up to {form.newest_opset}, the newest that the runtime of {name} reads"
        raise ValueError(f"{expected}. Received: opset={options.opset}")
    if options.precision not in form.precisions:
        expected = f"Expected a precision that {name} holds: {', '.join(form.precisions)}"
        raise ValueError(f"{expected}. Received: precision={options.precision!r}")
    missing = [package for package in form.packages if importlib.util.find_spec(package) is None]
    if missing:
        needed = " ".join(package.replace("_", "-") for package in missing)
        raise ImportError(f"Expected {', '.join(missing)} to be installed for {name}. Run: pip install {needed}")
    if gan is not None:
        form.check(gan, options)
