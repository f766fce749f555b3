"""The explorer's folder: what is written, from where, and to whom it is served."""

import base64
import dataclasses
import http.client
import json
import threading

import keras
import numpy as np
import onnxruntime
import pytest
from command_line import run

from kerasgan import data, exploration, export, zoo
from kerasgan.cli import arguments
from kerasgan.data import derivations
from kerasgan.data.sources import scaled
from kerasgan.evaluation import evaluate
from kerasgan.export import page
from kerasgan.export.page import runtime
from kerasgan.export.page.drawings import drawing
from kerasgan.gan import GAN
from kerasgan.models import DCGAN, ConditionalGAN, CycleGAN, Pix2Pix, StyleGAN2

tensorflow = pytest.mark.skipif(keras.backend.backend() != "tensorflow", reason="exports, which the backend tests do")
TINY = {"image_size": 8, "latent_dim": 5, "width": 4}


def facts_of(path):
    text = (path / "facts.js").read_text(encoding="utf-8")
    return json.loads(text.removeprefix("const facts = ").removesuffix(";\n"))


def embedded(path, name):
    text = (path / f"{name}.js").read_text(encoding="ascii")
    start, end = f'embedded["{name}"] = "', '";\n'
    assert text.startswith(start) and text.endswith(end)
    return base64.b64decode(text[len(start) : -len(end)])


@tensorflow
def test_the_folder_holds_the_page_the_proven_model_and_its_facts(tmp_path):
    gan = ConditionalGAN(image_size=8, latent_dim=5, width=0.02, prior="uniform")
    path = export.web(gan, tmp_path / "page", entry="tiny", license="MIT", directions=3)
    names = {each.name for each in path.iterdir()}
    assert names == {each.name for each in page.source().iterdir() if each.suffix not in (".gif", ".png")} | {
        "facts.js",
        "generator.onnx.js",
    }
    facts = facts_of(path)
    assert (facts["name"], facts["license"], facts["num_classes"]) == ("tiny", "MIT", 10)
    assert facts["latent_prior"] == {"name": "uniform", "low": -1.0, "high": 1.0}
    assert np.shape(facts["directions"]) == (3, 5)
    assert facts["truncates"] == "latents"
    session = onnxruntime.InferenceSession(embedded(path, "generator.onnx"))
    latents, labels = gan.prior.draw(2, 5, 3), np.array([4, 4], "int32")
    (images,) = session.run(None, {"latents": latents, "labels": labels})
    np.testing.assert_allclose(images, gan.generate(2, seed=3, labels=4), atol=1e-5)
    index = (path / "index.html").read_text(encoding="utf-8")
    assert "<title>tiny · kerasgan explorer</title>" in index
    assert f"connect-src {runtime.ADDRESS};" in index  # pinned: no other address of that host, and no other host


@tensorflow
@pytest.mark.slow
def test_a_style_based_model_takes_its_truncation_as_an_input(tmp_path):
    gan = StyleGAN2(**StyleGAN2.tiny_config)
    path = export.web(gan, tmp_path / "page", directions=1)
    assert facts_of(path)["truncates"] == "input"
    latents = gan.prior.draw(2, gan.latent_dim, 3)
    session = onnxruntime.InferenceSession(embedded(path, "generator.onnx"))
    (images,) = session.run(None, {"latents": latents, "truncation": np.full(2, 0.5, "float32")})
    np.testing.assert_allclose(images, gan.generate(latents=latents, truncation=0.5), atol=5e-5)


def test_a_translator_has_a_model_and_examples_for_each_direction(tmp_path, monkeypatch):
    def write(gan, path, *, direction, **_):  # instead of two exports
        path.write_bytes(direction.encode())
        return path

    monkeypatch.setattr(export, "onnx", write)
    gan = CycleGAN(**{**CycleGAN.tiny_config, "input_channels": 3, "channels": 1, "identity_weight": 0.0})
    examples = np.zeros((2, 8, 8, 3), "float32"), np.ones((2, 8, 8, 1), "float32")
    export.web(gan, tmp_path / "page", examples=examples)
    networks = facts_of(tmp_path / "page")["networks"]
    assert [(each["direction"], each["file"], each["channels"]) for each in networks] == [
        ("ab", "ab.onnx", 3),
        ("ba", "ba.onnx", 1),
    ]
    assert [len(each["examples"]) for each in networks] == [2, 2]
    assert [each["size"] for each in networks] == [None, None]  # any
    assert networks[0]["examples"][0] != networks[1]["examples"][0]
    assert embedded(tmp_path / "page", "ba.onnx") == b"ba"
    assert "drawing" not in networks[0]  # of three channels to one
    assert networks[1]["drawing"]["size"] == [16, 16]  # of training


