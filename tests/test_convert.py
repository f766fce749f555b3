"""`kerasgan convert`: a published checkpoint in, weights of Keras and the fate of every tensor out."""

import os
import zipfile

import numpy as np
import pytest
from PIL import Image
from pth_writer import Writer
from published_dcgan import published_dcgan
from typer.testing import CliRunner

import kerasgan
from kerasgan import cli, zoo
from kerasgan.cli.convert import convert_checkpoint

RECIPE = """# kerasgan train mine
family = "DCGAN"
[model]
image_size = 16
latent_dim = 5
width = 8
variant = "torch"
output_bias = true
[data]
source = "folder"
[train]
batch_size = 8
steps = 3
ema_half_life = 100
[weights]
url = "https://example.org/dcgan.pth"
sha256 = "00000000"
channel_order = "bgr"
"""


@pytest.fixture
def recipe(tmp_path):
    path = tmp_path / "mine" / "recipe.toml"
    path.parent.mkdir()
    path.write_text(RECIPE)
    return path


@pytest.fixture
def file(tmp_path):
    return Writer().zipped({"meta": {}, "state_dict": published_dcgan()}, tmp_path / "dcgan.pth")


def run(*arguments):
    return CliRunner().invoke(cli.app, ["convert", *(str(argument) for argument in arguments)])


@pytest.mark.parametrize("name", ["weights.h5", "mine.weights.h5"])
def test_a_converted_file_draws_what_the_checkpoint_does(name, recipe, file, tmp_path):
    result = run(file, "--entry", recipe, "-o", tmp_path / "new" / name)
    assert result.exit_code == 0, result.output
    title, *rows = result.stdout.splitlines()
    assert title == "dcgan.pth (OpenMMLab): 12 tensors assigned, 2 skipped"
    for tensor in published_dcgan():
        assert sum(row.startswith(f"{tensor} ") for row in rows) == 1
    assert rows[-1] == f"Use: kerasgan generate {recipe} --weights {tmp_path / 'new' / name}"
    assert [path.name for path in (tmp_path / "new").iterdir()] == [name]
    converted, original = (zoo.load(recipe, weights=path) for path in (tmp_path / "new" / name, file))
    np.testing.assert_array_equal(converted.generate(2, seed=0), original.generate(2, seed=0))


