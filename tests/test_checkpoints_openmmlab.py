"""OpenMMLab's published generators: their images, against PyTorch, and the tensors of the full-size networks."""

import json
from pathlib import Path

import keras
import numpy as np
import pytest
from pth_writer import Writer

from kerasgan import models, zoo
from kerasgan.checkpoints import assign, openmmlab
from kerasgan.models import LSGAN, SAGAN, WGANGP, BigGAN, BigGANDeep

torch = pytest.importorskip("torch")
networks = pytest.importorskip("openmmlab_networks")

LAYOUTS = Path(__file__).parents[2] / "shared" / "checkpoints" / "layouts"
LATENTS, CLASSES = 12, 3
FAMILIES = ("BigGAN", "BigGANDeep", "DCGAN", "LSGAN", "SAGAN", "SNGAN", "WGANGP")

# Each small network here and in OpenMMLab, and whether it is class-conditional.
STORED = {"spectral_estimate": "stored"}
TABLES = {**STORED, "spectral_tables": True, "epsilon": 1e-4}
SMALL = {
    "lsgan": (
        lambda: LSGAN(image_size=16, latent_dim=LATENTS, width=2, variant="torch", doublings=3),
        lambda: networks.LSGANGenerator(size=16, start=2, top=8, latent_dim=LATENTS),
    ),
    "wgan-gp": (
        lambda: WGANGP(image_size=16, latent_dim=LATENTS, width=4, variant="plain"),
        lambda: networks.WGANGPGenerator(widths=(8, 8, 4), latent_dim=LATENTS),
    ),
    "sagan": (
        lambda: SAGAN(image_size=16, latent_dim=LATENTS, width=8, attention_size=8, num_classes=CLASSES, **TABLES),
        lambda: networks.SAGANGenerator(widths=(32, 16, 8), latent_dim=LATENTS, classes=CLASSES, attend_after=1),
    ),
    "sagan of equal widths": (
        lambda: SAGAN(
            image_size=16, latent_dim=LATENTS, width=8, growth=1, attention_size=16, num_classes=CLASSES, **STORED
        ),
        lambda: networks.SAGANGenerator(
            widths=(8, 8, 8), latent_dim=LATENTS, classes=CLASSES, attend_after=2, tables=None, epsilon=1e-5
        ),
    ),
    "biggan": (
        lambda: BigGAN(
            image_size=16, latent_dim=LATENTS, width=2, embedding_dim=5, attention_size=8, num_classes=CLASSES
        ),
        lambda: networks.BigGANGenerator(
            widths=(8, 8, 8), latent_dim=LATENTS, classes=CLASSES, shared=5, attend_after=1
        ),
    ),
    "biggan of pytorch's vectors": (
        lambda: BigGAN(
            image_size=16, latent_dim=LATENTS, width=2, embedding_dim=5, attention_size=0, num_classes=CLASSES, **STORED
        ),
        lambda: networks.BigGANGenerator(
            widths=(8, 8, 8), latent_dim=LATENTS, classes=CLASSES, shared=5, style="torch"
        ),
    ),
    "biggan without shared embedding": (
        lambda: BigGAN(
            image_size=16, latent_dim=LATENTS, width=2, embedding_dim=0, attention_size=0, num_classes=CLASSES, **STORED
        ),
        lambda: networks.BigGANGenerator(
            widths=(8, 8, 8), latent_dim=LATENTS, classes=CLASSES, shared=0, style="torch"
        ),
    ),
    "biggan-deep": (
        lambda: BigGANDeep(
            image_size=16, latent_dim=LATENTS, width=4, embedding_dim=5, attention_size=8, num_classes=CLASSES, **STORED
        ),
        lambda: networks.BigGANDeepGenerator(
            widths=(16, 16, 16), latent_dim=LATENTS, classes=CLASSES, shared=5, attend_after=1
        ),
    ),
}

TWICE = {32: (1, 1, 1, 1), 128: (16, 16, 8, 4, 2, 1)}  # OpenMMLab's widths from 4x4 on, in units of its base
BIGGAN = {32: (4, 4, 4, 4), 128: (16, 16, 8, 4, 2, 1), 256: (16, 16, 8, 8, 4, 2, 1), 512: (16, 16, 8, 8, 4, 2, 1, 1)}


