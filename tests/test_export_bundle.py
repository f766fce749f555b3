"""A bundle: every format, seeds and their picture, a report of true numbers, a card; all of it or nothing."""

import hashlib
import json
import os
import shutil
import subprocess
import sys

import keras
import numpy as np
import pytest
from PIL import Image
from test_export_options import made

import kerasgan
from kerasgan.export import ExportError, Options, formats, page
from kerasgan.export.signature import describe
from kerasgan.models import SNGAN, CycleGAN, Pix2Pix

pytestmark = pytest.mark.skipif(keras.backend.backend() != "tensorflow", reason="other backends: test_export_programs")


@pytest.fixture(scope="module")
def bundled(tmp_path_factory):
    """(gan, folder, report) of a class-conditional model."""
    gan, folder = made(SNGAN, num_classes=3), tmp_path_factory.mktemp("bundle") / "sn"
    return gan, folder, kerasgan.export.bundle(gan, folder, entry="sn-tiny", license="CC0-1.0")


def test_a_bundle_has_every_format_and_what_belongs_to_it(bundled):
    _, folder, report = bundled
    assert {path.name for path in folder.iterdir()} == {
        "card.md",
        "export_report.json",
        "programs",
        "samples.png",
        "seeds.json",
        "sn-tiny",
        "sn-tiny.onnx",
        "sn-tiny.tflite",
        "web",
    }
    assert report == json.loads((folder / "export_report.json").read_text())
    assert set(report["formats"]) == set(formats.FORMATS) and report["left_out"] == {}


def test_the_report_says_what_goes_in_what_comes_out_and_how_well_it_agrees(bundled):
    gan, folder, report = bundled
    size = gan.image_shape[0]
    assert report["inputs"] == [
        {"name": "latents", "shape": ["batch", gan.latent_dim], "dtype": "float32", "prior": {"name": "normal"}},
        {"name": "labels", "shape": ["batch"], "dtype": "int32", "range": [0, 2]},
    ]
    assert report["output"] == {
        "name": "images",
        "shape": ["batch", size, size, 3],
        "dtype": "float32",
        "range": [-1, 1],
    }
    for found in report["formats"].values():
        assert [row["batch"] for row in found["differences"]] == [1, 3, 8]
        assert all(row["mean"] <= row["max"] <= 5e-5 for row in found["differences"])
        assert found["neighbors"] <= 5e-5 and set(found["milliseconds"]) == {"1", "3", "8"}
        for name, digest in found["sha256"].items():
            assert hashlib.sha256((folder / name).read_bytes()).hexdigest() == digest
    assert report["versions"]["onnxruntime"] and report["versions"]["ai_edge_litert"]


def test_the_card_names_the_license_the_files_and_the_commands(bundled):
    card = (bundled[1] / "card.md").read_text()
    files = ("`sn-tiny.tflite`", "programs/litert/run.py sn-tiny.tflite", "open web/index.html")
    for text in ("# sn-tiny", "CC0-1.0", "(batch, 8)", *files):
        assert text in card, text


@pytest.mark.parametrize("form", sorted(formats.FORMATS.keys() - {"web"}))  # which test_explorer_browser draws with
def test_every_program_draws_the_samples_from_the_seed_file(form, bundled, tmp_path):
    gan, folder, report = bundled
    drawn = run(form, folder / report["formats"][form]["path"], folder, tmp_path)
    samples = np.asarray(Image.open(folder / "samples.png"), "int32")
    side = gan.image_shape[0]
    assert drawn.shape == samples.shape == (4 * side, 4 * side, 3)
    assert np.abs(drawn - samples).max() <= 1
    first = np.rint((gan.generate(16, seed=0)[0] + 1) * 127.5)
    assert np.abs(samples[:side, :side] - first).max() <= 1


