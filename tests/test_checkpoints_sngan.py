"""Published SNGAN checkpoints: every tensor in its place, and the images of the publisher."""

import json
from collections import OrderedDict
from pathlib import Path

import keras
import numpy as np
import pytest
from pth_writer import FORMATS, Writer

from kerasgan.checkpoints import CheckpointError, assign
from kerasgan.models import SNGAN

SHARED = Path(__file__).parents[2] / "shared" / "checkpoints"
WIDTH, LATENTS, CLASSES = 6, 5, 4


def published(seed=0):
    """A state dict of a 16x16 generator under OpenMMLab's names, with weights that keep every layer alive."""
    random = np.random.default_rng(seed)
    state = OrderedDict()

    def put(name, *shape, spread=0.3):
        state[f"generator.{name}.weight"] = random.normal(0, spread, shape)
        state[f"generator.{name}.bias"] = random.normal(0, 0.3, shape[0])

    def moments(name):
        state[f"generator.{name}.running_mean"] = random.normal(0, 0.3, WIDTH)
        state[f"generator.{name}.running_var"] = random.uniform(0.2, 2.0, WIDTH)
        state[f"generator.{name}.num_batches_tracked"] = np.array(1000)

    put("noise2feat", WIDTH * 16, LATENTS)
    for block in ("conv_blocks.0", "conv_blocks.1"):
        put(f"{block}.conv_1.conv", WIDTH, WIDTH, 3, 3, spread=0.15)
        put(f"{block}.conv_2.conv", WIDTH, WIDTH, 3, 3, spread=0.15)
        put(f"{block}.shortcut.conv", WIDTH, WIDTH, 1, 1)
        for norm in ("norm_1", "norm_2"):
            moments(f"{block}.{norm}.norm")
            for kind in ("weight", "bias"):
                state[f"generator.{block}.{norm}.{kind}_embedding.weight"] = random.normal(0, 0.3, (CLASSES, WIDTH))
    put("to_rgb.conv", 3, WIDTH, 3, 3, spread=0.15)
    moments("to_rgb.bn")
    put("to_rgb.bn", WIDTH)
    return state


def reference_images(state, latents, labels):
    """The generator in NumPy, channels first: images (batch, 3, 16, 16)."""

    def get(name):
        return state[f"generator.{name}"]

    def convolution(x, name):
        kernel = get(f"{name}.weight")
        border = kernel.shape[-1] // 2
        x = np.pad(x, ((0, 0), (0, 0), (border, border), (border, border)))
        windows = np.lib.stride_tricks.sliding_window_view(x, kernel.shape[2:], axis=(2, 3))
        return np.einsum("bchwij,ocij->bohw", windows, kernel) + get(f"{name}.bias")[:, None, None]

    def normalized(x, name, gain, bias):
        mean, variance = (get(f"{name}.running_{what}")[:, None, None] for what in ("mean", "var"))
        return np.maximum((x - mean) / np.sqrt(variance + 1e-4) * gain[..., None, None] + bias[..., None, None], 0)

    def conditional(x, name):
        gain, bias = (get(f"{name}.{kind}_embedding.weight")[labels] for kind in ("weight", "bias"))
        return normalized(x, f"{name}.norm", 1 + gain, bias)

    def doubled(x):
        return x.repeat(2, axis=2).repeat(2, axis=3)

    x = (latents @ get("noise2feat.weight").T + get("noise2feat.bias")).reshape(len(latents), WIDTH, 4, 4)
    for block in ("conv_blocks.0", "conv_blocks.1"):
        y = convolution(doubled(conditional(x, f"{block}.norm_1")), f"{block}.conv_1.conv")
        y = convolution(conditional(y, f"{block}.norm_2"), f"{block}.conv_2.conv")
        x = y + convolution(doubled(x), f"{block}.shortcut.conv")
    x = normalized(x, "to_rgb.bn", get("to_rgb.bn.weight"), get("to_rgb.bn.bias"))
    return np.tanh(convolution(x, "to_rgb.conv"))


def model(**arguments):
    settings = dict(image_size=16, num_classes=CLASSES, latent_dim=LATENTS, width=WIDTH, discriminator_width=2)
    return SNGAN(**{**settings, "epsilon": 1e-4, **arguments})


def images(gan, latents, labels):
    made = gan.generator([latents.astype("float32"), labels], training=False)
    return keras.ops.convert_to_numpy(made).transpose(0, 3, 1, 2)


@FORMATS
@pytest.mark.parametrize("order", ["rgb", "bgr"])
def test_a_published_sngan_makes_the_images_of_its_publisher(write, order, tmp_path):
    state = published() | {"discriminator.decision.bias": np.ones(1)}
    gan = model()
    path = write(Writer(), {"meta": {}, "state_dict": state}, tmp_path / "sngan.pth")
    report = assign(gan, path, channel_order=order)
    latents, labels = np.random.default_rng(1).normal(size=(3, LATENTS)), np.array([3, 0, 2])
    expected = reference_images(state, latents, labels)[:, :: 1 if order == "rgb" else -1]
    assert np.ptp(expected) > 0.5
    np.testing.assert_allclose(images(gan, latents, labels), expected, atol=1e-4)
    assert report.fits and set(report.assigned) | set(report.skipped) == set(state)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [({"num_classes": None}, "Received: one without classes"), ({"epsilon": 2e-5}, "epsilon=2e-05, not 0.0001")],
)
def test_another_architecture_is_refused(arguments, message, tmp_path):
    path = Writer().zipped({"state_dict": published()}, tmp_path / "sngan.pth")
    with pytest.raises(CheckpointError, match=message):
        assign(model(**arguments), path)


@pytest.mark.skipif(
    not (SHARED / "sngan_proj.pth").exists(), reason="the reference checkpoints are not beside this copy"
)
def test_the_reference_checkpoint_makes_the_reference_images():
    arguments, reference = json.loads((SHARED / "sngan_proj.json").read_text()), np.load(SHARED / "sngan_proj.npz")
    gan = model(
        image_size=arguments["output_scale"],
        num_classes=arguments["num_classes"],
        width=arguments["base_channels"],
        latent_dim=reference["input_0"].shape[1],
    )
    assign(gan, SHARED / "sngan_proj.pth")
    assert np.abs(images(gan, reference["input_0"], reference["input_1"]) - reference["output"]).max() <= 1e-4
