"""Files of CycleGAN's, pix2pix', DeblurGAN's and ESRGAN's authors, written as their code does, make their images."""

import re
import warnings
from functools import partial

import keras
import numpy as np
import pytest

import kerasgan
from kerasgan.checkpoints import CheckpointError, assign
from kerasgan.models import ESRGAN, CycleGAN, DeblurGAN, Pix2Pix

torch = pytest.importorskip("torch")
networks = pytest.importorskip("openmmlab_networks")
from torch import nn  # noqa: E402

norm = nn.InstanceNorm2d


class ResnetBlock(nn.Module):
    def __init__(self, width, dropout, norm):
        super().__init__()
        halves = [[nn.ReflectionPad2d(1), nn.Conv2d(width, width, 3), norm(width)] for _ in range(2)]
        between = [nn.ReLU(), *([nn.Dropout(0.5)] if dropout else [])]
        self.conv_block = nn.Sequential(*halves[0], *between, *halves[1])

    def forward(self, x):
        return x + self.conv_block(x)


class ResnetGenerator(nn.Module):
    def __init__(self, *, width=2, blocks=2, dropout=False, norm=norm):
        super().__init__()
        layers = [nn.ReflectionPad2d(3), nn.Conv2d(3, width, 7), norm(width), nn.ReLU()]
        for inputs in (width, 2 * width):
            layers += [nn.Conv2d(inputs, 2 * inputs, 3, 2, 1), norm(2 * inputs), nn.ReLU()]
        layers += [ResnetBlock(4 * width, dropout, norm) for _ in range(blocks)]
        for outputs in (2 * width, width):
            layers += [nn.ConvTranspose2d(2 * outputs, outputs, 3, 2, 1, 1), norm(outputs), nn.ReLU()]
        self.model = nn.Sequential(*layers, nn.ReflectionPad2d(3), nn.Conv2d(width, 3, 7), nn.Tanh())

    def forward(self, x):
        return self.model(x)


class Deblurring(ResnetGenerator):
    """What the network makes is added to the image."""

    def forward(self, x):
        return (x + self.model(x)).clamp(-1, 1)


class UnetLevel(nn.Module):
    def __init__(self, images, width, inner, *, outer=False):
        super().__init__()
        down = nn.Conv2d(images, width, 4, 2, 1, bias=False)
        up = nn.ConvTranspose2d(2 * width if inner else width, images, 4, 2, 1, bias=outer)
        self.outer = outer
        if outer:
            parts = [down, inner, nn.ReLU(), up, nn.Tanh()]
        else:
            below = [nn.BatchNorm2d(width), inner] if inner else []
            parts = [nn.LeakyReLU(0.2), down, *below, nn.ReLU(), up, nn.BatchNorm2d(images)]
            parts += [nn.Dropout(0.5)] if inner else []
        self.model = nn.Sequential(*parts)

    def forward(self, x):
        return self.model(x) if self.outer else torch.cat([x, self.model(x)], 1)


class UnetGenerator(nn.Module):
    def __init__(self):
        super().__init__()
        innermost = UnetLevel(8, 16, None)
        self.model = UnetLevel(3, 4, UnetLevel(4, 8, innermost), outer=True)

    def forward(self, x):
        return self.model(x)


class OfOurRange:
    """Of images in [-1, 1]."""

    def forward(self, x):
        return 2 * super().forward(x / 2 + 0.5).clamp(0, 1) - 1


class RRDBNet(OfOurRange, networks.RRDBNet):
    def __init__(self, **sizes):
        super().__init__(width=4, growth=3, **sizes)
        self.conv_last.bias.data += 0.4  # amid the range


class Compact(OfOurRange, networks.SRVGGNetCompact):
    def __init__(self, **sizes):
        super().__init__(width=4, **sizes)
        for layer in self.body:
            if isinstance(layer, nn.PReLU):  # each slope its own
                layer.weight.data += 0.1 * torch.rand(4)


def alive(network):
    """At rest, with weights and moving statistics that keep every layer alive."""
    if isinstance(network, OfOurRange):
        return network
    for name, tensor in network.state_dict().items():
        if tensor.is_floating_point():
            tensor.copy_(torch.rand_like(tensor) + 0.5 if name.endswith("_var") else 0.3 * torch.randn_like(tensor))
    return network.eval()


def tracked(network):
    """The state dict, with the moving statistics of instance normalization that PyTorch kept before 0.4."""
    state = network.state_dict()
    for name, module in network.named_modules():
        if isinstance(module, norm):
            state[f"{name}.running_mean"] = torch.ones(module.num_features)
            state[f"{name}.running_var"] = torch.ones(module.num_features)
            state[f"{name}.num_batches_tracked"] = torch.tensor(7)
    return state


