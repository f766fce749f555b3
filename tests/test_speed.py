"""The benchmark of speed: that it compares the same networks, and says what it cannot measure."""

import importlib
import math
import os
import sys
import time
from pathlib import Path
from xml.etree import ElementTree

import pytest

import kerasgan

FOLDER = Path(__file__).parent.parent / "benchmarks" / "speed"
TITLES = ("DCGAN-64", "SNGAN-32", "StyleGAN2-64", "CycleGAN-128")


@pytest.fixture(autouse=True)
def modules(monkeypatch):
    monkeypatch.syspath_prepend(FOLDER)


def counterpart(title):
    pytest.importorskip("torch")
    setting = importlib.import_module("networks").QUICK[title]
    module = importlib.import_module(f"counterparts.{setting.family.lower()}")
    return setting, module.trainer(setting.batch, lambda network: network, "cpu", **setting.model)


@pytest.mark.parametrize("title", TITLES)
def test_a_counterpart_has_as_many_weights_and_trains_both_networks(title):
    setting, trainer = counterpart(title)
    gan = getattr(kerasgan.models, setting.family)(**setting.model)
    for name in ("generator", "discriminator"):
        weights = [weight.detach().clone() for weight in getattr(trainer, name).parameters()]
        own = sum(math.prod(weight.shape) for weight in getattr(gan, name).trainable_weights)
        assert sum(weight.numel() for weight in weights) == own
    for index in range(setting.warm_up):
        trainer.step(index)
    for network in (trainer.generator, trainer.discriminator):
        assert all(weight.isfinite().all() and weight.requires_grad for weight in network.parameters())
        assert any(weight.grad is not None and weight.grad.any() for weight in network.parameters())


def test_operations_are_those_of_the_convolutions_and_products():
    torch = pytest.importorskip("torch")
    images, kernel = torch.ones(2, 3, 8, 8), torch.ones(5, 3, 3, 3, requires_grad=True)

    def work():
        torch.nn.functional.conv2d(images, kernel).sum().backward()
        torch.ones(4, 6) @ torch.ones(6, 7)

    once = 2 * 2 * 5 * 6 * 6 * 3 * 3 * 3  # of the convolution; its kernel's gradient takes as many
    assert importlib.import_module("training").operations(work) == 2 * once + 2 * 4 * 6 * 7


def test_the_table_sets_each_row_against_eager_pytorch_and_says_why_one_failed():
    report = importlib.import_module("report")
    found = {"step": 0.5, "batch": 32, "generator": 10**6, "discriminator": 10**6, "warm_up": 3.0, "mebibytes": 900.0}
    rows = {
        "matrix product": {"rate": 2e11},
        "DCGAN-64, kerasgan, TensorFlow": {**found, "step": 0.4},
        "DCGAN-64, kerasgan, JAX": {"failed": "no module named jax"},
        "DCGAN-64, plain PyTorch, eager": {**found, "operations": 5e10},
    }
    text = report.markdown({"training": rows}, "a machine")
    assert "| kerasgan, TensorFlow | 400 | 80.0 | 1.25 | 62% | 3.0 | 900 |" in text
    assert "| kerasgan, JAX | failed | no module named jax |" in text
    assert "DCGAN-64: batch 32, 1.0 and 1.0 million weights, 50 GFLOP a step" in text


def test_curves_show_images_a_second_and_say_which_row_failed():
    report, curves = importlib.import_module("report"), importlib.import_module("curves")
    names = ("batch 1", "batch 16", "32 pixels", "1 process")
    rows = {name: {"step": 0.5, "batch": 16, "mebibytes": 900.0} for name in names}
    rows["2 processes"] = {"failed": "not done after 600 s"}
    text = report.markdown({"scaling": rows}, "a machine")
    assert "| batch 16 | 16 | 500 | 32.0 | 900 |" in text and "2 processes: not done after 600 s." in text
    rows["batch 1"]["batch"] = 1
    picture = ElementTree.fromstring(curves.drawn(rows))
    points = [line.get("points").split() for line in picture.iter("{http://www.w3.org/2000/svg}polyline")]
    assert [len(each) for each in points] == [2, 1, 1]  # batches, sizes, processes
    heights = [curves.HEIGHT - curves.BOTTOM - int(point.partition(",")[2]) for point in points[0]]
    assert heights[0] == pytest.approx(heights[1] / 16, abs=1)


def test_the_times_of_commands_are_listed_with_those_of_the_processor():
    report = importlib.import_module("report")
    rows = {"kerasgan list": {"seconds": 0.5, "processor": 0.4, "mebibytes": 30.0}}
    assert "| kerasgan list | 0.50 | 0.40 |" in report.markdown({"start": rows}, "a machine")
    written = {"onnx": 1.25, "mebibytes": 800.0}
    large = importlib.import_module("sampling").LARGE
    text = report.markdown({"sampling": {"written": written, large: {"onnx": 50.0, "mebibytes": 1.0}}}, "a machine")
    assert f"Writing and proving the files: onnx 1.2 s, {large} 50.0 s." in text


def test_processes_that_wait_for_one_that_failed_are_stopped():
    """The second fails while the first waits: waiting for them one after the other took its minute."""
    scaling, started = importlib.import_module("scaling"), time.monotonic()
    program = "import os, time; print('done'); int(os.environ['STEPS']) or time.sleep(60)"
    environments = [{**os.environ, "STEPS": steps} for steps in ("0", "many")]
    failed = "process 1 of 2 with exit code 1: ValueError: invalid literal for int.*'many'"
    with pytest.raises(RuntimeError, match=failed):
        scaling.all_of([sys.executable, "-c", program], environments)
    assert time.monotonic() - started < 30
    outputs = scaling.all_of([sys.executable, "-c", program], [{**os.environ, "STEPS": "1"}] * 2)
    assert [output.strip() for output in outputs] == ["done", "done"]
