"""OpenMMLab's published generators: their images, against PyTorch, and the tensors of the full-size networks."""

from pathlib import Path

import keras
import numpy as np
import pytest
from pth_writer import Writer

from kerasgan.checkpoints import assign
from kerasgan.models import LSGAN, SAGAN, WGANGP, BigGAN, BigGANDeep

torch = pytest.importorskip("torch")
networks = pytest.importorskip("openmmlab_networks")

LAYOUTS = Path(__file__).parents[2] / "shared" / "checkpoints" / "layouts"
LATENTS, CLASSES = 12, 3

# Each small network as we and as they build it, and whether it knows classes.
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
