"""Data sources of recipes: one file defines each of them."""

import dataclasses
import inspect
import json
import sys

import pytest

from kerasgan import data, models, zoo
from kerasgan.evaluation import evaluate, scores
from kerasgan.gan import Task
from kerasgan.training import train
from kerasgan.zoo import data_sources

SOURCES = [data_sources.get(name) for name in data_sources.names()]
RECIPE = """# kerasgan train ramps
family = "DCGAN"
[model]
image_size = 16
channels = 1
width = 4
[data]
source = "ramps"
image_size = 16
[train]
batch_size = 4
steps = 2
"""
NEW_SOURCE = """
import numpy as np

from kerasgan.zoo.data_sources.base import SIZE, TEXT, DataSource, Option


class Ramps(DataSource):
    name = "ramps"
    options = (Option("image_size", 8, SIZE), Option("split", "all", TEXT))
    metrics = ("sharpness", "frechet_distance")
    features = ("pixels",)
    about = "Ramps from black to white, drawn by their file."

    def read(self, *, image_size, batch_size, seed):
        from kerasgan import data

        ramps = np.linspace(-1, 1, 12 * image_size**2, dtype="float32").reshape(12, image_size, image_size, 1)
        return data.arrays(ramps, batch_size=batch_size, seed=seed)
"""


def recipe(folder, text=RECIPE):
    (folder / "ramps").mkdir(exist_ok=True)
    (folder / "ramps" / "recipe.toml").write_text(text)
    return folder / "ramps" / "recipe.toml"


@pytest.mark.parametrize("source", SOURCES, ids=data_sources.names())
def test_options_are_those_that_its_reader_takes(source):
    parameters = inspect.signature(getattr(data, source.name)).parameters
    for option in source.options:
        assert parameters[option.name].default == option.default
        if option.default is not None:
            option.check(option.default, "here")
    takes = {name for name, each in parameters.items() if each.kind is inspect.Parameter.KEYWORD_ONLY}
    assert takes - {option.name for option in source.options} <= {"data_dir"}  # of this machine, not of a recipe


@pytest.mark.parametrize("source", SOURCES, ids=data_sources.names())
def test_defaults_of_evaluation_are_metrics_that_exist(source):
    assert {*source.metrics, *source.class_metrics} <= {*scores.NAMES}
    assert ("split" in {option.name for option in source.options}) >= bool(source.held_out)


def test_every_task_has_one_source_that_reads_a_folder_for_it():
    assert sorted(task for source in SOURCES for task in source.tasks) == sorted(Task)
    assert all(data_sources.for_task(task).needs_path for task in Task)
    assert {getattr(models, name).task for name in models.__all__} == {*Task}
    with pytest.raises(ValueError, match=r"Expected a task of .*Received: task='music'"):
        data_sources.for_task("music")


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ('image_size = "16"', r"Expected image_size in \[data\] of .* to be an integer or an array .*image_size='16'"),
        ("flip = 1", "Expected flip .*true or false. Received: flip=1"),
        ("channels = true", "Expected channels .*an integer. Received: channels=True"),
        ("jitter = 3", r"Unknown key 'jitter' in \[data\] of"),
        ('path = "pictures"', "Unknown key 'path'"),
    ],
)
def test_what_a_source_does_not_take_is_an_error_that_names_key_and_file(tmp_path, line, message):
    path = recipe(tmp_path, RECIPE.replace("ramps", "digits").replace("image_size = 16\n[train]", f"{line}\n[train]"))
    with pytest.raises(ValueError, match=message) as caught:
        zoo.recipe(path)
    assert str(path) in str(caught.value)


def test_held_out_images_are_those_that_the_training_split_leaves_out():
    digits, settings = data_sources.get("digits"), {"source": "digits", "split": "train", "labels_per_class": 3}
    assert digits.unseen(settings) == {"source": "digits", "split": "test"}
    assert digits.unseen({"source": "digits"}) is None
    photos = data_sources.get("photos")
    settings = {"source": "photos", "split": "train", "flip": True, "vary": True, "derive": "edges"}
    assert [*photos.held_out_settings(settings)] == ["test", "regions"]
    assert photos.measured(settings) == {"source": "photos", "split": "train", "derive": "edges"}
    assert photos.held_out_settings({"source": "photos", "split": "all"}) == {}


def test_a_new_source_is_one_file(tmp_path, monkeypatch):
    (tmp_path / "sources").mkdir()
    (tmp_path / "sources" / "ramps.py").write_text(NEW_SOURCE)
    monkeypatch.setattr(data_sources, "__path__", [*data_sources.__path__, str(tmp_path / "sources")])
    monkeypatch.setitem(sys.modules, "kerasgan.zoo.data_sources.ramps", None)  # so that it is forgotten afterwards
    del sys.modules["kerasgan.zoo.data_sources.ramps"]
    monkeypatch.setattr(data_sources, "_SOURCES", data_sources._found())
    chosen = zoo.recipe(recipe(tmp_path))
    gan = train.train(chosen, output=tmp_path / "run")
    assert gan.optimizer.steps == 2
    evaluate.evaluate(zoo.recipe(tmp_path / "run" / "recipe.toml"), gan, samples=12, output=tmp_path / "card")
    card = json.loads((tmp_path / "card" / "card.json").read_text())
    assert [*card["scores"]] == ["sharpness", "frechet_distance"] and [*card["features"]] == ["pixels"]
    assert "Ramps from black to white" in (tmp_path / "card" / "card.md").read_text()
    own = zoo.with_data(dataclasses.replace(chosen, data={**chosen.data, "flip": True}), tmp_path, gan).data
    assert own == {"source": "folder", "path": str(tmp_path), "image_size": 16, "channels": 1, "flip": True}
