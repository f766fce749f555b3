"""Keras-GAN's HDF5 files: the images of its generator, and errors for everything in HDF5 beyond plain arrays."""

import h5py
import keras
import numpy as np
import pytest

from kerasgan.checkpoints import CheckpointError, MismatchError, assign
from kerasgan.models import DCGAN

# Keras 2 numbers layers through a session, in which there were others before.
NORMS = ("batch_normalization_4", "batch_normalization_5")


def weights(seed=0, *, side=2, width=3, latent_dim=5, channels=2):
    """The generator's weights in the order of `get_weights` of Keras 2: what training moves, then the statistics."""
    random = np.random.default_rng(seed)
    found = {"dense_2/kernel:0": (latent_dim, side * side * 2 * width), "dense_2/bias:0": (side * side * 2 * width,)}
    plan = [(2 * width, 2 * width), (2 * width, width), (width, channels)]
    for number, (inputs, outputs) in enumerate(plan):
        name = f"conv2d_{number + 5}"
        found |= {f"{name}/kernel:0": (3, 3, inputs, outputs), f"{name}/bias:0": (outputs,)}
        if number < 2:
            found |= {f"{NORMS[number]}/{weight}:0": (outputs,) for weight in ("gamma", "beta")}
    for norm, size in zip(NORMS, (2 * width, width)):
        found |= {f"{norm}/moving_mean:0": (size,), f"{norm}/moving_variance:0": (size,)}
    return {
        name: random.uniform(0.5, 1.5, shape) if "variance" in name else random.normal(0, 0.4, shape)
        for name, shape in found.items()
    }


def write(path, arrays, *, whole=False):
    """As Keras 2 saves Model(noise, Sequential(...)(noise)): one group per layer, the weights' names as attributes."""
    with h5py.File(path, "w") as file:
        root = file.create_group("model_weights") if whole else file
        root.attrs["layer_names"] = [b"input_2", b"sequential_2"]
        root.attrs["backend"], root.attrs["keras_version"] = b"tensorflow", b"2.2.4"
        root.create_group("input_2").attrs["weight_names"] = np.zeros(0, "S1")
        group = root.create_group("sequential_2")
        group.attrs["weight_names"] = [name.encode() for name in arrays]
        for name, array in arrays.items():
            group.create_dataset(name, data=array.astype("float32"))
    return path


def reference_images(arrays, latents, *, side=2):
    """The generator in NumPy, channels last."""

    def convolution(x, name):
        windows = np.lib.stride_tricks.sliding_window_view(np.pad(x, ((0, 0), (1, 1), (1, 1), (0, 0))), (3, 3), (1, 2))
        return np.einsum("bhwcij,ijco->bhwo", windows, arrays[f"{name}/kernel:0"]) + arrays[f"{name}/bias:0"]

    x = np.maximum(latents @ arrays["dense_2/kernel:0"] + arrays["dense_2/bias:0"], 0).reshape(
        len(latents), side, side, -1
    )
    for name, norm in zip(("conv2d_5", "conv2d_6"), NORMS):
        x = convolution(x.repeat(2, 1).repeat(2, 2), name)
        gamma, beta, mean, variance = (
            arrays[f"{norm}/{weight}:0"] for weight in ("gamma", "beta", "moving_mean", "moving_variance")
        )
        x = np.maximum((x - mean) / np.sqrt(variance + 1e-3) * gamma + beta, 0)
    return np.tanh(convolution(x, "conv2d_7"))


def model(**options):
    return DCGAN(**{**dict(image_size=8, channels=2, latent_dim=5, width=3, variant="upsampling"), **options})


@pytest.mark.parametrize("whole", [False, True], ids=["weights", "model"])
def test_a_keras_gan_generator_makes_its_images(whole, tmp_path):
    arrays, gan = weights(), model()
    report = assign(gan, write(tmp_path / "generator_weights.hdf5", arrays, whole=whole), channel_order="bgr")
    latents = np.random.default_rng(1).normal(size=(3, 5)).astype("float32")
    expected = reference_images(arrays, latents)
    assert np.ptp(expected) > 0.5
    np.testing.assert_allclose(keras.ops.convert_to_numpy(gan.generator(latents)), expected, atol=1e-4)
    assert report.fits and len(report.assigned) == 16
    assert report.assigned["batch_normalization_5/moving_mean:0"] == "up2_norm/moving_mean"


def test_another_version_of_it_leaves_the_model_as_it_was(tmp_path):
    """Older ones normalize the projection too."""
    arrays = weights()
    arrays["batch_normalization_6/gamma:0"] = np.ones(6)
    with pytest.raises(MismatchError, match="batch_normalization_6/gamma:0: left over"):
        assign(model(), write(tmp_path / "x.h5", arrays))


def test_the_error_for_another_variant_names_the_published_one(tmp_path):
    with pytest.raises(CheckpointError, match=r"DCGAN\(variant='upsampling'\)\. Received: one"):
        assign(model(variant="torch"), write(tmp_path / "x.h5", weights()))


def linked(file):
    del file["sequential_2/dense_2/bias:0"]
    file["sequential_2/dense_2/bias:0"] = h5py.ExternalLink("/etc/passwd", "x")


def soft(file):
    del file["sequential_2/dense_2/bias:0"]
    file["sequential_2/dense_2/bias:0"] = h5py.SoftLink("/sequential_2/dense_2/kernel:0")


def replaced(**options):
    def change(file):
        del file["sequential_2/dense_2/bias:0"]
        file["sequential_2"].create_dataset("dense_2/bias:0", **options)

    return change


def virtual(file):
    del file["sequential_2/dense_2/bias:0"]
    layout = h5py.VirtualLayout((24,), "float32")
    layout[:] = h5py.VirtualSource("/other.h5", "x", (24,))
    file["sequential_2"].create_virtual_dataset("dense_2/bias:0", layout)


HOSTILE = {
    "another file": linked,
    "another place": soft,
    "put together": virtual,
    "outside": replaced(shape=(24,), dtype="float32", external=[("/etc/passwd", 0, 96)]),
    "compressed": replaced(data=np.zeros(24, "float32"), compression="gzip"),
    "terabytes": replaced(shape=(2**40,), dtype="float32", chunks=(1024,)),
    "text": replaced(data=[b"x"] * 24),
    "no such array": lambda file: file["sequential_2"].pop("dense_2/bias:0"),
    "no names": lambda file: file.attrs.pop("layer_names"),
    "numbers as names": lambda file: file.attrs.__setitem__("layer_names", 3),
    "outside the group": lambda file: file["sequential_2"].attrs.__setitem__("weight_names", [b"../dense_2/bias:0"]),
}


@pytest.mark.parametrize("name", HOSTILE)
def test_what_is_no_plain_array_in_the_file_is_refused(name, tmp_path):
    path = write(tmp_path / "x.h5", weights())
    with h5py.File(path, "a") as file:
        HOSTILE[name](file)
    with pytest.raises(CheckpointError, match=r"x\.h5: Expected"):
        assign(model(), path)


def test_a_file_cut_anywhere_is_refused(tmp_path):
    content = write(tmp_path / "x.h5", weights()).read_bytes()
    for length in range(0, len(content), len(content) // 40):
        (tmp_path / "x.h5").write_bytes(content[:length])
        with pytest.raises(CheckpointError):
            assign(model(), tmp_path / "x.h5")