def published(family, model):
    """OpenMMLab's network of a recipe's model."""
    size, latent_dim, width = model["image_size"], model["latent_dim"], model.get("width", 256)
    after = {"attend_after": (model.get("attention_size", 0) // 4).bit_length() - 1}
    style = "torch" if model.get("spectral_estimate") == "stored" else "brock"
    if family == "DCGAN":
        return networks.DCGANGenerator(size=size, width=width, latent_dim=latent_dim, channels=model["channels"])
    if family == "LSGAN":
        return networks.LSGANGenerator(size=size, start=8, top=4 * width, latent_dim=latent_dim)
    if family == "WGANGP":
        return networks.WGANGPGenerator(widths=(512, 512, 256, 128, 64, 32), latent_dim=latent_dim)
    options = {"classes": model["num_classes"], "latent_dim": latent_dim}
    if family in ("SNGAN", "SAGAN"):
        widths = [{32: 256, 128: 64}[size] * factor for factor in TWICE[size]]
        tables = "torch" if model.get("spectral_tables") else None
        options |= {"style": None} if family == "SNGAN" else after
        return networks.SAGANGenerator(widths=widths, tables=tables, **options)
    widths = [width * factor for factor in BIGGAN[size]]
    if family == "BigGANDeep":
        return networks.BigGANDeepGenerator(widths=widths, **options, **after)
    return networks.BigGANGenerator(widths=widths, style=style, shared=model["embedding_dim"], **options, **after)


def drawn(gan):
    random = np.random.default_rng(1)
    latents = random.normal(size=(4, LATENTS)).astype("float32")
    return [latents] if gan.num_classes is None else [latents, random.integers(0, CLASSES, 4)]


@pytest.mark.filterwarnings("ignore:.*spectral_norm.*:FutureWarning")
@pytest.mark.parametrize("name", SMALL)
def test_a_published_generator_makes_the_images_of_its_publisher(name, tmp_path):
    ours, theirs = SMALL[name]
    gan = ours()
    inputs = drawn(gan)
    tensors = [torch.tensor(part) for part in inputs]
    network = networks.trained(theirs(), *tensors)
    with torch.no_grad():
        expected = network(*tensors).numpy()[:, ::-1]
    assert np.ptp(expected) > 0.5 and np.abs(expected).mean() < 0.95
    state = {f"generator_ema.{key}": tensor.numpy() for key, tensor in network.state_dict().items()}
    path = Writer().zipped({"meta": {}, "state_dict": state}, tmp_path / "x.pth")
    report = assign(gan, path, channel_order="bgr")
    made = gan.generator(inputs if len(inputs) > 1 else inputs[0], training=False)
    np.testing.assert_allclose(keras.ops.convert_to_numpy(made).transpose(0, 3, 1, 2), expected, atol=1e-4)
    assert report.fits and set(report.assigned) | set(report.skipped) == set(state)


def architectures():
    """One published entry for each network."""
    found = {}
    for name in zoo.names(pretrained=True):
        recipe = zoo.recipe(name)
        if recipe.weights.get("format") == "openmmlab" and recipe.family in FAMILIES:
            found.setdefault((recipe.family, repr(dict(recipe.model))), name)
    return sorted(found.values())


@pytest.fixture
def unfilled(monkeypatch):
    """Drawing a hundred million weights takes a minute; their shapes do not depend on what is in them."""
    initializers = keras.initializers
    for kind in (initializers.Orthogonal, initializers.RandomNormal, initializers.GlorotUniform):
        monkeypatch.setattr(kind, "__call__", lambda self, shape, dtype=None: keras.ops.zeros(shape, dtype))


def tensors(family, model):
    """Names and shapes that our network of a recipe's model expects."""
    gan = getattr(models, family)(**model)
    return {place.tensor: place.expected_shape for place in openmmlab.FAMILIES[family].placements(gan.generator)}


@pytest.mark.slow
@pytest.mark.usefixtures("unfilled")
@pytest.mark.parametrize("name", architectures())
def test_the_full_size_networks_have_a_place_for_every_published_tensor(name):
    recipe = zoo.recipe(name)
    with torch.device("meta"):
        state = published(recipe.family, recipe.model).state_dict()
    expected = {key: tuple(tensor.shape) for key, tensor in state.items() if openmmlab.skipped(key) is None}
    assert tensors(recipe.family, recipe.model) == expected


LISTED = {
    "dcgan_64": "dcgan-celeba",
    "dcgan_mnist_64": "dcgan-mnist",
    "lsgan_128": "lsgan-lsun-bedroom-128",
    "wgangp_128": "wgan-gp-celeba-128",
    "sngan_32": "sngan-cifar10",
    "sngan_128": "sngan-imagenet-128",
    "sagan_32": "sagan-cifar10",
    "sagan_128": "sagan-imagenet-128",
    "biggan_128": "biggan-imagenet-128",
}


@pytest.mark.skipif(not LAYOUTS.exists(), reason="the lists of published tensors are not beside this copy")
@pytest.mark.parametrize("layout", LISTED)
def test_the_pytorch_networks_are_those_of_the_publisher(layout):
    """The references here, against the publisher's own lists; that of BigGAN is of PyTorch's normalization."""
    recipe = zoo.recipe(LISTED[layout])
    with torch.device("meta"):
        state = published(recipe.family, {**recipe.model, "spectral_estimate": "stored"}).state_dict()
    listed = json.loads((LAYOUTS / f"{layout}.json").read_text())["tensors"]
    found = {name.partition(".")[2]: shape for name, shape in listed.items()}
    assert {name: list(tensor.shape) for name, tensor in state.items()} == found
