"""What is attacked: a reader with good files for it, by name; and every public function's arguments."""

import importlib
import inspect
import io
import pickle
import zipfile
from collections.abc import Callable
from dataclasses import is_dataclass
from pathlib import Path

import h5py
import numpy as np
from PIL import Image

from kerasgan import doctor, scalars, zoo
from kerasgan.checkpoints import hdf5, keras_files, ncnn, pth, safetensors
from kerasgan.data.decoding import decode
from kerasgan.models import DCGAN
from kerasgan.zoo.recipe import read as read_recipe

Block = tuple[Callable[[Path], object], list[bytes]]


def _pth(folder: Path) -> Block:
    """An archive as `torch.save` writes it, of plain values: PyTorch need not be installed."""
    written = io.BytesIO()
    with zipfile.ZipFile(written, "w") as archive:
        text = b"X\x01\x00\x00\x00"
        storage = b"(X\x07\x00\x00\x00storagectorch\nFloatStorage\n" + text + b"0X\x03\x00\x00\x00cpuK\x04tQ"
        tensor = b"ctorch._utils\n_rebuild_tensor_v2\n(" + storage + b"K\x00K\x02K\x02\x86K\x02K\x01\x86\x89}tR"
        archive.writestr("a/data.pkl", b"\x80\x02}(" + text + b"w" + tensor + text + b"ncollections\nOrderedDict\n)Ru.")
        archive.writestr("a/data/0", bytes(16))
    plain = pickle.dumps({"a": [1, 2.0, "x"], "b": (None, True, b"y")}, protocol=2)
    legacy = b"".join(pickle.dumps(each, 2) for each in (0x1950A86A20F9469CFC6C, 1001, {"little_endian": True}, {}, []))
    return pth.read, [written.getvalue(), plain, legacy]


def _safetensors(folder: Path) -> Block:
    from safetensors.numpy import save

    tensors = {"a/kernel": np.ones((2, 3), "float32"), "b": np.ones(4, "float16"), "c": np.array(True)}
    return safetensors.read, [save(tensors, metadata={"format": "pt"})]


def _ncnn(folder: Path) -> Block:
    """Damages the .param, beside a .bin of its three layers."""
    half, whole = (0x01306B47).to_bytes(4, "little"), bytes(4)
    weights = half + bytes(72) + bytes(8) + bytes(8) + whole + bytes(24)
    text = (
        b"7767517\n5 5\nInput i 0 1 a\nConvolution c 1 1 a b 0=2 1=3 4=1 5=1 6=36 9=2 -23310=1,2.0e-01\n"
        b"PReLU p 1 1 b c 0=2\nPixelShuffle s 1 1 c d 0=2\nInnerProduct f 1 1 d e 0=3 1=0 2=6\n"
    )

    def read(file: Path) -> object:
        description = folder / "damaged.param"
        description.write_bytes(file.read_bytes())
        description.with_suffix(".bin").write_bytes(weights)
        return ncnn.read(description)

    return read, [text]


def _keras2(folder: Path) -> Block:
    path = folder / "keras2.h5"
    with h5py.File(path, "w") as file:
        file.attrs["layer_names"] = np.array([b"dense_1"])
        group = file.create_group("dense_1")
        group.attrs["weight_names"] = np.array([b"dense_1/kernel:0"])
        group["dense_1/kernel:0"] = np.zeros((2, 3), "float32")
    return hdf5.read, [path.read_bytes()]


def _keras(folder: Path) -> Block:
    path = folder / "gan.keras"
    gan = DCGAN(image_size=8, channels=1, latent_dim=2, width=1)
    gan.compile()
    gan.save(path)

    def read(file: Path) -> object:
        renamed = file.with_suffix(".keras")
        file.replace(renamed)
        try:
            return keras_files.load_model(renamed)
        finally:
            renamed.replace(file)

    return read, [path.read_bytes()]


def _weights(folder: Path) -> Block:
    gan = DCGAN(image_size=8, channels=1, latent_dim=2, width=1)
    path = folder / "generator.weights.h5"
    gan.generator.save_weights(path)
    return keras_files.check_weights, [path.read_bytes()]


def _pictures(folder: Path) -> Block:
    files, pixels = [], np.random.default_rng(0).integers(0, 256, (24, 24, 3), "uint8")
    for kind in ("PNG", "JPEG", "GIF", "BMP", "TIFF", "WEBP", "PPM"):
        written = io.BytesIO()
        Image.fromarray(pixels).save(written, kind)
        files.append(written.getvalue())
    return lambda path: decode(path, size=(16, 16), channels=3), files


def _logs(folder: Path) -> Block:
    rows = "\n".join(f"{step},{0.5 + step % 7 / 9},{0.9 - step % 5 / 9}" for step in range(0, 2000, 50))
    german = rows.replace(",", ";").replace(".", ",")
    heads = ("step,discriminator_loss,generator_loss\n", "step;d_loss;g_loss\n")
    return doctor.diagnose_file, [(heads[0] + rows).encode(), (heads[1] + german).encode()]


def _recipes(folder: Path) -> Block:
    files = [zoo.recipe(name).path.read_bytes() for name in ("dcgan-digits", "cyclegan-digits") if name in zoo.names()]
    return read_recipe, files


READERS: dict[str, Callable[[Path], Block]] = {
    "pth": _pth,
    "safetensors": _safetensors,
    "ncnn": _ncnn,
    "keras 2": _keras2,
    "keras": _keras,
    "weights": _weights,
    "pictures": _pictures,
    "logs": _logs,
    "recipes": _recipes,
}
MODULES = "augment callbacks checkpoints data exploration export latents layers metrics models objectives penalties zoo"
WRONG = (None, True, -(10**9), float("nan"), 10**400, "a", b"a", [], {}, object(), 1j)


def wrong_arguments() -> tuple[int, list[str], int]:
    """As `fuzz`: each checked argument of each public function with values of every wrong kind."""
    tried, failures, functions = 0, [], 0
    for module in MODULES.split():
        found = importlib.import_module(f"kerasgan.{module}")
        for name in found.__all__:
            value = getattr(found, name)
            function = value.__init__ if isinstance(value, type) else value
            if not inspect.isfunction(function) or is_dataclass(value):
                continue
            functions += 1
            original = getattr(function, "__wrapped__", function)
            signature = inspect.signature(function)
            fit = scalars.checker(signature, original.__globals__)
            for argument in fit.known:
                for wrong in WRONG:
                    try:
                        fit({argument: wrong})
                    except ValueError as error:
                        tried += 1
                        if not str(error).startswith("Expected ") or f"Received: {argument}=" not in str(error):
                            failures.append(f"{module}.{name}({argument}={wrong!r}): {error}")
                    except Exception as error:
                        failures.append(f"{module}.{name}({argument}={wrong!r}): {type(error).__name__}: {error}")
    return tried, failures, functions
