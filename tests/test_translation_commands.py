"""The command line, the report and the card of a model that translates images, from its training to its export."""

import json
import subprocess
import sys
from pathlib import Path

import keras
import numpy as np
import pytest
from PIL import Image
from typer.testing import CliRunner

from kerasgan import zoo
from kerasgan.cli import app

RECIPE = """\
# kerasgan train tiny
# A second; nothing to see.
family = "Pix2Pix"

[model]
image_size = 16
input_channels = 1
depth = 3
width = 4
patch_layers = 1

[data]
source = "photos"
split = "train"
derive = "edges"
image_size = 16
flip = true
further = true
vary = true

[train]
batch_size = 4
steps = 2
"""


def run(*arguments, code=0):
    result = CliRunner().invoke(app, [str(argument) for argument in arguments])
    assert result.exit_code == code, result.output
    return result.output


@pytest.fixture(scope="module")
def trained(tmp_path_factory):
    folder = tmp_path_factory.mktemp("tiny")
    (folder / "recipe.toml").write_text(RECIPE)
    run("train", folder / "recipe.toml", "-o", folder / "run", "--every", 1)
    return folder / "run"


def test_training_keeps_before_and_after_pictures(trained):
    with Image.open(trained / "samples.png") as picture:
        assert picture.size == (3 * 66 + 2, 4 * 66 + 2)  # input, output and target of four, four times as large
    with Image.open(trained / "film.png") as film:
        assert film.info["steps"] == "0 1 2" or film.info["steps"].startswith("0")


def test_generate_translates_a_picture_or_a_folder_of_any_sizes(trained, tmp_path, monkeypatch):
    for name, size in (("a.png", (30, 21)), ("below/b.jpg", (9, 16))):
        (tmp_path / "in" / name).parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(np.zeros((*size[::-1], 3), "uint8")).save(tmp_path / "in" / name)
    assert "2 images" in run("generate", trained, "--input", tmp_path / "in", "-o", tmp_path / "out")
    with Image.open(tmp_path / "out" / "a.png") as one, Image.open(tmp_path / "out" / "below" / "b.png") as other:
        assert (one.size, one.mode, other.size) == ((30, 21), "RGB", (9, 16))
    run("generate", trained, "--input", tmp_path / "in" / "a.png", "-o", tmp_path / "a.png")
    assert (tmp_path / "a.png").read_bytes() == (tmp_path / "out" / "a.png").read_bytes()
    monkeypatch.chdir(tmp_path)
    run("translate", trained, "in")
    assert (tmp_path / "translated" / "a.png").read_bytes() == (tmp_path / "out" / "a.png").read_bytes()
    run("translate", trained, "in/a.png")
    assert (tmp_path / "translated.png").is_file()
    assert "Expected kerasgan translate" in run("generate", trained, "-o", tmp_path / "b.png", code=1)
    assert "Expected kerasgan generate NAME" in run(
        "generate", "gan-digits", "--input", tmp_path, "-o", tmp_path / "o", code=1
    )


def test_evaluate_measures_held_out_pairs_beside_their_inputs(trained):
    assert "peak signal to noise regions" in run("evaluate", trained, "--samples", 6)
    card = json.loads((trained / "card.json").read_text())
    assert list(card["pairs"]) == ["test", "regions"] and card["pairs"]["test"]["name"] == "photos/test"
    pairs = zoo.source(zoo.recipe(trained / "recipe.toml"))
    assert card["pairs"]["test"]["count"] == 6 != pairs.count
    score = card["scores"]["mean_absolute_error"]
    assert score["interval"][0] < score["mean"] < score["interval"][1]
    assert "| inputs |" in (trained / "card.md").read_text()


def test_a_report_shows_what_is_made_of_the_data(trained):
    run("report", trained)
    page = (trained / "report.html").read_text()
    assert "Spectrum" in page and "are compared with their targets, above" in page


