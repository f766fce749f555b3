"""Exports in processes of their own: from JAX and PyTorch, and the programs that open a file without Keras."""

import ast
import importlib.util
import json
import os
import subprocess
import sys
from pathlib import Path

import keras
import numpy as np
import onnxruntime
import pytest
from PIL import Image

import kerasgan
from kerasgan.data.decoding import decode
from kerasgan.export import ExportError, Options, other_process, proof, signature, writing
from kerasgan.export.options import Bound
from kerasgan.models import DCGAN, ConditionalGAN

REPOSITORY = Path(__file__).parent.parent
NOT_INSTALLED = """
from importlib.machinery import PathFinder

find = PathFinder.find_spec


def find_the_rest(name, path=None, target=None):
    return None if name.split(".")[0] in {names} else find(name, path, target)


PathFinder.find_spec = staticmethod(find_the_rest)  # which instances have too: packages ask one
"""
PROGRAMS = {
    "onnx": (kerasgan.export.onnx, ("kerasgan", "keras", "tensorflow", "onnx")),
    "saved_model": (kerasgan.export.saved_model, ("kerasgan", "keras")),
    "litert": (kerasgan.export.litert, ("kerasgan", "keras", "tensorflow", "onnx")),
}

pytestmark = pytest.mark.skipif(keras.backend.backend() != "tensorflow", reason="starts the other backends itself")


def made(family=ConditionalGAN, **options):
    gan = family(**{"image_size": 8, "latent_dim": 5, "width": 0.02} | options)
    rng = np.random.default_rng(3)
    for weight in gan.generator.weights:
        size = rng.uniform(0.5, 1.5, weight.shape) if "variance" in weight.path else rng.normal(0, 0.4, weight.shape)
        weight.assign(size)
    return gan


# The programs beside the package


def run(form, *arguments, folder):
    """Runs export/<form>/run.py where what it must not need is not installed."""
    (folder / "sitecustomize.py").write_text(NOT_INSTALLED.format(names=PROGRAMS[form][1]))
    program = REPOSITORY / "export" / form / "run.py"
    environment = os.environ | {"PYTHONPATH": str(folder)}
    command = [sys.executable, str(program), *map(str, arguments)]
    return subprocess.run(command, env=environment, cwd=folder, capture_output=True, text=True, check=False)


def in_levels(images):
    return (images + 1) * 127.5


