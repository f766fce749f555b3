"""`kerasgan evaluate`: cards beside runs."""

import json
import shutil

import numpy as np
import pytest
from command_line import run
from PIL import Image

from kerasgan import models, zoo
from kerasgan.cli.export import FORMATS, Noise, Precision
from kerasgan.export import formats, options


def test_evaluate_writes_the_card_of_a_run_beside_it(trained, tmp_path):
    shutil.copytree(trained / "digits-run", tmp_path / "run")
    options = "--metrics", "frechet_distance,label_accuracy", "--features", "thumbnails", "--samples", "20"
    result = run("evaluate", tmp_path / "run", *options)
    assert result.exit_code == 0, result.output
    assert "label accuracy" in result.output and str(tmp_path / "run" / "card.md") in result.output.replace("\n", "")
    first = (tmp_path / "run" / "card.json").read_bytes()
    assert run("evaluate", tmp_path / "run", *options, "-o", tmp_path / "again").exit_code == 0
    assert (tmp_path / "again" / "card.json").read_bytes() == first
    assert zoo.recipe(tmp_path / "run" / "recipe.toml").results["samples"] == 20


def test_evaluate_compares_with_a_folder_of_images(trained, tmp_path):
    (tmp_path / "own").mkdir()
    for index, value in enumerate(np.random.default_rng(0).integers(256, size=(6, 20, 20), dtype="uint8")):
        Image.fromarray(value).save(tmp_path / "own" / f"{index}.png")
    options = "--features", "pixels", "--metrics", "frechet_distance", "-o", tmp_path / "card"
    result = run("evaluate", trained / "tiny-run", "--data", tmp_path / "own", *options)
    assert result.exit_code == 0, result.output
    assert "6 of own" in (tmp_path / "card" / "card.md").read_text()


def test_a_keras_file_is_compared_with_a_folder_of_images_which_it_asks_for(trained, tmp_path):
    shutil.copy(trained / "tiny-run" / "gan.keras", tmp_path / "gan.keras")
    (tmp_path / "own").mkdir()
    for index, value in enumerate(np.random.default_rng(0).integers(256, size=(6, 20, 20), dtype="uint8")):
        Image.fromarray(value).save(tmp_path / "own" / f"{index}.png")
    result = run("evaluate", tmp_path / "gan.keras", "-o", tmp_path)
    assert result.exit_code == 1 and "Expected --data FOLDER" in result.output and "--weights" in result.output
    options = "--features", "pixels", "--metrics", "frechet_distance", "-o", tmp_path
    result = run("evaluate", tmp_path / "gan.keras", "--data", tmp_path / "own", *options)
    assert result.exit_code == 0, result.output
    card = (tmp_path / "card.md").read_text()
    assert "6 of own" in card and "`kerasgan evaluate gan.keras --data FOLDER`" in card and "trained by" not in card
    again = run("evaluate", trained / "tiny-run", "--data", tmp_path / "own", *options[:-1], tmp_path / "again")
    assert again.exit_code == 0, again.output
    scores = [json.loads((path / "card.json").read_text())["scores"] for path in (tmp_path, tmp_path / "again")]
    assert scores[0] == scores[1]  # the file is still the model that it was


@pytest.mark.parametrize(("family", "folders"), [("Pix2Pix", ["inputs", "targets"]), ("SRGAN", ["."])])
def test_a_keras_file_that_translates_is_measured_on_a_folder_of_its_kind(family, folders, tmp_path):
    gan = getattr(models, family)(**{**getattr(models, family).tiny_config, "image_size": 32})
    gan.compile()
    gan.save(tmp_path / "gan.keras")
    for folder in folders:
        (tmp_path / "own" / folder).mkdir(parents=True)
        for index, value in enumerate(np.random.default_rng(0).integers(256, size=(2, 32, 32, 3), dtype="uint8")):
            Image.fromarray(value).save(tmp_path / "own" / folder / f"{index}.png")
    result = run("evaluate", tmp_path / "gan.keras", "--data", tmp_path / "own", "-o", tmp_path / "card")
    assert result.exit_code == 0, result.output
    assert "peak_signal_to_noise" in json.loads((tmp_path / "card" / "card.json").read_text())["scores"]


@pytest.mark.parametrize(
    ("options", "expected"),
    [(["--metrics", "fid"], "frechet_distance"), (["--features", "vgg"], "thumbnails"), (["--seeds", "2"], "3")],
)
def test_an_evaluation_that_cannot_be_is_refused_with_what_can(trained, tmp_path, options, expected):
    result = run("evaluate", trained / "tiny-run", *options, "-o", tmp_path / "card")
    assert result.exit_code != 0 and expected in result.output
    assert not (tmp_path / "card").exists()


def test_export_writes_every_requested_format(trained, tmp_path):
    options = ["--precision", "float16", "--uint8", "--truncation", "input", "--batch-size", "2"]
    result = run("export", trained / "tiny-run", "-o", tmp_path, *options)
    assert result.exit_code == 0, result.output
    files = {path.name for path in tmp_path.iterdir()}
    assert files == {
        "card.md",
        "export_report.json",
        "programs",
        "samples.png",
        "seeds.json",
        "tiny-run.onnx",
        "tiny-run.tflite",
    }
    assert "saved_model: left out. Expected a precision that saved_model holds: float32" in result.stderr
    report = json.loads((tmp_path / "export_report.json").read_text())
    assert [each["name"] for each in report["inputs"]] == ["latents", "truncation"]
    assert report["output"]["dtype"] == "uint8" and report["output"]["shape"][0] == 2


def test_a_keras_file_is_exported_and_explored_without_a_recipe(trained, tmp_path):
    gan = trained / "tiny-run" / "gan.keras"
    for command in (["export", gan, "--format", "onnx"], ["explore", gan, "--directions", "0"]):
        result = run(*command, "-o", tmp_path / command[0])
        assert result.exit_code == 0, result.output
    assert (tmp_path / "export" / "gan.onnx").is_file() and (tmp_path / "explore" / "index.html").is_file()


def test_an_unknown_format_is_refused_before_anything_is_loaded(trained, tmp_path):
    result = run("export", trained / "tiny-run", "-o", tmp_path / "out", "--format", "onnx,tflite")
    assert result.exit_code == 2
    assert "Received: tflite" in result.stderr
    assert not (tmp_path / "out").exists()


def test_values_of_export_are_listed_and_others_are_refused(trained, tmp_path):
    assert tuple(Precision) == tuple(options.PRECISIONS) and tuple(formats.FORMATS) == FORMATS
    text = " ".join(run("export", "--help").output.replace("│", " ").split())
    for name in (*Precision, *Noise, *FORMATS):
        assert name in text, name
    wrong = {
        ("--precision", "int4"): (2, "'int4' is not one of"),
        ("--noise", "some"): (2, "'some' is not one of"),
        ("--opset", "99"): (1, "Expected an opset from 13 to"),
        ("--image-size", "8"): (1, "Expected no image_size for a DCGAN"),
        ("--direction", "ab"): (1, "Expected no direction for a DCGAN"),
    }
    for option, (code, message) in wrong.items():
        result = run("export", trained / "tiny-run", "--weights", "nowhere.h5", "-o", tmp_path / "out", *option)
        assert result.exit_code == code and message in " ".join(result.stderr.split()), result.stderr
