"""Files of other publishers, written here as their own code writes them, make the publishers' images."""

from functools import partial

import keras
import numpy as np
import pytest
from pth_writer import Writer

from kerasgan.checkpoints import CheckpointError, assign
from kerasgan.models import DCGAN, SNGAN

torch = pytest.importorskip("torch")
from torch import nn  # noqa: E402
from torch.nn import functional as F  # noqa: E402


def alive(network):
    """The network at rest, with weights and moving statistics that keep every layer alive."""
    torch.manual_seed(0)
    for name, tensor in network.state_dict().items():
        if tensor.is_floating_point():
            tensor.copy_(torch.rand_like(tensor) + 0.5 if name.endswith("_var") else 0.3 * torch.randn_like(tensor))
    return network.eval()


def images(network, inputs):
    made = network(inputs if len(inputs) > 1 else inputs[0], training=False)
    return keras.ops.convert_to_numpy(made).transpose(0, 3, 1, 2)


class TutorialGenerator(nn.Module):
    """As in pytorch/examples: 16 pixels here, 64 there."""

    def __init__(self, latent_dim, width):
        super().__init__()
        plan = [(latent_dim, 2 * width, 1, 0), (2 * width, width, 2, 1)]
        layers = []
        for inputs, outputs, stride, padding in plan:
            convolution = nn.ConvTranspose2d(inputs, outputs, 4, stride, padding, bias=False)
            layers += [convolution, nn.BatchNorm2d(outputs), nn.ReLU(True)]
        self.main = nn.Sequential(*layers, nn.ConvTranspose2d(width, 3, 4, 2, 1, bias=False), nn.Tanh())

    def forward(self, latents):
        return self.main(latents[:, :, None, None])


class MimicryNorm(nn.Module):
    def __init__(self, channels, classes):
        super().__init__()
        self.bn, self.embed = nn.BatchNorm2d(channels, affine=False), nn.Embedding(classes, 2 * channels)

    def forward(self, x, labels):
        gain, bias = self.embed(labels)[:, :, None, None].chunk(2, 1)
        return gain * self.bn(x) + bias


class MimicryBlock(nn.Module):
    def __init__(self, inputs, outputs, classes):
        super().__init__()
        self.c1, self.c2 = nn.Conv2d(inputs, outputs, 3, padding=1), nn.Conv2d(outputs, outputs, 3, padding=1)
        self.b1, self.b2 = (
            MimicryNorm(size, classes) if classes else nn.BatchNorm2d(size) for size in (inputs, outputs)
        )
        self.c_sc = nn.Conv2d(inputs, outputs, 1)

    def forward(self, x, *labels):
        def larger(x):
            return F.interpolate(x, scale_factor=2, mode="bilinear", align_corners=False)

        y = self.c1(larger(F.relu(self.b1(x, *labels))))
        return self.c2(F.relu(self.b2(y, *labels))) + self.c_sc(larger(x))


class MimicryGenerator(nn.Module):
    def __init__(self, latent_dim, width, classes=0):
        super().__init__()
        self.l1 = nn.Linear(latent_dim, 16 * width)
        self.block2, self.block3 = MimicryBlock(width, width, classes), MimicryBlock(width, width, classes)
        self.b4, self.c4 = nn.BatchNorm2d(width), nn.Conv2d(width, 3, 3, padding=1)

    def forward(self, latents, *labels):
        x = self.l1(latents).unflatten(1, (-1, 4, 4))
        x = self.block3(self.block2(x, *labels), *labels)
        return torch.tanh(self.c4(F.relu(self.b4(x))))


def tutorial_file(network, path):
    torch.save(network.state_dict(), path)


def tutorial_file_of_several_gpus(network, path):
    torch.save(nn.DataParallel(network).state_dict(), path)


