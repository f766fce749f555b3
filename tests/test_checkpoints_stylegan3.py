"""StyleGAN3's files, as NVIDIA pickles them and as OpenMMLab keeps them: the images of their generators."""

import keras
import numpy as np
import pytest
from pth_writer import Writer

import kerasgan
from kerasgan.checkpoints import CheckpointError, assign, detect
from kerasgan.models import StyleGAN2, StyleGAN3

torch = pytest.importorskip("torch")
ada = pytest.importorskip("ada_generator")
alias_free = pytest.importorskip("stylegan3_generator")
SIZES = dict(latent_dim=5, style_dim=5, num_layers=4, channel_base=64, channel_limit=6)
WIDTHS = {"t": (6, 6, 4, 4), "r": (12, 12, 8, 8)}


def network(variant, *, classes=0, seed=0, mapping="mapping"):
    torch.manual_seed(seed)
    options = dict(widths=WIDTHS[variant], style=5, size=16, radial=variant == "r")
    return alias_free.Generator(**options, classes=classes, mapping=mapping)


def images(network, latents, labels=None):
    with torch.no_grad():
        made = network(torch.tensor(latents), None if labels is None else torch.eye(3)[labels])
    return made.numpy().transpose(0, 2, 3, 1)


def unbounded(gan, *inputs):
    return keras.ops.convert_to_numpy(gan.unbounded(gan.mapping([*inputs] if len(inputs) > 1 else inputs[0])))


LATENTS = np.random.default_rng(1).normal(size=(3, 5)).astype("float32")


@pytest.mark.parametrize(("variant", "classes"), [("t", 3), ("r", 0)])
def test_a_pickle_makes_the_publishers_images(variant, classes, tmp_path):
    plain, average = (network(variant, classes=classes, seed=seed) for seed in (0, 1))
    path = tmp_path / "stylegan3.pkl"
    path.write_bytes(ada.written(ada.snapshot(plain, average)))
    gan = StyleGAN3(image_size=16, num_classes=classes or None, variant=variant, **SIZES)
    gan.compile(ema_half_life=100)
    report = assign(gan, path)
    inputs = [LATENTS, np.array([2, 0, 1])][: 2 if classes else 1]
    expected = images(average, *inputs)
    assert np.abs(expected).mean() > 0.05 and report.publisher == "StyleGAN3"
    np.testing.assert_allclose(unbounded(gan, *inputs), expected, atol=1e-5)
    state = {f"{part}.{name}" for part, one in (("G", plain), ("G_ema", average)) for name in one.state_dict()}
    assert report.fits and report.assigned.keys() | report.skipped.keys() == state | {"D.weight", "D.bias"}
    assert set(report.skipped.values()) == {"belongs to the discriminator", "is the constant kernel of the resampling"}


def test_a_pickle_is_found_from_its_tensors_alone(tmp_path):
    (tmp_path / "x.pkl").write_bytes(ada.written(ada.snapshot(*(network("r", seed=seed) for seed in (0, 1)))))
    found = detect(tmp_path / "x.pkl")
    assert (found.publisher, found.family, found.channel_order) == ("StyleGAN3", "StyleGAN3", "rgb")
    assert {**SIZES, "image_size": 16, "variant": "r", "mapping_layers": 2}.items() <= found.arguments.items()
    expected = images(network("r", seed=1), LATENTS).clip(-1, 1)
    np.testing.assert_allclose(kerasgan.load(tmp_path / "x.pkl").generate(latents=LATENTS), expected, atol=1e-5)
    with pytest.raises(CheckpointError, match="StyleGAN3 publishes: StyleGAN3"):
        assign(StyleGAN2(**StyleGAN2.tiny_config), tmp_path / "x.pkl")


def test_openmmlabs_files_make_the_publishers_images(tmp_path):
    published = network("t", mapping="style_mapping")
    state = {f"generator_ema.{name}": tensor.numpy() for name, tensor in published.state_dict().items()}
    path = Writer().zipped({"meta": {}, "state_dict": state}, tmp_path / "stylegan3_t.pth")
    gan = StyleGAN3(image_size=16, **SIZES)
    report = assign(gan, path, channel_order="bgr")
    np.testing.assert_allclose(unbounded(gan, LATENTS), images(published, LATENTS)[..., ::-1], atol=1e-5)
    assert set(report.skipped.values()) == {"is the constant kernel of the resampling"}
    found = detect(path)
    assert (found.publisher, found.family, found.channel_order) == ("OpenMMLab", "StyleGAN3", "rgb")


def test_a_transform_of_the_file_and_one_of_the_user_are_the_same(tmp_path):
    published = network("t")
    gan = StyleGAN3(image_size=16, **SIZES)
    (tmp_path / "x.pkl").write_bytes(ada.written(ada.snapshot(published, published)))
    assign(gan, tmp_path / "x.pkl")
    turned = np.float32([[0.8, -0.6, 0.11], [0.6, 0.8, -0.07], [0, 0, 1]])
    published.synthesis.input.transform.copy_(torch.tensor(turned))
    drawn = gan.render(gan.styles(latents=LATENTS), transform=turned)
    np.testing.assert_allclose(drawn, images(published, LATENTS).clip(-1, 1), atol=1e-5)
    plain = gan.render(gan.styles(latents=LATENTS))
    assert np.abs(drawn - plain).max() > 0.1
    np.testing.assert_array_equal(plain, gan.generate(latents=LATENTS))
