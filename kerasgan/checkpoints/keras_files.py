"""Opens Keras' own files, `.keras` and `.weights.h5`, of unknown origin, with bounded memory and time.

Such a file may be small and still ask for any amount: a width in its configuration, a compressed member, an array of
which nothing is stored. What is refused here is what no file that Keras writes has.
"""

from __future__ import annotations

import contextlib
import math
import tempfile
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import h5py
import keras

from kerasgan.checkpoints.pickles import CheckpointError, shorten

__all__ = ["allowed_bytes", "check_weights", "load_folder", "load_model", "weights_within"]

# A model's weights and the arrays of a file may take so many times the file's bytes, and so many bytes in any case:
# networks of features, such as VGG19, are built with a model but not stored with it.
MULTIPLE, SLACK = 4, 256 << 20
FOLDER = ("metadata.json", "config.json", "model.weights.h5")  # the members of a .keras file, as files
LEAST = 16 << 10  # bytes that each weight counts at least: a million small ones take time
# What Keras raises for damaged or hostile files, besides ValueError and OSError, which say what is wrong.
_DAMAGE = (
    ArithmeticError,
    AttributeError,
    EOFError,
    LookupError,
    MemoryError,
    NotImplementedError,
    RuntimeError,
    TypeError,
    zipfile.BadZipFile,
)


def load_model(path: str | Path, *, compile: bool = True) -> Any:
    """`keras.saving.load_model` for a `.keras` file of unknown origin.

    The weights that it builds take at most four times the file's size, and 256 MiB.

    Args:
        path: the file.
        compile: whether the model is compiled as it was, with its optimizers' states.

    Raises:
        CheckpointError: for a file that is damaged, or whose model or content is larger than that.
        OSError, ValueError: as Keras' function.
    """
    path = Path(path)
    if not path.is_file():
        raise FileNotFoundError(f"Expected a .keras file. Received: {path}, which does not exist.")
    allowed = allowed_bytes(path)
    try:
        _check_members(path, allowed)
        with weights_within(allowed):
            return keras.saving.load_model(path, compile=compile)
    except CheckpointError as error:
        raise CheckpointError(f"{path}: {error}") from None
    except _DAMAGE as error:
        raise CheckpointError(f"Expected a model that Keras saved in {path}. Received: {_first_line(error)}") from error


def allowed_bytes(*paths: Path) -> int:
    """The bytes of weights that a model from these files may build."""
    return MULTIPLE * sum(path.stat().st_size for path in paths) + SLACK


def load_folder(folder: Path) -> Any:
    """As `load_model`, for a folder as `keras.saving.save_model(..., zipped=False)` writes it, and the Hub holds it."""
    check_weights(folder / FOLDER[-1])
    with tempfile.TemporaryDirectory(prefix="kerasgan-model-") as temporary:
        packed = Path(temporary, f"{folder.name}.keras")
        with zipfile.ZipFile(packed, "w") as archive:
            for name in FOLDER:
                archive.write(folder / name, name)
        try:
            return load_model(packed)
        except CheckpointError as error:
            raise CheckpointError(str(error).replace(str(packed), str(folder))) from error.__cause__


def check_weights(path: str | Path) -> set[str]:
    """The names at the top of a `.weights.h5`.

    Raises CheckpointError for HDF5 with links, complex numbers, or arrays much larger than the file.
    """
    with h5py.File(path) as file:
        try:
            left, seen, pending = MULTIPLE * Path(path).stat().st_size + LEAST, {_address(file)}, [file]
            while pending:
                for found in _members(pending.pop()):
                    if _address(found) in seen:
                        raise CheckpointError("Expected each group and array in one place. Received: one in two")
                    seen.add(_address(found))
                    if isinstance(found, h5py.Group):
                        pending.append(found)
                        continue
                    left -= found.dtype.itemsize * math.prod(found.shape or ())
                    if left < 0:
                        raise CheckpointError(f"Expected arrays within the file. Received: {shorten(found.name)}")
            return set(file)
        except CheckpointError as error:
            raise CheckpointError(f"{path}: {error}") from None
        except (OSError, ValueError, *_DAMAGE) as error:
            raise CheckpointError(f"Expected weights that Keras saved in {path}. Received: {shorten(error)}") from error


def _members(group: h5py.Group) -> Iterator[Any]:
    for name in group:
        link = group.get(name, getlink=True)
        found = group[name] if isinstance(link, h5py.HardLink) else None
        if isinstance(found, h5py.Dataset):
            if found.is_virtual or found.external or found.dtype.kind not in "biufV":
                raise CheckpointError(f"Expected an array of real numbers in the file. Received: {shorten(found.name)}")
        elif not isinstance(found, h5py.Group):
            raise CheckpointError(f"Expected a group or an array in the file itself. Received: {shorten(name)}")
        yield found


def _address(found: Any) -> int:
    return h5py.h5o.get_info(found.id).addr


def _check_members(path: Path, allowed: int) -> None:
    with zipfile.ZipFile(path) as archive:
        total = sum(member.file_size for member in archive.infolist())
        if total > allowed:
            raise CheckpointError(f"Expected at most {allowed:,} bytes to unpack. Received: {total:,} bytes")


@contextlib.contextmanager
def weights_within(allowed: int) -> Iterator[None]:
    """Refuses, before it is allocated, the weight with which those of the layers built here exceed some bytes."""
    usual, used = keras.layers.Layer.add_weight, 0
    refused: list[str] = []

    def add_weight(self: Any, shape: Any = None, *arguments: Any, **options: Any) -> Any:
        nonlocal used
        used += max(LEAST, 4 * math.prod(shape or ()))
        if used > allowed:
            refused.append(f"Expected weights of at most {allowed:,} bytes. Received: {self.name} of shape {shape}")
            raise CheckpointError(refused[-1])
        return usual(self, shape, *arguments, **options)

    keras.layers.Layer.add_weight = add_weight
    try:
        yield
    except Exception:
        if refused:  # Keras adds the arguments of the layer's call, pages of them
            raise CheckpointError(refused[0]) from None
        raise
    finally:
        keras.layers.Layer.add_weight = usual


def _first_line(error: BaseException) -> str:
    return shorten(str(error).partition("\n")[0] or type(error).__name__, limit=300)  # Keras' advice is at the end