@pytest.mark.parametrize("form", PROGRAMS)
def test_the_program_draws_the_picture_of_generate(form, tmp_path):
    gan = made()
    path = PROGRAMS[form][0](gan, tmp_path / "generator", entry="tiny")
    done = run(form, path, "--count", 5, "--seed", 7, "-o", "drawn.png", folder=tmp_path)
    assert done.returncode == 0, done.stderr
    assert done.stdout == "drawn.png: 5 images by tiny\n"
    picture = np.asarray(Image.open(tmp_path / "drawn.png"), "float32")
    assert picture.shape == (16, 24)  # two rows of three
    images = in_levels(gan.generate(5, seed=7))[..., 0]
    for index, image in enumerate(images):
        top, left = 8 * (index // 3), 8 * (index % 3)
        assert np.abs(picture[top : top + 8, left : left + 8] - image).max() <= 1
    assert not picture[8:, 16:].any()  # the sixth cell is black


@pytest.mark.parametrize("channels", [1, 3, 4])
def test_the_translating_program_reads_a_picture_as_the_library_does(channels, tmp_path):
    path = tmp_path / "photo.png"
    pixels = np.random.default_rng(0).integers(256, size=(5, 8, 4), dtype="uint8")
    photo = Image.fromarray(pixels)
    sideways = photo.getexif()
    sideways[0x0112] = 6  # as telephones write it
    photo.save(path, exif=sideways)
    specification = importlib.util.spec_from_file_location("translate", REPOSITORY / "export" / "onnx" / "translate.py")
    program = importlib.util.module_from_spec(specification)
    specification.loader.exec_module(program)
    read = program.read(path, channels)
    assert read.shape == (8, 5, channels)
    np.testing.assert_allclose(read, decode(path, channels=channels) / 127.5 - 1, atol=1e-6)


PARTS = [{"name": "uniform", "size": 2}, {"name": "categorical", "num_categories": 3, "probabilities": [0.2, 0.3, 0.5]}]


@pytest.mark.parametrize(
    "prior",
    [
        "normal",
        {"name": "uniform", "low": -0.5, "high": 2.0},
        {"name": "truncated_normal", "threshold": 0.7},
        {"name": "categorical", "num_categories": 5},
        {"name": "gaussian_mixture", "num_components": 3, "latent_dim": 5},
        {"name": "product", "parts": PARTS},
        {"name": "product", "parts": [{"name": "product", "parts": PARTS[:1]}, *PARTS[1:]]},
        {"name": "tree", "branching": [2, 2], "latent_dim": 5},
        {"name": "learned_mixture", "num_components": 3},
    ],
    ids=lambda prior: prior if isinstance(prior, str) else prior["name"],
)
def test_the_program_draws_color_and_every_prior(prior, tmp_path):
    gan = made(DCGAN, width=4, channels=3, prior=prior)
    path = kerasgan.export.onnx(gan, tmp_path / "generator.onnx")
    done = run("onnx", path, "--count", 1, "--seed", 3, folder=tmp_path)
    assert done.returncode == 0, done.stderr
    picture = np.asarray(Image.open(tmp_path / "samples.png"), "float32")
    assert np.abs(picture - in_levels(gan.generate(1, seed=3))[0]).max() <= 1


def test_the_programs_differ_in_how_they_open_a_file_only():
    """Their tests compare images of ONNX files; the other programs have the same functions."""
    functions = []
    for form in PROGRAMS:
        tree = ast.parse((REPOSITORY / "export" / form / "run.py").read_text(encoding="utf-8"))
        functions.append({node.name: ast.dump(node) for node in tree.body if getattr(node, "name", "main") != "main"})
    assert functions[0] == functions[1] == functions[2]
    assert len(functions[0]) == 12


def test_the_program_draws_the_requested_class(tmp_path):
    gan = made()
    path = kerasgan.export.onnx(gan, tmp_path / "generator.onnx")
    assert run("onnx", path, "--count", 70, "--label", 4, folder=tmp_path).returncode == 0  # more than one chunk
    picture = np.asarray(Image.open(tmp_path / "samples.png"), "float32")
    last = in_levels(gan.generate(70, labels=4, seed=0))[69, ..., 0]
    assert np.abs(picture[56:64, 48:56] - last).max() <= 1  # row 7, column 6 of nine by eight


def test_the_program_refuses_what_it_cannot_draw_in_one_line(tmp_path):
    path = kerasgan.export.onnx(made(), tmp_path / "conditional.onnx")
    done = run("onnx", path, "--label", 10, folder=tmp_path)
    assert (done.returncode, done.stderr) == (1, "Expected a label from 0 to 9. Received: --label 10\n")
    path = kerasgan.export.onnx(made(DCGAN, width=4), tmp_path / "plain.onnx")
    done = run("onnx", path, "--label", 1, folder=tmp_path)
    assert done.stderr.startswith("Expected no label: this model is not class-conditional.")
    done = run("onnx", path, "--count", 0, folder=tmp_path)
    assert "expected a positive number" in done.stderr
    assert not (tmp_path / "samples.png").exists()


@pytest.mark.parametrize("form", PROGRAMS)
def test_the_program_imports_its_runtime_and_little_else(form):
    tree = ast.parse((REPOSITORY / "export" / form / "run.py").read_text(encoding="utf-8"))
    names = {alias.name for node in ast.walk(tree) if isinstance(node, ast.Import) for alias in node.names}
    names |= {node.module for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)}
    foreign = {name for name in names if name.split(".")[0] not in sys.stdlib_module_names}
    runtime = {"onnx": "onnxruntime", "saved_model": "tensorflow", "litert": "ai_edge_litert.interpreter"}[form]
    assert foreign == {"numpy", runtime}


# From other backends

FROM_ANOTHER_BACKEND = """
import numpy as np

import kerasgan
from kerasgan.models import ConditionalGAN, CycleGAN

gan = ConditionalGAN(image_size=8, latent_dim=5, width=0.02)
rng = np.random.default_rng(3)
for weight in gan.generator.weights:
    weight.assign(rng.normal(0, 0.4, weight.shape))
kerasgan.export.bundle(gan, "bundle", entry="tiny")
np.save("images.npy", gan.generate(5, labels=3, seed=11))
gan = CycleGAN(**CycleGAN.tiny_config)
for weight in gan.generator.weights:
    weight.assign(rng.normal(0, 0.3, weight.shape))
kerasgan.export.onnx(gan, "translator.onnx", direction="ba")
images = rng.uniform(-1, 1, (2, 12, 20, 3)).astype("float32")
np.savez("translated.npz", images=images, outputs=gan.predict(images, direction="ba"))
"""


