"""Published StyleGAN checkpoints: every tensor in its place, and the images of the publisher."""

import json
from pathlib import Path

import keras
import numpy as np
import pytest
from pth_writer import Writer

from kerasgan.checkpoints import CheckpointError, assign
from kerasgan.checkpoints.openmmlab import FAMILIES, skipped, stylegan
from kerasgan.models import StyleGAN

torch = pytest.importorskip("torch")
networks = pytest.importorskip("openmmlab_stylegan")
LAYOUTS = Path(__file__).parents[2] / "shared" / "checkpoints" / "layouts"
STYLE = 5


def model(**arguments):
    options = dict(image_size=16, latent_dim=STYLE, style_dim=STYLE, mapping_layers=2, channel_base=64, channel_limit=6)
    return StyleGAN(**{**options, "variant": "rectified", **arguments})


@pytest.fixture(scope="module")
def network():
    """Of 16 pixels, with weights that keep every layer alive; all that training fades in is there."""
    torch.manual_seed(0)
    made = networks.StyleGANv1Generator(widths=(6, 6, 4), style=STYLE, depth=2)
    with torch.no_grad():
        for name, parameter in made.named_parameters():
            scale = 100.0 if name.startswith("style_mapping") else 0.5 if name.startswith("to_rgbs") else 1.0
            parameter.copy_(scale * torch.randn_like(parameter))
    return made


def file(network, path):
    state = {f"generator_ema.{name}": tensor.numpy() for name, tensor in network.state_dict().items()}
    state["discriminator.conv0.weight"] = np.zeros((4, 3, 1, 1))
    return Writer().zipped({"meta": {}, "state_dict": state}, path), state


@pytest.mark.parametrize("order", ["rgb", "bgr"])
def test_a_published_stylegan_makes_the_images_of_its_publisher(order, network, tmp_path):
    path, state = file(network, tmp_path / "x.pth")
    gan = model()
    report = assign(gan, path, channel_order=order)
    latents = np.random.default_rng(1).normal(size=(3, STYLE)).astype("float32")
    with torch.no_grad():
        expected = network(torch.tensor(latents)).numpy()[:, :: 1 if order == "rgb" else -1]
    assert np.abs(expected).mean() > 0.3 and expected.std((0, 2, 3)).min() > 0.1
    made = keras.ops.convert_to_numpy(gan.unbounded(gan.mapping(latents))).transpose(0, 3, 1, 2)
    np.testing.assert_allclose(made, expected, atol=1e-4)
    drawn = gan.generate(latents=latents).transpose(0, 3, 1, 2)
    np.testing.assert_allclose(drawn, expected.clip(-1, 1), atol=1e-4)
    assert report.fits and set(report.assigned) | set(report.skipped) == set(state)
    assert len(report.skipped) == 3  # the discriminator and the blurs' kernels
    styles = gan.styles(4000, seed=1)[:, 0]
    np.testing.assert_allclose(gan.mean_style, styles.mean(axis=0), atol=5 * styles.std() / np.sqrt(4000))


@pytest.mark.parametrize(
    ("arguments", "message"),
    [({"variant": "paper"}, "'rectified'.*Received: one of the paper's"), ({"num_classes": 2}, "one with classes")],
)
def test_another_architecture_is_refused(arguments, message, network, tmp_path):
    with pytest.raises(CheckpointError, match=message):
        assign(model(**arguments), file(network, tmp_path / "x.pth")[0])


def test_an_unknown_variant_is_refused():
    with pytest.raises(ValueError, match=r"one of paper, rectified\. Received: variant='blurred'"):
        model(variant="blurred")


@pytest.mark.slow
@pytest.mark.parametrize("size", [256, 1024])
def test_the_full_size_generators_have_a_place_for_every_published_tensor(size):
    widths = [min(16384 // 2**level, 512) for level in range(2, size.bit_length())]
    with torch.device("meta"):
        state = networks.StyleGANv1Generator(widths=widths, style=512, depth=8).state_dict()
    published = {name: list(tensor.shape) for name, tensor in state.items()}
    if size == 256 and LAYOUTS.exists():
        listed = json.loads((LAYOUTS / "stylegan1_256.json").read_text())["tensors"]
        assert {name.removeprefix("generator_ema."): shape for name, shape in listed.items()} == published
    places = stylegan.placements(StyleGAN(image_size=size, variant="rectified").generator)
    assert FAMILIES["StyleGAN"] is stylegan.LAYOUT
    found = {place.tensor: list(place.expected_shape) for place in places}
    assert found == {name: shape for name, shape in published.items() if skipped(name) is None}
