"""StyleGAN2-ADA's pickles: the images of its generator, of a file whose embedded source never runs; hostile files."""

import os
import pickle
import struct
import tracemalloc

import keras
import numpy as np
import pytest
from pth_writer import Raw, Writer
from typer.testing import CliRunner

from kerasgan import cli, zoo
from kerasgan.checkpoints import CheckpointError, assign, persistence, stylegan2_ada
from kerasgan.models import StyleGAN2

torch = pytest.importorskip("torch")
ada = pytest.importorskip("ada_generator")
STYLE, WIDTHS = 5, (6, 6, 4)
RECIPE = """# kerasgan train mine
family = "StyleGAN2"
[model]
image_size = 16
latent_dim = 5
style_dim = 5
mapping_layers = 2
channel_base = 64
channel_limit = 6
[data]
source = "folder"
[train]
batch_size = 8
steps = 3
"""


def model(**arguments):
    sizes = dict(latent_dim=STYLE, style_dim=STYLE, mapping_layers=2, channel_base=64, channel_limit=6)
    return StyleGAN2(**{"image_size": 16, **sizes, **arguments})


def networks(classes=0):
    torch.manual_seed(0)
    return [ada.Generator(widths=WIDTHS, style=STYLE, classes=classes) for _ in range(2)]


def array(tensor):
    return keras.ops.convert_to_numpy(tensor)


def expected_images(network, latents, labels=None):
    one_hot = None if labels is None else torch.eye(3)[labels]
    with torch.no_grad():
        return network(torch.tensor(latents), one_hot).numpy().transpose(0, 2, 3, 1)


@pytest.mark.parametrize(("protocol", "classes"), [(3, 0), (4, 3)])
def test_an_ada_pickle_makes_the_publishers_images_and_runs_nothing(protocol, classes, tmp_path, monkeypatch):
    canary, path = tmp_path / "canary", tmp_path / "network-snapshot-025000.pkl"
    monkeypatch.setattr(ada.Persistent, "source", f"import os; os.mkdir({str(canary)!r})")
    plain, average = networks(classes)
    path.write_bytes(ada.written(ada.snapshot(plain, average), protocol=protocol))
    gan = model(num_classes=classes or None)
    gan.compile(ema_half_life=100)
    report = assign(gan, path, channel_order="bgr")  # which these files never are
    latents = np.random.default_rng(1).normal(size=(3, STYLE)).astype("float32")
    labels = np.array([2, 0, 1]) if classes else None
    expected = expected_images(average, latents, labels)
    assert np.abs(expected).mean() > 0.5
    inputs = latents if labels is None else [latents, labels]
    np.testing.assert_allclose(array(gan.unbounded(gan.mapping(inputs))), expected, atol=1e-4)
    drawn = array(gan.generator(inputs))
    np.testing.assert_allclose(drawn, expected_images(plain, latents, labels).clip(-1, 1), atol=1e-4)
    np.testing.assert_allclose(gan.mean_style, average.mapping.w_avg.numpy())
    state = {f"{part}.{name}" for part, one in (("G", plain), ("G_ema", average)) for name in one.state_dict()}
    assert report.fits and report.assigned.keys() | report.skipped.keys() == state | {"D.weight", "D.bias"}
    assert set(report.skipped.values()) == {"belongs to the discriminator", "is the constant kernel of the resampling"}
    assert not canary.exists()


def test_an_ada_pickle_becomes_weights_of_keras(tmp_path):
    plain, average = networks()
    (tmp_path / "x.pkl").write_bytes(ada.written(ada.snapshot(plain, average)))
    recipe, output = tmp_path / "recipe.toml", tmp_path / "weights.h5"
    recipe.write_text(RECIPE)
    result = CliRunner().invoke(cli.app, ["convert", *map(str, (tmp_path / "x.pkl", "--entry", recipe, "-o", output))])
    assert result.exit_code == 0, result.output
    rows = result.stdout.splitlines()
    assert rows[0] == "x.pkl (StyleGAN2-ADA): 96 tensors assigned, 18 skipped"
    assert sum(row.startswith("G_ema.synthesis.b16.conv0.noise_strength ") for row in rows) == 1
    gan, latents = zoo.load(recipe, weights=output), np.ones((1, STYLE), "float32")
    expected = expected_images(average, latents).clip(-1, 1)
    np.testing.assert_allclose(gan.generate(latents=latents), expected, atol=1e-4)


def test_another_architecture_is_refused(tmp_path):
    (tmp_path / "x.pkl").write_bytes(ada.written(ada.snapshot(*networks())))
    with pytest.raises(CheckpointError, match=r"mapping\.embed\.weight: missing, needed by classes/kernel"):
        assign(model(num_classes=3), tmp_path / "x.pkl")


@pytest.mark.slow
@pytest.mark.parametrize(
    ("entry", "widths", "parameters"),
    [
        ("stylegan2-cifar10-classes", (512,) * 4, 20_215_315),
        ("stylegan2-afhq-cat", (512, 512, 512, 512, 512, 256, 128, 64), 30_276_583),
    ],
)
def test_the_full_size_generators_have_a_place_for_every_published_tensor(entry, widths, parameters):
    recipe = zoo.recipe(entry)
    depth, classes = recipe.model.get("mapping_layers", 8), recipe.model.get("num_classes", 0)
    with torch.device("meta"):
        network = ada.Generator(widths=widths, style=512, depth=depth, classes=classes)
    assert sum(parameter.numel() for parameter in network.parameters()) == parameters
    expected = {key: tuple(tensor.shape) for key, tensor in network.state_dict().items()}
    places = stylegan2_ada.placements(zoo.load(entry, weights=None).generator)
    found = {place.tensor: place.expected_shape for place in places}
    assert found == {key: shape for key, shape in expected.items() if stylegan2_ada.skipped(key) is None}