def run(form, model, folder, tmp_path):
    """The picture that the bundle's own program draws from its seeds."""
    _, program, *_ = formats.FORMATS[form].command.split()
    written = ["--seeds", folder / "seeds.json", "-o", tmp_path / "drawn.png"]
    command = [sys.executable, folder / program, model, *written]
    done = subprocess.run(command, env=os.environ, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return np.asarray(Image.open(tmp_path / "drawn.png"), "int32")


def test_the_programs_take_the_folder_too_and_a_wrong_path_is_one_line(bundled, tmp_path):
    _, folder, report = bundled
    found = [formats.FORMATS[form].command.split()[1] for form in report["formats"] if form != "web"]
    assert {path.name for path in (folder / "programs").iterdir()} == {"onnx", "node", "cpp", "saved_model", "litert"}
    (tmp_path / "wrong.onnx").write_text("no model")
    for program in found:
        drawn = [sys.executable, folder / program, folder, "--count", "1", "-o", tmp_path / "one.png"]
        done = subprocess.run(drawn, capture_output=True, text=True, check=False)
        assert done.returncode == 0 and done.stdout.endswith("1 images by sn-tiny\n"), done.stderr
        for wrong in ("nowhere", "wrong.onnx", "."):
            command = [sys.executable, folder / program, wrong, *(["--seeds", "nowhere"] if wrong == "." else [])]
            done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
            last = done.stderr.splitlines()[-1]  # TensorFlow has said something before
            assert done.returncode == 1 and last.startswith("Expected ") and "Traceback" not in done.stderr
            assert wrong in last


def test_a_translator_of_one_size_and_batch_is_drawn_from_its_seeds(tmp_path):
    gan = made(CycleGAN)
    options = {"direction": "ab", "batch_size": 3, "image_size": 12, "output": "uint8", "formats": ["litert"]}
    report = kerasgan.export.bundle(gan, tmp_path / "bundle", **options)
    assert report["inputs"][0]["shape"] == [3, 12, 12, 1] and report["output"]["range"] == [0, 255]
    drawn = run("litert", tmp_path / "bundle" / "cyclegan-ab.tflite", tmp_path / "bundle", tmp_path)
    assert np.abs(drawn - np.asarray(Image.open(tmp_path / "bundle" / "samples.png"), "int32")).max() <= 1
    levels = np.array(json.loads((tmp_path / "bundle" / "seeds.json").read_text())["images"], "uint8")
    expected = np.rint((gan.predict(levels, direction="ab")[1] + 1) * 127.5)
    assert np.abs(drawn[:12, 12:] - expected).max() <= 1


def test_one_format_that_fails_does_not_cost_the_others(bundled, tmp_path, monkeypatch):
    broken = formats.FORMATS["litert"]._replace(write=lambda job, path: path.write_bytes(b"no model"))
    monkeypatch.setitem(formats.FORMATS, "litert", broken)
    folder = tmp_path / "bundle"
    with pytest.raises(ExportError, match=r"litert: .* a file that LiteRT opens.*bundle holds the others: onnx\)"):
        kerasgan.export.bundle(bundled[0], folder, formats=["litert", "onnx"])
    report = json.loads((folder / "export_report.json").read_text())
    assert list(report["formats"]) == ["onnx"] and "a file that LiteRT opens" in report["left_out"]["litert"]
    names = {"card.md", "export_report.json", "programs", "samples.png", "seeds.json", "sngan.onnx"}
    assert {path.name for path in folder.iterdir()} == names
    with pytest.raises(ExportError, match="litert: Expected a file that LiteRT opens"):
        kerasgan.export.bundle(bundled[0], tmp_path / "none", formats=["litert"])
    assert not (tmp_path / "none").exists()


def test_one_format_that_fails_leaves_nothing_and_an_earlier_bundle_as_it_was(bundled, tmp_path, monkeypatch):
    gan = bundled[0]
    kerasgan.export.bundle(gan, tmp_path / "bundle", formats=["onnx"])
    before = {path: path.read_bytes() for path in (tmp_path / "bundle").rglob("*") if path.is_file()}
    broken = formats.FORMATS["litert"]._replace(write=lambda job, path: path.write_bytes(b"no model"))
    monkeypatch.setitem(formats.FORMATS, "litert", broken)
    with pytest.raises(ExportError, match="a file that LiteRT opens"):
        kerasgan.export.bundle(gan, tmp_path / "bundle", formats=["onnx", "litert"])
    assert {path: path.read_bytes() for path in (tmp_path / "bundle").rglob("*") if path.is_file()} == before
    assert [path.name for path in tmp_path.iterdir()] == ["bundle"]


def test_the_page_of_a_bundle_draws_with_the_file_that_was_proven(bundled):
    _, folder, report = bundled
    assert page.model_in(folder / "web") == (folder / "sn-tiny.onnx").read_bytes()
    facts = json.loads((folder / "web" / "facts.js").read_text().removeprefix("const facts = ").removesuffix(";\n"))
    assert (facts["name"], facts["license"], facts["num_classes"]) == ("sn-tiny", "CC0-1.0", 3)
    assert {f"web/{path.name}" for path in (folder / "web").iterdir()} == set(report["formats"]["web"]["sha256"])


def test_a_page_alone_has_its_model_and_the_requested_options(tmp_path):
    options = {"formats": ["web"], "label": 2, "truncation": 0.5, "precision": "float16", "opset": 14, "directions": 2}
    gan = made(SNGAN, num_classes=3)
    report = kerasgan.export.bundle(gan, tmp_path / "bundle", **options)
    assert list(report["formats"]) == ["web"] and not list((tmp_path / "bundle").glob("*.onnx"))
    text = (tmp_path / "bundle" / "web" / "facts.js").read_text()
    facts = json.loads(text.removeprefix("const facts = ").removesuffix(";\n"))
    assert (facts["label"], facts["truncation"], facts["truncates"]) == (2, 0.5, None)
    assert np.shape(facts["directions"]) == (2, gan.latent_dim) and "num_classes" not in facts


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"formats": ["web"], "output": "uint8"}, "Expected no output for web. Received: output='uint8'"),
        ({"formats": ["web"], "noise": "input"}, "Expected no noise for web. Received: noise='input'"),
        ({"formats": ["web"], "batch_size": 2}, "Expected no batch_size for web. Received: batch_size=2"),
        ({"formats": ["litert"], "vendor": True}, "Expected vendor with the format web only. Received: vendor=True"),
        (
            {"formats": ["web"], "opset": 27},
            "an opset up to 26, the newest that the runtime of web reads. Received: op",
        ),
        ({"directions": -1}, "whole number from 0 on. Received: directions=-1"),
    ],
)
def test_what_a_page_cannot_show_is_refused(options, message, bundled, tmp_path):
    with pytest.raises(ValueError, match=message):
        kerasgan.export.bundle(bundled[0], tmp_path / "bundle", **options)
    assert not list(tmp_path.iterdir())