@pytest.mark.slow
@pytest.mark.parametrize("backend", ["jax", "torch"])
def test_an_export_from_another_backend_draws_its_images(backend, tmp_path):
    if importlib.util.find_spec(backend) is None:
        pytest.skip(f"needs {backend}: pip install {backend}")
    environment = os.environ | {"KERAS_BACKEND": backend, "PYTHONPATH": str(REPOSITORY), "JAX_PLATFORMS": "cpu"}
    command = [sys.executable, "-c", FROM_ANOTHER_BACKEND]
    done = subprocess.run(command, env=environment, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    files = ["bundle", "images.npy", "translated.npz", "translator.onnx"]
    assert sorted(each.name for each in tmp_path.iterdir()) == files
    session = onnxruntime.InferenceSession(tmp_path / "bundle" / "tiny.onnx")
    latents = made().prior.draw(5, 5, seed=11)
    inputs = {"latents": latents, "labels": np.full(5, 3, "int32")}
    images = session.run(["images"], inputs)[0]
    np.testing.assert_allclose(images, np.load(tmp_path / "images.npy"), atol=1e-5)
    ours = onnxruntime.InferenceSession(kerasgan.export.onnx(made(), tmp_path / "ours.onnx"))
    np.testing.assert_allclose(images, ours.run(["images"], inputs)[0], atol=1e-5)
    report = json.loads((tmp_path / "bundle" / "export_report.json").read_text())
    assert set(report["formats"]) == {"onnx", "saved_model", "litert", "web"}
    assert report["versions"]["backend"] == backend
    assert session.get_modelmeta().custom_metadata_map["entry"] == "tiny"
    translated, session = (
        np.load(tmp_path / "translated.npz"),
        onnxruntime.InferenceSession(tmp_path / "translator.onnx"),
    )
    (outputs,) = session.run(["outputs"], {"images": translated["images"]})
    np.testing.assert_allclose(outputs, translated["outputs"], atol=5e-5)


def ask_another_process(gan, path, *, shift):
    (inputs,) = signature.example_inputs(gan, signature.signature_of(gan.sampler), count=8)
    cases = proof.reference_cases(gan.sampler, inputs, batches=(1, 3, 8), tolerance=1e-5)
    cases = [case._replace(images=case.images + np.float32(shift)) for case in cases]
    settings = {"metadata": {"family": "tiny"}, "options": Options(), "bound": Bound("max", 1e-5)}
    with writing.place(path) as temporary:
        paths = {"saved_model": temporary}
        rest = {"calibration": [], "about": {"saved_model": {}}}
        other_process.write_and_prove(gan.sampler, paths, cases=cases, **rest, **settings)


def test_a_refusal_of_the_other_process_is_raised_here(tmp_path):
    with pytest.raises(ExportError, match=r"a difference of 0\.25 at batch 1"):
        ask_another_process(made(), tmp_path / "generator", shift=0.25)
    assert not list(tmp_path.iterdir())


def test_one_format_that_fails_in_the_other_process_does_not_cost_the_others(tmp_path):
    gan, failed = made(), {}
    (inputs,) = signature.example_inputs(gan, signature.signature_of(gan.sampler), count=1)
    found = other_process.write_and_prove(
        gan.sampler,
        {"onnx": tmp_path / "no folder" / "tiny.onnx", "saved_model": tmp_path / "tiny"},
        cases=proof.reference_cases(gan.sampler, inputs, batches=(1,), tolerance=1e-5),
        calibration=[],
        metadata={"family": "tiny"},
        options=Options(),
        bound=Bound("max", 5e-5),
        about={"onnx": {}, "saved_model": {}},
        failed=failed,
    )
    assert list(found) == ["saved_model"] and list(failed) == ["onnx"]
    assert "Expected a file for ONNX Runtime" in failed["onnx"]


def test_a_crash_of_the_other_process_is_raised_here_with_its_last_words(tmp_path, monkeypatch):
    monkeypatch.setattr(other_process, "PROGRAM", "raise SystemExit('no such layer')")
    with pytest.raises(ExportError, match="no such layer"):
        ask_another_process(made(), tmp_path / "generator", shift=0)
    assert not list(tmp_path.iterdir())