def test_a_translator_of_more_than_colors_is_refused(tmp_path):
    gan = CycleGAN(**{**CycleGAN.tiny_config, "input_channels": 5, "channels": 1, "identity_weight": 0.0})
    with pytest.raises(ValueError, match="Received: one of 5 channels"):
        export.web(gan, tmp_path / "page")
    assert not list(tmp_path.iterdir())


# Drawings


def ring(radius, width, size=64):
    """A ring of black ink on white: the share of each pixel's way to its border, (1, size, size, 1)."""
    y, x = np.mgrid[:size, :size] - (size - 1) / 2
    ink = np.clip(width / 2 + 0.5 - np.abs(np.hypot(x, y) - radius), 0, 1)
    return (1 - 2 * ink)[None, ..., None].astype("float32")


@pytest.mark.parametrize("width", [1.5, 3.5, 6.0])
def test_the_brush_is_as_wide_as_the_lines_of_the_examples(width):
    bar = np.ones((1, 40, 40, 1), "float32")
    whole = int(width)
    bar[:, 10 : 10 + whole] = -1
    bar[:, 10 + whole] = 1 - 2 * (width - whole)  # the rest of the width, on the next row
    assert drawing(bar, None, (40, 40))["width"] == width
    found = drawing(ring(20, width), None, (128, 128))
    assert found["size"] == [128, 128]
    np.testing.assert_allclose(found["width"], 2 * width, rtol=0.1)  # of a picture twice as large
    assert drawing(-ring(20, width), None, (64, 64))["paper"] == 0


def test_lines_that_the_outputs_repeat_are_known():
    lines = ring(20, 4)
    yellow = np.where(lines > 0, np.float32([1, 0.8, -1]), -1).astype("float32")
    assert drawing(lines, yellow, (64, 64))["keeps_lines"]
    assert not drawing(lines, -yellow, (64, 64))["keeps_lines"]
    assert not drawing(lines, yellow[:, :32], (64, 64))["keeps_lines"]


def test_drawings_are_told_from_photographs_by_their_paper():
    photographs = scaled(data.photos(split="test", image_size=64).images()[:8])
    _, digits = evaluate.examples(zoo.recipe("cyclegan-digits"))
    gray, edges = (derivations.derivation(name) for name in ("gray", "edges"))
    assert drawing(gray(photographs), photographs, (64, 64)) is None
    assert drawing(photographs, None, (64, 64)) is None
    assert drawing(edges(photographs), photographs, (64, 64))["paper"] == 255
    assert drawing(digits, None, (16, 16))["paper"] == 0
    assert drawing(np.repeat(digits, 3, axis=-1), None, (16, 16))["paper"] == 0  # gray in three channels
    assert drawing(None, None, (72, 72)) == {"size": [72, 72], "paper": 255, "width": 2.0, "keeps_lines": False}


def test_examples_and_their_origin_come_with_the_page_of_a_bundle_too():
    gan = Pix2Pix(**{**Pix2Pix.tiny_config, "input_channels": 1, "channels": 3})
    height = gan.input_shape[0]
    lines = ring(height / 4, 2, height)
    options = export.Options(credit="Mine, CC0-1.0")
    facts = export.formats.FORMATS["web"].gather(gan, options, examples=(lines, np.repeat(lines, 3, axis=-1)))
    assert facts["credit"] == "Mine, CC0-1.0"
    (network,) = facts["networks"]
    assert network["drawing"]["keeps_lines"] and len(network["examples"]) == 1
    sized = export.formats.FORMATS["web"].gather(gan, export.Options(image_size=2 * height))
    assert sized["networks"][0]["drawing"]["size"] == [2 * height, 2 * height]