class Call:
    """Pickles to a call of a function."""

    def __init__(self, function, *arguments):
        self.call = function, arguments

    def __reduce__(self):
        return self.call


MENTIONED = b"ctorch_utils.persistence\n_reconstruct_persistent_obj\n"
BYTES = b"ctorch.storage\n_load_from_bytes\n"


def value(part):
    return Writer().value(part)


def reconstructed(**changes):
    meta = {"type": "class", "version": 6, "module_src": "", "class_name": "X", "state": {}, **changes}
    return MENTIONED + value(meta) + b"\x85R"


def content(tmp_path, *, length=4, numel=None, inner=None):
    """The bytes of a storage, as PyTorch pickles one by itself."""
    writer = Writer()
    writer.tensor(np.arange(length))
    named = pickle.dumps(("storage", 0, "0", "cpu", numel or length), 2)[2:-1]
    named = named.replace(b"K\x00", b"ctorch\nFloatStorage\n")
    return writer.legacy(b"\x80\x02" + (inner or named + b"Q") + b".", tmp_path / "storage").read_bytes()


def loaded(content):
    return BYTES + b"B" + struct.pack("<I", len(content)) + content + b"\x85R"


def hostile(canary):
    """What comes after the mention of a persistent class, and the error that it meets."""
    call, folder = pickle.dumps(Call(os.mkdir, str(canary)), 2)[2:-1], canary.parent
    long = content(folder, length=10_000)
    again = b"q\x01\x85R0" + BYTES + b"h\x01\x85R"
    archive = Writer().zipped({"a": np.zeros(3)}, folder / "x.zip").read_bytes()
    tensors = Writer().legacy({"a": 1}, folder / "x.pth").read_bytes()
    return {
        "call": (call, "names another global"),
        "call as state": (reconstructed(state=Raw(call)), "names another global"),
        "call in a storage": (loaded(content(folder, inner=call)), "names another global"),
        "call before a storage": (loaded(b"\x80\x02" + call + b"." + long), "names another global"),
        "a function": (reconstructed(type="function"), "module of a persistent class"),
        "no state": (reconstructed(state=None), "class and state"),
        "no dict": (MENTIONED + b"]\x85R", "module of a persistent class"),
        "state attached": (reconstructed() + b"}b", "no attached state"),
        "storage of a dict": (loaded(tensors), "Expected a storage"),
        "storage of an archive": (loaded(archive), "PyTorch file"),
        "storage of text": (BYTES + b"\x8c\x01x\x85R", "bytes of a storage"),
        "storage that lies": (loaded(content(folder, numel=2**40)), "storage of 4398046511104 bytes"),
        "storage cut short": (loaded(content(folder)[:-1]), "ends before"),
        "storage many times": (loaded(long)[:-2] + again, "no larger than the file"),
        "a pickle in the pickle": (b"cpickle\nloads\nC\x00\x85R", "names another global"),
        "another function": (b"ctorch_utils.persistence\nimport_hook\n)R", "names another global"),
        "new of what has none": (BYTES + b")\x81", "new instance of a known class"),
        "new with arguments": (b"cdnnlib.util\nEasyDict\nN\x85\x81", "new instance of a known class"),
        "set of a number": (b"cbuiltins\nset\nK\x05\x85R", "members of a set"),
    }


def test_hostile_pickles_are_refused_and_nothing_runs(tmp_path):
    canary, path, gan = tmp_path / "canary", tmp_path / "x.pkl", model()
    for name, (operations, message) in hostile(canary).items():
        path.write_bytes(b"\x80\x04" + MENTIONED + b"0" + operations + b".")
        tracemalloc.start()
        try:
            with pytest.raises(CheckpointError, match=message):
                assign(gan, path)
            assert tracemalloc.get_traced_memory()[1] < 4_000_000, name
        finally:
            tracemalloc.stop()
        assert not canary.exists(), name


def test_the_operations_of_all_pickles_in_a_pickle_count_together(tmp_path, monkeypatch):
    path = tmp_path / "x.pkl"
    path.write_bytes(b"\x80\x04" + MENTIONED + b"0(" + loaded(content(tmp_path)) * 20 + b"l.")
    assert len(persistence.read(path)) == 20
    monkeypatch.setattr(persistence, "OPCODE_LIMIT", 500)
    with pytest.raises(CheckpointError, match="fewer than"):
        persistence.read(path)


def test_modules_in_themselves_or_in_two_places_are_refused():
    def module(**modules):
        return persistence.PersistentObject("X", {"_modules": modules})

    inner, circle, deep = module(), module(), module()
    circle.state["_modules"]["a"] = module(a=circle)
    for _ in range(100):
        deep = module(**{"x" * 20: deep})
    for network in (circle, module(a=inner, c=module(a=inner))):
        with pytest.raises(CheckpointError, match="each module in one place"):
            persistence.tensors(network)
    with pytest.raises(CheckpointError, match="_modules by name"):
        persistence.tensors(deep)
    with pytest.raises(CheckpointError, match="_buffers by name"):
        persistence.tensors(persistence.PersistentObject("X", {"_buffers": [1]}))


def test_a_pickle_cut_anywhere_is_refused(tmp_path):
    layer, path = ada.FullyConnected(2, 1), tmp_path / "x.pkl"
    whole = ada.written(ada.snapshot(layer, layer))
    for length in range(0, len(whole), len(whole) // 40):
        path.write_bytes(whole[:length])
        with pytest.raises(CheckpointError):
            persistence.read(path)