def test_a_model_of_other_channels_than_colors_is_no_page(tmp_path):
    gan = made(CycleGAN, input_channels=5, identity_weight=0.0)
    with pytest.raises(ValueError, match=r"gray or RGB pictures\. Received: one of 5 channels"):
        kerasgan.export.bundle(gan, tmp_path / "bundle", direction="ab", formats=["onnx", "web"])
    assert not list(tmp_path.iterdir())


def test_a_folder_with_other_things_is_not_replaced(bundled, tmp_path):
    (tmp_path / "thesis.txt").write_text("mine")
    with pytest.raises(ValueError, match="a new or empty folder, or an earlier bundle to replace"):
        kerasgan.export.bundle(bundled[0], tmp_path)
    with pytest.raises(ValueError, match=r"Expected formats among onnx, saved_model, litert, web. Received: tflite"):
        kerasgan.export.bundle(bundled[0], tmp_path / "new", formats=["tflite"])
    assert [path.name for path in tmp_path.iterdir()] == ["thesis.txt"]


def test_a_file_names_its_direction_also_if_nobody_chose_one():
    gan = CycleGAN(**CycleGAN.tiny_config)
    assert [describe(gan, Options(direction=way))["direction"] for way in (None, "ab", "ba")] == ["ab", "ab", "ba"]
    assert "direction" not in describe(Pix2Pix(**Pix2Pix.tiny_config), Options())


def test_what_lies_in_an_earlier_export_is_not_lost_with_it(bundled, tmp_path):
    gan, folder, _ = bundled
    shutil.copytree(folder, tmp_path / "bundle")
    (tmp_path / "bundle" / "drawn.png").touch()  # by the commands of its card
    kerasgan.export.bundle(gan, tmp_path / "bundle", formats=["onnx"])
    for place, name in (("bundle", "thesis.txt"), ("page", "CNAME"), ("saved", ".git")):
        again = {"bundle": kerasgan.export.bundle, "page": kerasgan.export.web, "saved": kerasgan.export.saved_model}
        if place != "bundle":
            shutil.copytree(folder / ("web" if place == "page" else "sn-tiny"), tmp_path / place)
        (tmp_path / place / name).write_text("mine")
        with pytest.raises(ValueError, match=rf"nothing in it that would be lost.*path=.*{place}' with {name}"):
            again[place](gan, tmp_path / place)
        assert (tmp_path / place / name).read_text() == "mine"


def test_a_format_is_one_entry_in_the_table(bundled, tmp_path, monkeypatch):
    """What another format needs: bundle, report, card and errors know it, and the proof uses it."""
    again = formats.FORMATS["onnx"]._replace(runtime="Another Runtime", path="{name}.another")
    monkeypatch.setitem(formats.FORMATS, "another", again)
    report = kerasgan.export.bundle(bundled[0], tmp_path / "bundle", formats=["another"])
    assert report["formats"]["another"]["runtime"] == "Another Runtime"
    assert (tmp_path / "bundle" / "sngan.another").is_file()
    assert "| `sngan.another` | Another Runtime |" in (tmp_path / "bundle" / "card.md").read_text()


def test_formats_whose_runtime_is_missing_are_left_out_unless_they_are_named(bundled, tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "ai_edge_litert", None)
    with pytest.raises(ImportError, match="pip install ai-edge-litert"):
        kerasgan.export.litert(bundled[0], tmp_path / "file")
    report = kerasgan.export.bundle(bundled[0], tmp_path / "bundle", opset=14)
    assert set(report["formats"]) == {"onnx", "saved_model", "web"}
    assert report["left_out"]["litert"].endswith("Run: pip install ai-edge-litert")