@pytest.mark.skipif(keras.backend.backend() != "tensorflow", reason="other backends: test_export_programs")
def test_the_exported_file_translates_pictures_without_kerasgan(trained, tmp_path):
    run("export", trained, "-o", tmp_path, "--format", "onnx")
    Image.fromarray(np.random.default_rng(0).integers(0, 256, (19, 30), "uint8")).save(tmp_path / "in.png")
    program = Path(__file__).parents[1] / "export" / "onnx" / "translate.py"
    command = [sys.executable, program, tmp_path / "run.onnx", tmp_path / "in.png", "-o", tmp_path / "out.png"]
    subprocess.run(command, check=True)
    run("generate", trained, "--input", tmp_path / "in.png", "-o", tmp_path / "ours.png")
    with Image.open(tmp_path / "out.png") as theirs, Image.open(tmp_path / "ours.png") as ours:
        np.testing.assert_allclose(np.asarray(theirs, int), np.asarray(ours, int), atol=1)


def test_generate_writes_every_picture_of_one_name_and_several_endings(tmp_path):
    names = ["a.png", "a.jpg", "A.bmp", "b.png", "below/a.png"]
    for name in names:
        (tmp_path / "in" / name).parent.mkdir(parents=True, exist_ok=True)
        Image.new("RGB", (16, 16), "red").save(tmp_path / "in" / name)
    assert "5 images" in run("generate", "srgan-landscapes-x4", "--input", tmp_path / "in", "-o", tmp_path / "out")
    found = {str(path.relative_to(tmp_path / "out")) for path in (tmp_path / "out").rglob("*.png")}
    assert found == {"a.png.png", "a.jpg.png", "A.bmp.png", "b.png", "below/a.png"}
    Image.new("RGB", (16, 16)).save(tmp_path / "in" / "a.jpg.gif")
    said = run("generate", "srgan-landscapes-x4", "--input", tmp_path / "in", "-o", tmp_path / "new", code=1)
    assert "Expected pictures of different names" in said and not (tmp_path / "new").exists()


def test_pictures_are_not_written_over(trained, tmp_path):
    picture = tmp_path / "a" / "b.png"
    picture.parent.mkdir()
    Image.new("L", (16, 16), 7).save(picture)
    before = picture.read_bytes()
    for source, output in ((picture, picture), (tmp_path, tmp_path), (picture.parent, picture.parent)):
        assert "Expected another place than that of the pictures." in run(
            "translate", trained, source, "-o", output, code=1
        )
    assert picture.read_bytes() == before and list(tmp_path.rglob("*.png")) == [picture]


@pytest.mark.filterwarnings("always:Left out")
def test_an_unreadable_picture_of_a_folder_does_not_keep_the_others_back(trained, tmp_path):
    for name in ("a.png", "c.png"):
        (tmp_path / "in").mkdir(exist_ok=True)
        Image.new("L", (16, 16), 7).save(tmp_path / "in" / name)
    (tmp_path / "in" / "b.jpg").touch()
    told = run("translate", trained, *sorted((tmp_path / "in").iterdir()), "-o", tmp_path / "listed")  # as of *
    assert "2 images" in told and len([*(tmp_path / "listed").iterdir()]) == 2
    for source in (sorted((tmp_path / "in").iterdir()), [tmp_path / "in"]):
        told = run("translate", trained, *source, "-o", tmp_path / "one.png", code=1)
        assert "Expected a folder for several pictures." in told
    told = run("translate", trained, tmp_path / "in", "-o", tmp_path / "out")
    assert "b.jpg (the file is empty)" in " ".join(told.split()) and "2 images" in told
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == ["a.png", "c.png"]
    for name in ("a.png", "c.png"):
        (tmp_path / "in" / name).unlink()
    assert "b.jpg (the file is empty)" in run("translate", trained, tmp_path / "in", "-o", tmp_path / "out2", code=1)
    told = run("translate", trained, tmp_path / "none.png", "-o", tmp_path / "out.png", code=1)
    assert "none.png (there is no such file)" in " ".join(told.split())


@pytest.mark.parametrize("command", ["walk", "interpolate"])
def test_what_draws_from_latents_says_so_of_a_model_that_translates(trained, tmp_path, command):
    told = run(command, trained, "-o", tmp_path / "a.png", code=1)
    assert "Pix2Pix takes images as input: use gan.predict(images), or kerasgan translate." in " ".join(told.split())
