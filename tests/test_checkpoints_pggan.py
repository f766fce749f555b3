"""Published Progressive GANs: every tensor in its place, and the images of the publisher."""

import json
from collections import OrderedDict
from itertools import pairwise
from pathlib import Path

import keras
import numpy as np
import pytest
from pth_writer import Writer

from kerasgan.checkpoints import assign
from kerasgan.checkpoints.openmmlab import pggan
from kerasgan.models import PGGAN

torch = pytest.importorskip("torch")
LAYOUTS = Path(__file__).parents[2] / "shared" / "checkpoints" / "layouts"
WIDTHS, LATENTS = (8, 8, 4), 5  # of the maps of 4, 8 and 16 pixels


def published(seed=0):
    """A state dict of a 16x16 generator under OpenMMLab's names."""
    random, state = np.random.default_rng(seed), OrderedDict()

    def put(name, *shape):
        # Small features, so that what normalization adds to their mean square or its root counts.
        small = 3e-3 if name.startswith("conv_blocks") else 1.0
        state[f"generator_ema.{name}"] = small * random.normal(size=shape)

    put("noise2feat.bias", 1, WIDTHS[0], 1, 1)
    put("noise2feat.linear.weight_orig", 16 * WIDTHS[0], LATENTS)
    for index, width in enumerate(WIDTHS):
        put(f"torgb_layers.{index}.conv.bias", 3)
        put(f"torgb_layers.{index}.conv.weight_orig", 3, width, 1, 1)
        put(f"conv_blocks.{2 * index}.conv.bias", width)
        put(f"conv_blocks.{2 * index}.conv.weight_orig", width, width, 3, 3)
    for index, (inputs, outputs) in enumerate(pairwise(WIDTHS)):
        put(f"conv_blocks.{2 * index + 1}.conv.bias", outputs)
        put(f"conv_blocks.{2 * index + 1}.conv.weight_orig", inputs, outputs, 3, 3)  # of a transposed convolution
    return state


def reference_images(state, latents):
    """The generator in PyTorch, upsampling by transposed convolutions: (batch, 3, 16, 16), not bounded."""
    state = {name.removeprefix("generator_ema."): torch.tensor(value) for name, value in state.items()}
    functional = torch.nn.functional

    def normalized(x):
        return x / (x.square().mean(1, keepdim=True).sqrt() + 1e-6)

    def finished(x):
        return normalized(functional.leaky_relu(x, 0.2))

    def scaled(name, gain):
        weight = state[f"{name}.weight_orig"]
        return weight * gain / np.sqrt(weight[0].numel())

    def convolution(x, name, gain=2**0.5):
        weight = scaled(f"{name}.conv", gain)
        return functional.conv2d(x, weight, state[f"{name}.conv.bias"], padding=weight.shape[-1] // 2)

    def up(x, name):
        wide = functional.pad(scaled(f"{name}.conv", 2**0.5), (1, 1, 1, 1))
        weight = wide[..., 1:, 1:] + wide[..., 1:, :-1] + wide[..., :-1, 1:] + wide[..., :-1, :-1]
        return functional.conv_transpose2d(x, weight, state[f"{name}.conv.bias"], stride=2, padding=1)

    x = normalized(torch.tensor(latents)) @ scaled("noise2feat.linear", 2**0.5 / 4).T
    x = finished(x.unflatten(1, (-1, 4, 4)) + state["noise2feat.bias"])
    x = finished(convolution(x, "conv_blocks.0"))
    for index in range(2):
        x = finished(up(x, f"conv_blocks.{2 * index + 1}"))
        x = finished(convolution(x, f"conv_blocks.{2 * index + 2}"))
    return convolution(x, "torgb_layers.2", gain=1).numpy()


@pytest.mark.parametrize("order", ["rgb", "bgr"])
def test_a_published_progressive_gan_makes_the_images_of_its_publisher(order, tmp_path):
    state = published()
    gan = PGGAN(image_size=16, latent_dim=LATENTS, channel_base=64, channel_limit=8, root_epsilon=1e-6)
    path = Writer().zipped({"meta": {}, "state_dict": state}, tmp_path / "x.pth")
    report = assign(gan, path, channel_order=order)
    latents = np.random.default_rng(1).normal(size=(3, LATENTS))
    expected = reference_images(state, latents)[:, :: 1 if order == "rgb" else -1]
    linear = keras.Model(gan.generator.input, gan.generator.get_layer("images").input)
    made = keras.ops.convert_to_numpy(linear(latents.astype("float32"))).transpose(0, 3, 1, 2)
    assert np.abs(expected).mean() > 0.5
    np.testing.assert_allclose(made, expected, rtol=1e-5, atol=1e-5)
    assert report.fits and set(report.assigned) == set(state)


@pytest.mark.slow
@pytest.mark.skipif(not LAYOUTS.exists(), reason="the layouts are not beside this copy")
@pytest.mark.parametrize("size", [128, 1024])
def test_the_published_layouts_have_a_place_for_every_tensor(size):
    tensors = json.loads((LAYOUTS / f"pggan_{size}.json").read_text())["tensors"]
    places = pggan.placements(PGGAN(image_size=size).generator)
    assert {f"generator_ema.{place.tensor}": list(place.expected_shape) for place in places} == tensors