@pytest.mark.parametrize("chosen", [False, True], ids=["found", "entry"])
def test_a_folder_has_a_recipe_that_draws_what_the_checkpoint_does(chosen, recipe, file, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    result = run("dcgan.pth", "-o", "out", *(["--entry", recipe] if chosen else []))
    assert result.exit_code == 0, result.output
    if not chosen:
        assert "dcgan.pth: DCGAN(image_size=16, channels=3, latent_dim=5, width=8, variant='torch'" in result.stdout
        assert "channel_order: bgr, as in most of OpenMMLab's files of DCGAN" in result.stdout
    assert (
        "12 tensors assigned, 2 skipped: out/tensors.txt\nRecipe: out/recipe.toml\nUse: kerasgan generate"
        in result.stdout
    )
    assert {path.name for path in (tmp_path / "out").iterdir()} == {
        "recipe.toml",
        "generator.weights.h5",
        "tensors.txt",
    }
    original = zoo.load(recipe, weights=file)
    np.testing.assert_array_equal(kerasgan.load("out/recipe.toml").generate(2, seed=0), original.generate(2, seed=0))
    assert run("dcgan.pth", "-o", "out").exit_code == 0  # an earlier conversion is replaced
    (tmp_path / "out" / "tensors.txt").unlink()
    again = run("dcgan.pth", "-o", "out")
    assert again.exit_code == 1 and "Expected a new or empty folder, or an earlier conversion" in again.stderr


def test_settings_that_the_file_does_not_tell_are_in_the_recipe(file, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    options = ["--set", "prior=uniform", "--channel-order", "rgb", "--license", "MIT"]
    result = run(file, "-o", "out", *options)
    assert result.exit_code == 0 and "Assumed" not in result.stdout, result.output
    found = zoo.recipe("out/recipe.toml")
    assert found.model["prior"] == "uniform" and found.weights["license"] == "MIT"
    assert found.data == {"source": "folder", "image_size": 16, "channels": 3}
    images, other = (
        kerasgan.load(path, **given).generate(2, seed=0)
        for path, given in [("out/recipe.toml", {}), (file, {"prior": "uniform", "channel_order": "bgr"})]
    )
    np.testing.assert_array_equal(images, other[..., ::-1])
    both = run(file, "-o", "new", "--entry", "dcgan-celeba", "--family", "DCGAN")
    assert both.exit_code == 1 and "Received: --entry dcgan-celeba" in both.stderr
    assert "Received: --set prior" in run(file, "-o", "new", "--set", "prior").stderr


def test_info_says_what_a_file_is_and_other_commands_how_it_becomes_a_recipe(file):
    result = CliRunner().invoke(cli.app, ["info", str(file)])
    assert result.exit_code == 0 and "DCGAN(image_size=16, channels=3" in result.stdout
    refused = CliRunner().invoke(cli.app, ["generate", str(file), "-o", "x.png"])
    assert refused.exit_code == 1 and f"`kerasgan convert {file} -o FOLDER`: FOLDER/recipe.toml" in refused.stderr


@pytest.mark.slow
def test_exports_lie_in_the_folder(file, tmp_path):
    result = run(file, "-o", tmp_path / "out", "--formats", "onnx")
    assert result.exit_code == 0 and (tmp_path / "out" / "export" / "out.onnx").is_file(), result.output
    assert run(file, "-o", tmp_path / "x.weights.h5", "--formats", "onnx").exit_code == 1


def test_a_checkpoint_of_another_architecture_says_so_of_every_tensor_and_writes_nothing(recipe, file, tmp_path):
    recipe.write_text(RECIPE.replace("width = 8", "width = 4"))
    result = run(file, "--entry", recipe, "-o", tmp_path / "weights.h5")
    assert result.exit_code == 1 and result.stderr.count("\n") == 1
    assert "Error: Expected a checkpoint of the model's architecture" in result.stderr
    assert result.stdout.count("mismatched") == 11 and result.stdout.count("counts training steps") == 2
    assert not (tmp_path / "weights.h5").exists()


@pytest.mark.parametrize(
    ("checkpoint", "output", "message"),
    [
        ("none.pth", "weights.h5", "none.pth, which does not exist"),
        ("broken.pth", "weights.h5", "broken.pth, which begins with '<html>404</html>'"),
        ("photo.jpg", "weights.h5", "photo.jpg, a picture (JPEG)"),
        ("empty.pth", "weights.h5", "Expected a checkpoint: PyTorch's .pth, safetensors,"),
        ("packed.zip", "weights.h5", "Expected an archive of torch.save"),
        ("folder", "weights.h5", "folder, which is a folder"),
        ("dcgan.pth", "weights.keras", "ends in weights.h5. Received"),
    ],
)
def test_what_cannot_be_converted_is_one_line(checkpoint, output, message, recipe, file, tmp_path):
    (tmp_path / "broken.pth").write_bytes(b"<html>404</html>")
    (tmp_path / "empty.pth").touch()
    (tmp_path / "folder").mkdir()
    Image.fromarray(np.zeros((64, 64), np.uint8)).save(tmp_path / "photo.jpg")
    with zipfile.ZipFile(tmp_path / "packed.zip", "w") as archive:
        archive.writestr("photo.txt", "")
    result = run(tmp_path / checkpoint, "--entry", recipe, "-o", tmp_path / output)
    assert result.exit_code == 1 and result.stderr.count("\n") == 1 and message in result.stderr
    assert not (tmp_path / output).exists()


def test_an_interrupted_conversion_leaves_the_former_file(recipe, file, tmp_path, monkeypatch):
    output = tmp_path / "weights.h5"
    output.write_bytes(b"former")
    monkeypatch.setattr(os, "replace", lambda *_: (_ for _ in ()).throw(OSError("disk full")))
    with pytest.raises(OSError, match="disk full"):
        convert_checkpoint(zoo.recipe(recipe), file, output)
    assert output.read_bytes() == b"former"
    assert not list(tmp_path.glob(".*"))
