"""The file formats: how each is written from a Keras network on TensorFlow, and how it is opened again.

A format is one entry of `FORMATS`: what is exported by default, proven, reported and offered on the command line is
read from it.
"""

import importlib.util
from collections.abc import Sequence

from kerasgan.export.formats.litert import LITERT
from kerasgan.export.formats.onnx import ONNX
from kerasgan.export.formats.saved_model import SAVED_MODEL
from kerasgan.export.formats.table import Format, Job, check_folder
from kerasgan.export.options import Options

__all__ = ["FORMATS", "Format", "Job", "check_folder", "choose"]

FORMATS: dict[str, Format] = {"onnx": ONNX, "saved_model": SAVED_MODEL, "litert": LITERT}


def choose(names: Sequence[str] | None, options: Options) -> tuple[list[str], dict[str, str]]:
    """The formats of those names; if none are given, all that can be written here, and why the others cannot.

    Raises:
        ImportError: saying what to install for a format.
        ValueError: for a name that is not in the table, a format that cannot hold what the options ask for, or none.
    """
    chosen, left = list(dict.fromkeys(FORMATS if names is None else names)), {}
    if unknown := [name for name in chosen if name not in FORMATS]:
        raise ValueError(f"Expected formats among {', '.join(FORMATS)}. Received: {', '.join(unknown)}")
    for name in [*chosen]:
        try:
            _check(name, options)
        except (ImportError, ValueError) as error:
            if names is not None:
                raise
            left[name] = str(error)
            chosen.remove(name)
    if not chosen:
        raise ValueError(" ".join([f"Expected formats among {', '.join(FORMATS)}. Received: none.", *left.values()]))
    if options.opset is not None and "onnx" not in chosen:
        raise ValueError(f"Expected opset with the format onnx only. Received: opset={options.opset}")
    return chosen, left


def _check(name: str, options: Options) -> None:
    """Raises ValueError if a format cannot hold a precision, ImportError if packages are missing; imports none."""
    form = FORMATS[name]
    if options.precision not in form.precisions:
        expected = f"Expected a precision that {name} holds: {', '.join(form.precisions)}"
        raise ValueError(f"{expected}. Received: precision={options.precision!r}")
    missing = [package for package in form.packages if importlib.util.find_spec(package) is None]
    if missing:
        needed = " ".join(package.replace("_", "-") for package in missing)
        raise ImportError(f"Expected {', '.join(missing)} to be installed for {name}. Run: pip install {needed}")
