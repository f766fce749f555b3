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
from kerasgan.callbacks import Checkpoint
from kerasgan.checkpoints import hdf5, keras_files, ncnn, persistence, pth, safetensors, stylegan2_ada
from kerasgan.data.decoding import decode
from kerasgan.files import event_files, pictures
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

    return _named("file.keras", keras_files.load_model), [path.read_bytes()]


def _named(name: str, read: Callable[[Path], object]) -> Callable[[Path], object]:
    """A reader of files of another name, by which it knows their format."""

    def renamed(file: Path) -> object:
        other = file.replace(file.with_name(name))
        try:
            return read(other)
        finally:
            other.replace(file)

    return renamed


def _persistence(folder: Path) -> Block:
    """Modules as StyleGAN2-ADA pickles them, one in another, with a tensor as the bytes of a file of its own."""

    def pickled(value: object) -> bytes:
        return pickle.dumps(value, 2)[2:-1]

    heads = (0x1950A86A20F9469CFC6C, 1001, {"little_endian": True})
    storage = b"(X\x07\x00\x00\x00storagectorch\nFloatStorage\n" + pickled("0") + pickled("cpu") + b"K\x02NtQ"
    parts = [*(pickle.dumps(head, 2) for head in heads), b"\x80\x02" + storage + b".", pickle.dumps(["0"], 2)]
    own = b"".join([*parts, (2).to_bytes(8, "little"), bytes(8)])
    tensor = b"ctorch._utils\n_rebuild_tensor_v2\n(ctorch.storage\n_load_from_bytes\n" + pickled(own) + b"\x85R"
    tensor += b"K\x00K\x02\x85K\x01\x85\x89}tR"

    def module(members: bytes) -> bytes:
        meta = pickled("type") + pickled("class") + pickled("class_name") + pickled("A") + pickled("state")
        return b"ctorch_utils.persistence\n_reconstruct_persistent_obj\n}(" + meta + members + b"u\x85R"

    inner = module(b"}" + pickled("_parameters") + b"}" + pickled("w") + tensor + b"ss")
    outer = module(b"}" + pickled("_modules") + b"}" + pickled("a") + inner + b"ss")

    def read(path: Path) -> object:
        return stylegan2_ada.state(persistence.read(path))

    return read, [b"\x80\x02}" + pickled("G_ema") + outer + b"s."]


def _weights(folder: Path) -> Block:
    gan = DCGAN(image_size=8, channels=1, latent_dim=2, width=1)
    path = folder / "generator.weights.h5"
    gan.generator.save_weights(path)
    return keras_files.check_weights, [path.read_bytes()]


def _pictures(folder: Path) -> Block:
    files, pixels = [], np.random.default_rng(0).integers(0, 256, (24, 24, 3), "uint8")
    for kind in ("PNG", "JPEG", "GIF", "BMP", "TIFF", "WEBP", "PPM", "ICO", "TGA"):
        written = io.BytesIO()
        Image.fromarray(pixels).save(written, kind)
        files.append(written.getvalue())
    return lambda path: decode(path, size=(16, 16), channels=3), files


def _films(folder: Path) -> Block:
    rows = [Image.new("RGB", (40, 12), (step, 0, 0)) for step in range(3)]
    return pictures.read_film, [pictures.encoded(pictures.film(rows, [0, 10, 20]))]


def _events(folder: Path) -> Block:
    written = event_files.EventFile(folder / "events")
    for step in range(30):
        written.scalars(step, {"discriminator_loss": 0.7, "generator_loss": 0.6 + step / 100})
    written.close()
    (path,) = (folder / "events").iterdir()
    return _named(path.name, doctor.diagnose_file), [path.read_bytes()]


def _checkpoints(folder: Path) -> Block:
    gan = DCGAN(image_size=8, channels=1, latent_dim=2, width=1)
    gan.compile()
    images = np.zeros((4, 8, 8, 1), "float32")
    backup = Checkpoint(folder / "run", record={"recipe": {"family": "DCGAN"}})
    gan.fit(images, batch_size=4, verbose=0, callbacks=backup)
    (*_, path) = Checkpoint.found(folder / "run")

    def read(file: Path) -> object:
        return Checkpoint.newest(file.parent) and Checkpoint.recorded(file)

    return _named("step-000001.keras", read), [path.read_bytes()]


def _logs(folder: Path) -> Block:
    rows = "\n".join(f"{step},{0.5 + step % 7 / 9},{0.9 - step % 5 / 9}" for step in range(0, 2000, 50))
    german = rows.replace(",", ";").replace(".", ",")
    heads = ("step,discriminator_loss,generator_loss\n", "step;d_loss;g_loss\n")
    lines = "".join(f'{{"step": {step}, "loss_d": 0.7, "loss_g": {{"mean": 0.6}}}}\n' for step in range(40))
    return doctor.diagnose_file, [(heads[0] + rows).encode(), (heads[1] + german).encode(), lines.encode()]


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
    "persistence": _persistence,
    "films": _films,
    "event files": _events,
    "checkpoints": _checkpoints,
}