def test_the_commands_give_examples_and_their_origin():
    recipe = zoo.recipe("cyclegan-digits")
    found = arguments.examples_of(recipe, CycleGAN(**CycleGAN.tiny_config))
    assert [len(each) for each in found["examples"]] == [8, 8] and "handwritten" in found["credit"].lower()
    assert arguments.examples_of(recipe, DCGAN(**TINY)) == {}
    elsewhere = dataclasses.replace(recipe, data={"source": "folder", "image_size": 16})
    assert arguments.examples_of(elsewhere, CycleGAN(**CycleGAN.tiny_config)) == {}


def test_a_folder_that_holds_something_else_is_left_alone(tmp_path):
    (tmp_path / "thesis.txt").write_text("three years")
    with pytest.raises(ValueError, match="Expected a new or empty folder, or an explorer to replace"):
        export.web(DCGAN(**TINY), tmp_path)
    with pytest.raises(ValueError, match="Received a file"):
        export.web(DCGAN(**TINY), tmp_path / "thesis.txt")
    with pytest.raises(ValueError, match=r"Expected a kerasgan\.GAN"):
        export.web("dcgan-digits", tmp_path / "page")
    with pytest.raises(ValueError, match="directions=-1"):
        export.web(DCGAN(**TINY), tmp_path / "page", directions=-1)
    assert [each.name for each in tmp_path.iterdir()] == ["thesis.txt"]


# ONNX Runtime Web


@pytest.fixture
def cache(tmp_path, monkeypatch):
    monkeypatch.setenv("KERASGAN_HOME", str(tmp_path / "home"))
    return tmp_path / "home" / "web" / runtime.ARCHIVE


def test_without_npm_the_error_says_how_to_do_without(cache, monkeypatch, tmp_path):
    monkeypatch.setattr(runtime.shutil, "which", lambda name: None)
    expected = r"Expected npm.*By hand: `npm pack onnxruntime-web@"
    with pytest.raises(export.RuntimeFilesError, match=expected) as caught:
        export.web(DCGAN(**TINY), tmp_path / "page", vendor=True)
    assert str(cache.parent) in str(caught.value)
    assert not (tmp_path / "page").exists()


def test_what_npm_says_when_it_fails_is_passed_on(cache, monkeypatch, tmp_path):
    npm = tmp_path / "npm"
    npm.write_text("#!/bin/sh\necho 'npm error network' >&2\nexit 1\n")
    npm.chmod(0o755)
    monkeypatch.setattr(runtime.shutil, "which", lambda name: str(npm))
    with pytest.raises(export.RuntimeFilesError, match="Received: npm error network"):
        runtime.vendored()


def test_an_archive_that_is_not_the_pinned_one_is_refused(cache):
    cache.parent.mkdir(parents=True)
    cache.write_bytes(b"something else")
    with pytest.raises(export.RuntimeFilesError, match="Received: another file"):
        runtime.vendored()


# The server


def ask(port, path):
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
    connection.request("GET", path)
    answer = connection.getresponse()
    body = answer.read()
    connection.close()
    return answer.status, body


def test_the_server_serves_the_folder_on_loopback_and_nothing_beside_it(tmp_path):
    (tmp_path / "page").mkdir()
    (tmp_path / "page" / "index.html").write_text("<h1>page</h1>")
    (tmp_path / "secret.txt").write_text("secret")
    with export.open_server(tmp_path / "page") as server:
        assert server.server_address[0] == "127.0.0.1"
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            assert ask(server.server_port, "/") == (200, b"<h1>page</h1>")
            assert ask(server.server_port, "/../secret.txt")[0] == 404
            assert ask(server.server_port, "/%2e%2e/secret.txt")[0] == 404
        finally:
            server.shutdown()
            thread.join()


@tensorflow
def test_the_command_writes_and_serves(tmp_path, monkeypatch):
    served = []
    monkeypatch.setattr(export, "serve", served.append)
    target = tmp_path / "page"
    done = run("explore", "cgan-digits", "-o", target, "--directions", "0", "--serve")
    assert done.exit_code == 0, done.output
    assert done.output.startswith(f"Explorer: {target / 'index.html'}\n")
    assert served == [target]
    assert facts_of(target)["directions"] == []
    assert facts_of(target)["license"] == "Apache-2.0"


