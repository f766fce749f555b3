"""Published StyleGAN2 checkpoints: every tensor in its place, and the images of the publisher."""

import json
from collections import OrderedDict
from pathlib import Path

import keras
import numpy as np
import pytest
from pth_writer import Writer

from kerasgan.checkpoints import CheckpointError, assign
from kerasgan.checkpoints.openmmlab import FAMILIES, stylegan2
from kerasgan.models import StyleGAN2

torch = pytest.importorskip("torch")
SHARED = Path(__file__).parents[2] / "shared" / "checkpoints"
SIZE, WIDTH, STYLE = 16, 6, 5


def published(seed=0):
    """A state dict of a 16x16 generator under OpenMMLab's names, with weights that keep every layer alive."""
    random, state = np.random.default_rng(seed), OrderedDict()

    def put(name, *shape):
        state[f"generator_ema.{name}"] = random.normal(size=shape)

    def modulated(name, outputs, kernel_size):
        put(f"{name}.conv.weight_orig", 1, outputs, WIDTH, kernel_size, kernel_size)
        put(f"{name}.conv.style_modulation.linear.weight_orig", WIDTH, STYLE)
        put(f"{name}.conv.style_modulation.bias", WIDTH)

    def styled(name):
        modulated(name, WIDTH, 3)
        put(f"{name}.noise_injector.weight", 1)
        put(f"{name}.activate.bias", WIDTH)

    def colored(name):
        modulated(name, 3, 1)
        put(f"{name}.bias", 1, 3, 1, 1)

    for index in range(5):
        size = 4 * 2 ** ((index + 1) // 2)
        put(f"injected_noise_{index}", 1, 1, size, size)
    for index in (1, 2):
        put(f"style_mapping.{index}.linear.weight_orig", STYLE, STYLE)
        state[f"generator_ema.style_mapping.{index}.linear.weight_orig"] *= 100
        put(f"style_mapping.{index}.bias", STYLE)
    put("constant_input.input", 1, WIDTH, 4, 4)
    styled("conv1")
    colored("to_rgb1")
    for index in range(4):
        styled(f"convs.{index}")
    for index in range(2):
        state[f"generator_ema.convs.{2 * index}.conv.blur.kernel"] = np.ones((4, 4))
        state[f"generator_ema.to_rgbs.{index}.upsample.kernel"] = np.ones((4, 4))
        colored(f"to_rgbs.{index}")
    return state


def reference_images(state, latents):
    """The generator in PyTorch, a kernel for each image: (batch, 3, 16, 16), not bounded."""
    state = {name.removeprefix("generator_ema."): torch.tensor(value) for name, value in state.items()}
    functional = torch.nn.functional
    taps = torch.tensor([1.0, 3.0, 3.0, 1.0], dtype=torch.float64) / 4
    blur = torch.outer(taps, taps)[None, None]

    def filtered(x, padding):
        lines = functional.pad(x.flatten(0, 1)[:, None], padding)
        return functional.conv2d(lines, blur).unflatten(0, x.shape[:2])[:, :, 0]

    def activated(x, bias):
        return functional.leaky_relu(x + bias, 0.2) * 2**0.5

    def modulated(x, style, name, *, demodulate=True, up=False):
        weight, linear = state[f"{name}.conv.weight_orig"], state[f"{name}.conv.style_modulation.linear.weight_orig"]
        scales = style @ linear.T / STYLE**0.5 + state[f"{name}.conv.style_modulation.bias"]
        images = []
        for image, scale in zip(x, scales):
            kernel = weight[0] / np.sqrt(weight[0, 0].numel()) * scale[:, None, None]
            if demodulate:
                kernel = kernel / (kernel.square().sum((1, 2, 3), keepdim=True) + 1e-8).sqrt()
            if up:
                images.append(functional.conv_transpose2d(image[None], kernel.transpose(0, 1), stride=2))
            else:
                images.append(functional.conv2d(image[None], kernel, padding=kernel.shape[-1] // 2))
        made = torch.cat(images)
        return filtered(made, (1, 1, 1, 1)) if up else made

    def styled(x, style, name, noise, *, up=False):
        x = modulated(x, style, name, up=up)
        x = x + state[f"{name}.noise_injector.weight"] * state[f"injected_noise_{noise}"]
        return activated(x, state[f"{name}.activate.bias"][:, None, None])

    def colored(x, style, name):
        return modulated(x, style, name, demodulate=False) + state[f"{name}.bias"]

    style = torch.tensor(latents)
    style = style / (style.square().mean(1, keepdim=True) + 1e-8).sqrt()
    for index in (1, 2):
        weight = state[f"style_mapping.{index}.linear.weight_orig"] * 0.01 / STYLE**0.5
        style = activated(style @ weight.T, state[f"style_mapping.{index}.bias"] * 0.01)
    x = styled(state["constant_input.input"].expand(len(latents), -1, -1, -1), style, "conv1", 0)
    image = colored(x, style, "to_rgb1")
    for index in range(2):
        x = styled(x, style, f"convs.{2 * index}", 2 * index + 1, up=True)
        x = styled(x, style, f"convs.{2 * index + 1}", 2 * index + 2)
        spread = torch.zeros(*image.shape[:2], 2 * image.shape[2], 2 * image.shape[3], dtype=torch.float64)
        spread[:, :, ::2, ::2] = image
        image = filtered(spread, (2, 1, 2, 1)) + colored(x, style, f"to_rgbs.{index}")
    return image.numpy()


def model(**arguments):
    options = dict(image_size=SIZE, latent_dim=STYLE, style_dim=STYLE, mapping_layers=2, channel_limit=WIDTH)
    return StyleGAN2(**{**options, **arguments})


def unbounded_images(gan, latents):
    """As `gan.generator` makes them before they are clipped, channels first."""
    made = gan.unbounded(gan.mapping(latents.astype("float32")))
    return keras.ops.convert_to_numpy(made).transpose(0, 3, 1, 2)


@pytest.mark.parametrize("order", ["rgb", "bgr"])
def test_a_published_stylegan2_makes_the_images_of_its_publisher(order, tmp_path):
    state, gan = published(), model()
    path = Writer().zipped({"meta": {}, "state_dict": state}, tmp_path / "x.pth")
    report = assign(gan, path, channel_order=order)
    latents = np.random.default_rng(1).normal(size=(3, STYLE))
    expected = reference_images(state, latents)[:, :: 1 if order == "rgb" else -1]
    made = unbounded_images(gan, latents)
    assert np.abs(expected).mean() > 0.5
    np.testing.assert_allclose(made, expected, rtol=1e-4, atol=1e-4)
    drawn = gan.generate(latents=latents).transpose(0, 3, 1, 2)
    np.testing.assert_allclose(drawn, expected.clip(-1, 1), atol=1e-4)
    assert report.fits and set(report.assigned) | set(report.skipped) == set(state)
    assert len(report.skipped) == 4  # the constant kernels


def test_the_mean_style_that_no_file_holds_is_computed(tmp_path):
    gan = model()
    assign(gan, Writer().zipped({"state_dict": published()}, tmp_path / "x.pth"))
    styles = gan.styles(4000, seed=1)[:, 0]
    np.testing.assert_allclose(gan.mean_style, styles.mean(axis=0), atol=5 * styles.std() / np.sqrt(4000))


def test_another_architecture_is_refused(tmp_path):
    path = Writer().zipped({"state_dict": published()}, tmp_path / "x.pth")
    with pytest.raises(CheckpointError, match="Received: one with classes"):
        assign(model(num_classes=2), path)


@pytest.mark.skipif(
    not (SHARED / "stylegan2.pth").exists(), reason="the reference checkpoints are not beside this copy"
)
def test_the_reference_checkpoint_makes_the_reference_images():
    arguments, reference = json.loads((SHARED / "stylegan2.json").read_text()), np.load(SHARED / "stylegan2.npz")
    dim = arguments["style_channels"]
    # Its channels are a sixteenth of the usual 512 at 4 to 32 pixels.
    gan = model(
        image_size=arguments["out_size"],
        latent_dim=dim,
        style_dim=dim,
        mapping_layers=arguments["num_mlps"],
        channel_limit=512 // 16,
    )
    assign(gan, SHARED / "stylegan2.pth")
    assert np.abs(unbounded_images(gan, reference["input_0"]) - reference["output"]).max() <= 1e-4


@pytest.mark.slow
@pytest.mark.skipif(not (SHARED / "layouts").exists(), reason="the layouts are not beside this copy")
@pytest.mark.parametrize("size", [256, 1024])
def test_the_published_layouts_have_a_place_for_every_tensor(size):
    tensors = json.loads((SHARED / "layouts" / f"stylegan2_{size}.json").read_text())["tensors"]
    places = stylegan2.placements(StyleGAN2(image_size=size).generator)
    found = {f"generator_ema.{place.tensor}": list(place.expected_shape) for place in places}
    assert FAMILIES["StyleGAN2"] is stylegan2.LAYOUT
    assert found == {name: shape for name, shape in tensors.items() if not name.endswith(".kernel")}
