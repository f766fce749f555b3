"""The Inception network against the published architecture, written here in PyTorch, on random weights."""

import keras
import numpy as np
import pytest

from kerasgan import checkpoints
from kerasgan.checkpoints import inception as published
from kerasgan.evaluation.evaluate import named_features
from kerasgan.metrics import inception, resizing

torch = pytest.importorskip("torch")
nn, functional = torch.nn, torch.nn.functional


class Unit(nn.Module):
    """Convolution without bias, normalization with epsilon 0.001, ReLU."""

    def __init__(self, before, after, **options):
        super().__init__()
        self.conv = nn.Conv2d(before, after, bias=False, **options)
        self.bn = nn.BatchNorm2d(after, eps=0.001)

    def forward(self, inputs):
        return functional.relu(self.bn(self.conv(inputs)))


def average(inputs):
    return functional.avg_pool2d(inputs, 3, stride=1, padding=1, count_include_pad=False)


class Block(nn.Module):
    """A block of named units; `forward` joins its branches."""

    def __init__(self, before, units, branches):
        super().__init__()
        widths = {"inputs": before}
        for name, (source, after, kernel, stride) in units.items():
            pair = (kernel, kernel) if isinstance(kernel, int) else kernel
            padding = tuple(length // 2 for length in pair) if stride == 1 else 0
            self.add_module(name, Unit(widths[source], after, kernel_size=pair, stride=stride, padding=padding))
            widths[name] = after
        self.units, self.branches = units, branches

    def forward(self, inputs):
        pools = {
            "average": average,
            "maximum": lambda x: functional.max_pool2d(x, 3, stride=1, padding=1),
            "halve": lambda x: functional.max_pool2d(x, 3, stride=2),
        }
        found = {"inputs": inputs}
        for name, (source, *_) in self.units.items():
            kind = next((part for part in self.branches if part in ("average", "maximum")), None)
            start = pools[kind](inputs) if name == "branch_pool" else found[source]
            found[name] = getattr(self, name)(start)
        return torch.cat([pools["halve"](inputs) if x == "halve" else found[x] for x in self.joined()], 1)

    def joined(self):
        return [name for name in self.branches if name not in ("average", "maximum")]


def block_a(before, pool_width):
    units = {
        "branch1x1": ("inputs", 64, 1, 1),
        "branch5x5_1": ("inputs", 48, 1, 1),
        "branch5x5_2": ("branch5x5_1", 64, 5, 1),
        "branch3x3dbl_1": ("inputs", 64, 1, 1),
        "branch3x3dbl_2": ("branch3x3dbl_1", 96, 3, 1),
        "branch3x3dbl_3": ("branch3x3dbl_2", 96, 3, 1),
        "branch_pool": ("inputs", pool_width, 1, 1),
    }
    return Block(before, units, ["average", "branch1x1", "branch5x5_2", "branch3x3dbl_3", "branch_pool"])


def block_b():
    units = {
        "branch3x3": ("inputs", 384, 3, 2),
        "branch3x3dbl_1": ("inputs", 64, 1, 1),
        "branch3x3dbl_2": ("branch3x3dbl_1", 96, 3, 1),
        "branch3x3dbl_3": ("branch3x3dbl_2", 96, 3, 2),
    }
    return Block(288, units, ["branch3x3", "branch3x3dbl_3", "halve"])


def block_c(width):
    units = {
        "branch1x1": ("inputs", 192, 1, 1),
        "branch7x7_1": ("inputs", width, 1, 1),
        "branch7x7_2": ("branch7x7_1", width, (1, 7), 1),
        "branch7x7_3": ("branch7x7_2", 192, (7, 1), 1),
        "branch7x7dbl_1": ("inputs", width, 1, 1),
        "branch7x7dbl_2": ("branch7x7dbl_1", width, (7, 1), 1),
        "branch7x7dbl_3": ("branch7x7dbl_2", width, (1, 7), 1),
        "branch7x7dbl_4": ("branch7x7dbl_3", width, (7, 1), 1),
        "branch7x7dbl_5": ("branch7x7dbl_4", 192, (1, 7), 1),
        "branch_pool": ("inputs", 192, 1, 1),
    }
    return Block(768, units, ["average", "branch1x1", "branch7x7_3", "branch7x7dbl_5", "branch_pool"])


def block_d():
    units = {
        "branch3x3_1": ("inputs", 192, 1, 1),
        "branch3x3_2": ("branch3x3_1", 320, 3, 2),
        "branch7x7x3_1": ("inputs", 192, 1, 1),
        "branch7x7x3_2": ("branch7x7x3_1", 192, (1, 7), 1),
        "branch7x7x3_3": ("branch7x7x3_2", 192, (7, 1), 1),
        "branch7x7x3_4": ("branch7x7x3_3", 192, 3, 2),
    }
    return Block(768, units, ["branch3x3_2", "branch7x7x3_4", "halve"])


def block_e(before, pool):
    units = {
        "branch1x1": ("inputs", 320, 1, 1),
        "branch3x3_1": ("inputs", 384, 1, 1),
        "branch3x3_2a": ("branch3x3_1", 384, (1, 3), 1),
        "branch3x3_2b": ("branch3x3_1", 384, (3, 1), 1),
        "branch3x3dbl_1": ("inputs", 448, 1, 1),
        "branch3x3dbl_2": ("branch3x3dbl_1", 384, 3, 1),
        "branch3x3dbl_3a": ("branch3x3dbl_2", 384, (1, 3), 1),
        "branch3x3dbl_3b": ("branch3x3dbl_2", 384, (3, 1), 1),
        "branch_pool": ("inputs", 192, 1, 1),
    }
    forks = ["branch3x3_2a", "branch3x3_2b", "branch3x3dbl_3a", "branch3x3dbl_3b"]
    return Block(before, units, [pool, "branch1x1", *forks, "branch_pool"])


class Reference(nn.Module):
    """Inception v3 as FID uses it."""

    def __init__(self):
        super().__init__()
        self.Conv2d_1a_3x3 = Unit(3, 32, kernel_size=3, stride=2)
        self.Conv2d_2a_3x3 = Unit(32, 32, kernel_size=3)
        self.Conv2d_2b_3x3 = Unit(32, 64, kernel_size=3, padding=1)
        self.Conv2d_3b_1x1 = Unit(64, 80, kernel_size=1)
        self.Conv2d_4a_3x3 = Unit(80, 192, kernel_size=3)
        self.Mixed_5b, self.Mixed_5c, self.Mixed_5d = block_a(192, 32), block_a(256, 64), block_a(288, 64)
        self.Mixed_6a = block_b()
        self.Mixed_6b, self.Mixed_6c, self.Mixed_6d, self.Mixed_6e = (block_c(width) for width in (128, 160, 160, 192))
        self.Mixed_7a = block_d()
        self.Mixed_7b, self.Mixed_7c = block_e(1280, "average"), block_e(2048, "maximum")
        self.fc = nn.Linear(2048, 1008)

    def forward(self, inputs):
        for name, module in self.named_children():
            if name == "fc":
                break
            inputs = module(inputs)
            if name in ("Conv2d_2b_3x3", "Conv2d_4a_3x3"):
                inputs = functional.max_pool2d(inputs, 3, stride=2)
        pool = inputs.mean(dim=(2, 3))
        return pool, self.fc(pool)


@pytest.fixture(scope="module")
def reference(tmp_path_factory):
    """The network with random weights and statistics, and the file that `torch.save` makes of it."""
    generator = torch.Generator().manual_seed(0)
    network = Reference().eval()
    state = network.state_dict()
    for name, tensor in state.items():
        if name.endswith(("running_var", "bn.weight")):
            tensor.uniform_(0.7, 1.3, generator=generator)
        elif name.endswith("num_batches_tracked"):
            continue
        elif tensor.ndim == 4:
            tensor.normal_(0, (2 / tensor[0].numel()) ** 0.5, generator=generator)
        else:
            tensor.normal_(0, 0.05, generator=generator)
    path = tmp_path_factory.mktemp("inception") / "pt_inception-2015-12-05.pth"
    torch.save(state, path)
    return network, path


@pytest.fixture(scope="module")
def loaded(reference):
    return published.load(reference[1])


def test_the_network_has_the_published_number_of_weights():
    # keras.applications counts 21,802,784 without its top; it has no gamma (17,216) but as many moving averages twice.
    backbone = 21_802_784 - 2 * 17_216 + 17_216
    network = inception.inception_v3()
    assert sum(int(np.prod(weight.shape)) for weight in network.trainable_weights) == backbone + 2048 * 1008 + 1008


@pytest.mark.parametrize("size", [107, 139])
def test_features_and_logits_are_those_of_the_published_architecture(reference, loaded, size):
    images = np.random.default_rng(0).uniform(-1, 1, (2, size, size, 3)).astype("float32")
    with torch.no_grad():
        expected = reference[0](torch.from_numpy(np.moveaxis(images, -1, 1).copy()))
    found = loaded[0].predict_on_batch(images)
    for name, tensor in zip(("pool", "logits"), expected):
        scale = float(tensor.abs().max())
        np.testing.assert_allclose(np.asarray(found[name]) / scale, tensor.numpy() / scale, atol=1e-5)


def test_probabilities_leave_out_the_bias(reference, loaded):
    images = np.random.default_rng(0).integers(0, 256, (2, 20, 20, 1), dtype="uint8")
    network, sha256 = loaded
    features = inception.inception_features(network, output="probabilities", resize="legacy", weights=sha256)
    prepared = np.repeat(resizing.legacy(images, 299), 3, axis=-1) / 128 - 1
    with torch.no_grad():
        pool, _ = reference[0](torch.from_numpy(np.moveaxis(prepared, -1, 1).copy()))
        expected = functional.softmax(pool @ reference[0].fc.weight.T, dim=1).numpy()
    np.testing.assert_allclose(features(images), expected, atol=1e-5)
    assert sha256 in features.identity
    assert "legacy resizing to 299, divided by 128" in features.identity


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda state: state.pop("fc.bias"), r"1 missing \['fc.bias'\]"),
        (lambda state: state.update({"extra.weight": torch.zeros(1)}), r"1 left over \['extra.weight'\]"),
        (lambda state: state.update({"fc.weight": torch.zeros(1000, 2048)}), r"\(1008, 2048\).*\(1000, 2048\)"),
    ],
)
def test_a_file_of_another_network_is_refused(tmp_path, monkeypatch, reference, loaded, change, message):
    monkeypatch.setattr(published, "inception_v3", lambda: loaded[0])  # building one takes seconds
    state = dict(reference[0].state_dict())
    change(state)
    torch.save(state, tmp_path / "other.pth")
    with pytest.raises(checkpoints.CheckpointError, match=message):
        published.load(tmp_path / "other.pth")


def test_where_nothing_can_be_downloaded_the_error_says_where_the_file_belongs(tmp_path, monkeypatch):
    monkeypatch.setenv("KERASGAN_HOME", str(tmp_path))
    monkeypatch.setenv("https_proxy", "http://127.0.0.1:9")
    with pytest.raises(checkpoints.DownloadError, match=r"pt_inception-2015-12-05-6726825d\.pth"):
        published.load()
    with pytest.raises(checkpoints.DownloadError, match=r"\.pth.*need no download: thumbnails: --features thumbnails"):
        named_features("inception")


def test_unknown_outputs_and_resizers_are_refused(loaded):
    with pytest.raises(ValueError, match="output='fc'"):
        inception.inception_features(loaded[0], output="fc")
    with pytest.raises(ValueError, match="resize='bicubic'"):
        inception.inception_features(loaded[0], resize="bicubic")


def test_average_pools_do_not_count_the_padding_on_this_backend():
    pooled = keras.layers.AveragePooling2D(3, 1, padding="same")(np.ones((1, 4, 4, 1), "float32"))
    np.testing.assert_allclose(keras.ops.convert_to_numpy(pooled), 1)