def old(network, path):
    """Before PyTorch 1.6: no archive. Layers' versions are attached to the state dict."""
    state = tracked(network)
    assert state._metadata
    torch.save(state, path, _use_new_zipfile_serialization=False)


def block_file(network, path):
    """Of those who name the blocks' layers otherwise."""
    torch.save({name.replace("conv_block", "block"): tensor for name, tensor in network.state_dict().items()}, path)


def parallel(network, path):
    torch.save(nn.DataParallel(network).state_dict(), path)


def new(network, path):
    torch.save(network.state_dict(), path)


def esrgan_file(network, path):
    """With the names of xinntao/ESRGAN."""
    later = [("conv_body", "trunk_conv"), ("body.", "RRDB_trunk."), (".rdb", ".RDB"), ("conv_hr", "HRconv")]
    state = {}
    for name, tensor in network.state_dict().items():
        for ours, theirs in [*later, ("conv_up", "upconv")]:
            name = name.replace(ours, theirs)
        state[name] = tensor
    torch.save(state, path, _use_new_zipfile_serialization=False)


def oldest_file(network, path):
    """With the names of ESRGAN's first files, of one sequence in which activations and enlargements count too."""
    blocks = len(network.body)
    numbers = {"conv_first": "model.0", "conv_body": f"model.1.sub.{blocks}"}
    tops = [*network.ups, "conv_hr", "conv_last"]
    numbers |= {name: f"model.{3 + 3 * index}" for index, name in enumerate(network.ups)}
    first = 2 + 3 * len(network.ups)
    numbers |= {name: f"model.{first + 2 * index}" for index, name in enumerate(tops[-2:])}
    state = {}
    for name, tensor in network.state_dict().items():
        layer, _, kind = name.rpartition(".")
        inner = re.sub(r"body\.(\d+)\.rdb(\d)\.conv(\d)", r"model.1.sub.\1.RDB\2.conv\3.0", layer)
        state[f"{numbers.get(layer, inner)}.{kind}"] = tensor
    torch.save(state, path)


def real_esrgan_file(network, path):
    others = {name: tensor + 1 for name, tensor in network.state_dict().items()}
    torch.save({"params": others, "params_ema": network.state_dict()}, path)


def params_file(network, path):
    torch.save({"params": network.state_dict()}, path)


DEBLURGAN = partial(DeblurGAN, image_size=16, blocks=2, width=2, discriminator_width=1, patch_layers=1)
RRDB = partial(ESRGAN, image_size=16, width=4, growth=3)
COMPACT = partial(ESRGAN, image_size=16, width=4, variant="compact")
CYCLEGAN = partial(CycleGAN, image_size=16, blocks=2, width=2, discriminator_width=1, patch_layers=1)
PIX2PIX = partial(Pix2Pix, image_size=16, depth=3, width=4, discriminator_width=1, patch_layers=1, norm="batch")
AFFINE = partial(ResnetGenerator, norm=partial(nn.InstanceNorm2d, affine=True))
FILES = {
    "cyclegan, old": (CYCLEGAN, ResnetGenerator, old),
    "cyclegan, dropout": (CYCLEGAN, partial(ResnetGenerator, dropout=True), new),
    "cyclegan, affine": (partial(CYCLEGAN, affine=True), AFFINE, block_file),
    "cyclegan, affine, dropout": (partial(CYCLEGAN, affine=True), partial(AFFINE, dropout=True), block_file),
    "deblurgan, dropout": (DEBLURGAN, partial(Deblurring, dropout=True), new),
    "pix2pix": (PIX2PIX, UnetGenerator, old),
    "pix2pix, several GPUs": (PIX2PIX, UnetGenerator, parallel),
    "esrgan": (partial(RRDB, blocks=2), partial(RRDBNet, blocks=2, scale=4), esrgan_file),
    "real-esrgan x2": (
        partial(RRDB, blocks=1, scale=2),
        partial(RRDBNet, blocks=1, scale=2),
        real_esrgan_file,
    ),
    "basicsr x1": (partial(RRDB, blocks=1, scale=1), partial(RRDBNet, blocks=1, scale=1), params_file),
    "basicsr x2, not unshuffled": (
        partial(RRDB, blocks=1, scale=2, unshuffle=1),
        partial(RRDBNet, blocks=1, scale=2, cells=1),
        params_file,
    ),
    "esrgan, oldest": (partial(RRDB, blocks=2), partial(RRDBNet, blocks=2, scale=4), oldest_file),
    "esrgan x1, oldest": (
        partial(RRDB, blocks=1, scale=1, unshuffle=1),
        partial(RRDBNet, blocks=1, scale=1, cells=1),
        oldest_file,
    ),
    "esrgan x2, oldest": (
        partial(RRDB, blocks=1, scale=2, unshuffle=1, image_size=16),
        partial(RRDBNet, blocks=1, scale=2, cells=1),
        oldest_file,
    ),
    "esrgan x8, oldest": (partial(RRDB, blocks=1, scale=8), partial(RRDBNet, blocks=1, scale=8, cells=1), oldest_file),
    "compact x4": (partial(COMPACT, blocks=2), partial(Compact, blocks=2, scale=4), params_file),
    "compact x3, bare": (
        partial(COMPACT, blocks=1, scale=3, image_size=18),
        partial(Compact, blocks=1, scale=3),
        new,
    ),
    "compact x1": (partial(COMPACT, blocks=1, scale=1), partial(Compact, blocks=1, scale=1), real_esrgan_file),
    "basicsr, bare": (partial(RRDB, blocks=1), partial(RRDBNet, blocks=1, scale=4), new),
}
REASONS = {
    "cyclegan, old": {"counts training steps", "is a statistic that instance normalization does not use"},
    "pix2pix": {"counts training steps"},
    "pix2pix, several GPUs": {"counts training steps"},
    "real-esrgan x2": {"not part of the network that is assigned"},
    "compact x1": {"not part of the network that is assigned"},
}