def mimicry_file(network, path):
    moments = torch.optim.Adam(network.parameters(), 2e-4, betas=(0.0, 0.9))
    sum(parameter.sum() for parameter in network.parameters()).backward()
    moments.step()
    moments.zero_grad()
    contents = {"model_state_dict": network.state_dict(), "optimizer_state_dict": moments.state_dict()}
    torch.save({**contents, "global_step": 100000}, path)


def dcgan(**options):
    return DCGAN(**{**dict(image_size=16, latent_dim=7, width=4, variant="torch"), **options})


def sngan(**options):
    options = {**dict(epsilon=1e-5, interpolation="bilinear"), **options}
    return SNGAN(image_size=16, latent_dim=7, width=4, discriminator_width=1, **options)


PUBLISHERS = {
    "tutorial": (dcgan, TutorialGenerator, tutorial_file),
    "tutorial, several GPUs": (dcgan, TutorialGenerator, tutorial_file_of_several_gpus),
    "mimicry": (sngan, MimicryGenerator, mimicry_file),
    "mimicry, classes": (partial(sngan, num_classes=3), partial(MimicryGenerator, classes=3), mimicry_file),
}


@pytest.mark.parametrize("publisher", PUBLISHERS)
def test_a_publishers_own_file_makes_its_images(publisher, tmp_path):
    ours, theirs, write = PUBLISHERS[publisher]
    network, gan = alive(theirs(7, 4)), ours()
    gan.compile(ema_half_life=1000)  # both networks take the file's only one
    write(network, tmp_path / "netG.pth")
    report = assign(gan, tmp_path / "netG.pth", channel_order="bgr")  # which these files never are
    inputs = [np.random.default_rng(0).normal(size=(3, 7)).astype("float32")]
    inputs += [] if gan.num_classes is None else [np.array([2, 0, 1])]
    with torch.no_grad():
        expected = network(*map(torch.tensor, inputs)).numpy()
    assert np.ptp(expected) > 0.5 and np.abs(expected).mean() < 0.95
    for ours in (gan.generator, gan.sampler):
        np.testing.assert_allclose(images(ours, inputs), expected, atol=1e-4)
    assert report.fits and set(report.skipped.values()) == {"counts training steps"}


@pytest.mark.parametrize(
    ("publisher", "options", "message"),
    [
        ("tutorial", {"variant": "paper"}, r"DCGAN\(variant='torch'\)\. Received: one whose layer 'project'"),
        ("tutorial", {"width": 5}, r"expected \(7, 10, 4, 4\)"),
        ("mimicry", {"interpolation": "nearest"}, "interpolation='bilinear'.*Received: one with nearest"),
        ("mimicry", {"num_classes": 3}, "embed.weight: missing, needed by block1_norm1/gamma, block1_norm1/beta"),
        ("mimicry", {"epsilon": 1e-4}, "epsilon=0.0001, not 1e-05"),
    ],
)
def test_the_error_for_another_architecture_names_the_published_one(publisher, options, message, tmp_path):
    ours, theirs, write = PUBLISHERS[publisher]
    write(alive(theirs(7, 4)), tmp_path / "netG.pth")
    with pytest.raises(CheckpointError, match=message):
        assign(ours(**options), tmp_path / "netG.pth")


def test_the_error_for_a_family_that_the_publisher_lacks_names_those_it_has(tmp_path):
    tutorial_file(alive(TutorialGenerator(7, 4)), tmp_path / "netG.pth")
    with pytest.raises(CheckpointError, match=r"tutorial publishes: DCGAN\. Received: gan=SNGAN"):
        assign(sngan(), tmp_path / "netG.pth")


def test_names_that_only_resemble_a_tutorials_are_of_no_tutorial(tmp_path):
    path = Writer().zipped({"main.0.weight": np.ones(2), "other": np.ones(2)}, tmp_path / "x.pth")
    with pytest.raises(CheckpointError, match="OpenMMLab publishes"):
        assign(dcgan(output_bias=True), path)
