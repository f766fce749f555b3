"""The discriminators of published StyleGAN2 checkpoints, with which a training goes on."""

from collections import OrderedDict

import keras
import numpy as np
import pytest
from pth_writer import Writer

from kerasgan.checkpoints import assign
from kerasgan.models import StyleGAN2

torch = pytest.importorskip("torch")
ada = pytest.importorskip("ada_generator")
SIZE, WIDTH, STYLE = 16, 6, 5
# (layer, kernel size) by the names of the paper's figure 7, from the image on.
LAYERS = [("rgb", 1), ("conv0.3", 3), ("conv1.3", 3), ("skip.3", 1), ("conv0.2", 3), ("conv1.2", 3), ("skip.2", 1)]
OPENMMLAB = {"rgb": ("convs.0.0.conv", "convs.0.1"), "last": ("final_conv.0.conv", "final_conv.1")}
for block, level in ((1, 3), (2, 2)):
    OPENMMLAB[f"conv0.{level}"] = f"convs.{block}.conv1.0.conv", f"convs.{block}.conv1.1"
    OPENMMLAB[f"conv1.{level}"] = f"convs.{block}.conv2.1.conv", f"convs.{block}.conv2.2"
    OPENMMLAB[f"skip.{level}"] = f"convs.{block}.skip.1.conv", None
for index, name in enumerate(("dense", "logit")):
    OPENMMLAB[name] = f"final_linear.{index}.linear", f"final_linear.{index}"
ADA = {"rgb": "b16.fromrgb", "last": "b4.conv", "dense": "b4.fc", "logit": "b4.out"}
ADA |= {f"{name}.{level}": f"b{2 * 2**level}.{name}" for level in (2, 3) for name in ("conv0", "conv1", "skip")}


def drawn():
    """Weight and bias of each layer, by the paper's names, in PyTorch's shapes."""
    random = np.random.default_rng(0)
    shapes = {name: (WIDTH, 3 if name == "rgb" else WIDTH, size, size) for name, size in LAYERS}
    shapes |= {"last": (WIDTH, WIDTH + 1, 3, 3), "dense": (WIDTH, 16 * WIDTH), "logit": (1, WIDTH)}
    biases = {name: None if name.startswith("skip") else random.normal(size=shape[0]) for name, shape in shapes.items()}
    return {name: (random.normal(size=shape), biases[name]) for name, shape in shapes.items()}


def logits(weights, images):
    """Figure 7 of 1912.04958, right, in PyTorch: images (batch, 3, 16, 16), fewer than five."""
    functional = torch.nn.functional
    taps = torch.tensor([1.0, 3.0, 3.0, 1.0], dtype=torch.float64) / 8

    def layer(x, name, *, down=False, active=True):
        weight, bias = (None if each is None else torch.tensor(each) for each in weights[name])
        weight = weight / weight[0].numel() ** 0.5
        if weight.ndim == 2:
            x = x @ weight.T
        else:
            side = weight.shape[-1] - 1
            if down:
                blur = torch.outer(taps, taps).expand(x.shape[1], 1, 4, 4)
                x = functional.conv2d(functional.pad(x, [1 + side // 2] * 4), blur, groups=x.shape[1])
            x = functional.conv2d(x, weight, stride=2 if down else 1, padding=0 if down else side // 2)
            bias = None if bias is None else bias[:, None, None]
        x = x if bias is None else x + bias
        return functional.leaky_relu(x, 0.2) * 2**0.5 if active else x

    x = layer(images, "rgb")
    for level in (3, 2):
        y = layer(layer(x, f"conv0.{level}"), f"conv1.{level}", down=True)
        x = (y + layer(x, f"skip.{level}", down=True, active=False)) / 2**0.5
    deviation = (x.var(0, unbiased=False) + 1e-8).sqrt().mean().expand(len(x), 1, 4, 4)
    x = layer(torch.cat([x, deviation], 1), "last")
    return layer(layer(x.flatten(1), "dense"), "logit", active=False).numpy()


def model(**options):
    sizes = dict(latent_dim=STYLE, style_dim=STYLE, mapping_layers=2, channel_base=96, channel_limit=WIDTH)
    gan = StyleGAN2(image_size=SIZE, **sizes, **options)
    gan.compile(ema_half_life=100)
    return gan


def openmmlab_file(gan, weights, path):
    from kerasgan.checkpoints.openmmlab import stylegan2

    tensors = OrderedDict()
    for prefix in ("generator.", "generator_ema."):
        for place in stylegan2.placements(gan.generator):
            tensors[prefix + place.tensor] = np.zeros(place.expected_shape, "float32")
    for name, (weight, bias) in weights.items():
        first, second = OPENMMLAB[name]
        tensors[f"discriminator.{first}.weight_orig"] = weight
        if bias is not None:
            tensors[f"discriminator.{second}.bias"] = bias
    writer = Writer()
    return writer.zipped({"state_dict": tensors}, path / "gan.pth")


def ada_file(gan, weights, path):
    root = ada.Persistent()
    for name, (weight, bias) in weights.items():
        block, layer = ADA[name].split(".")
        if not hasattr(root, block):
            root.add_module(block, ada.Persistent())
        module = ada.Persistent()
        module.weight = torch.nn.Parameter(torch.tensor(weight, dtype=torch.float32))
        if bias is not None:
            module.bias = torch.nn.Parameter(torch.tensor(bias, dtype=torch.float32))
        getattr(root, block).add_module(layer, module)
    plain, average = (ada.Generator(widths=[WIDTH] * 3, style=STYLE) for _ in range(2))
    file = path / "snapshot.pkl"
    file.write_bytes(ada.written(ada.snapshot(plain, average, D=root)))
    return file


@pytest.mark.parametrize(("write", "order"), [(openmmlab_file, "bgr"), (openmmlab_file, "rgb"), (ada_file, "rgb")])
def test_a_published_discriminator_gives_the_publishers_logits(write, order, tmp_path):
    gan, weights = model(), drawn()
    report = assign(gan, write(gan, weights, tmp_path), channel_order=order)
    assert report.networks == ("generator", "discriminator", "average")
    images = np.random.default_rng(1).uniform(-1, 1, (4, SIZE, SIZE, 3))
    theirs = (images[..., ::-1] if order == "bgr" else images).transpose(0, 3, 1, 2)
    expected = logits(weights, torch.tensor(theirs.copy()))
    assert np.ptp(expected) > 0.05
    found = keras.ops.convert_to_numpy(gan.discriminator(images.astype("float32")))
    np.testing.assert_allclose(found, expected, rtol=1e-4, atol=1e-4)


def test_a_discriminator_of_another_architecture_is_left_out(tmp_path):
    gan, weights = model(residual=False), drawn()
    before = gan.discriminator.get_weights()
    report = assign(gan, openmmlab_file(gan, weights, tmp_path))
    assert report.networks == ("generator", "average") and report.fits
    assert report.skipped["discriminator.convs.0.1.bias"] == "belongs to the discriminator"
    for kept, weight in zip(before, gan.discriminator.get_weights(), strict=True):
        np.testing.assert_array_equal(kept, weight)