@pytest.mark.filterwarnings("ignore:The file holds one generator")
@pytest.mark.parametrize("name", FILES)
def test_an_authors_file_makes_the_authors_images(name, tmp_path):
    ours, theirs, write = FILES[name]
    torch.manual_seed(0)
    network, gan = alive(theirs()), ours()
    write(network, tmp_path / "latest_net_G.pth")
    report = assign(gan, tmp_path / "latest_net_G.pth", channel_order="bgr")  # which these files never are
    images = np.random.default_rng(0).uniform(-1, 1, (2, 16, 8, 3)).astype("float32")
    with torch.no_grad():
        expected = network(torch.tensor(images.transpose(0, 3, 1, 2))).numpy().transpose(0, 2, 3, 1)
    assert np.ptp(expected) > 0.1 and np.abs(expected).mean() < 0.95
    np.testing.assert_allclose(gan.predict(images), expected, atol=1e-4)
    assert report.fits and set(report.skipped.values()) == REASONS.get(name, set())
    stored = kerasgan.checkpoints.pth.read(tmp_path / "latest_net_G.pth")
    parts = [part for part in stored.values() if isinstance(part, dict)] or [stored]
    assert len(report.assigned | report.skipped) == sum(map(len, parts))


def test_both_networks_of_a_real_esrgan_file_go_where_they_belong(tmp_path):
    ours, theirs, write = FILES["real-esrgan x2"]
    network, gan = alive(theirs()), ours()
    gan.compile(ema_half_life=100)
    write(network, tmp_path / "x.pth")
    report = assign(gan, tmp_path / "x.pth")
    kernels = [keras.ops.convert_to_numpy(whole.get_layer("up1").kernel) for whole in (gan.generator, gan.sampler)]
    np.testing.assert_allclose(kernels[0], kernels[1] + 1, atol=1e-6)
    assert not report.skipped


def test_one_direction_of_a_cyclegan_gives_a_warning_and_another_architecture_an_error(tmp_path):
    new(alive(ResnetGenerator()), tmp_path / "x.pth")
    with pytest.warns(UserWarning, match="one generator: its weights are loaded into generator_ab only"):
        assign(CYCLEGAN(), tmp_path / "x.pth")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        with pytest.raises(CheckpointError, match=r"model\.12\.weight: missing, needed by up2|left over"):
            assign(CYCLEGAN(blocks=3), tmp_path / "x.pth")
    new(alive(UnetGenerator()), tmp_path / "y.pth")
    with pytest.raises(CheckpointError, match=r"Pix2Pix\(norm='batch'\)\. Received: one with InstanceNormalization"):
        assign(PIX2PIX(norm="instance"), tmp_path / "y.pth")
    with pytest.raises(CheckpointError, match=r"publishes: CycleGAN, DeblurGAN, Pix2Pix\. Received: gan=ESRGAN"):
        assign(ESRGAN(**ESRGAN.tiny_config), tmp_path / "y.pth")
