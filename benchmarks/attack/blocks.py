"""The readers that are attacked, by name, with good files for each."""

import io
import pickle
import zipfile
from collections.abc import Callable
from pathlib import Path

import h5py
import numpy as np
from PIL import Image

from kerasgan import doctor, zoo
from kerasgan.checkpoints import hdf5, keras_files, pth
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
    "keras 2": _keras2,
    "keras": _keras,
    "weights": _weights,
    "pictures": _pictures,
    "logs": _logs,
    "recipes": _recipes,
}