def test_examples_are_of_the_held_out_split():
    recipe = zoo.recipe("cyclegan-digits")
    inputs, targets = evaluate.examples(recipe)
    assert (inputs.shape, targets.shape) == ((8, 16, 16, 3), (8, 16, 16, 1))
    folder_recipe = dataclasses.replace(recipe, data={"source": "folder", "image_size": 16})
    assert evaluate.examples(folder_recipe) is None


# What the sliders move


def linear(matrix, prior="normal"):
    """Images (batch, 2, 2, 1) that are a linear function of the latents."""
    latents = keras.Input((matrix.shape[0],), name="latents")
    layer = keras.layers.Dense(4, use_bias=False)
    images = keras.layers.Reshape((2, 2, 1))(layer(latents))
    layer.kernel.assign(matrix)
    image = keras.Input((2, 2, 1))
    logits = keras.layers.Dense(1)(keras.layers.Flatten()(image))
    return GAN(keras.Model(latents, images), keras.Model(image, logits), prior=prior)


def test_sensitive_directions_of_a_linear_generator_are_its_singular_vectors():
    matrix = np.random.default_rng(5).normal(size=(3, 4)).astype("float32") * 0.1
    directions, strengths = exploration.sensitive_directions(linear(matrix), points=2)
    vectors, values, _ = np.linalg.svd(matrix)
    spread = np.linalg.norm(directions, axis=1)
    np.testing.assert_allclose(spread, 1, atol=0.05)  # standard deviations, estimated from 4,096 latents
    np.testing.assert_allclose(np.abs(np.sum(directions * vectors.T, axis=1)) / spread, 1, atol=2e-3)
    np.testing.assert_allclose(strengths, values, rtol=0.05)
    assert (directions[np.arange(3), np.abs(directions).argmax(axis=1)] > 0).all()


def test_discrete_latents_have_no_sensitive_directions():
    prior = {"name": "product", "parts": [{"name": "categorical", "num_categories": 2}, {"name": "uniform", "size": 1}]}
    matrix = np.ones((3, 4), "float32") * 0.1
    directions, strengths = exploration.sensitive_directions(linear(matrix, prior), points=1)
    np.testing.assert_allclose(directions, [[0, 0, 1 / np.sqrt(3)]], atol=0.01)  # of the uniform on [-1, 1)
    np.testing.assert_allclose(strengths, [0.2 / np.sqrt(3)], rtol=0.02)
    with pytest.raises(ValueError, match="Cannot find directions: the prior is discrete"):
        exploration.sensitive_directions(linear(matrix, {"name": "categorical", "num_categories": 3}))
    with pytest.raises(ValueError, match="points=0"):
        exploration.sensitive_directions(linear(matrix), points=0)


@tensorflow
def test_title_description_and_license_are_given_and_what_needs_a_network_is_said(trained, tmp_path):
    texts = "--title", "Tiny <b>faces</b>", "--description", "Mine & yours.", "--license", "CC0-1.0"
    result = run("explore", trained / "tiny-run", "--directions", 0, *texts, "-o", tmp_path / "page")
    assert result.exit_code == 0, result.output
    assert "with --vendor it works without a network" in result.output
    facts = facts_of(tmp_path / "page")
    assert (facts["title"], facts["summary"], facts["license"]) == ("Tiny <b>faces</b>", "Mine & yours.", "CC0-1.0")
    assert facts["name"] == "tiny-run"  # of files and commands
    assert "<title>Tiny &lt;b&gt;faces&lt;/b&gt; ·" in (tmp_path / "page" / "index.html").read_text(encoding="utf-8")
    result = run("export", trained / "tiny-run", "--formats", "onnx,web", *texts, "-o", tmp_path / "bundle")
    assert result.exit_code == 0, result.output
    assert "--vendor" in result.output
    card = (tmp_path / "bundle" / "card.md").read_text(encoding="utf-8")
    assert (
        card.startswith("# Tiny \\<b\\>faces\\</b\\>\n\nMine & yours.\n") and "License of the weights: CC0-1.0." in card
    )
    assert facts_of(tmp_path / "bundle" / "web")["title"] == "Tiny <b>faces</b>"
